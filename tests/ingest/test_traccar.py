"""Traccar Client 9's JSON where it is not as in a recorded conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from api.ingest.fixes import Event, Received
from api.ingest.protocol import Read, Sent
from api.ingest.traccar import decode

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
COORDS = {"latitude": 25.4, "longitude": 119.0}


def received(**location: Any) -> Received:
    """Return what becomes of a location."""
    body = {"location": {"timestamp": "2026-11-23T01:00:00Z", "coords": COORDS} | location, "device_id": "x"}
    return decode(Sent(content_type="application/json", body=msgspec.json.encode(body)), Read(now=NOW))


def test_a_place_that_is_old_when_it_is_told_is_the_last_known_one() -> None:
    """A minute at most makes a fix; what is older is an event, and its place stands nowhere."""
    assert len(received(age=60_000).fixes) == 1
    old = received(age=60_001, battery={"level": 0.5, "is_charging": True})
    assert old.fixes == []
    assert old.events == [Event(kind="last-known", at=NOW, detail={"battery.level": 0.5, "battery.is_charging": True})]


def test_a_call_for_help_is_an_event_beside_the_fix() -> None:
    """The button sends the alarm with the place."""
    got = received(alarm="sos")
    assert (got.events, len(got.fixes)) == ([Event(kind="sos", at=NOW)], 1)


@pytest.mark.parametrize(
    "coords",
    [
        COORDS | {"latitude": 999},
        COORDS | {"latitude": None},
        COORDS | {"longitude": "east"},
        COORDS | {"longitude": True},
        {},
    ],
    ids=repr,
)
def test_coordinates_that_are_no_place_are_set_aside(coords: dict[str, Any]) -> None:
    """Named with its reason and kept as sent; refused it would block the phone's queue."""
    got = received(coords=coords)
    assert [aside.reason for aside in got.asides] == ["bad-place"]
    assert msgspec.json.decode(got.asides[0].raw)["coords"] == coords


def test_what_the_app_does_not_know_is_not_known() -> None:
    """-1 is no speed, no course and no battery; an accuracy below nothing is none."""
    got = received(coords=COORDS | {"speed": -1, "heading": -1, "accuracy": -1}, battery={"level": -1})
    [fix] = got.fixes
    assert (fix.speed_mps, fix.course_deg, fix.accuracy_m) == (None, None, None)
    assert got.health is not None
    assert got.health.battery_percent is None


def test_several_locations_of_one_body_are_so_many_fixes() -> None:
    """The library below the app can be set to send what has gathered at once."""
    rows = [{"timestamp": 1795395600 + n, "coords": COORDS, "battery": {"level": 0.5}} for n in range(3)]
    body = msgspec.json.encode({"location": rows})
    got = decode(Sent(content_type="application/json", body=body), Read(now=NOW))
    assert (len(got.fixes), got.health and got.health.battery_percent) == (3, 50.0)
