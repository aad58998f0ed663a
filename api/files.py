"""Files named by their SHA-256, in a folder or an object store: streamed in and out, never whole in memory.

A file becomes visible only when all of it has arrived and its bytes have the hash that names it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import filetype
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from api.addresses import in_a_line
from api.db.datafolder import FULL
from api.db.faults import Busy, DiskFull, is_full
from api.durable import flush
from api.errors import BodyTooLarge, WrongMediaType
from api.settings import Settings, SettingsError
from api.space import Space, folder_of_files
from api.spool import Spool, forget_left
from domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from obstore import GetResult

PART_BYTES: Final = 5 * 1024 * 1024
"""What is held of one upload before it goes on to the store: the least that S3 takes as a part."""
PARTS_AT_ONCE: Final = 2
HEAD_BYTES: Final = 8192
"""How much of a file is looked at to tell its type."""

CONNECT: Final = timedelta(seconds=5)
"""How long making a connection to an object store may take."""
LONGEST: Final = timedelta(minutes=10)
"""How long a whole file may take on its way from an object store: who fetches it may be slow."""
_NO_ROOM: Final = re.compile(rf"os error ({'|'.join(map(str, FULL))})\)")
"""A folder's store tells what the system said in words only."""

MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf",
        "audio/aac",
        "audio/amr",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/x-wav",
        "image/avif",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/webp",
    }
)
"""What is taken: photos and drawn signatures, scanned documents, recorded statements."""

TABLE: Final = "text/csv"
UNKNOWN: Final = "application/octet-stream"
"""What a form sends beside such files is kept too, and never shown by a browser."""


class HashMismatch(InvalidInput):
    """The bytes received do not have the SHA-256 of the address; nothing was kept."""

    code = "hash-mismatch"
    zh = "收到的内容与地址中的 SHA-256 不符，没有保存任何内容。"


class FileTypeRefused(WrongMediaType):
    """The file's content is not an image, a PDF or a sound recording that is taken here."""

    code = "file-type-refused"
    zh = "文件内容不是可接受的图片、PDF 或录音。"


class FilesAway(Busy):
    """The store of files does not answer now: nothing was kept, please send the same again in a moment."""

    code = "files-away"
    zh = "文件存储暂时无法访问，没有保存任何内容，请稍后原样重发。"


class FileGone(NotFound):
    """The file is on record, but the store does not have it: restore it, or send it again."""

    code = "file-gone"
    zh = "该文件已登记，但存储中没有其内容，请恢复或重新上传。"


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived: its size, and its type by content."""

    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that came without its hash being told: its hash, its size, and its type by content."""

    sha256: str
    size_bytes: int
    media_type: str


def object_store(url: str, patience: timedelta) -> ObjectStore:
    """Return the object store of an address; one request to it may take as long as `patience`."""
    return from_url(
        url,
        client_options={
            "timeout": LONGEST,
            "read_timeout": patience,
            "connect_timeout": min(patience, CONNECT),
            # Options given here are all there are: the variable is not looked at any more.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes"),
        },
        retry_config={"max_retries": 2, "retry_timeout": patience},
    )


