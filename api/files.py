"""Files named by their SHA-256, in a folder or an object store: streamed in and out, never whole in memory.

A file becomes visible only when all of it has arrived and its bytes have the hash that names it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from api.addresses import in_a_line
from api.aside import PATIENCE_S
from api.db.datafolder import FULL
from api.db.faults import Busy, DiskFull, is_full
from api.durable import flush
from api.errors import BodyTooLarge
from api.folder import FilesAway, Folder
from api.media_type import HEAD_BYTES, kind_of, media_type_of
from api.settings import Settings, SettingsError
from api.space import Space, folder_of_files
from api.spool import INCOMING, Spool, forget_left
from domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from obstore import GetResult

PART_BYTES: Final = 5 * 1024 * 1024
"""What is held of one upload before it goes on to the store: the least that S3 takes as a part."""
PARTS_AT_ONCE: Final = 2

CONNECT: Final = timedelta(seconds=5)
"""How long making a connection to an object store may take."""
LONGEST: Final = timedelta(minutes=10)
"""How long a whole file may take on its way from an object store: who fetches it may be slow."""
_NO_ROOM: Final = re.compile(rf"os error ({'|'.join(map(str, FULL))})\)")
"""A store on this machine tells what the system said in words only."""


class HashMismatch(InvalidInput):
    """The bytes received do not have the SHA-256 of the address; nothing was kept."""

    code = "hash-mismatch"
    zh = "收到的内容与地址中的 SHA-256 不符，没有保存任何内容。"


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

    def __init__(self, kept: ObjectStore | Folder, brief: Folder, space: Space | None = None) -> None:
        """Keep files in a store, and in a folder what comes until all of it has come; a folder is its own."""
        self._kept = kept
        self._brief = brief
        self._space = space
        self._answered: bool | None = None

    @classmethod
    def of(cls, settings: Settings, space: Space | None = None) -> FileStore:
        """Open the store the settings name: a folder beside the database, or `files_url`, which may be a folder too.

        An S3 store takes its endpoint and credentials from the usual `AWS_…` variables. Where `space` says so, nothing
        more is taken. A folder that hangs is waited for as a disk is, and then taken for what it may be.

        Raises:
            SettingsError: the address names no store.
        """
        url, path, patience_s = settings.files_url, folder_of_files(settings), settings.files_timeout_s
        try:
            if path is None:
                brief = Path(tempfile.gettempdir())
                store = object_store(str(url), timedelta(seconds=patience_s))
                return cls(store, Folder(brief, brief, patience_s, space, "incoming"), space)
            folder = Folder(path, path / INCOMING, patience_s, space, "files")
            with suppress(TimeoutError):
                folder.begin(partial(_open, path, url)).result(min(patience_s, PATIENCE_S))
        except (ValueError, BaseError) as fault:
            raise SettingsError(f"ZHUANCHE_FILES_URL names no store of files: {in_a_line(fault)}") from fault
        return cls(folder, folder, space)

    @property
    def answers(self) -> bool | None:
        """Tell whether the store answered when it was asked last; nobody has asked yet where this is None."""
        return False if self._brief is self._kept and self._brief.hangs else self._answered

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
        stream = checked.stream()
        refused = None if known else self._refused()
        if known or refused is not None:
            await _read_out(stream)
            if refused is not None:
                raise refused
        else:
            await self._put(_key(bureau_id, sha256), stream, limit_bytes)
        return Received(checked.size_bytes, checked.media_type)

    async def _put(self, key: str, stream: AsyncIterator[bytes], limit_bytes: int) -> None:
        """Store a stream; what it raises ends the upload before anything is visible under the key."""
        with self._told_plainly(), _not_dropped():
            if not isinstance(self._kept, Folder):
                await obstore.put_async(self._kept, key, stream, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
                return
            try:
                async with Spool(self._kept, limit_bytes) as spool:
                    async for chunk in stream:
                        await spool.add(chunk)
                    await spool.move(key, anew=True)
            except Busy:
                await _read_out(stream)
                raise

    async def take(self, bureau_id: str, name: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Taken:
        """Store what streams in, whatever it is, under the hash it turns out to have; a small file is written once.

        Raises:
            BodyTooLarge: there is more than the limit; nothing is kept.
            DiskFull: there is no room; nothing is kept.
            FilesAway: the store did not take it.
        """
        if (refused := self._refused()) is not None:
            raise refused
        with self._told_plainly(), _not_dropped():
            async with Spool(self._brief, limit_bytes) as spool:
                async for chunk in chunks:
                    await spool.add(chunk)
                taken = Taken(spool.sha256, spool.size_bytes, kind_of(spool.head, name))
                key = _key(bureau_id, taken.sha256)
                if isinstance(self._kept, Folder):
                    await spool.move(key)
                elif not await self.has(bureau_id, taken.sha256):
                    await obstore.put_async(
                        self._kept, key, spool.whole(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                    )
        return taken

    async def read(self, bureau_id: str, sha256: str) -> AsyncIterator[bytes]:
        """Return a stream of the file's bytes.

        Raises:
            FileGone: the store does not have it.
            FilesAway: the store does not answer; the stream too raises it, in the midst of a file.
        """
        key = _key(bureau_id, sha256)
        try:
            with self._told_plainly():
                if isinstance(self._kept, Folder):
                    return await self._kept.read(key)
                found = await obstore.get_async(self._kept, key)
        except FileNotFoundError as fault:
            raise FileGone(sha256=sha256) from fault
        return self._stream(found)

    async def _stream(self, found: GetResult) -> AsyncIterator[bytes]:
        with self._told_plainly():
            async for chunk in found.stream(min_chunk_size=256 * 1024):
                yield chunk

    async def has(self, bureau_id: str, sha256: str) -> bool:
        """Tell whether the store has the file. Raises `FilesAway`."""
        key = _key(bureau_id, sha256)
        try:
            with self._told_plainly():
                if isinstance(self._kept, Folder):
                    return await self._kept.has(key)
                await obstore.head_async(self._kept, key)
        except FileNotFoundError:
            return False
        return True

    async def erase(self, bureau_id: str, sha256: str) -> None:
        """Take a file out of the store; one that is not there is gone already. Raises `FilesAway`."""
        key = _key(bureau_id, sha256)
        with suppress(FileNotFoundError), self._told_plainly():
            if isinstance(self._kept, Folder):
                await self._kept.erase(key)
            else:
                await obstore.delete_async(self._kept, key)

    def forget_left(self, now: datetime) -> Future[None] | None:
        """Delete what killed processes left of files that never became whole, as a service begins at a trusted time.

        No start waits for it: the disk may hang. Where the machine keeps what is brief, it clears up itself.
        """
        if not isinstance(self._kept, Folder):
            return None
        return self._kept.begin(partial(forget_left, self._kept.incoming, now.timestamp()))

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it is an object store, which may be away while the service is well."""
        return not isinstance(self._kept, Folder)

    async def look(self) -> None:
        """Ask an object store whether it takes this service's word. Raises `FilesAway`."""
        if not isinstance(self._kept, Folder):
            with self._told_plainly():
                async for _ in obstore.list(self._kept, chunk_size=1):
                    break

    def _refused(self) -> Busy | None:
        """Return why nothing can be taken now, if so."""
        if self._space is not None and self._space.refuses():
            return DiskFull()
        return FilesAway() if self._brief.hangs else None

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Turn what a disk or an object store says into our own errors; a file that is not there stays that."""
        try:
            yield
            self._answered = True
        except FileNotFoundError:
            self._answered = True
            raise
        except FilesAway as fault:
            # Whether a disk hangs, and no longer, the watch over disks finds out.
            if isinstance(fault.__cause__, OSError):
                self._answered = False
            raise
        except OSError as fault:
            if is_full(fault):
                raise DiskFull from fault
            raise
        except BaseError as fault:
            if _NO_ROOM.search(str(fault)):
                raise DiskFull from fault
            self._answered = False
            raise FilesAway from fault


def _open(path: Path, url: str | None) -> None:
    """Make the folder beside the database; one that is named is not made: its disk may not be mounted."""
    if url is None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        flush(path.parent)  # or a power cut takes the name that all others lie below
    else:
        object_store(url, CONNECT)  # which says what is wrong with the address


async def _read_out(stream: AsyncIterator[bytes]) -> None:
    """Read what is still sent: who is answered in the midst of it sees a broken connection, and not why."""
    async for _ in stream:
        pass


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


def _key(bureau_id: str, sha256: str) -> str:
    # Two signs of the hash keep folders small.
    return f"{bureau_id}/{sha256[:2]}/{sha256}"
