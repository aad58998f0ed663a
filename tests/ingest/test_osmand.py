"""The OsmAnd protocol as the field's phones really speak it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.fixes import ATTRIBUTE_BYTES, Event, Fix, Received, attributes_json
from api.ingest.osmand import decode
from api.ingest.protocol import Read, Sent
from tests.conftest import SignIn, problem_code
from tests.phones import enrol, rows
from tests.world import World

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def received(query: str, form: bytes = b"") -> Received:
    """Return what a message with this query decodes to."""
    return decode(Sent(query=query.encode(), body=form), Read(now=NOW))


def fix_of(query: str) -> Fix:
    """Return the one fix of a message."""
    [fix] = received(query).fixes
    return fix


def test_the_native_client_s_query_is_read_with_its_units() -> None:
    """Knots become metres a second; what has no field of its own is kept."""
    fix = fix_of(
        "id=x&timestamp=1795395600&lat=25.4337&lon=119.001&speed=19.438&bearing=181.5&altitude=12.5&accuracy=4"
        "&batt=71.5&charge=true&alarm=sos&hdop=0.9&driverUniqueId=007"
    )
    assert (fix.fixed_at, fix.lat, fix.lon) == (NOW, 25.4337, 119.001)
    assert fix.speed_mps == pytest.approx(10.0, abs=0.001)
    assert (fix.course_deg, fix.altitude_m, fix.accuracy_m, fix.fixed, fix.mock) == (181.5, 12.5, 4.0, True, False)
    assert fix.attributes == {"batt": 71.5, "charge": True, "alarm": "sos", "hdop": 0.9, "driverUniqueId": "007"}


@pytest.mark.parametrize(
    ("stamp", "meant"),
    [
        ("1795395600", NOW),
        ("1795395600000", NOW),
        ("1795395600123", NOW + timedelta(milliseconds=123)),
        ("2147483646", datetime.fromtimestamp(2**31 - 2, UTC)),
        ("2147483647", datetime.fromtimestamp((2**31 - 1) / 1000, UTC)),
        ("2026-11-23T09:00:00%2B08:00", NOW),
        ("2026-11-23T09:00:00+0800", NOW),
        ("2026-11-23T01:00:00.500Z", NOW + timedelta(milliseconds=500)),
        ("2026-11-23 01:00:00", NOW),
        ("2026-11-23 01:00:00.250", NOW + timedelta(milliseconds=250)),
        ("", NOW),
    ],
)
def test_every_way_to_write_a_time_is_read(stamp: str, meant: datetime) -> None:
    """Seconds, milliseconds, ISO 8601 with and without a colon, and the old form, which is UTC."""
    assert fix_of(f"id=x&lat=1&lon=2&timestamp={stamp}").fixed_at == meant


def test_all_three_clients_in_the_field_are_understood() -> None:
    """Everything in the query, everything in the form, and both, where the form has the last word."""
    by_query = received("id=x&lat=1&lon=2&timestamp=1795395600")
    by_form = received("", b"id=x&lat=1&lon=2&timestamp=1795395600")
    by_both = received("id=x&lat=7", b"lat=1&lon=2&timestamp=1795395600")
    assert by_query == by_form == by_both


def test_a_place_may_come_as_one_word() -> None:
    """`location=lat,lon` is as good as the two."""
    fix = fix_of("deviceid=x&location=25.5,119.25")
    assert (fix.lat, fix.lon) == (25.5, 119.25)


def test_a_message_without_a_place_is_a_heartbeat() -> None:
    """It is accepted, and there is nothing to store."""
    heartbeat = received("id=x&timestamp=1795395600&batt=50")
    assert (heartbeat.fixes, heartbeat.asides) == ([], [])
    assert heartbeat.events == [Event(kind="heartbeat", at=NOW, detail={"batt": 50})]


def test_a_receiver_without_a_fix_tells_no_place() -> None:
    """`valid=false` is an event: its coordinates are the last known ones, and stand nowhere."""
    got = received("id=x&lat=25.5&lon=119.25&valid=false&timestamp=1795395600&charge=true")
    assert (got.fixes, got.asides) == ([], [])
    assert got.events == [Event(kind="no-fix", at=NOW, detail={"charge": True})]


def test_a_call_for_help_is_an_event_beside_the_fix() -> None:
    """The button in Traccar Client sends `alarm=sos` with the place."""
    got = received("id=x&lat=25.5&lon=119.25&alarm=sos&timestamp=1795395600")
    assert ([event.kind for event in got.events], len(got.fixes)) == (["sos"], 1)


def test_a_list_of_positions_as_json_is_read_like_so_many_messages() -> None:
    """The SDK of Traccar Client 10 can be told to send what has gathered at once."""
    rows = [{"id": "x", "lat": 25.5, "lon": 119.25, "timestamp": 1795395600 + n, "speed": 19.44} for n in range(3)]
    got = decode(Sent(content_type="application/json", body=msgspec.json.encode(rows)), Read(now=NOW))
    assert [fix.fixed_at for fix in got.fixes] == [NOW + timedelta(seconds=n) for n in range(3)]
    assert got.fixes[0].speed_mps == pytest.approx(10.0, abs=0.01)


def test_stations_nearby_are_never_kept() -> None:
    """Neither with a good fix nor with one that is set aside."""
    nearby = "&wifi=aa-bb-cc,-50&cell=460,0,1,2&SSID=home&notificationToken=abc&imei=860000000000000"
    assert fix_of("id=x&lat=1&lon=2&n=1" + nearby).attributes == {"n": 1}
    [aside] = received("id=x&lat=north&lon=2" + nearby).asides
    assert msgspec.json.decode(aside.raw) == {"lat": "north", "lon": "2"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lat=north&lon=2", "bad-place"),
        ("lat=91&lon=2", "bad-place"),
        ("lat=90&lon=180.5", "bad-place"),
        ("lat=nan&lon=2", "bad-place"),
        ("lat=inf&lon=2", "bad-place"),
        ("lat=1", "bad-place"),
        ("lat=1&lon=2&timestamp=yesterday", "bad-time"),
        ("lat=1&lon=2&timestamp=1e30", "bad-time"),
    ],
)
def test_what_can_never_count_is_named_and_kept(query: str, code: str) -> None:
    """Refusing it would block the phone's queue for good."""
    [aside] = received(f"id=secret&{query}").asides
    assert aside.reason == code
    assert b"secret" not in aside.raw


