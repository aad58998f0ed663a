"""A folder of files, which may lie on a disk that hangs, as one of a network does whose server is away.

Whatever is done there is done by threads of its own, and given up after a while: then nothing is acknowledged. What was
given up ends whenever the disk answers again, and harms nothing.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from api.aside import Hands, Hangs
from api.db.faults import Busy, DiskFull, is_full
from api.space import Space

READ_BYTES: Final = 256 * 1024
"""What is read of a file at once."""

T = TypeVar("T")


class FilesAway(Busy):
    """The store of files does not answer now: nothing was kept, please send the same again in a moment."""

    code = "files-away"
    zh = "文件存储暂时无法访问，没有保存任何内容，请稍后原样重发。"


class Folder:
    """A folder whose files are written once, under a key that tells what they are, and read or taken out by it."""

    def __init__(self, path: Path, incoming: Path, patience_s: float, space: Space | None, holds: str) -> None:
        """Keep files below `path`, and what is not whole in `incoming`; `space` knows the disk by what it `holds`."""
        self.path = path
        self.incoming = incoming
        self._patience_s = patience_s
        self._space = space
        self._holds = holds
        self._hands = Hands(str(path), patience_s)
        self._leaving: set[str] = set()

    @property
    def hangs(self) -> bool:
        """Tell whether its disk hangs, so that what is asked of it waits in vain."""
        return self._space is not None and self._holds in self._space.hanging

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let something be done here that no request waits for."""
        return self._hands.begin(work)

    async def do(self, work: Callable[[], T]) -> T:
        """Return what is done here.

        Raises:
            DiskFull: there is no room.
            FileNotFoundError: it is not there.
            FilesAway: the disk hangs, or is at fault.
        """
        if self.hangs:
            raise FilesAway
        try:
            return await self._hands.do(work)
        except FileNotFoundError:
            raise
        except (Hangs, OSError) as fault:
            if is_full(fault):
                raise DiskFull from fault
            raise FilesAway from fault

    async def clear(self, work: Callable[[], None], *, waits: bool) -> None:
        """Let something be cleared away, however long it takes; wait for that as long as the disk is given."""
        cleared = self.begin(work)
        if waits:
            await asyncio.wait({asyncio.wrap_future(cleared)}, timeout=self._patience_s)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Return a stream of a file's bytes. Raises `FileNotFoundError` and `FilesAway`, the stream only the latter."""
        path = self.path / key
        return self._read_on(path, await self.do(partial(_part_of, path, 0)))

    async def _read_on(self, path: Path, part: bytes) -> AsyncIterator[bytes]:
        # Opened anew for each part: what hangs holds nothing that somebody had to close.
        read = 0
        while part:
            yield part
            read += len(part)
            try:
                part = await self.do(partial(_part_of, path, read)) if len(part) == READ_BYTES else b""
            except FileNotFoundError as fault:
                raise FilesAway from fault

    async def has(self, key: str) -> bool:
        """Tell whether there is such a file. Raises `FilesAway`."""
        self.refuse_leaving(key)
        return await self.do(partial(_is_there, self.path / key))

    async def erase(self, key: str) -> None:
        """Take a file out; one that is not there is gone already. Raises `FilesAway`."""
        self.refuse_leaving(key)

        def erase() -> None:
            self._leaving.add(key)
            try:
                (self.path / key).unlink(missing_ok=True)
            finally:
                self._leaving.discard(key)

        await self.do(erase)

    def refuse_leaving(self, key: str) -> None:
        """Keep a file from being acknowledged that a given-up erasing takes out yet. Raises `FilesAway`."""
        if key in self._leaving:
            raise FilesAway


def _is_there(path: Path) -> bool:
    # Path.is_file() takes any fault of the disk for a no, from Python 3.14 on.
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _part_of(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(READ_BYTES)
