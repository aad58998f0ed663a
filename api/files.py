"""Files named by their SHA-256, in a folder or an object store: streamed in and out, never whole in memory.

A file becomes visible only when all of it has arrived and its bytes have the hash that names it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Final

import filetype
import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from api.errors import BodyTooLarge, WrongMediaType
from api.settings import Settings
from api.spool import Spool, forget_left
from domain.errors import InvalidInput, NotFound

PART_BYTES: Final = 5 * 1024 * 1024
"""What is held of one upload before it goes on to the store: the least that S3 takes as a part."""
PARTS_AT_ONCE: Final = 2
HEAD_BYTES: Final = 8192
"""How much of a file is looked at to tell its type."""

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


class FileStore:
    """A folder or an object store, each bureau's files apart."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def of(cls, settings: Settings) -> FileStore:
        """Open the store the settings name: a folder beside the database, or `files_url`.

        An S3 store takes its endpoint and credentials from the usual `AWS_…` variables.
        """
        if settings.files_url is None:
            folder = settings.data / "files"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            forget_left(folder, time())
            return cls(LocalStore(folder), folder)
        return cls(from_url(settings.files_url))

    async def keep(
        self, bureau_id: str, sha256: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, known: bool = False
    ) -> Received:
        """Store what streams in under its hash and return its size and type.

        A file that is `known` is read and checked in the same way, and not stored again.

        Raises:
            BodyTooLarge: there is more than the limit.
            FileTypeRefused: the content is of no type that is taken; nothing at all is of no type.
            HashMismatch: the bytes have another hash.
        """
        checked = _Checked(chunks, sha256, limit_bytes)
        if known:
            async for _ in checked.stream():
                pass
        else:
            key = _key(bureau_id, sha256)
            # What the iterator raises ends the upload before anything is visible under the key.
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
        """
        with Spool(self._folder, limit_bytes) as spool:
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
        """
        try:
            found = await obstore.get_async(self._store, _key(bureau_id, sha256))
        except FileNotFoundError as fault:
            raise FileGone(sha256=sha256) from fault
        return found.stream(min_chunk_size=256 * 1024)

    async def has(self, bureau_id: str, sha256: str) -> bool:
        """Tell whether the store has the file."""
        try:
            await obstore.head_async(self._store, _key(bureau_id, sha256))
        except FileNotFoundError:
            return False
        return True


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


def _settle(path: Path) -> None:
    """Make a written file and its name survive a power cut before anyone is told that it is kept."""
    for settled, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        opened = os.open(settled, flags)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
