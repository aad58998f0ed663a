"""A file on its way in, whose hash is known when all of it has come: held in memory while small, then on disk."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from api.durable import flush, settle
from api.errors import BodyTooLarge
from api.folder import FilesAway, Folder
from api.media_type import HEAD_BYTES

HELD_BYTES: Final = 256 * 1024
"""What is held of one file before it is written on: a photo that a phone made smaller is written once."""
INCOMING: Final = "incoming"
"""Where a folder of files holds those that are not whole."""
LEFT_S: Final = 24 * 3600
"""A part that old is of a process that was killed: no upload takes that long."""


def forget_left(incoming: Path, now_s: float) -> None:
    """Delete what killed processes left of files that never became whole; other processes may be at theirs."""
    for part in incoming.glob("*.part"):
        with suppress(OSError):  # what cannot go now goes at the next start
            if now_s - part.stat().st_mtime > LEFT_S:
                part.unlink()


class Spool:
    """Counts, hashes and holds what is added; leaves nothing behind but a file that was moved away.

    What is done on the disk is done aside, and may be given up there while it hangs: a lock lets the clearing up wait
    for it, and what begins after the end does nothing.
    """

    def __init__(self, folder: Folder, limit_bytes: int) -> None:
        """Write beside the files of `folder`, so that a whole one can be moved there."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self._held = bytearray()
        self._lock = threading.Lock()
        self._open: BinaryIO | None = None
        self._wrote = False
        self._over = False
        self.file = folder.incoming / f"{secrets.token_hex(16)}.part"
        self.head = b""
        self.size_bytes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None
    ) -> None:
        self._over = True
        if self._wrote:
            await self._folder.clear(self._clear, waits=not isinstance(fault, FilesAway))

    @property
    def sha256(self) -> str:
        """Return the hash of all that was added."""
        return self._digest.hexdigest()

    async def add(self, chunk: bytes) -> None:
        """Take a chunk, and write what is held once it is enough.

        Raises:
            BodyTooLarge: it is more than the limit.
            DiskFull: there is no room.
            FilesAway: the disk does not take it.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise BodyTooLarge(limit_bytes=self._limit_bytes)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        self._digest.update(chunk)
        self._held += chunk
        if len(self._held) >= HELD_BYTES:
            await self._folder.do(self._write)

    async def move(self, key: str, *, anew: bool = False) -> None:
        """Put all of it under its key in the folder, `anew` even where there is one of its size.

        Raises:
            DiskFull: there is no room.
            FileNotFoundError: it was taken out at the same moment.
            FilesAway: the disk did not take it, or is about to take out what it has under this key.
        """
        self._folder.refuse_leaving(key)
        await self._folder.do(partial(self._move, self._folder.path / key, anew=anew))

    def whole(self) -> Iterator[bytes]:
        """Yield all of it again."""
        if self._open is not None:
            with self.file.open("rb") as written:
                while chunk := written.read(HELD_BYTES):
                    yield chunk
        yield bytes(self._held)

    def _write(self) -> None:
        """Write what is held to the file."""
        self._wrote = True
        with self._lock:
            if not self._over:
                self._write_on()

    def _write_on(self) -> None:
        if self._open is None:
            # The folder it lies in is not made: where its disk is gone, files would fill the one below.
            self._folder.incoming.mkdir(mode=0o700, exist_ok=True)
            self._open = self.file.open("xb")
        self._open.write(self._held)
        self._open.flush()
        self._held.clear()

    def _move(self, path: Path, *, anew: bool) -> None:
        """Put the file under its name, and let both survive a power cut before anyone is told.

        What has the name already may be cut short by a power cut of long ago, or be written by who has not settled it
        yet.
        """
        self._wrote = True
        with self._lock:
            if self._over:
                return
            if anew or not (path.exists() and path.stat().st_size == self.size_bytes):
                self._write_on()
                # Before it has the name: what a disk lost is not asked for again, and it may take the place of one that
                # was acknowledged meanwhile.
                flush(self.file)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self._over:  # meanwhile: nobody is told any more that it is kept
                    return
                self.file.replace(path)
            settle(path)
            self._clear_away()

    def _clear(self) -> None:
        with self._lock, suppress(OSError):
            self._clear_away()

    def _clear_away(self) -> None:
        if self._open is not None:
            with suppress(OSError):  # it tries once more to write what found no room
                self._open.close()
            self.file.unlink(missing_ok=True)
            self._open = None
        self._wrote = False
