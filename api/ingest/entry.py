"""A request that waits for the writer, what became of it, and what it brings beside fixes: three small tables."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from api.ingest.columns import Waiting
from api.ingest.devices import KnownDevice
from api.ingest.fixes import Aside, Event, Fault, Health, Mileage, detail_json

_ASIDE: Final = (
    "INSERT INTO position_aside (bureau_id, aside_id, device_id, reason, raw, received_at)"
    " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_EVENT: Final = (
    "INSERT INTO device_event (bureau_id, event_id, device_id, kind, at, received_at, detail)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_MILEAGE: Final = (
    "INSERT INTO terminal_reading (bureau_id, device_id, read_at, odometer_m, received_at)"
    " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of the fixes of a request; all of them need not be sent again."""

    stored: int
    """New, and they count."""
    repeated: int
    """Known already."""
    held: int
    """Of a phone outside its person's trips: dropped after 24 hours unless a departure made offline arrives."""
    aside: int
    """Can never count; kept as sent."""
    faults: list[Fault] = []


NOTHING: Final = Outcome(stored=0, repeated=0, held=0, aside=0)
"""Of a request that brought nothing to keep."""


@dataclass(slots=True)
class Entry:
    """A request that waits for its answer."""

    waiting: Waiting
    indexes: Sequence[int]
    """Where each of its fixes stands in the request."""
    asides: Sequence[Aside]
    faults: list[Fault]
    events: Sequence[Event]
    mileages: Sequence[Mileage]
    answer: asyncio.Future[Outcome]
    weight: int
    """How many places in the queue it takes."""
    terminal: bool
    health: Health | None


def events_that_count(device: KnownDevice, events: Sequence[Event], now: datetime) -> Sequence[Event]:
    """Return a terminal's events, and of a phone's those within its person's trips: the rest of its day is private."""
    if device.terminal or not events:
        return events
    return [event for event in events if device.counts([(event.at or now).timestamp()]) is None]


def beside_fixes(batch: Sequence[Entry], received_at: datetime) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield what is written beside fixes: a statement, and its rows."""
    whose = [(entry, entry.waiting.bureau_id, entry.waiting.device_id) for entry in batch]
    yield (
        _ASIDE,
        [
            (bureau_id, aside.id_for(device_id), device_id, aside.reason, aside.raw, received_at)
            for entry, bureau_id, device_id in whose
            for aside in entry.asides
        ],
    )
    yield (
        _EVENT,
        [
            (
                bureau_id,
                event.id_for(device_id),
                device_id,
                event.kind,
                event.at,
                received_at,
                detail_json(event.detail),
            )
            for entry, bureau_id, device_id in whose
            for event in entry.events
        ],
    )
    yield (
        _MILEAGE,
        [
            (bureau_id, device_id, mileage.at, mileage.odometer_m, received_at)
            for entry, bureau_id, device_id in whose
            for mileage in entry.mileages
        ],
    )
