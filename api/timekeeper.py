"""Keeps the service's clock by the database's, notices when that one is set, and has each bureau's record say so."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.clock import SteadyClock, wall_clock
from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.queries.clock import Word
from api.first_look import true_time
from api.jobs.job import Job
from api.usecases.record_clock_jump import ClockJump, record_clock_jump
from domain.clock import TOLERATED, Verdict, is_meant, judge

log = structlog.get_logger()

SYNC_S: Final = 2.0
"""How often the database's clock is looked at."""
ASK_AGAIN_S: Final = 60.0
"""How often a time server is asked about a clock that is not followed."""
ANSWER_S: Final = 1.0
"""An answer that took longer says too little of the time."""
KEPT: Final = 100
"""Jumps that wait to be recorded."""

Asked = Callable[[], Awaitable[datetime]]
LastWord = Callable[[], Awaitable[Word | None]]
"""Returns which time somebody let count last, by the record."""


class Timekeeper:
    """One process's watch over its clock."""

    def __init__(self, clock: SteadyClock, ask: Asked, last_word: LastWord, time_server: str) -> None:
        """Keep `clock` by what `ask` returns; `time_server` (or none) or somebody's word says that a jump is right."""
        self.clock = clock
        self.ask = ask
        self._last_word = last_word
        self._heard: UUID | None = None
        self._looked_s = clock.elapsed()
        self._time_server = time_server
        self._task: asyncio.Task[None] | None = None
        self._asked_s = float("-inf")
        self._true_by: timedelta | None = None
        self._told = timedelta(0)
        self._own: set[UUID] = set()
        self.waiting: deque[ClockJump] = deque(maxlen=KEPT)
        """Jumps that no bureau's record tells yet."""
        self.compares = True
        """Whether the last look found the database's time: a database that is away for hours is told of once."""
        self.jumps = 0
        self.off = timedelta(0)
        """How far the database's clock is ahead of the service's."""

    @property
    def job(self) -> Job:
        """Return the job that records jumps; the process that leads records, all others say so in their log."""
        return Job("clock-jumps", SYNC_S, self.record)

    @property
    def held(self) -> bool:
        """Tell whether the database's clock was set and is not followed."""
        return abs(self.off) > TOLERATED

    @property
    def why_held(self) -> tuple[str, str] | None:
        """Say why it is not followed and what helps, in Chinese and in English, where it is held."""
        if not self.held:
            return None
        by_s = self.off.total_seconds()
        zh = f"数据库时钟被调整了 {by_s:+.0f} 秒，服务仍按原来的时间运行"
        en = f"the database's clock was set by {by_s:+.0f} s, and the service goes on by the time it had"
        accept = "zhuanche clock --accept"
        return f"{zh}；新时间若是对的，请运行 {accept} 理由", f"{en}; where the new time is right, run {accept} WHY"

    async def start(self) -> None:
        """Begin to look."""
        await self._try()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SYNC_S)
            await self._try()

    async def _try(self) -> None:
        try:
            await self.look()
        except Exception as fault:  # noqa: BLE001 - the clock goes on by itself whatever is wrong
            if self.compares:
                log.warning("clock-not-compared", kind=type(fault).__name__)
            self.compares = False
        else:
            if not self.compares:
                log.warning("clock-compared-again")
            self.compares = True

    async def look(self) -> None:
        """Compare the clocks once."""
        async with asyncio.timeout(ANSWER_S):
            found = await self.ask()
        expected = self.clock()
        verdict = judge(expected, found, None)
        if verdict is not Verdict.AGREES:
            verdict = judge(expected, found, await self._true())
        if await self._is_let_count(found) and verdict is Verdict.HOLD:
            verdict = Verdict.FOLLOW
        waited = self.clock() - expected
        self._take(verdict, expected + waited, found + waited)

    async def _is_let_count(self, found: datetime) -> bool:
        """Tell whether somebody let this time count since the last look, and no other (`zhuanche clock --accept`).

        Looked up each time, also where nothing is held: else a word that is older than a jump would let it count.
        """
        word, now_s = await self._last_word(), self.clock.elapsed()
        within, self._looked_s = timedelta(seconds=now_s - self._looked_s), now_s
        heard, self._heard = self._heard, None if word is None else word.jump_id
        return word is not None and word.jump_id != heard and is_meant(word.at, found, within)

    async def _true(self) -> datetime | None:
        """Return what the time server says, asked now and then: how far it is off from the steady clock stays."""
        if self.clock.elapsed() - self._asked_s >= ASK_AGAIN_S and self._time_server != "none":
            self._asked_s = self.clock.elapsed()
            true = await true_time(self._time_server)
            self._true_by = None if true is None else true - self.clock()
        return None if self._true_by is None else self.clock() + self._true_by

    def _take(self, verdict: Verdict, expected: datetime, found: datetime) -> None:
        self.off = found - expected
        if verdict is Verdict.HOLD:
            if abs(self.off - self._told) > TOLERATED:
                self._told = self.off
                self.note(expected, found, followed=False)
            return
        if verdict is Verdict.FOLLOW:
            self.note(expected, found, followed=True)
            self.clock.set(found)
            self.off = timedelta(0)
        else:
            if self._told:
                self.note(expected + self._told, found, followed=True)
            self.clock.slew(self.off)
        self._told = timedelta(0)
        self._asked_s, self._true_by = float("-inf"), None

    def note(self, from_at: datetime, to_at: datetime, *, followed: bool) -> None:
        """Keep a jump until each bureau's record tells it."""
        self.jumps += 1
        jump = ClockJump(jump_id=new_id(), noticed_at=self.clock(), from_at=from_at, to_at=to_at, followed=followed)
        self.waiting.append(jump)
        log.error("clock-jumped", from_at=from_at, to_at=to_at, by_s=jump.by.total_seconds(), followed=followed)

    async def record(self, database: Database) -> None:
        """Enter what was noticed in each bureau's record; what one did not take is tried again."""
        while self.waiting:
            jump, faults = self.waiting[0], []
            for bureau_id in await database.bureaus():
                try:
                    await record_clock_jump(database, bureau_id, jump, own=self._own)
                except Exception as fault:  # noqa: BLE001 - raised below, after the others
                    faults.append(fault)
            if faults:
                raise faults[0]
            self._own.add(jump.jump_id)
            self.waiting.popleft()


class ClockNumbers(Collector):
    """The numbers of one process's clock."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._timekeeper = timekeeper

    def collect(self) -> Iterator[Metric]:
        """Tell how far the clocks of database and machine are from the service's, and how often one was set."""
        keeper = self._timekeeper
        yield CounterMetricFamily("zhuanche_clock_jumps", "How often the database's clock was set.", keeper.jumps)
        yield GaugeMetricFamily(
            "zhuanche_clock_held", "Whether a clock that was set is not followed.", float(keeper.held)
        )
        yield GaugeMetricFamily(
            "zhuanche_clock_database_ahead_seconds",
            "How far the database's clock is ahead of the service's.",
            keeper.off.total_seconds(),
        )
        yield GaugeMetricFamily(
            "zhuanche_clock_machine_ahead_seconds",
            "How far this machine's clock is ahead of the service's.",
            (wall_clock() - keeper.clock()).total_seconds(),
        )
