"""Every source of places keeps one contract; each fault of a real service is told as what it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from api.geocode.lookup import Lookup, LookupAway, Remembered, geocoder_of
from api.settings import Settings, SettingsError, load_settings
from domain.place.datum import to_wgs84
from domain.place.distance import distance_m
from domain.values import Datum
from tests.complaints import accepted_complaint, job_of, new_job
from tests.geocode.services import KEY, KNOWN, LAT, LON, Service, running
from tests.world import INSIDE, World

BUREAU = "350302"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Run the stand-in for the services."""
    with running() as running_service:
        yield running_service


def geocoder(name: str, service: Service, settings: Settings, key: str = KEY) -> Lookup:
    """Return a geocoder by settings, pointed at the stand-in."""
    service.mood = "well"
    service.asked.clear()
    chosen = geocoder_of(
        replace(settings, geocoder=name, geocoder_key=key, geocoder_url=f"{service.url}/{name}", geocoder_timeout_s=5.0)
    )
    assert chosen is not None
    return chosen


SOURCES = pytest.mark.parametrize(
    ("name", "datum"),
    [("remembered", Datum.WGS84), ("amap", Datum.GCJ02), ("tianditu", Datum.CGCS2000), ("nominatim", Datum.WGS84)],
)


@SOURCES
async def test_every_source_of_places_keeps_the_same_contract(
    world: World, service: Service, settings: Settings, name: str, datum: Datum
) -> None:
    """Known: found with its datum and in WGS-84; unknown, blank, odd signs: nothing; never more than asked for."""
    site = replace(
        new_job(world.desk_id, world.clock()).site, address=KNOWN, lat=INSIDE.lat, lon=INSIDE.lon, datum=Datum.WGS84
    )
    for complaint in (await accepted_complaint(world), await accepted_complaint(world)):
        await job_of(world, complaint, site=site)
    lookup = Remembered(world.database) if name == "remembered" else geocoder(name, service, settings)
    found = await lookup.find(world.bureau_id, f" {KNOWN} ", 5)
    assert found
    for one in found:
        assert (one.source, one.datum) == (name, datum)
        assert distance_m(one.wgs84, to_wgs84(one.lat, one.lon, one.datum)) < 0.01
        assert KNOWN.split()[0] in one.address
    assert len(await lookup.find(world.bureau_id, KNOWN, 1)) == 1
    for nothing in ("月球背面", "%", "_", "'; DROP TABLE job; --", "&key=x", "\\", '"}'):
        assert await lookup.find(world.bureau_id, nothing, 5) == [], nothing
    for blank in ("", "  \t "):
        service.asked.clear()
        assert await lookup.find(world.bureau_id, blank, 5) == []
        assert service.asked == []


async def test_amap_and_tianditu_differ_by_their_datum(service: Service, settings: Settings) -> None:
    """The same numbers are half a kilometre apart: the datum travels with them."""
    (first, *_) = await geocoder("amap", service, settings).find(BUREAU, KNOWN, 1)
    assert service.asked[0]["city"] == "350300"
    (second,) = await geocoder("tianditu", service, settings).find(BUREAU, KNOWN, 1)
    assert (first.lat, first.lon) == (second.lat, second.lon) == (float(LAT), float(LON))
    assert 500 < distance_m(first.wgs84, second.wgs84) < 620


@pytest.mark.parametrize("name", ["amap", "tianditu"])
async def test_a_refused_key_is_told(service: Service, settings: Settings, name: str) -> None:
    """It is not taken for an unknown place."""
    with pytest.raises(LookupAway) as fault:
        await geocoder(name, service, settings, key="stolen").find(BUREAU, KNOWN, 5)
    assert fault.value.reason == "refused"


@pytest.mark.parametrize("name", ["amap", "tianditu", "nominatim"])
@pytest.mark.parametrize(
    ("mood", "reason"), [("broken", "away"), ("list", "away"), ("failing", "away"), ("limited", "quota")]
)
async def test_a_service_that_answers_nonsense_is_away(
    service: Service, settings: Settings, name: str, mood: str, reason: str
) -> None:
    """A gateway's page, a list, a fault, too many requests: no exception of another kind comes through."""
    lookup = geocoder(name, service, settings)
    service.mood = mood
    with pytest.raises(LookupAway) as fault:
        await lookup.find(BUREAU, KNOWN, 5)
    assert fault.value.reason == reason


async def test_amap_tells_its_quota_and_its_slips_apart(service: Service, settings: Settings) -> None:
    """A used-up quota, a location that is none, a place off the earth."""
    lookup = geocoder("amap", service, settings)
    for mood, reason in (("quota", "quota"), ("odd", "away"), ("nowhere", "away")):
        service.mood = mood
        with pytest.raises(LookupAway) as fault:
            await lookup.find(BUREAU, KNOWN, 5)
        assert fault.value.reason == reason


async def test_nominatim_is_asked_for_this_country_and_told_who_asks(service: Service, settings: Settings) -> None:
    """Its terms of use ask for the application's name, and a street of that name in another country is no answer."""
    lookup = geocoder("nominatim", service, settings)
    (found,) = await lookup.find(BUREAU, KNOWN, 1)
    assert (found.address, found.datum) == ("文献步行街, 城厢区, 莆田市, 福建省, 351100, 中国", Datum.WGS84)
    assert service.asked[0]["countrycodes"] == "cn"
    assert service.agent.startswith("zhuanche/")


async def test_nominatim_that_blocks_us_or_answers_oddly_is_told(service: Service, settings: Settings) -> None:
    """A blocked address is a refusal; a place without numbers, or off the earth, is no place."""
    lookup = geocoder("nominatim", service, settings)
    for mood, reason in (("forbidden", "refused"), ("numberless", "away"), ("far", "away")):
        service.mood = mood
        with pytest.raises(LookupAway) as fault:
            await lookup.find(BUREAU, KNOWN, 5)
        assert fault.value.reason == reason, mood


@pytest.mark.parametrize("name", ["amap", "tianditu", "nominatim"])
async def test_a_service_that_cannot_be_reached_is_away(settings: Settings, name: str) -> None:
    """Nothing listens on that port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        lookup = geocoder_of(
            replace(settings, geocoder=name, geocoder_key=KEY, geocoder_url=f"http://127.0.0.1:{port}/{name}")
        )
        assert lookup is not None
        with pytest.raises(LookupAway) as fault:
            await lookup.find(BUREAU, KNOWN, 5)
    assert fault.value.reason == "away"


async def test_a_service_that_hangs_is_away_after_the_time_out(settings: Settings) -> None:
    """A listener that never answers costs its time-out and no more."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/amap"
        chosen = replace(settings, geocoder="amap", geocoder_key=KEY, geocoder_url=url, geocoder_timeout_s=0.2)
        lookup = geocoder_of(chosen)
        assert lookup is not None
        with pytest.raises(LookupAway) as fault:
            await lookup.find(BUREAU, KNOWN, 5)
    assert fault.value.reason == "away"


def test_a_geocoder_that_does_not_exist_or_lacks_its_key_is_told_at_start(settings: Settings) -> None:
    """The sentence names the variable."""
    assert geocoder_of(settings) is None
    assert geocoder_of(replace(settings, geocoder="nominatim")) is not None
    for name in ("amap", "tianditu"):
        with pytest.raises(SettingsError, match="ZHUANCHE_GEOCODER_KEY"):
            geocoder_of(replace(settings, geocoder=name))
    with pytest.raises(SettingsError, match="ZHUANCHE_GEOCODER is not one of none, amap"):
        load_settings({"ZHUANCHE_GEOCODER": "bing"})
