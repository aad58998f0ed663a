"""The watch of a process: it is handed what the writer stored, glances at it, and looks at who does not add up.

The writer hands over after its commit and does not wait. Glances are taken in the order of the commits; looks, which
ask the database, a few at a time, and of one vehicle one after another. What does not fit into memory is left to the
sweep (`api.usecases.sweep_positions`), as is what a process had not looked at when it died.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final
from uuid import UUID

import structlog

from api.db.database import Database
from api.db.faults import Busy, DatabaseAway
from api.ingest.columns import Waiting
from api.ingest.entry import Entry
from api.usecases.look_at_vehicle import look_at_vehicle
from api.watch.expected import Expected, expected_in
from api.watch.glance import KINDS, Glance, Suspect, fixes_of
from domain.place.datum import to_wgs84
from domain.values import Datum

log = structlog.get_logger()

GATHER_S: Final = 0.25
"""How long what comes is gathered before it is glanced at: many requests cost as much as one."""
MOST_FIXES: Final = 100_000
"""Fixes that may wait for a glance; what comes beyond that is left to the sweep."""
MANY: Final = 20
"""A request with more fixes brings what a device kept: it is looked at whole."""
LATE_S: Final = 60.0
"""So is one that is older than what its vehicle told last."""
KEPT_MOST: Final = 10_000
"""What a device kept and delivers by more than this at once is left to the sweep: a look would take seconds."""
LOOKS_AT_ONCE: Final = 4
SLOW_S: Final = 0.5
REST: Final = 20
"""A vehicle of which so much is stored that a look takes long is left alone for that many times as long."""
AGAIN_S: Final = 1.0
"""A vehicle is looked at no oftener."""
AGAIN_MOST_S: Final = 16.0
"""Nor oftener than this, where signs go on and looks show nothing: each waits twice as long as the one before."""
SAID_S: Final = 180.0
"""What a look has recorded is not looked at again for so long: an update is due no earlier."""
REMEMBERED: Final = 1_000
"""So many vehicles are remembered before those are forgotten of which nothing is left to be known."""
BELIEVED_S: Final = 300.0
"""How long what is expected in a bureau is believed, unless a change is heard of."""


@dataclass(slots=True)
class WatchStats:
    """What the watch did so far, for metrics."""

    glanced: int = 0
    looks: int = 0
    recorded: int = 0
    left: int = 0
    """Fixes that were left to the sweep."""
    last_delay_s: float = 0.0
    """From the hand-over to the end of the last look."""


@dataclass(slots=True)
class _Vehicle:
    """What is to be looked at of a vehicle, and what was."""

    from_s: float = float("inf")
    until_s: float = float("-inf")
    signs: int = 0
    kept: int = 0
    """Fixes among them that its devices had kept."""
    waits: bool = False
    handed: float = 0.0
    looked: float = float("-inf")
    pause_s: float = AGAIN_S
    said: int = 0
    """Signs whose looks recorded something."""
    said_until: float = 0.0


@dataclass(slots=True)
class _Handed:
    at: float
    received_s: float
    waiting: Waiting
    terminal: bool


@dataclass(slots=True)
class _Bureau:
    expected: Expected
    until: float
    stale: bool = False


@dataclass(slots=True)
class _Batch:
    """Columns of a batch, a value a fix."""

    rows: list[int] = field(default_factory=list)
    columns: tuple[list[float], list[float], list[float], list[float], list[bool], list[bool]] = field(
        default_factory=lambda: ([], [], [], [], [], [])
    )


class Watch:
    """Glances at what a process stored, and looks where that does not add up."""

    def __init__(self, database: Database) -> None:
        """Look in `database`."""
        self._database = database
        self._handed: deque[_Handed] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._bureaus: dict[str, _Bureau] = {}
        self._glance = Glance()
        self._vehicles: dict[tuple[str, UUID], _Vehicle] = {}
        self._forget_at = REMEMBERED
        self._due: deque[tuple[str, UUID]] = deque()
        self._wanted = asyncio.Semaphore(0)
        self.stats = WatchStats()

    async def start(self) -> None:
        """Begin to watch."""
        self._spawn(self._glances())
        for _ in range(LOOKS_AT_ONCE):
            self._spawn(self._looks())

    async def stop(self) -> None:
        """End; what was not looked at is for the sweep."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def stored(self, entry: Entry, received_at: datetime) -> None:
        """Take what a request brought, after its commit; never waits, and never fails."""
        waiting = entry.waiting
        if self._stopping or self._waiting + len(waiting.fixes) > MOST_FIXES:
            self.stats.left += len(waiting.fixes)
            return
        self._waiting += len(waiting.fixes)
        self._handed.append(_Handed(monotonic(), received_at.timestamp(), waiting, entry.terminal))
        self._arrived.set()

    def changed(self, bureau_id: str | None) -> None:
        """Ask anew what is to be expected in a bureau, or in any: a device or a use is another than it was."""
        for one in [self._bureaus.get(bureau_id)] if bureau_id else self._bureaus.values():
            if one is not None:
                one.stale = True
                self._arrived.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _glances(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            self._arrived.clear()
            handed, self._handed, self._waiting = list(self._handed), deque(), 0
            try:
                await self._renew()
                await self._know({one.waiting.bureau_id for one in handed})
                self._glance_at(handed)
            except (DatabaseAway, Busy) as fault:
                log.warning("watch-without-database", kind=type(fault).__name__)
                self.stats.left += sum(len(one.waiting.fixes) for one in handed)
            except Exception:
                # Whatever one batch holds, the next one is glanced at.
                log.exception("glance-failed")

    async def _renew(self) -> None:
        """Ask anew what changed, and look at uses that turn out to be other than they were."""
        for bureau_id in [bureau_id for bureau_id, one in self._bureaus.items() if one.stale]:
            await self._ask(bureau_id)

    async def _know(self, bureaus: set[str]) -> None:
        now = monotonic()
        for bureau_id in bureaus:
            known = self._bureaus.get(bureau_id)
            if known is None or known.until < now:
                await self._ask(bureau_id)

    async def _ask(self, bureau_id: str) -> None:
        known = self._bureaus.get(bureau_id)
        if known is not None:
            known.stale = False
        try:
            async with self._database.read(bureau_id) as reader:
                expected = await expected_in(reader)
        except Exception:
            if known is not None:
                known.stale = True
            raise
        self._bureaus[bureau_id] = _Bureau(expected, monotonic() + BELIEVED_S)
        for vehicle_id, from_s, until_s in self._glance.expect(expected):
            by_now_s = min(until_s, self._database.clock().timestamp())
            self._suspect(Suspect(bureau_id, vehicle_id, 0, from_s, by_now_s), monotonic())

    def _glance_at(self, handed: Sequence[_Handed]) -> None:
        batch, received_s = _Batch(), 0.0
        oldest = handed[0].at if handed else 0.0
        for one in handed:
            received_s = max(received_s, one.received_s)
            self._sort(one, batch)
        self.stats.glanced += len(batch.rows)
        if batch.rows:
            for suspect in self._glance.take(fixes_of(batch.rows, batch.columns), received_s):
                self._suspect(suspect, oldest)

    def _sort(self, one: _Handed, batch: _Batch) -> None:
        """Put the fixes of a request that count into the batch, or have its vehicle looked at whole."""
        waiting = one.waiting
        times = waiting.times
        if not times or not waiting.counting:
            return
        expected = self._bureaus[waiting.bureau_id].expected
        last_s = max(times)
        vehicle_id = expected.vehicle_of(waiting.device_id, last_s)
        row = None if vehicle_id is None else self._glance.row_of(waiting.bureau_id, vehicle_id)
        if vehicle_id is None or row is None:
            self.stats.left += waiting.counting
            return
        if len(times) > MANY or min(times) < self._glance.last_s(row) - LATE_S:
            self._suspect(Suspect(waiting.bureau_id, vehicle_id, 0, min(times), last_s), one.at, kept=len(times))
            if len(times) > MANY:
                return
        counts = waiting.counts or [True] * len(times)
        at_s, lats, lons, speeds, mocks, terminals = batch.columns
        for fix, fixed_s, counting in zip(waiting.fixes, times, counts, strict=True):
            if not counting or not fix.fixed:
                continue
            lat, lon = fix.lat, fix.lon
            if waiting.datum not in (Datum.WGS84, Datum.CGCS2000):
                place = to_wgs84(lat, lon, waiting.datum)
                lat, lon = place.lat, place.lon
            batch.rows.append(row)
            at_s.append(fixed_s)
            lats.append(lat)
            lons.append(lon)
            speeds.append(float("nan") if fix.speed_mps is None else fix.speed_mps)
            mocks.append(fix.mock)
            terminals.append(one.terminal)

    def _suspect(self, suspect: Suspect, handed: float, kept: int = 0) -> None:
        """Have a vehicle looked at, unless a look said so a moment ago."""
        key = suspect.bureau_id, suspect.vehicle_id
        if key not in self._vehicles:
            self._forget()
        vehicle = self._vehicles.setdefault(key, _Vehicle())
        if vehicle.said_until < monotonic():
            vehicle.said = 0
        if suspect.signs and not suspect.signs & ~vehicle.said:
            return
        vehicle.signs |= suspect.signs
        vehicle.kept += kept
        vehicle.from_s = min(vehicle.from_s, suspect.from_s)
        vehicle.until_s = max(vehicle.until_s, suspect.until_s)
        if not vehicle.waits:
            vehicle.waits, vehicle.handed = True, handed
            self._due.append(key)
            self._wanted.release()

    def _forget(self) -> None:
        """Forget the vehicles that do not wait for a look, and whose last one was long enough ago to say nothing."""
        if len(self._vehicles) < self._forget_at:
            return
        now = monotonic()
        self._vehicles = {
            key: one
            for key, one in self._vehicles.items()
            if one.waits or max(one.looked + one.pause_s, one.said_until) > now
        }
        self._forget_at = max(REMEMBERED, 2 * len(self._vehicles))

    async def _looks(self) -> None:
        while True:
            await self._wanted.acquire()
            key = self._due.popleft()
            vehicle = self._vehicles[key]
            pause_s = vehicle.looked + vehicle.pause_s - monotonic()
            if pause_s > 0:
                asyncio.get_running_loop().call_later(pause_s, self._put_back, key)
                continue
            try:
                await self._look(key, vehicle)
            except (DatabaseAway, Busy) as fault:
                log.warning("look-without-database", kind=type(fault).__name__)
            except Exception:
                log.exception("look-failed", bureau_id=key[0], vehicle_id=str(key[1]))

    def _put_back(self, key: tuple[str, UUID]) -> None:
        self._due.append(key)
        self._wanted.release()

    async def _look(self, key: tuple[str, UUID], vehicle: _Vehicle) -> None:
        from_at, until_at = _instant(vehicle.from_s), _instant(vehicle.until_s)
        signs, kept, handed = vehicle.signs, vehicle.kept, vehicle.handed
        # Whoever is suspected from here on is looked at once more.
        vehicle.waits, vehicle.signs, vehicle.kept = False, 0, 0
        vehicle.from_s, vehicle.until_s = float("inf"), float("-inf")
        vehicle.looked = monotonic()
        if kept > KEPT_MOST:
            self.stats.left += kept
            return
        self.stats.looks += 1
        looked = await look_at_vehicle(self._database, *key, from_at, until_at)
        took_s = monotonic() - vehicle.looked
        self.stats.recorded += looked.recorded
        self.stats.last_delay_s = monotonic() - handed
        said = sum(sign for sign, kind in KINDS.items() if sign & signs and kind in looked.kinds)
        if said:
            vehicle.said |= said
            vehicle.said_until = monotonic() + SAID_S
        pause_s = AGAIN_S if said or not signs else min(2 * vehicle.pause_s, AGAIN_MOST_S)
        vehicle.pause_s = max(pause_s, REST * took_s if took_s > SLOW_S else 0.0)


def _instant(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
