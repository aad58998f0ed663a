"""Retire files that nothing names 无人引用的附件到期删除: a fact each, then they go from the store, as erased ones do.

Two steps, because a store is slow and no transaction of it: retiring is recorded first, and dropping follows by a list
of its own. A file that is sent again takes itself off that list before it counts as kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.attachments import (
    WORDS,
    files_here,
    files_in_slice,
    files_lately_in_words,
    hold_naming,
    last_steps,
    unclaimed_files,
)
from api.db.queries.settings import settings_of
from api.db.tables.notes import AttachmentStep, FileToDrop
from api.files import FileStore
from api.folder import FilesAway
from api.setting_forms import TRANSACTION_MOST_S
from domain.retention import FileStep, unclaimed_before

AT_ONCE: Final = 50
"""Files retired in one transaction: whoever names a file waits for it."""
LATELY: Final = timedelta(seconds=1.5 * TRANSACTION_MOST_S)
"""Longer than any transaction may last: what was recorded since then may not have been seen the first time."""
BACKUP_READS: Final = 5_350_308
"""Advisory lock that a backup shares while it copies files: what is on record in it stays in the store as long."""
STORE_S: Final = 20.0
"""How long a transaction waits for the store: the database ends one that idles for 30 s."""

_IN_TIME = text("SELECT pg_try_advisory_xact_lock(:key)")
_WAITING = text("SELECT sha256 FROM file_to_drop WHERE bureau_id = :bureau_id ORDER BY retired_at, sha256")
_TAKE = text("DELETE FROM file_to_drop WHERE bureau_id = :bureau_id AND sha256 = :sha256")

_ERASED = text(
    "SELECT sha256 FROM withheld_file WHERE bureau_id = :bureau_id AND erased_at IS NOT NULL ORDER BY sha256"
)


async def retire_unclaimed(database: Database, bureau_id: str) -> int:
    """Retire the files of a bureau that came longer ago than they are kept and that nothing names; return how many."""
    async with database.read(bureau_id) as reader:
        began_at = reader.now
        before = unclaimed_before((await settings_of(reader))["keep_unclaimed_days"], began_at)
        found = set(await unclaimed_files(reader, before))
    retired = 0
    waiting = sorted(found - await _in_words(database, bureau_id, found))
    for first in range(0, len(waiting), AT_ONCE):
        hashes = waiting[first : first + AT_ONCE]

        async def work(uow: UnitOfWork, hashes: list[str] = hashes) -> int:
            await hold_naming(uow)
            sizes = await unclaimed_files(uow, before, hashes)
            for sha256 in await files_lately_in_words(uow, sizes, began_at - LATELY) if sizes else ():
                del sizes[sha256]
            await _retire(uow, sizes)
            return len(sizes)

        retired += await database.write(Actor(bureau_id), work)
    return retired


async def _in_words(database: Database, bureau_id: str, hashes: set[str]) -> set[str]:
    """Return which of the files anything on record names in words, each slice read in a transaction of its own."""
    named: set[str] = set()
    for words in WORDS:
        after: object = None
        while left := hashes - named:
            async with database.read(bureau_id) as reader:
                found, after = await files_in_slice(reader, words, left, after)
            named |= found
            if after is None:
                break
    return named


async def _retire(uow: UnitOfWork, sizes: dict[str, int]) -> None:
    last = await last_steps(uow, sizes)
    for sha256, size_bytes in sizes.items():
        step = await enter_step(uow, FileStep.RETIRED, sha256, last.get(sha256, 0) + 1, size_bytes=size_bytes)
        await uow.insert(step, FileToDrop(bureau_id=uow.bureau_id, sha256=sha256, retired_at=uow.now))


async def enter_step(uow: UnitOfWork, step: FileStep, sha256: str, no: int, **facts: int) -> AttachmentStep:
    """Enter what becomes of a file, and return the row of it."""
    entry_id = await uow.enter(f"attachment-{step.value}", facts={"sha256": sha256, "no": no} | facts)
    return AttachmentStep(
        bureau_id=uow.bureau_id,
        sha256=sha256,
        no=no,
        step=step.value,
        actor_id=uow.actor.person_id,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def drop_retired(database: Database, files: FileStore, bureau_id: str) -> int:
    """Take retired files out of the store, but not while a backup copies what it found on record; return how many.

    Raises:
        FilesAway: the store does not answer; those that are left go the next time.
    """
    async with database.read(bureau_id) as reader:
        waiting = list((await reader.execute(_WAITING, {"bureau_id": bureau_id})).scalars())
    dropped = 0
    for sha256 in waiting:

        async def work(uow: UnitOfWork, sha256: str = sha256) -> bool:
            if not (await uow.execute(_IN_TIME, {"key": BACKUP_READS})).scalar_one():
                return False
            # Whoever sends it again waits here until it is gone, or was first: then it is not on the list any more.
            taken = await uow.execute(_TAKE, {"bureau_id": uow.bureau_id, "sha256": sha256})
            if taken.rowcount and not await files_here(uow, [sha256]):
                async with _in_store_time():
                    await files.erase(uow.bureau_id, sha256)
            return bool(taken.rowcount)

        # A disk that is short is the very one that this makes room on.
        dropped += await database.write(Actor(bureau_id), work, in_reserve=True)
    return dropped


async def erase_files(database: Database, files: FileStore, bureau_id: str) -> tuple[int, int]:
    """Take erased files out of the store, but not while a backup copies; return how many went, and how many are left.

    Done again, it finds none, or those that came again with a form.

    Raises:
        FilesAway: the store does not answer; those that are left go the next time.
    """
    async with database.read(bureau_id) as reader:
        erased = list((await reader.execute(_ERASED, {"bureau_id": bureau_id})).scalars())
    gone = left = 0
    for sha256 in erased:
        if not await files.has(bureau_id, sha256):
            continue

        async def work(uow: UnitOfWork, sha256: str = sha256) -> bool:
            if not (await uow.execute(_IN_TIME, {"key": BACKUP_READS})).scalar_one():
                return False
            async with _in_store_time():
                await files.erase(uow.bureau_id, sha256)
            return True

        is_gone = await database.write(Actor(bureau_id), work, in_reserve=True)
        gone, left = gone + is_gone, left + (not is_gone)
    return gone, left


async def hold_dropped(uow: UnitOfWork, files: FileStore, sha256: str) -> None:
    """Let the store keep a retired file that was just put there, from the end of this transaction on.

    Raises:
        FilesAway: it was dropped at this moment, or the store does not answer; sent again, it stays.
    """
    # Whoever drops it now is waited for; after that nobody does, for what is dropped comes off the list but once.
    await uow.execute(_TAKE, {"bureau_id": uow.bureau_id, "sha256": sha256})
    async with _in_store_time():
        here = await files.has(uow.bureau_id, sha256)
    if not here:
        raise FilesAway


@asynccontextmanager
async def _in_store_time() -> AsyncIterator[None]:
    """Ask the store within a transaction. Raises `FilesAway` before the database ends a transaction that only waits."""
    try:
        async with asyncio.timeout(STORE_S):
            yield
    except TimeoutError as fault:
        raise FilesAway from fault
