"""Record who opened personal data 个人信息查阅留痕: who, when, what kind and which, by which door; never the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.people import PersonalAccess
from domain.shown import Door, Shown


@dataclass(frozen=True, slots=True)
class Opened:
    """What a person opened; `subject` is the id of it, None of a list."""

    person_id: UUID
    shown: Shown
    subject: str | None
    door: Door


async def record_accesses(database: Database, bureau_id: str, opened: Sequence[Opened]) -> list[None]:
    """Record what people of a bureau opened, in one transaction."""

    async def work(uow: UnitOfWork) -> None:
        rows = [
            {
                "bureau_id": uow.bureau_id,
                "access_id": new_id(),
                "person_id": one.person_id,
                "kind": one.shown.value,
                "subject": one.subject,
                "door": one.door.value,
                "recorded_at": uow.now,
            }
            for one in opened
        ]
        await uow.insert_together(PersonalAccess, rows)

    await database.write(Actor(bureau_id), work, in_reserve=True)
    return [None] * len(opened)
