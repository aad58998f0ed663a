"""The one file of a backup: a plain tar (POSIX ustar) that any tar opens, of which every byte is accounted for.

Members come one after the other, each streamed; the last is `SHA256SUMS`, as `sha256sum -c` reads it, over all before
it. A reader here accepts exactly the bytes that the writer makes: it builds each header again and compares it, asks
padding to be zeros and nothing to follow the end. So a backup that was cut, or altered by one byte wherever it be, is
told from a whole one, and the place is named.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from api.backup.faults import BackupDamaged

BLOCK: Final = tarfile.BLOCKSIZE
CHUNK: Final = 256 * 1024
SUMS: Final = "SHA256SUMS"
END: Final = bytes(2 * BLOCK)
"""Two blocks of zeros end a tar."""
SUMS_MOST: Final = 1 << 30
"""Of `SHA256SUMS`, which is held in memory: ten million members."""


class Sink(Protocol):
    """What is written to, from the beginning to the end."""

    def write(self, data: bytes, /) -> int:
        """Write on."""

    def flush(self) -> None:
        """Hand on what is held."""


class ArchiveWriter:
    """Writes members one after the other, and at the end their sums."""

    def __init__(self, target: Sink, mtime: int) -> None:
        """Write to `target`, each member with this time."""
        self._target = target
        self._mtime = mtime
        self._sums: list[str] = []

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Write a member of exactly `size` bytes.

        Raises:
            ValueError: the chunks are more or fewer, which leaves the archive useless.
        """
        digest, written = hashlib.sha256(), 0
        self._target.write(_header(name, size, self._mtime))
        for chunk in chunks:
            digest.update(chunk)
            written += len(chunk)
            self._target.write(chunk)
        if written != size:
            raise ValueError(f"{name} has {written} bytes, not {size}")
        self._target.write(bytes(-size % BLOCK))
        self._sums.append(f"{digest.hexdigest()}  {name}\n")

    def add_bytes(self, name: str, content: bytes) -> None:
        """Write a member that is held already."""
        self.add(name, len(content), [content])

    def finish(self) -> None:
        """Write the sums and the end: only now it is a whole archive."""
        self.add_bytes(SUMS, "".join(self._sums).encode())
        self._target.write(END)


@dataclass(frozen=True, slots=True)
class Member:
    """One member while it is read."""

    name: str
    size: int
    chunks: Iterator[bytes]
    """Its bytes; what is not taken is read and hashed before the next member."""


class Cut(BackupDamaged):
    """It ends before its end."""


def read_archive(source: BinaryIO) -> Iterator[Member]:
    """Yield the members but the sums. That they are whole is known only when this comes to its end.

    Raises:
        BackupDamaged: it was altered; the member is named.
        Cut: it ends too early.
    """
    reader = _Reader(source)
    while True:
        name, size = reader.header()
        if name == SUMS:
            break
        chunks = reader.content(name, size)
        yield Member(name, size, chunks)
        for _ in chunks:  # what was not asked for is hashed too
            pass
    reader.check_sums(size)
    reader.check_end()


class _Reader:
    """Reads what the writer wrote, and takes nothing else."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._at = 0
        self._sums: list[str] = []
        self._last = "the beginning"

    def header(self) -> tuple[str, int]:
        block = self._exactly(BLOCK, f"after {self._last}")
        try:
            found = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            same = _header(found.name, found.size, int(found.mtime)) == block
        except (tarfile.HeaderError, ValueError, OverflowError):
            same = False
        if not same:
            raise BackupDamaged(
                f"The backup was altered: the header after {self._last} (byte {self._at - BLOCK}) is not one."
            )
        return found.name, found.size

    def content(self, name: str, size: int) -> Iterator[bytes]:
        """Yield a member's bytes; note their sum, and check the padding."""
        digest, left = hashlib.sha256(), size
        while left:
            chunk = self._exactly(min(CHUNK, left), f"within {name}")
            digest.update(chunk)
            left -= len(chunk)
            yield chunk
        self._check_padding(name, size)
        self._sums.append(f"{digest.hexdigest()}  {name}\n")
        self._last = name

    def check_sums(self, size: int) -> None:
        wanted = "".join(self._sums)
        if size > SUMS_MOST:
            raise BackupDamaged(f"The backup was altered: {SUMS} is said to have {size} bytes.")
        found = self._exactly(size, f"within {SUMS}").decode(errors="replace")
        if found != wanted:
            told = found.splitlines(keepends=True)
            place = next((mine for mine, its in zip(self._sums, told, strict=False) if mine != its), None)
            raise BackupDamaged(
                f"The backup was altered: {SUMS} does not fit its members."
                if place is None
                else f"The backup was altered: {place.split()[1]} has not the SHA-256 that {SUMS} tells."
            )
        self._check_padding(SUMS, size)

    def check_end(self) -> None:
        if self._exactly(len(END), f"after {SUMS}") != END or self._source.read(1):
            raise BackupDamaged(f"The backup was altered: something follows {SUMS}.")

    def _check_padding(self, name: str, size: int) -> None:
        if any(self._exactly(-size % BLOCK, f"after {name}")):
            raise BackupDamaged(f"The backup was altered: bytes after {name} that should be zeros are not.")

    def _exactly(self, size: int, place: str) -> bytes:
        parts, left = [], size
        while left and (part := self._source.read(left)):
            parts.append(part)
            left -= len(part)
        self._at += size - left
        if left:
            raise Cut(f"The backup was cut short: it ends {place}, at byte {self._at}.")
        return b"".join(parts)


def _header(name: str, size: int, mtime: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