def test_a_value_that_makes_no_sense_is_kept_beside_a_good_fix() -> None:
    """An impossible speed does not cost the place."""
    fix = fix_of("id=x&lat=1&lon=2&speed=-1&accuracy=good&valid=1&mock=1&heading=361")
    assert (fix.speed_mps, fix.accuracy_m, fix.course_deg, fix.fixed, fix.mock) == (None, None, None, True, True)
    assert fix.attributes == {"speed": -1, "accuracy": "good", "heading": 361}


@given(st.dictionaries(st.text(max_size=40), st.text(max_size=400), max_size=60), st.binary(max_size=200))
def test_no_text_whatever_is_a_fault_of_ours(parameters: dict[str, str], form: bytes) -> None:
    """A fix, an aside or an event; and what is kept fits."""
    for fix in received(urlencode({"lat": "1", "lon": "2"} | parameters), form).fixes:
        assert len(attributes_json(fix.attributes)) <= ATTRIBUTE_BYTES


async def test_a_phone_that_speaks_osmand_is_answered_as_it_expects(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """200 with nothing, by GET, by POST with an empty body, by form; stored once however often it comes."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    asked: dict[str, Any] = {"id": token, "lat": "25.4337", "lon": "119.001", "timestamp": "1795395600"}
    empty_form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        await anonymous.get("/in/osmand", params=asked),
        await anonymous.post("/in/osmand", params=asked),
        await anonymous.post("/in/osmand", params=asked, headers=empty_form, content=b""),
        await anonymous.post("/in/osmand", data=asked),
        await anonymous.post("/in/osmand", data=asked | {"lat": "north"}),
        await anonymous.get("/in/osmand", params={"id": token, "batt": "50"}),
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 6
    assert len(await rows(world)) == 1
    assert len(await rows(world, "position_aside")) == 1


async def test_only_a_bad_identity_is_refused(anonymous: httpx.AsyncClient) -> None:
    """No `id` and an unknown one are refused alike, as Traccar refuses them."""
    for answer in (
        await anonymous.get("/in/osmand", params={"lat": "1", "lon": "2"}),
        await anonymous.get("/in/osmand", params={"id": "350302-0000-0000-0000-0000", "lat": "1", "lon": "2"}),
        await anonymous.get("/in/osmand?" + "&".join(f"a{i}=1" for i in range(201))),
    ):
        assert (answer.status_code, problem_code(answer)) == (400, "unknown-device")
    answer = await anonymous.post("/in/osmand", content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert (answer.status_code, problem_code(answer)) == (400, "unknown-device")
