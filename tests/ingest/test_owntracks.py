"""OwnTracks' messages where they are not as in a recorded conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from api.ingest.fixes import Event, Received
from api.ingest.owntracks import claims, decode
from api.ingest.protocol import Read, Sent

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LOCATION = {"_type": "location", "lat": 25.4, "lon": 119, "tst": 1795395600, "tid": "li"}


def received(**told: Any) -> Received:
    """Return what becomes of a message."""
    return decode(Sent(content_type="application/json", body=msgspec.json.encode(LOCATION | told)), Read(now=NOW))


def test_speed_is_in_kilometres_an_hour_and_zero_is_not_known() -> None:
    """The Android app leaves zeroes out; one that is sent all the same means no more than that."""
    [fix] = received(vel=36, acc=0, cog=0, alt=0).fixes
    assert fix.speed_mps == pytest.approx(10)
    assert (fix.accuracy_m, fix.course_deg, fix.altitude_m) == (None, 0, 0)
    [fix] = received(vel=0).fixes
    assert fix.speed_mps is None


@pytest.mark.parametrize(
    "kind", ["waypoint", "waypoints", "card", "cmd", "configuration", "dump", "status", "steps", 7]
)
def test_every_other_message_is_acknowledged_and_leaves_nothing(kind: object) -> None:
    """They hold names of places and people, or nothing that concerns the desk."""
    got = received(_type=kind)
    assert (got.fixes, got.events, got.asides) == ([], [], [])


def test_a_transition_tells_neither_the_region_s_name_nor_its_place() -> None:
    """`desc` is what a person called a place of theirs."""
    got = received(_type="transition", event="leave", desc="home", t="c", rid="6da9cf")
    assert got.events == [Event(kind="transition", at=NOW, detail={"event": "leave", "t": "c"})]


def test_an_encrypted_message_is_told_as_such_once() -> None:
    """What it hides cannot be read; the administrator sees why nothing comes of this phone."""
    got = received(_type="encrypted", data="c2VjcmV0")
    assert [(aside.reason, aside.raw) for aside in got.asides] == [("encrypted", b'{"_type":"encrypted"}')]


def test_the_battery_is_told_where_it_is_one() -> None:
    """An iPhone that does not know sends -100."""
    for sent, told in ((93, 93.0), (-100, None), ("x", None)):
        health = received(batt=sent).health
        assert health is not None
        assert health.battery_percent == told


def test_an_empty_body_is_its_own_where_no_other_client_is_named() -> None:
    """A friend was deleted; with a query it is Traccar's or GPSLogger's way to send."""
    assert claims(Sent(door="owntracks"))
    assert claims(Sent(typed="350302"))
    assert not claims(Sent(door="osmand"))
    assert not claims(Sent(query=b"id=x&lat=1&lon=2"))
