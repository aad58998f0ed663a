"""Keep a file that a visit note, a reading or a sheet of paper names, and enter that it arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.attachments import files_here, files_withheld, last_steps
from api.db.tables.notes import Attachment
from api.files import FileStore
from api.usecases.know_holder import holders_of_devices
from api.usecases.sweep_files import enter_step, hold_dropped
from domain.erasure import PersonalDataWithheld
from domain.errors import NotFound
from domain.retention import FileRetired, FileStep


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on record; `again` when it was there before."""

    sha256: str
    size_bytes: int
    media_type: str
    recorded_at: datetime
    again: bool
    retired: bool = False
    """Nothing named it, and its time was over."""


async def keep_attachment(
    database: Database, files: FileStore, actor: Actor, sha256: str, chunks: AsyncIterator[bytes], *, limit_bytes: int
) -> Kept:
    """Store what streams in under its SHA-256; the same file again is checked and changes nothing.

    The file is in the store before its fact is committed: a fact never names a file that is not there, and a
    file left without its fact by a crash is not shown and is taken over when it is sent again. One that was retired
    is kept again.

    Raises:
        BodyTooLarge: there is more than the limit.
        FilesAway: the store did not take it, or dropped what it had of it at the same moment.
        FileTypeRefused: the content is of no type that is taken.
        HashMismatch: the bytes have another hash.
        PersonalDataWithheld: the file was restricted or erased.
    """
    before = await _on_record(database, actor.bureau_id, sha256)
    is_here = before is not None and not before.retired
    known = is_here and await files.has(actor.bureau_id, sha256)
    received = await files.keep(actor.bureau_id, sha256, chunks, limit_bytes=limit_bytes, known=known)
    if is_here and before is not None:
        return before

    async def work(uow: UnitOfWork) -> Kept:
        if await files_withheld(uow, [sha256]):
            raise PersonalDataWithheld(sha256=sha256)
        entered = await uow.get(Attachment, sha256)
        if entered is not None:
            # The same file came twice at once, and the other one was entered first, or it was retired.
            if not await files_here(uow, [sha256]):
                await _keep_again(uow, files, sha256)
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


async def keep_retired(database: Database, files: FileStore, bureau_id: str, device_id: UUID, sha256: str) -> None:
    """Keep a file that a device just put into the store again, if it was retired; of any other, change nothing.

    Raises:
        FilesAway: it was dropped at this moment; sent again, it stays.
    """

    async def work(uow: UnitOfWork) -> None:
        actor = (await holders_of_devices(uow, [device_id])).get(device_id)
        # What a device brings that is nobody's is told of with its form.
        if actor is not None and not await files_here(uow, [sha256]):
            await _keep_again(UnitOfWork(uow.session, actor, uow.now), files, sha256)

    async with database.read(bureau_id) as reader:
        retired = await reader.get(Attachment, sha256) is not None and not await files_here(reader, [sha256])
    if retired:
        await database.write(Actor(bureau_id), work)


async def _keep_again(uow: UnitOfWork, files: FileStore, sha256: str) -> None:
    """Enter that a file that was retired has come again. Raises `FilesAway`."""
    await hold_dropped(uow, files, sha256)
    no = (await last_steps(uow, [sha256]))[sha256] + 1
    await uow.insert(await enter_step(uow, FileStep.AGAIN, sha256, no))


async def attachment_on_record(database: Database, bureau_id: str, sha256: str) -> Kept:
    """Return what is on record of a file of this bureau.

    Raises:
        NotFound: this bureau has no such file.
        FileRetired: nothing named it, and its time was over.
        PersonalDataWithheld: it was restricted or erased.
    """
    found = await _on_record(database, bureau_id, sha256)
    if found is None:
        raise NotFound
    if found.retired:
        raise FileRetired(sha256=sha256)
    return found


async def _on_record(database: Database, bureau_id: str, sha256: str) -> Kept | None:
    async with database.read(bureau_id) as reader:
        row = await reader.get(Attachment, sha256)
        if await files_withheld(reader, [sha256]):
            raise PersonalDataWithheld(sha256=sha256)
        is_here = await files_here(reader, [sha256])
    return None if row is None else _kept(row, retired=not is_here)


def _kept(row: Attachment, *, retired: bool = False) -> Kept:
    return Kept(row.sha256, row.size_bytes, row.media_type, row.recorded_at, again=True, retired=retired)
