"""Delegate approval for a stretch of time, and end a delegation early."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.people import open_delegations, roles_of
from api.db.tables.people import Delegation
from api.usecases.act_on_person import held_person, hold_everybody
from domain.errors import Forbidden, NotFound, StateConflict
from domain.people import check_delegate, check_term
from domain.values import Role


class AlreadyEnded(StateConflict):
    """This was ended before, or its time is over."""

    code = "already-ended"
    zh = "此项已被终止或已到期。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelegation:
    """The head of the using unit lets another person approve; without `valid_from`, from now."""

    to_person_id: UUID
    valid_from: datetime | None
    valid_until: datetime
    reason: str


async def delegate_approval(database: Database, actor: Actor, new: NewDelegation, once: Once | None = None) -> UUID:
    """Enter a delegation from the actor, for the actor's unit, and return its id.

    Raises:
        NotFound: there is no such person.
        CannotDelegate: the person may not approve for another.
        BadValidity: the stretch of time is not one.
        Forbidden: the actor is no custodian any more.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await hold_everybody(uow)
        to = await held_person(uow, new.to_person_id)
        giver = await held_person(uow, actor.who)
        if Role.CUSTODIAN not in await roles_of(uow, giver.person_id):
            raise Forbidden(needs=[Role.CUSTODIAN])
        check_delegate(await roles_of(uow, to.person_id), active=to.active, own=to.person_id == giver.person_id)
        valid_from = new.valid_from or uow.now
        check_term(valid_from, new.valid_until, uow.now)
        delegation_id = new_id()
        entry_id = await uow.enter(
            "approval-delegated",
            facts={
                "delegation_id": delegation_id,
                "unit_id": giver.unit_id,
                "from_person_id": giver.person_id,
                "to_person_id": to.person_id,
                "valid_from": valid_from,
                "valid_until": new.valid_until,
            },
            person={"reason": new.reason},
        )
        await uow.insert(
            Delegation(
                bureau_id=uow.bureau_id,
                delegation_id=delegation_id,
                unit_id=giver.unit_id,
                from_person_id=giver.person_id,
                to_person_id=to.person_id,
                valid_from=valid_from,
                valid_until=new.valid_until,
                reason=new.reason,
                ends=None,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return delegation_id

    return await database.write(actor, work, once=once, answer=UUID)


async def end_delegation(
    database: Database, actor: Actor, delegation_id: UUID, reason: str, once: Once | None = None
) -> UUID:
    """End a delegation that the actor gave, and return the id of its end.

    Raises:
        NotFound: the actor gave no such delegation.
        AlreadyEnded: it does not hold any more.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await hold_everybody(uow)
        given = await uow.get(Delegation, delegation_id)
        if given is None or given.ends is not None or given.from_person_id != actor.who:
            raise NotFound("There is no such delegation of yours.")
        if delegation_id not in await open_delegations(uow, actor.who):
            raise AlreadyEnded
        return await _end(uow, given, reason)

    return await database.write(actor, work, once=once, answer=UUID)


async def end_delegations_of(uow: UnitOfWork, person_id: UUID, reason: str) -> None:
    """End what a person delegated or may approve by delegation: they leave the post, the unit or the bureau."""
    for delegation_id in await open_delegations(uow, person_id):
        given = await uow.get(Delegation, delegation_id)
        if given is not None:
            await _end(uow, given, reason)


async def _end(uow: UnitOfWork, given: Delegation, reason: str) -> UUID:
    end_id = new_id()
    previous = given.entry_id
    entry_id = await uow.enter(
        "delegation-ended",
        facts={"delegation_id": given.delegation_id, "end_id": end_id},
        person={"reason": reason},
        previous=previous,
        revision=2,
    )
    await uow.insert(
        Delegation(
            bureau_id=uow.bureau_id,
            delegation_id=end_id,
            unit_id=given.unit_id,
            from_person_id=given.from_person_id,
            to_person_id=given.to_person_id,
            valid_from=given.valid_from,
            valid_until=given.valid_until,
            reason=reason,
            ends=given.delegation_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return end_id