class FileStore:
    """A folder or an object store, each bureau's files apart."""

    def __init__(self, store: ObjectStore, folder: Path | None = None, space: Space | None = None) -> None:
        self._store = store
        self._folder = folder
        self._space = space
        self.answers: bool | None = None
        """Whether the store answered when it was asked last; nobody has asked yet where this is None."""

    @classmethod
    def of(cls, settings: Settings, space: Space | None = None) -> FileStore:
        """Open the store the settings name: a folder beside the database, or `files_url`, which may be a folder too.

        An S3 store takes its endpoint and credentials from the usual `AWS_…` variables. Where `space` says so, nothing
        more is taken.

        Raises:
            SettingsError: the address names no store.
        """
        url, folder = settings.files_url, folder_of_files(settings)
        if url is None and folder is not None:  # one that is named is not made: its disk may not be mounted
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flush(folder.parent)  # or a power cut takes the name that all others lie below
        try:
            patience = timedelta(seconds=settings.files_timeout_s)
            store = LocalStore(folder) if url is None else object_store(url, patience)
        except (ValueError, BaseError) as fault:
            raise SettingsError(f"ZHUANCHE_FILES_URL names no store of files: {in_a_line(fault)}") from fault
        return cls(store, folder, space)

    async def keep(
        self, bureau_id: str, sha256: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, known: bool = False
    ) -> Received:
        """Store what streams in under its hash and return its size and type.

        A file that is `known` is read and checked in the same way, and not stored again.

        Raises:
            BodyTooLarge: there is more than the limit.
            FileTypeRefused: the content is of no type that is taken; nothing at all is of no type.
            HashMismatch: the bytes have another hash.
            DiskFull: there is no room; nothing is kept.
            FilesAway: the store did not take it.
        """
        checked = _Checked(chunks, sha256, limit_bytes)
        short = not known and self._is_short
        if known or short:
            # Who is answered in the midst of sending sees a broken connection, and not why.
            async for _ in checked.stream():
                pass
            if short:
                raise DiskFull
        else:
            key = _key(bureau_id, sha256)
            # What the iterator raises ends the upload before anything is visible under the key.
            with self._told_plainly(), _not_dropped():
                await obstore.put_async(
                    self._store, key, checked.stream(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                )
                if self._folder is not None:
                    await asyncio.to_thread(_settle, self._folder / key)
        return Received(checked.size_bytes, checked.media_type)

    async def take(self, bureau_id: str, name: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Taken:
        """Store what streams in, whatever it is, under the hash it turns out to have; a small file is written once.

        Raises:
            BodyTooLarge: there is more than the limit; nothing is kept.
            DiskFull: there is no room; nothing is kept.
            FilesAway: the store did not take it.
        """
        if self._is_short:
            raise DiskFull
        with self._told_plainly(), _not_dropped(), Spool(self._folder, limit_bytes) as spool:
            async for chunk in chunks:
                spool.add(chunk)
                if spool.full:
                    await asyncio.to_thread(spool.write)
            taken = Taken(spool.sha256, spool.size_bytes, _kind_of(spool.head, name))
            key = _key(bureau_id, taken.sha256)
            if self._folder is not None:
                await asyncio.to_thread(_move, spool, self._folder / key)
            elif not await self.has(bureau_id, taken.sha256):
                await obstore.put_async(
                    self._store, key, spool.whole(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                )
        return taken

    async def read(self, bureau_id: str, sha256: str) -> AsyncIterator[bytes]:
        """Return a stream of the file's bytes.

        Raises:
            FileGone: the store does not have it.
            FilesAway: the store does not answer; the stream too raises it, in the midst of a file.
        """
        try:
            with self._told_plainly():
                found = await obstore.get_async(self._store, _key(bureau_id, sha256))
        except FileNotFoundError as fault:
            raise FileGone(sha256=sha256) from fault
        return self._stream(found)

    async def _stream(self, found: GetResult) -> AsyncIterator[bytes]:
        with self._told_plainly():
            async for chunk in found.stream(min_chunk_size=256 * 1024):
                yield chunk

    async def drop(self, bureau_id: str, sha256: str) -> None:
        """Delete a file that was put back in vain.

        Raises:
            FilesAway: the store does not answer.
        """
        with self._told_plainly(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _key(bureau_id, sha256))

    async def has(self, bureau_id: str, sha256: str) -> bool:
        """Tell whether the store has the file. Raises `FilesAway`."""
        try:
            with self._told_plainly():
                await obstore.head_async(self._store, _key(bureau_id, sha256))
        except FileNotFoundError:
            return False
        return True

    async def erase(self, bureau_id: str, sha256: str) -> None:
        """Take a file out of the store; one that is not there is gone already. Raises `FilesAway`."""
        with suppress(FileNotFoundError), self._told_plainly():
            await obstore.delete_async(self._store, _key(bureau_id, sha256))

    def forget_left(self, now: datetime) -> None:
        """Delete what killed processes left of files that never became whole, as a service begins at a trusted time."""
        if self._folder is not None:
            forget_left(self._folder, now.timestamp())

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it is an object store, which may be away while the service is well."""
        return self._folder is None

    async def look(self) -> None:
        """Ask the store whether it takes this service's word. Raises `FilesAway`."""
        with self._told_plainly():
            async for _ in obstore.list(self._store, chunk_size=1):
                break

    @property
    def _is_short(self) -> bool:
        return self._space is not None and self._space.refuses()

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Turn what a disk or an object store says into our own errors; a file that is not there stays that."""
        try:
            yield
            self.answers = True
        except FileNotFoundError:
            self.answers = True
            raise
        except OSError as fault:
            if is_full(fault):
                raise DiskFull from fault
            raise
        except BaseError as fault:
            if _NO_ROOM.search(str(fault)):
                raise DiskFull from fault
            self.answers = False
            raise FilesAway from fault


@contextmanager
def _not_dropped() -> Iterator[None]:
    """Tell as `FilesAway` that a file went as it was put: nothing had named it before. Sent again, it stays."""
    try:
        yield
    except FileNotFoundError as fault:
        raise FilesAway from fault


class _Checked:
    """Passes chunks on while it counts, hashes and looks at the head; the last word comes before the stream ends."""

    def __init__(self, chunks: AsyncIterator[bytes], sha256: str, limit_bytes: int) -> None:
        self._chunks = chunks
        self._sha256 = sha256
        self._limit_bytes = limit_bytes
        self.size_bytes = 0
        self.media_type = ""

    async def stream(self) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        head = b""
        async for chunk in self._chunks:
            self.size_bytes += len(chunk)
            if self.size_bytes > self._limit_bytes:
                raise BodyTooLarge(limit_bytes=self._limit_bytes)
            digest.update(chunk)
            if self.media_type:
                yield chunk
                continue
            head += chunk
            if len(head) >= HEAD_BYTES:
                self.media_type = media_type_of(head)
                yield head
        if not self.media_type:
            self.media_type = media_type_of(head)
            yield head
        if digest.hexdigest() != self._sha256:
            raise HashMismatch(received_sha256=digest.hexdigest(), received_bytes=self.size_bytes)


def media_type_of(head: bytes) -> str:
    """Return the media type that the first bytes of a file show.

    Raises:
        FileTypeRefused: it is not one that is taken.
    """
    guessed = filetype.guess_mime(head[:HEAD_BYTES]) if head else None
    if guessed not in MEDIA_TYPES:
        raise FileTypeRefused(found=guessed, takes=sorted(MEDIA_TYPES))
    return str(guessed)


def _kind_of(head: bytes, name: str) -> str:
    """Return the media type of a file that is taken whatever it is: one that a browser would run is none."""
    guessed = filetype.guess_mime(head) if head else None
    if guessed in MEDIA_TYPES:
        return str(guessed)
    return TABLE if name.lower().endswith(".csv") else UNKNOWN


def _move(spool: Spool, path: Path) -> None:
    """Put a file under its name, and let both survive a power cut before anyone is told.

    What has the name already may be cut short by a power cut of long ago, or be written by who has not settled it yet.
    """
    if not (path.exists() and path.stat().st_size == spool.size_bytes):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool.write()
        spool.file.replace(path)
    _settle(path)


def _key(bureau_id: str, sha256: str) -> str:
    # Two signs of the hash keep folders small.
    return f"{bureau_id}/{sha256[:2]}/{sha256}"


_settled: Final[set[Path]] = set()
"""Folders of files whose own names this process has made survive."""


def _settle(path: Path) -> None:
    """Make a written file, its name, and the two folders it lies in survive a power cut before anyone is told of it."""
    flush(path)
    flush(path.parent)
    for folder in path.parents[:2]:
        # Another process may have made it a moment ago, and be cut off before it was settled: each makes sure itself.
        if folder not in _settled:
            flush(folder.parent)
            _settled.add(folder)
