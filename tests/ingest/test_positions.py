"""Fixes over HTTP: durable before the answer, stored once, and one bad fix harms no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from api.db.ledger_entry import degrees_e7
from domain.place.datum import to_wgs84
from domain.values import Datum
from tests.conftest import SignIn, problem_code
from tests.phones import drive, enrol, rows, send
from tests.world import World


@pytest.fixture
async def terminal(signed_in: SignIn, world: World) -> str:
    """Return the token of a terminal of the world's vehicle."""
    return (await enrol(signed_in, vehicle_id=world.vehicle_id))[1]


async def test_what_a_terminal_sends_is_stored_and_counted(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """The answer says what became of the fixes, and the rows are there."""
    answer = await send(anonymous, terminal, drive(world.clock(), 3))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"stored": 3, "repeated": 0, "held": 0, "aside": 0, "faults": []}
    stored = await rows(world)
    assert [(row.lat_e7, row.lon_e7) for row in stored] == [
        (254337000, 1189962000),
        (254338000, 1189962000),
        (254339000, 1189962000),
    ]
    assert stored[0].fixed_at == world.clock()
    assert stored[0].received_at == world.clock()
    assert (stored[0].datum, stored[0].raw_lat, stored[0].speed_mps) == ("WGS-84", 25.4337, 2.5)
    assert (stored[0].accuracy_m, stored[0].fixed, stored[0].mock, stored[0].source_seq) == (None, True, False, -1)


