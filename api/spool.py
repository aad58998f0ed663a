"""A file on its way in, whose hash is known when all of it has come: held in memory while small, then on disk."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from api.errors import BodyTooLarge

HELD_BYTES: Final = 256 * 1024
"""What is held of one file before it is written on: a photo that a phone made smaller is written once."""
HEAD_BYTES: Final = 8192
INCOMING: Final = "incoming"
"""Where a folder of files holds those that are not whole."""
LEFT_S: Final = 24 * 3600
"""A part that old is of a process that was killed: no upload takes that long."""


def forget_left(folder: Path, now_s: float) -> None:
    """Delete what killed processes left of files that never became whole; other processes may be at theirs."""
    for part in (folder / INCOMING).glob("*.part"):
        with suppress(FileNotFoundError):
            if now_s - part.stat().st_mtime > LEFT_S:
                part.unlink()


class Spool:
    """Counts, hashes and holds what is added; leaves nothing behind but a file that was moved away."""

    def __init__(self, folder: Path | None, limit_bytes: int) -> None:
        """Write below `folder`, so that a whole file can be moved into it, or where the machine keeps what is brief."""
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder / INCOMING
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self._held = bytearray()
        self._open: BinaryIO | None = None
        self.file = self._folder / f"{secrets.token_hex(16)}.part"
        self.head = b""
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._open is not None:
            self._open.close()
            self.file.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Return the hash of all that was added."""
        return self._digest.hexdigest()

    @property
    def full(self) -> bool:
        """Tell whether it is time to write on."""
        return len(self._held) >= HELD_BYTES

    def add(self, chunk: bytes) -> None:
        """Take a chunk. Raises `BodyTooLarge`."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise BodyTooLarge(limit_bytes=self._limit_bytes)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        self._digest.update(chunk)
        self._held += chunk

    def write(self) -> None:
        """Write what is held to the file."""
        if self._open is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open = self.file.open("xb")
        self._open.write(self._held)
        self._open.flush()
        self._held.clear()

    def whole(self) -> Iterator[bytes]:
        """Yield all of it again."""
        if self._open is not None:
            with self.file.open("rb") as written:
                while chunk := written.read(HELD_BYTES):
                    yield chunk
        yield bytes(self._held)
