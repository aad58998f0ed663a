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

# One statement a table and batch: rows by columns, as a statement a row would take most of a transaction's time.
_ASIDE: Final = (
    "INSERT INTO position_aside (received_at, bureau_id, aside_id, device_id, reason, raw)"
    " SELECT %s, * FROM unnest(%s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::bytea[]) ON CONFLICT DO NOTHING"
)
_EVENT: Final = (
    "INSERT INTO device_event (received_at, bureau_id, event_id, device_id, kind, at, detail)"
    " SELECT %s, bureau_id, event_id, device_id, kind, at, detail::jsonb"
    " FROM unnest(%s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[])"
    " AS told (bureau_id, event_id, device_id, kind, at, detail) ON CONFLICT DO NOTHING"
)
_MILEAGE: Final = (
    "INSERT INTO terminal_reading (received_at, bureau_id, device_id, read_at, odometer_m)"
    " SELECT %s, * FROM unnest(%s::text[], %s::uuid[], %s::timestamptz[], %s::bigint[]) ON CONFLICT DO NOTHING"
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


def beside_fixes(batch: Sequence[Entry], received_at: datetime) -> Iterator[tuple[str, list[Any]]]:
    """Yield what is written beside fixes: a statement, the time of receipt and a list a column."""
    whose = [(entry, entry.waiting.bureau_id, entry.waiting.device_id) for entry in batch]
    asides = [
        (bureau_id, aside.id_for(device_id), device_id, aside.reason, aside.raw)
        for entry, bureau_id, device_id in whose
        for aside in entry.asides
    ]
    events = [
        (bureau_id, event.id_for(device_id), device_id, event.kind, event.at, detail_json(event.detail))
        for entry, bureau_id, device_id in whose
        for event in entry.events
    ]
    mileages = [
        (bureau_id, device_id, mileage.at, mileage.odometer_m)
        for entry, bureau_id, device_id in whose
        for mileage in entry.mileages
    ]
    rows: tuple[tuple[str, Sequence[tuple[Any, ...]]], ...] = (
        (_ASIDE, asides),
        (_EVENT, events),
        (_MILEAGE, mileages),
    )
    for statement, told in rows:
        if told:
            yield statement, [received_at, *map(list, zip(*told, strict=True))]
