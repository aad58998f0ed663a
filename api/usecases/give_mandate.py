"""Give an outside auditor a mandate over this bureau for a stretch of time, by a document; and end one early."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.mandates import mandate_ended
from api.db.tables.people import AuditMandate
from api.usecases.delegate_approval import AlreadyEnded
from domain.errors import NotFound
from domain.people import check_mandate, check_term


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """Who may read this bureau, how long and by which document; without `valid_from`, from now."""

    home_bureau_id: str
    home_person_id: UUID
    auditor_name: str
    document_no: str
    valid_from: datetime | None
    valid_until: datetime


async def give_mandate(database: Database, actor: Actor, new: NewMandate, once: Once | None = None) -> UUID:
    """Enter a mandate over the actor's bureau and return its id.

    Whether the person exists is not asked: no bureau sees another's people, and a mandate for nobody opens nothing.

    Raises:
        BadMandate: the person is of this bureau.
        BadValidity: the stretch of time is not one.
    """

    async def work(uow: UnitOfWork) -> UUID:
        check_mandate(uow.bureau_id, new.home_bureau_id)
        valid_from = new.valid_from or uow.now
        check_term(valid_from, new.valid_until, uow.now)
        mandate_id = new_id()
        entry_id = await uow.enter(
            "mandate-given",
            facts={
                "mandate_id": mandate_id,
                "home_bureau_id": new.home_bureau_id,
                "home_person_id": new.home_person_id,
                "document_no": new.document_no,
                "valid_from": valid_from,
                "valid_until": new.valid_until,
            },
            person={"auditor_name": new.auditor_name},
        )
        await uow.insert(
            AuditMandate(
                bureau_id=uow.bureau_id,
                mandate_id=mandate_id,
                home_bureau_id=new.home_bureau_id,
                home_person_id=new.home_person_id,
                auditor_name=new.auditor_name,
                document_no=new.document_no,
                valid_from=valid_from,
                valid_until=new.valid_until,
                ends=None,
                reason=None,
                actor_id=actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return mandate_id

    return await database.write(actor, work, once=once, answer=UUID)


async def end_mandate(
    database: Database, actor: Actor, mandate_id: UUID, reason: str, once: Once | None = None
) -> UUID:
    """End a mandate over the actor's bureau before its time, and return the id of its end.

    Raises:
        NotFound: this bureau gave no such mandate.
        AlreadyEnded: it was ended before, or is over.
    """

    async def work(uow: UnitOfWork) -> UUID:
        given = await uow.get(AuditMandate, mandate_id)
        if given is None or given.ends is not None:
            raise NotFound("There is no such mandate.")
        if given.valid_until <= uow.now or await mandate_ended(uow, mandate_id):
            raise AlreadyEnded
        end_id = new_id()
        entry_id = await uow.enter(
            "mandate-ended",
            facts={"mandate_id": mandate_id, "end_id": end_id},
            person={"reason": reason},
            previous=given.entry_id,
            revision=2,
        )
        await uow.insert(
            AuditMandate(
                bureau_id=uow.bureau_id,
                mandate_id=end_id,
                home_bureau_id=given.home_bureau_id,
                home_person_id=given.home_person_id,
                auditor_name=given.auditor_name,
                document_no=given.document_no,
                valid_from=given.valid_from,
                valid_until=given.valid_until,
                ends=mandate_id,
                reason=reason,
                actor_id=actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return end_id

    return await database.write(actor, work, once=once, answer=UUID)
