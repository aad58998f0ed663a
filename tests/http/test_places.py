"""Looking an address up over HTTP: remembered sites first, a geocoder behind them, and plain words when it is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from api.db.database import Database
from api.settings import Settings
from domain.place.shipped import find_divisions
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.geocode.services import KEY, KNOWN, Service, running
from tests.world import HeldClock, World, make_world


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Run the stand-in for AMap."""
    with running() as running_service:
        yield running_service


@pytest.fixture
def app_settings(settings: Settings, service: Service) -> Settings:
    """Return settings that name AMap at the stand-in's address."""
    service.mood = "well"
    service.asked.clear()
    return replace(settings, geocoder="amap", geocoder_key=KEY, geocoder_url=f"{service.url}/amap")


async def test_a_site_of_an_earlier_job_is_found_without_asking_the_geocoder(
    world: World, signed_in: SignIn, service: Service, clock: HeldClock
) -> None:
    """Used twice, it is remembered once; the geocoder is asked only when more is wanted."""
    for _ in range(2):
        await job_of(world, await accepted_complaint(world))
        clock.advance(minutes=1)
    client = await signed_in("dispatcher")
    found = (await client.get("/v1/places", params={"q": KNOWN})).json()
    assert [one["source"] for one in found["places"]] == ["remembered"]
    assert (found["geocoder"], service.asked) == (None, [])
    more = (await client.get("/v1/places", params={"q": KNOWN, "more": "true"})).json()
    assert [one["source"] for one in more["places"]] == ["remembered", "amap", "amap"]
    assert more["geocoder"]["outcome"] == "answered"


async def test_a_geocoder_that_is_away_is_told_and_is_no_fault(signed_in: SignIn, service: Service) -> None:
    """200 with a sentence, never a 500."""
    client = await signed_in("officer")
    for mood, outcome in (("failing", "away"), ("broken", "away"), ("quota", "quota")):
        service.mood = mood
        answer = await client.get("/v1/places", params={"q": KNOWN})
        assert (answer.status_code, answer.json()["places"]) == (200, [])
        assert answer.json()["geocoder"]["outcome"] == outcome
        assert answer.json()["geocoder"]["said"]


async def test_places_of_another_bureau_are_not_remembered(
    owner: Database, database: Database, signed_in: SignIn, clock: HeldClock
) -> None:
    """What one bureau visited another does not see."""
    other = await make_world(owner, database, clock)
    await job_of(other, await accepted_complaint(other))
    client = await signed_in("dispatcher")
    assert (await client.get("/v1/places", params={"q": "文献步行街 12 号店"})).json()["places"] == []


async def test_a_blank_or_endless_search_is_told(signed_in: SignIn) -> None:
    """At least one sign, at most a hundred, none of them NUL."""
    client = await signed_in("dispatcher")
    for params in ({}, {"q": ""}, {"q": "长" * 101}, {"q": "a\u0000"}, {"q": "a", "limit": 0}, {"q": "a", "limit": 51}):
        assert problem_code(await client.get("/v1/places", params=params)) == "invalid-input"


def test_towns_and_villages_complete_an_address() -> None:
    """A part of a name, or an address that names them; a district that ships none has none."""
    assert [one.name for one in find_divisions("350302", "凤凰山", 5)] == ["凤凰山街道"]
    named = find_divisions("350302", "莆田市城厢区东海镇上亭村 5 号", 5)
    assert {"东海镇", "上亭村委会"} <= {one.name for one in named}
    assert find_divisions("350302", "  ", 5) == find_divisions("999999", "凤凰山", 5) == ()
    assert len(find_divisions("350302", "村", 7)) == 7
