"""The daily backup: a process of its own makes it, so that a request never waits for it, once its hour has come."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from api.backup.place import Failure, State, folder_of, state_of
from api.db.database import Database
from api.jobs.job import MINUTE_S, Job
from api.settings import Settings

log = structlog.get_logger()

BACKUP_LOCK: Final = 5_350_305
"""Of the processes of a service one makes backups: who holds this advisory lock."""
BEIJING: Final = ZoneInfo("Asia/Shanghai")
AGAIN: Final = timedelta(hours=1)
"""After a failure, until the next try."""
END_S: Final = 10.0
"""How long one that is interrupted may take to clean up; what a killed one leaves, the next one clears."""
COMMAND: Final = (sys.executable, "-c", "from api.cli.command_line import main; main()", "backup")
COPY_ONLY: Final = "--copy-only"


class Backups:
    """Looks whether a backup is due, and has it made."""

    def __init__(self, settings: Settings, command: tuple[str, ...] = COMMAND) -> None:
        """Make backups as the settings say; none where they name no folder for them."""
        self._settings = settings
        self._command = command
        self._failure: Failure | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The one job, or none."""
        return () if self._settings.backup_to is None else (Job("backup", MINUTE_S, self.make),)

    async def make(self, database: Database) -> None:
        """Make a backup where one is due, or the copy of one that could not be made."""
        now = database.clock()
        state = await asyncio.to_thread(state_of, folder_of(self._settings), now)
        if state.failure is None:
            state = replace(state, failure=self._failure)
        if due(state, now, self._settings.backup_hour):
            more: tuple[str, ...] = ()
        elif self._settings.backup_copy is not None and copy_due(state, now):
            more = (COPY_ONLY,)
        else:
            return
        log.info("backup-begun", copy_only=bool(more))
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *more,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGINT)
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), END_S)
            finally:  # also where nobody waits for that any more: it outlives no service
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
            raise
        told = " / ".join(said.decode(errors="replace").strip().splitlines())[-600:]
        # The folder that would keep why it failed may not be there.
        self._failure = Failure(now, told) if process.returncode else None
        if process.returncode == 0:
            log.info("backup-made", told=told)
        else:
            log.error("backup-failed", code=process.returncode, told=told)


def _just_failed(state: State, now: datetime) -> bool:
    return state.failure is not None and now - state.failure.at < AGAIN and now >= state.failure.at


def copy_due(state: State, now: datetime) -> bool:
    """Tell whether a copy is missing in the object store, and is to be tried again now."""
    return state.failure is not None and state.failure.is_copy and not _just_failed(state, now)


def due(state: State, now: datetime, hour: int) -> bool:
    """Tell whether a backup is to be made now: today's hour has come, none was made since, and no try just failed."""
    here = now.astimezone(BEIJING)
    today = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    last = today if here >= today else today - timedelta(days=1)
    if _just_failed(state, now):
        return False
    return state.taken_at is None or state.taken_at < last
