"""Asks an object store now and then whether it is there, so that it is told before somebody's photo finds out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from api.db.faults import DiskFull
from api.files import FileStore
from api.folder import FilesAway

log = structlog.get_logger()

LOOK_S: Final = 60.0
"""How often it is asked."""


class FilesWatch:
    """One process's watch over the store of files; a folder needs none, the watch over disks has it."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._task: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Tell whether the store did not answer when it was asked last."""
        return self._files.answers is False

    async def start(self) -> None:
        """Begin to ask; nothing waits for the answer."""
        if self._files.is_elsewhere:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        told = False
        while True:
            with suppress(FilesAway, DiskFull, OSError):
                await self._files.look()
            if self.away != told:
                told = self.away
                log.warning("files-away" if told else "files-back")
            await asyncio.sleep(LOOK_S)
