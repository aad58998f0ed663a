"""Writes what waits: many requests in one transaction, each answered after its commit.

The writer takes what has gathered while the last transaction ran, copies it into a staging table of its own, moves it
into `position` and `position_held` where a repeat conflicts with what is there, commits, and only then answers each
request with what became of its fixes. Nothing is acknowledged that is not durable; a request whose answer was lost
is sent again and counted as repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, perf_counter
from typing import Any, Final

import msgspec
import psycopg
import structlog
from sqlalchemy import text

from api.clock import Clock
from api.db.database import Database
from api.db.engine import LINE, connect_options
from api.db.faults import Busy, DatabaseAway, DiskFull, is_away, is_full, is_overloaded
from api.db.roles import INGEST
from api.ingest.columns import Waiting, copy_stream
from api.ingest.devices import KnownDevice
from api.ingest.entry import NOTHING, Entry, Outcome, beside_fixes, events_that_count
from api.ingest.exchange import Move, move, moved_by_request, prepare
from api.ingest.fixes import (
    ASIDE_BYTES,
    Aside,
    Kept,
    Received,
    set_aside,
    times_of,
)
from api.ingest.health import DeviceHealth
from api.settings import Settings
from domain.track.fixes import to_us

log = structlog.get_logger()

TRIES: Final = 3
"""How often a batch is written again after a deadlock or a lost connection."""
WARY_BATCHES: Final = 100
"""How many batches are looked through for repeats after one that held some: what was sent twice seldom comes alone."""
MONTHS_LIFE_S: Final = 60.0
"""How long the list of kept months is believed."""


class IngestFull(Busy):
    """More positions wait than this service may keep; nothing of this request was recorded, please send it again."""

    code = "ingest-full"
    zh = "等待写入的定位点已达上限，本次请求未记录任何内容，请稍后重发。"


@dataclass(slots=True)
class IngestStats:
    """What the writer did so far, for metrics."""

    stored: int = 0
    repeated: int = 0
    held: int = 0
    aside: int = 0
    refused: int = 0
    batches: int = 0
    last_batch: int = 0
    last_commit_s: float = 0.0
    commit_s: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)


class Writer:
    """Takes fixes of all bureaus and writes them on one connection of the ingest role."""

    def __init__(self, database: Database, url: str, settings: Settings, clock: Clock) -> None:
        """Write on `url`; ask `database` which months are kept."""
        self._database = database
        self._url = url
        self._settings = settings
        self._clock = clock
        self._queue: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._kept = Kept(months=frozenset(), run_from_s=0.0, run_until_s=0.0)
        self._kept_until = 0.0
        self._refreshing = asyncio.Lock()
        self._wary = 0
        self.unanswered = 0
        """Fixes that wait or are being written."""
        self.stats = IngestStats()
        self.health = DeviceHealth(url, settings, database.space)
        self.on_stored: list[Callable[[Entry, datetime], None]] = []
        """Called after the commit with each request that was written and when it was received; none may wait."""

    async def start(self) -> None:
        """Begin to write."""
        await self.health.start()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Answer what was accepted, then end."""
        self._stopping = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()
        await self.health.stop()

    async def put(self, device: KnownDevice, received: Received) -> Outcome:
        """Wait until the fixes of a request are durable and return what became of them.

        Raises:
            IngestFull: too many wait already, or the service is going down; nothing was taken.
            DiskFull: there is no room for more.
            DatabaseAway: the database could not be reached.
            Busy: it did not take the batch in time.
        """
        now = self._clock()
        if self._kept_until < monotonic():
            await self._refresh_months(now)
        # Nothing is awaited from here until the request stands in the queue: what was checked still holds there.
        events = events_that_count(device, received.events, now)
        mileages = received.mileages if device.terminal else ()
        weight = len(received.fixes) + len(received.asides) + len(events) + len(mileages)
        if not weight:
            self.health.seen(device.bureau_id, device.device_id, received.health, now, private=not device.terminal)
            return NOTHING
        if self._database.space is not None and self._database.space.refuses():
            raise DiskFull
        if self._stopping or self.unanswered + weight > self._settings.ingest_queue:
            self.stats.refused += weight
            raise IngestFull
        received, times = times_of(received, self._kept, now)
        entry = Entry(
            Waiting(
                bureau_id=device.bureau_id,
                device_id=device.device_id,
                datum=received.datum,
                fixes=received.fixes,
                times=times,
                counts=device.counts(times),
            ),
            received.indexes,
            received.asides,
            received.faults,
            events,
            mileages,
            asyncio.get_running_loop().create_future(),
            weight,
            device.terminal,
            received.health,
        )
        # It keeps its places until it is written, though whoever sent it may be gone by then.
        self.unanswered += weight
        self._queue.append(entry)
        self._arrived.set()
        return await entry.answer

    async def _refresh_months(self, now: datetime) -> None:
        async with self._refreshing:
            if self._kept_until >= monotonic():
                return
            async with self._database.read(_NO_BUREAU) as reader:
                days = (await reader.execute(text("SELECT position_partition_months()"))).scalars().all()
            months = frozenset((day.year, day.month) for day in days)
            first = last = (now.year, now.month)
            while _next(first, -1) in months:
                first = _next(first, -1)
            while last in months:
                last = _next(last, 1)
            self._kept = Kept(months=months, run_from_s=_start_s(first), run_until_s=_start_s(last))
            self._kept_until = monotonic() + MONTHS_LIFE_S

    async def _run(self) -> None:
        while self._queue or not self._stopping:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch = self._take()
            try:
                await self._write(batch)
            except Exception as fault:  # noqa: BLE001 - whatever happened, everyone who waits is told
                await self._drop_connection()  # what it began there goes into no other batch
                _fail(batch, fault)
            finally:
                self.unanswered -= sum(entry.weight for entry in batch)

    def _take(self) -> list[Entry]:
        batch = [self._queue.popleft()]
        room = self._settings.ingest_batch - batch[0].weight
        while self._queue and self._queue[0].weight <= room:
            room -= self._queue[0].weight
            batch.append(self._queue.popleft())
        return batch

    async def _write(self, batch: list[Entry]) -> None:
        """Write the batch and answer it; a row the database cannot take spoils its own request only."""
        for attempt in range(1, TRIES + 1):
            try:
                began, received_at = perf_counter(), self._clock()
                async with asyncio.timeout(self._settings.transaction_timeout_s):
                    stored, held = await self._transaction(batch, received_at)
                self._answer(batch, stored, held, received_at, perf_counter() - began)
            except (psycopg.DataError, psycopg.IntegrityError):
                if len(batch) == 1:
                    _put_all_aside(batch[0])
                    continue
                for entry in batch:
                    await self._write([entry])
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as fault:
                await self._drop_connection()
                if attempt == TRIES or is_overloaded(fault) or is_full(fault):
                    raise
                continue
            return
        raise AssertionError("unreachable")

    async def _transaction(self, batch: list[Entry], received_at: datetime) -> tuple[list[int], list[int]]:
        """Write the batch in one transaction; return how many new rows each request brought, counting and held.

        Most batches hold no repeat, and are written the faster without looking for one; after one that did, the
        next `WARY_BATCHES` are looked through.
        """
        self._wary = max(0, self._wary - 1)
        if not self._wary:
            try:
                return await self._moved(batch, Move.NEW, received_at)
            except psycopg.errors.UniqueViolation:
                self._wary = WARY_BATCHES
        return await self._moved(batch, Move.UNKNOWN, received_at)

    async def _moved(self, batch: list[Entry], counting: Move, received_at: datetime) -> tuple[list[int], list[int]]:
        connection = await self._connected()
        waiting = [entry.waiting for entry in batch]
        counts = [one.counting for one in waiting]
        held = [len(one.fixes) - number for number, one in zip(counts, waiting, strict=True)]
        moves = [counting] if any(counts) else []
        if any(held):
            moves.append(Move.HELD)
        besides = list(beside_fixes(batch, received_at))
        try:
            if besides:
                await connection.execute("BEGIN")
            for statement, columns in besides:
                await connection.execute(statement, columns)
            if moves:
                stream = copy_stream(waiting, to_us(received_at))
                returned = dict(zip(moves, await move(connection, stream, moves), strict=True))
            else:
                returned = {}
                if besides:
                    await connection.execute("COMMIT")
        except psycopg.Error:
            with contextlib.suppress(psycopg.Error):
                await connection.rollback()
            raise
        return moved_by_request(returned.get(counting), counts), moved_by_request(returned.get(Move.HELD), held)

    def _answer(
        self, batch: list[Entry], stored: list[int], held: list[int], received_at: datetime, took_s: float
    ) -> None:
        stats = self.stats
        stats.batches += 1
        stats.last_commit_s = took_s
        stats.commit_s += took_s
        stats.last_batch = 0
        for entry, new, kept in zip(batch, stored, held, strict=True):
            fixes = len(entry.waiting.fixes)
            outcome = Outcome(
                stored=new, repeated=fixes - new - kept, held=kept, aside=len(entry.asides), faults=entry.faults
            )
            stats.stored += new
            stats.repeated += outcome.repeated
            stats.held += kept
            stats.aside += outcome.aside
            stats.last_batch += fixes
            for fault in entry.faults:
                stats.reasons[fault.code] = stats.reasons.get(fault.code, 0) + 1
            self.health.answered(entry, new, kept, received_at)
            if new:
                for told in self.on_stored:
                    told(entry, received_at)
            if not entry.answer.done():
                entry.answer.set_result(outcome)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                prepare_threshold=None,  # psycopg drops with its own prepared statements those of others
                options=connect_options(INGEST, self._settings),
                connect_timeout=int(self._settings.connect_timeout_s),
                application_name="zhuanche writer",
                **LINE,
            )
            await prepare(connection)
            self._connection = connection
        return self._connection

    async def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None


