"""How well each device is: counted in memory as its requests are answered, added to its day each second.

A fix costs nothing here but a few additions; the thousands of a second become one statement. What a phone sends
outside its person's trips leaves that it was seen and how much was held, nothing of when its fixes were made, and
nothing of its battery: the rest of a person's day is private.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from api.db.engine import LINE, connect_options
from api.db.roles import INGEST
from api.ingest.columns import Waiting
from api.ingest.entry import Entry
from api.ingest.fixes import Health
from api.settings import Settings
from api.space import Space

log = structlog.get_logger()

EVERY_S: Final = 1.0
"""How often what was counted is written."""
APP_LENGTH: Final = 100
FULL: Final = 100
"""Percent; what a client sends that lies elsewhere is something else."""

# Rows are taken in the order of their key, so that two processes never wait for each other. Something is returned
# because a cluster would take a plain INSERT … SELECT for a COPY, which row-level security forbids.
_ADD: Final = """
INSERT INTO device_day (bureau_id, device_id, day, stored, repeated, held, aside, events, last_seen_at, last_fixed_at,
    delay_least_s, delay_most_s, delay_sum_s, battery_percent, protocol, app)
SELECT * FROM unnest(%s::text[], %s::uuid[], %s::date[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
    %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[], %s::float8[], %s::real[], %s::text[], %s::text[])
ON CONFLICT (bureau_id, device_id, day) DO UPDATE SET
    stored = device_day.stored + excluded.stored,
    repeated = device_day.repeated + excluded.repeated,
    held = device_day.held + excluded.held,
    aside = device_day.aside + excluded.aside,
    events = device_day.events + excluded.events,
    last_seen_at = greatest(device_day.last_seen_at, excluded.last_seen_at),
    last_fixed_at = greatest(device_day.last_fixed_at, excluded.last_fixed_at),
    delay_least_s = least(device_day.delay_least_s, excluded.delay_least_s),
    delay_most_s = greatest(device_day.delay_most_s, excluded.delay_most_s),
    delay_sum_s = device_day.delay_sum_s + excluded.delay_sum_s,
    battery_percent = coalesce(excluded.battery_percent, device_day.battery_percent),
    protocol = coalesce(excluded.protocol, device_day.protocol),
    app = coalesce(excluded.app, device_day.app)
RETURNING 1
"""


@dataclass(slots=True)
class DayCount:
    """What came from a device on a day since it was last written."""

    last_seen_at: datetime
    stored: int = 0
    repeated: int = 0
    held: int = 0
    aside: int = 0
    events: int = 0
    last_fixed_s: float | None = None
    delay_least_s: float | None = None
    """Between a fix and its receipt; negative where the device's clock is ahead."""
    delay_most_s: float | None = None
    delay_sum_s: float = 0.0
    """Of the stored fixes."""
    battery_percent: float | None = None
    protocol: str | None = None
    app: str | None = None

    def seen(self, told: Health | None, at: datetime, *, private: bool) -> None:
        """Take what a request says of the device itself."""
        self.last_seen_at = at
        if told is not None:
            self.protocol = told.protocol
            if told.app is not None:
                self.app = told.app.replace("\0", "")[:APP_LENGTH]
            if told.battery_percent is not None and not private and 0 <= told.battery_percent <= FULL:
                self.battery_percent = told.battery_percent

    def delivered(self, waiting: Waiting, new: int, at: datetime) -> None:
        """Take the times of the fixes of a request that are new and count.

        Of a request that repeats some the newest are taken for the new ones: clients send again what they sent before.
        """
        times = waiting.times
        if waiting.counts is not None:
            times = [fixed_s for fixed_s, counts in zip(times, waiting.counts, strict=True) if counts]
        if new < len(times):
            times = sorted(times)[-new:]
        at_s, first_s, last_s = at.timestamp(), min(times), max(times)
        least_s, most_s = at_s - last_s, at_s - first_s
        if self.last_fixed_s is None or last_s > self.last_fixed_s:
            self.last_fixed_s = last_s
        if self.delay_least_s is None or least_s < self.delay_least_s:
            self.delay_least_s = least_s
        if self.delay_most_s is None or most_s > self.delay_most_s:
            self.delay_most_s = most_s
        self.delay_sum_s += at_s * len(times) - sum(times)


_Day = tuple[str, UUID, date]


class DeviceHealth:
    """The counts of a process, and the connection they are written on."""

    def __init__(self, url: str, settings: Settings, space: Space | None = None) -> None:
        """Write on `url`, as the ingest role; where `space` says that a disk is short, it waits."""
        self._space = space
        self._url = url
        self._settings = settings
        self._counts: dict[_Day, DayCount] = {}
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def seen(self, bureau_id: str, device_id: UUID, told: Health | None, at: datetime, *, private: bool) -> DayCount:
        """Take a request of a device and return its day's count."""
        day = (bureau_id, device_id, at.date())
        count = self._counts.get(day)
        if count is None:
            count = self._counts[day] = DayCount(at)
        count.seen(told, at, private=private)
        return count

    def answered(self, entry: Entry, new: int, held: int, at: datetime) -> None:
        """Take a request that was written: `new` of its fixes count, `held` are held."""
        waiting = entry.waiting
        private = not (entry.terminal or new)
        count = self.seen(waiting.bureau_id, waiting.device_id, entry.health, at, private=private)
        count.stored += new
        count.held += held
        count.repeated += len(waiting.fixes) - new - held
        count.aside += len(entry.asides)
        count.events += len(entry.events)
        if new:
            count.delivered(waiting, new, at)

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what was counted, then end."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self.flush()
        await self._drop_connection()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Add what was counted to the days; what cannot be written now waits for the next time."""
        if not self._counts or (self._space is not None and self._space.short):
            return
        counts, self._counts = self._counts, {}
        try:
            rows = [_row(day, count) for day, count in sorted(counts.items(), key=lambda one: one[0])]
            connection = await self._connected()
            await connection.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with one second, the next is counted
            log.warning("health-not-written", kind=type(fault).__name__, devices=len(counts))
            await self._drop_connection()
            if isinstance(fault, (psycopg.Error, OSError)) and not isinstance(fault, psycopg.DataError):
                self._keep(counts)  # anything else would come again for ever

    def _keep(self, before: dict[_Day, DayCount]) -> None:
        """Add counts that could not be written to those counted since."""
        for day, old in before.items():
            new = self._counts.setdefault(day, old)
            if new is not old:
                _merge(old, new)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                options=connect_options(INGEST, self._settings),
                connect_timeout=int(self._settings.connect_timeout_s),
                application_name="zhuanche health",
                **LINE,
            )
        return self._connection

    async def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None


def _merge(old: DayCount, new: DayCount) -> None:
    """Add what was counted before to what was counted after."""
    for name in ("stored", "repeated", "held", "aside", "events", "delay_sum_s"):
        setattr(new, name, getattr(old, name) + getattr(new, name))
    for name, pick in (("last_fixed_s", max), ("delay_least_s", min), ("delay_most_s", max)):
        known = [value for one in (old, new) if (value := getattr(one, name)) is not None]
        setattr(new, name, pick(known, default=None))
    for name in ("battery_percent", "protocol", "app"):
        if getattr(new, name) is None:
            setattr(new, name, getattr(old, name))


def _row(day: _Day, count: DayCount) -> tuple[Any, ...]:
    return (
        *day,
        count.stored,
        count.repeated,
        count.held,
        count.aside,
        count.events,
        count.last_seen_at,
        None if count.last_fixed_s is None else datetime.fromtimestamp(count.last_fixed_s, UTC),
        count.delay_least_s,
        count.delay_most_s,
        count.delay_sum_s,
        count.battery_percent,
        count.protocol,
        count.app,
    )
