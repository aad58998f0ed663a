"""Keep a file that a visit note, a reading or a sheet of paper names, and enter that it arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from api.db.database import Actor, Database, UnitOfWork
from api.db.tables.notes import Attachment
from api.files import FileStore
from domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on record; `again` when it was there before."""

    sha256: str
    size_bytes: int
    media_type: str
    recorded_at: datetime
    again: bool


async def keep_attachment(
    database: Database, files: FileStore, actor: Actor, sha256: str, chunks: AsyncIterator[bytes], *, limit_bytes: int
) -> Kept:
    """Store what streams in under its SHA-256; the same file again is checked and changes nothing.

    The file is in the store before its fact is committed: a fact never names a file that is not there, and a
    file left without its fact by a crash is not shown and is taken over when it is sent again.

    Raises:
        BodyTooLarge: there is more than the limit.
        FileTypeRefused: the content is of no type that is taken.
        HashMismatch: the bytes have another hash.
    """
    before = await _on_record(database, actor.bureau_id, sha256)
    known = before is not None and await files.has(actor.bureau_id, sha256)
    received = await files.keep(actor.bureau_id, sha256, chunks, limit_bytes=limit_bytes, known=known)
    if before is not None:
        return before

    async def work(uow: UnitOfWork) -> Kept:
        entered = await uow.get(Attachment, sha256)
        if entered is not None:
            # The same file came twice at once, and the other one was entered first.
            return _kept(entered)
        entry_id = await uow.enter(
            "attachment-kept",
            facts={"sha256": sha256, "size_bytes": received.size_bytes, "media_type": received.media_type},
        )
        await uow.insert(
            Attachment(
                bureau_id=uow.bureau_id,
                sha256=sha256,
                size_bytes=received.size_bytes,
                media_type=received.media_type,
                actor_id=uow.actor.person_id,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return Kept(sha256, received.size_bytes, received.media_type, uow.now, again=False)

    return await database.write(actor, work)


async def attachment_on_record(database: Database, bureau_id: str, sha256: str) -> Kept:
    """Return what is on record of a file of this bureau.

    Raises:
        NotFound: this bureau has no such file.
    """
    found = await _on_record(database, bureau_id, sha256)
    if found is None:
        raise NotFound
    return found


async def _on_record(database: Database, bureau_id: str, sha256: str) -> Kept | None:
    async with database.read(bureau_id) as reader:
        row = await reader.get(Attachment, sha256)
    return None if row is None else _kept(row)


def _kept(row: Attachment) -> Kept:
    return Kept(row.sha256, row.size_bytes, row.media_type, row.recorded_at, again=True)
