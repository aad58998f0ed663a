"""GPSLogger's requests where they are not as in a recorded conversation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.ingest.fixes import Fix
from api.ingest.gpslogger import claims, decode
from api.ingest.protocol import Read, Sent

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def fix_of(query: str, door: str = "") -> Fix:
    """Return the one fix of a request."""
    [fix] = decode(Sent(door=door, query=f"lat=25.4&lon=119&{query}".encode()), Read(now=NOW)).fixes
    return fix


@pytest.mark.parametrize(
    ("query", "speed_mps"),
    [
        ("spd=7.25", 7.25),
        ("spd_kph=26.1", 7.25),
        ("spd=7.25&spd_kph=99", 7.25),
        ("speed=7.25", 7.25),
        ("spd=0.0&prov=gps", 0.0),
        ("spd=0.0", 0.0),
        ("spd=0.0&prov=network", None),
        ("spd=-1", None),
        ("", None),
    ],
)
def test_a_speed_is_in_metres_a_second_or_says_otherwise(query: str, speed_mps: float | None) -> None:
    """Zero is a speed where satellites say so; of a network it means that none is known."""
    assert fix_of(query).speed_mps == (None if speed_mps is None else pytest.approx(speed_mps))


@pytest.mark.parametrize(
    "query",
    [
        "timestamp=1795395600",
        "timestamp=1795395600000",
        "timeoffset=2026-11-23T09%3A00%3A00.000%2B08%3A00&time=2001-01-01T00%3A00%3A00Z",
        "time=2026-11-23T01%3A00%3A00.000Z",
        "TIMESTAMP=1795395600",
        "",
    ],
)
def test_the_time_is_the_first_of_its_names_that_is_there(query: str) -> None:
    """Whichever of the placeholders the user put into the address, in capitals or not; now without one."""
    assert fix_of(query).fixed_at == NOW


def test_zero_is_what_the_app_sends_for_what_it_does_not_know() -> None:
    """Accuracy, altitude and direction; other numbers are what they are."""
    unknown, known = fix_of("acc=0.0&alt=0.0&dir=0.0"), fix_of("acc=4&alt=-3&dir=90")
    assert (unknown.accuracy_m, unknown.altitude_m, unknown.course_deg) == (None, None, None)
    assert (known.accuracy_m, known.altitude_m, known.course_deg) == (4, -3, 90)


def test_its_own_names_tell_it_from_osmand_s_protocol_and_so_does_its_address() -> None:
    """`speed` is in knots for the one and in metres a second for the other."""
    assert claims(Sent(query=b"id=x&lat=1&lon=2&spd=3"))
    assert not claims(Sent(query=b"id=x&lat=1&lon=2&speed=3"))
    assert claims(Sent(door="gpslogger", query=b"id=x&lat=1&lon=2&speed=3"))


def test_a_request_without_a_place_is_a_heartbeat_and_one_that_is_no_place_goes_aside() -> None:
    """Neither blocks the work that the app has queued."""
    empty = decode(Sent(query=b"batt=50&ischarging=true"), Read(now=NOW))
    assert [(event.kind, event.detail) for event in empty.events] == [("heartbeat", {"batt": 50})]
    [aside] = decode(Sent(query=b"lat=%25LAT&lon=119&spd=1"), Read(now=NOW)).asides
    assert aside.reason == "bad-place"
