"""Record that a bureau's record was rolled back by a restore: to when, from what, and that everybody is signed out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.restores import Restore

_SIGN_OUT = text("UPDATE sign_in_session SET revoked_at = :now WHERE bureau_id = :bureau_id AND revoked_at IS NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a bureau's record was restored from; the fields are those of `restore`."""

    taken_at: datetime
    backup_sha256: str
    entries: int
    last_entry_id: UUID | None
    leaves_sha256: str
    made_by: str
    schema_revision: str
    ledger_faults: int


async def record_restore(owner: Database, bureau_id: str, told: RolledBack) -> UUID:
    """Enter a restore in a bureau's record and return its id; `owner` is a database of the owner role.

    Sessions that were ended since the backup would be open again, so all of them are ended.
    """

    async def work(uow: UnitOfWork) -> UUID:
        restore_id = new_id()
        facts = {"restore_id": restore_id} | asdict(told)
        entry_id = await uow.enter("record-restored", facts=facts)
        await uow.insert(
            Restore.model_validate(facts | {"bureau_id": uow.bureau_id, "recorded_at": uow.now, "entry_id": entry_id})
        )
        await uow.execute(_SIGN_OUT, {"bureau_id": uow.bureau_id, "now": uow.now})
        return restore_id

    return await owner.write(Actor(bureau_id), work)
