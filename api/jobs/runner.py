"""Leads the background work: of several processes on one database, one at a time.

The leader holds an advisory lock on a connection of its own for as long as it leads; when it ends, or its connection
does, another process takes the lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

import psycopg
import structlog

from api.db.database import Database
from api.db.engine import LINE, NOTICED
from api.db.faults import Busy, DatabaseAway
from api.jobs.job import Job, RoundFailed

log = structlog.get_logger()

LEADER_LOCK: Final = 5_350_303
"""Key of the advisory lock."""
LOOK_EVERY_S: Final = 5.0
"""How often a process looks whether it may lead, and a leader whether it still does."""
STOP_S: Final = 10.0
"""How long a stopping process waits for the job at hand before it cancels it."""


class Runner:
    """One task that does each job when it is due."""

    def __init__(
        self,
        database: Database,
        url: str,
        jobs: Sequence[Job],
        *,
        lock: int = LEADER_LOCK,
        look_s: float = LOOK_EVERY_S,
    ) -> None:
        """Do `jobs` on `database` while holding the lock on a connection of its own to `url`."""
        self._database = database
        self._url = url
        self._jobs = jobs
        self._lock = lock
        self._look_s = look_s
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.failed: Counter[str] = Counter()
        """How often each job failed, or had to wait for others or for room twice in a row."""
        self._waited: set[str] = set()
        self.leads = False
        """Whether this process does the jobs."""

    async def start(self) -> None:
        """Begin to look for the lead."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finish the job at hand, and do no more."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_S)
            await self.break_off()

    async def break_off(self) -> None:
        """End the job at hand, if there is one; one that is ending already cleans up to its end."""
        if self._task is not None and not self._task.done():
            if not self._task.cancelling():
                self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=5,
                    application_name="zhuanche jobs",
                    options=NOTICED,
                    **LINE,
                ) as connection:
                    await self._lead(connection)
            except (psycopg.Error, OSError) as fault:
                log.warning("jobs-without-database", kind=type(fault).__name__)
                await self._pause(self._look_s)
            finally:
                self.leads = False

    async def _lead(self, connection: psycopg.AsyncConnection[Any]) -> None:
        due = {job.name: 0.0 for job in self._jobs}
        while not self._stopping.is_set():
            self.leads = self.leads or await self._locked(connection)
            if self.leads:
                await connection.execute("SELECT 1")
                for job in self._jobs:
                    if due[job.name] <= monotonic() and not self._stopping.is_set():
                        await self._do(job)
                        due[job.name] = monotonic() + job.every_s
            soonest_s = min(due.values(), default=0.0) - monotonic() if self.leads else self._look_s
            await self._pause(min(self._look_s, max(soonest_s, 0.0)))

    async def _locked(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,))).fetchone()
        return bool(row and row[0])

    async def _do(self, job: Job) -> None:
        waited, waits = job.name in self._waited, False
        try:
            await job.run(self._database)
        except DatabaseAway as fault:
            log.warning("job-waits", job=job.name, code=fault.code)
        except Busy as fault:
            # Once is nothing; what is so each time is work that is never done, and somebody has to see that.
            waits = True
            self.failed[job.name] += waited
            log.warning("job-waits", job=job.name, code=fault.code)
        except RoundFailed as fault:
            self.failed[job.name] += 1
            log.warning("job-failed", job=job.name, why=str(fault))
        except Exception:
            self.failed[job.name] += 1
            log.exception("job-failed", job=job.name)
        (self._waited.add if waits else self._waited.discard)(job.name)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