async def test_what_comes_twice_is_stored_once_and_told(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """A phone that did not see the answer sends again; so does one that repeats within a request."""
    fixes = drive(world.clock(), 3)
    await send(anonymous, terminal, fixes)
    again = (await send(anonymous, terminal, [*fixes, *drive(world.clock(), 5), fixes[0]])).json()
    assert (again["stored"], again["repeated"]) == (2, 7)
    assert len(await rows(world)) == 5


async def test_the_device_s_own_count_tells_fixes_of_one_second_and_place_apart(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """The source sequence is part of the natural key."""
    [fix] = drive(world.clock(), 1)
    answer = await send(anonymous, terminal, [fix | {"seq": 1}, fix | {"seq": 2}, fix | {"seq": 2}])
    assert (answer.json()["stored"], answer.json()["repeated"]) == (2, 1)


async def test_every_field_arrives_as_sent(world: World, anonymous: httpx.AsyncClient, terminal: str) -> None:
    """Numbers keep their meaning, attributes their kinds, and a place in GCJ-02 is turned into WGS-84."""
    fix = {
        "fixed_at": "2026-11-23T09:00:00.123456+08:00",
        "lat": 25.4310,
        "lon": 119.0012,
        "seq": 2**62,
        "accuracy_m": 4.5,
        "altitude_m": -3.0,
        "speed_mps": 0,
        "course_deg": 359.5,
        "fixed": False,
        "mock": True,
        "attributes": {"batt": 71.5, "ignition": True, "alarm": "sos", "nul": "a\u0000b", "n": None},
    }
    plain = fix | {"seq": 1, "attributes": None}
    assert (await send(anonymous, terminal, [plain, fix, plain | {"seq": 0}], "GCJ-02")).json()["stored"] == 3
    row = (await rows(world))[2]
    meant = to_wgs84(25.4310, 119.0012, Datum.GCJ02)
    assert row.fixed_at.isoformat() == "2026-11-23T01:00:00.123456+00:00"
    assert (row.datum, row.raw_lat, row.raw_lon) == ("GCJ-02", 25.4310, 119.0012)
    assert (row.lat_e7, row.lon_e7) == (degrees_e7(meant.lat), degrees_e7(meant.lon))
    assert (row.source_seq, row.accuracy_m, row.altitude_m, row.speed_mps, row.course_deg) == (2**62, 4.5, -3, 0, 359.5)
    assert (row.fixed, row.mock) == (False, True)
    assert row.attributes == {"batt": 71.5, "ignition": True, "alarm": "sos", "nul": "ab", "n": None}
    assert (await rows(world))[0].attributes is None


BAD_FIXES: list[tuple[str, dict[str, Any], str]] = [
    ("latitude beyond the pole", {"lat": 90.0001}, "bad-place"),
    ("longitude of a receiver gone wrong", {"lon": 1555.0}, "bad-place"),
    ("latitude as text", {"lat": "north"}, "bad-place"),
    ("no longitude", {"lon": None}, "bad-place"),
    ("time without an offset", {"fixed_at": "2026-11-23T09:00:00"}, "bad-time"),
    ("time as a number", {"fixed_at": 1700000000}, "bad-time"),
    ("a field nobody knows", {"colour": "red"}, "bad-fix"),
    ("a speed below zero", {"speed_mps": -1}, "bad-fix"),
    ("attributes too long", {"attributes": {"x": "y" * 2000}}, "bad-attributes"),
    ("attributes within attributes", {"attributes": {"x": {}}}, "bad-attributes"),
    ("GPS weeks counted from anew", {"fixed_at": "2007-04-09T01:00:00Z"}, "far-past"),
    ("a clock a year ahead", {"fixed_at": "2027-11-23T01:00:00Z"}, "far-future"),
    ("a month that is not kept", {"fixed_at": "2021-06-07T16:06:28Z"}, "month-not-kept"),
]


async def test_one_bad_fix_harms_no_other_and_is_named_by_its_index(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """It is told by index and code and kept aside as sent, once, and its neighbours are stored."""
    for number, (what, wrong, code) in enumerate(BAD_FIXES, 1):
        good = drive(world.clock.advance(minutes=1), 3)
        bad = good[1] | wrong
        answer = (await send(anonymous, terminal, [good[0], bad, good[2]])).json()
        assert [(fault["index"], fault["code"]) for fault in answer["faults"]] == [(1, code)], what
        assert (answer["stored"], answer["aside"]) == (2, 1), what
        await send(anonymous, terminal, [good[0], bad, good[2]])
        aside = await rows(world, "position_aside")
        assert (len(aside), aside[-1].reason) == (number, code), what
        assert msgspec.json.decode(aside[-1].raw)["lat"] == bad["lat"], what


async def test_a_clock_may_be_a_day_ahead_and_no_more(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """The edge itself is still taken."""
    for ahead_s, stored in ((86_399, 1), (86_400, 1), (86_401, 0)):
        answer = (await send(anonymous, terminal, drive(world.clock() + timedelta(seconds=ahead_s), 1))).json()
        assert (answer["stored"], answer["aside"]) == (stored, 1 - stored), ahead_s


BAD_BODIES = [
    ("zero length", b""),
    ("no JSON", b"{"),
    ("invalid UTF-8", b'{"datum": "WGS-84", "fixes": "\xff"}'),
    ("deep JSON", b"[" * 100_000),
    ("no datum", b'{"fixes": [{"fixed_at": "2026-11-23T01:00:00Z", "lat": 25, "lon": 119}]}'),
    ("a datum nobody knows", b'{"datum": "WGS-72", "fixes": [{}]}'),
    ("no fixes", b'{"datum": "WGS-84", "fixes": []}'),
    ("NaN", b'{"datum": "WGS-84", "fixes": [{"fixed_at": "2026-11-23T01:00:00Z", "lat": NaN, "lon": 119}]}'),
    ("an unknown field", b'{"datum": "WGS-84", "fixes": [{}], "mood": "good"}'),
    ("too many fixes", b'{"datum": "WGS-84", "fixes": [' + b"{}," * 1000 + b"{}]}"),
]


async def test_a_body_that_holds_no_fixes_is_refused_whole(
    world: World, anonymous: httpx.AsyncClient, terminal: str
) -> None:
    """A problem with a stable code, and nothing is written."""
    headers = {"Authorization": f"Bearer {terminal}", "Content-Type": "application/json"}
    for what, body in BAD_BODIES * 2:
        answer = await anonymous.post("/v1/positions", content=body, headers=headers)
        code = "bad-fixes" if body else "invalid-input"
        assert (answer.status_code, problem_code(answer)) == (400, code), what
    assert await rows(world) == []
    assert await rows(world, "position_aside") == []


async def test_a_thousand_fixes_are_taken(world: World, anonymous: httpx.AsyncClient, terminal: str) -> None:
    """The most that one request may carry."""
    assert (await send(anonymous, terminal, drive(world.clock(), 1000))).json()["stored"] == 1000


async def test_nobody_sends_without_a_device_s_token(anonymous: httpx.AsyncClient) -> None:
    """An unknown token, none, and a text that is none are refused in the same words."""
    for token in ("", "999999-0000-0000-0000-0000", "no token at all", "350302.abc"):
        answer = await send(anonymous, token, [{}])
        assert (answer.status_code, problem_code(answer)) == (401, "unknown-device"), token


async def test_another_content_type_is_refused(anonymous: httpx.AsyncClient, terminal: str) -> None:
    """JSON is declared as JSON."""
    for _ in range(2):
        answer = await anonymous.post(
            "/v1/positions",
            content=b"{}",
            headers={"Authorization": f"Bearer {terminal}", "Content-Type": "text/plain"},
        )
        assert (answer.status_code, problem_code(answer)) == (415, "wrong-media-type")


async def test_a_token_is_typed_as_people_type(world: World, anonymous: httpx.AsyncClient, terminal: str) -> None:
    """Case, dashes and look-alike letters do not matter."""
    typed = terminal.replace("-", "").upper().replace("0", "O").replace("1", "I")
    assert (await send(anonymous, typed, drive(world.clock(), 1))).json()["stored"] == 1