_NO_BUREAU: Final = "000000"
"""Which months are kept is the same for all; a transaction names a bureau all the same."""


def _put_all_aside(entry: Entry) -> None:
    """Keep as they were sent the fixes of a request that the database cannot take."""
    refused = Received(datum=entry.waiting.datum, fixes=[], indexes=[], asides=list(entry.asides), faults=entry.faults)
    for index, fix in zip(entry.indexes, entry.waiting.fixes, strict=True):
        detail = "The database cannot take this fix or another of its request."
        set_aside(refused, index, "not-storable", detail, msgspec.json.encode(fix))
    for beside in (*entry.events, *entry.mileages):
        refused.asides.append(Aside(reason="not-storable", raw=msgspec.json.encode(beside)[:ASIDE_BYTES]))
    entry.asides, entry.indexes, entry.events, entry.mileages = refused.asides, (), (), ()
    entry.waiting = msgspec.structs.replace(entry.waiting, fixes=[], times=[], counts=None)


def _fail(batch: Sequence[Entry], fault: Exception) -> None:
    told: Exception = fault
    if is_full(fault):
        told = DiskFull()
    elif is_overloaded(fault):
        told = Busy()
    elif is_away(fault):
        told = DatabaseAway()
    log.error("batch-not-written", kind=type(fault).__name__, requests=len(batch), exc_info=fault)
    for entry in batch:
        if not entry.answer.done():
            entry.answer.set_exception(told)


def _next(month: tuple[int, int], step: int) -> tuple[int, int]:
    months = month[0] * 12 + month[1] - 1 + step
    return months // 12, months % 12 + 1


def _start_s(month: tuple[int, int]) -> float:
    return datetime(*month, 1, tzinfo=UTC).timestamp()
