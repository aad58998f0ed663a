"""Overland's rows: those in order are read at once, the others key by key, and both mean the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.fixes import Received
from api.ingest.overland import decode
from api.ingest.protocol import Read, Sent

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NUMBER = st.one_of(st.none(), st.sampled_from([-1, 0, 1, 90, 361, -1.0, 1e7]), st.floats(-2e6, 2e6))
PROPERTIES = st.fixed_dictionaries(
    {"timestamp": st.sampled_from(["2026-11-23T01:00:00Z", "2026-11-23T09:00:00+0800", "2007-04-09T01:00:00Z"])},
    optional=dict.fromkeys(
        ("altitude", "speed", "course", "horizontal_accuracy", "vertical_accuracy", "speed_accuracy"), NUMBER
    )
    | {
        "motion": st.lists(st.sampled_from(["driving", "walking", "x" * 30]), max_size=4),
        "battery_state": st.sampled_from(["charging", "", "x" * 40]),
        "battery_level": st.floats(0, 1),
        "wifi": st.just("the neighbours"),
        "device_id": st.sampled_from(["", "lin"]),
    },
)
PLACE = st.tuples(st.floats(-200, 200), st.floats(-100, 100))


def batch(rows: list[Any]) -> Received:
    """Return what becomes of a batch."""
    body = msgspec.json.encode({"locations": rows})
    return decode(Sent(content_type="application/json", body=body), Read(now=NOW))


@given(st.lists(st.tuples(PLACE, PROPERTIES), max_size=5))
def test_a_row_means_the_same_whether_it_is_read_at_once_or_key_by_key(rows: list[Any]) -> None:
    """A key that no version of the app sends costs the speed, not the meaning."""
    plain = [{"geometry": {"coordinates": list(place)}, "properties": properties} for place, properties in rows]
    odd = [row | {"properties": row["properties"] | {"unheard_of": None}} for row in plain]
    assert batch(plain).fixes == batch(odd).fixes
    assert [one.reason for one in batch(plain).asides] == [one.reason for one in batch(odd).asides]


def test_each_fix_knows_its_place_in_the_list() -> None:
    """What is no fix leaves a gap, so that a fault names the row that the client sent."""
    good = {"geometry": {"coordinates": [119, 25]}, "properties": {"timestamp": "2026-11-23T01:00:00Z"}}
    bad = good | {"geometry": {"coordinates": [119, 95]}}
    got = batch([good, bad, {"properties": {"action": "visit"}}, 7, good])
    assert (list(got.indexes), [fault.index for fault in got.faults]) == ([0, 4], [1, 3])
    assert [event.kind for event in got.events] == ["visit"]


def test_one_message_holds_no_more_rows_than_can_be_written() -> None:
    """What is beyond is told, once; no stock client comes near it."""
    at = NOW - timedelta(days=1)
    rows = [
        {"geometry": {"coordinates": [119, 25]}, "properties": {"timestamp": (at + timedelta(seconds=n)).isoformat()}}
        for n in range(5_002)
    ]
    got = batch(rows)
    assert (len(got.fixes), [one.reason for one in got.asides]) == (5_000, ["too-many"])
    assert len(batch(rows[:5_000]).asides) == 0
