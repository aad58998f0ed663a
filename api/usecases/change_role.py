"""Give a person a role, or take it: an act with its reason. An auditor holds no other, an administrator stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.people import count_other_admins, roles_of
from api.db.tables.people import RoleGrant
from api.usecases.act_on_person import held_person, hold_everybody
from api.usecases.change_password import end_sessions
from api.usecases.delegate_approval import end_delegations_of
from domain.people import check_grant, check_withdrawal
from domain.values import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A role is given (`granted`) or taken, and why."""

    person_id: UUID
    role: Role
    granted: bool
    reason: str


async def change_role(database: Database, actor: Actor, new: RoleChange, once: Once | None = None) -> UUID:
    """Give or take a role and return the id of the act: all sessions of the person end, but the one that does it.

    What a custodian delegated ends with the post.

    Raises:
        NotFound: there is no such person.
        RoleHeld: the person holds the role already.
        RoleNotHeld: the person does not hold it.
        AuditorExclusive: it does not go with a role that is held.
        LastAdmin: no active administrator would be left.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await hold_everybody(uow)
        await held_person(uow, new.person_id)
        held = await roles_of(uow, new.person_id)
        if new.granted:
            check_grant(held, new.role)
        else:
            check_withdrawal(held, new.role, other_admins=await count_other_admins(uow, new.person_id))
        grant_id = new_id()
        entry_id = await uow.enter(
            "role-granted" if new.granted else "role-withdrawn",
            facts={"grant_id": grant_id, "person_id": new.person_id, "role": new.role},
            person={"reason": new.reason},
        )
        await uow.insert(
            RoleGrant(
                bureau_id=uow.bureau_id,
                grant_id=grant_id,
                person_id=new.person_id,
                role=new.role,
                granted=new.granted,
                reason=new.reason,
                actor_id=uow.actor.person_id,
                recorded_at=await _after_the_last(uow, new.person_id),
                entry_id=entry_id,
            )
        )
        await end_sessions(uow, new.person_id, kept=actor.session_id)
        ends_delegations = Role.AUDITOR if new.granted else Role.CUSTODIAN
        if new.role is ends_delegations:
            await end_delegations_of(uow, new.person_id, new.reason)
        return grant_id

    return await database.write(actor, work, once=once, answer=UUID, in_reserve=not new.granted)


async def _after_the_last(uow: UnitOfWork, person_id: UUID) -> datetime:
    """Return an instant after the person's last grant: who waited for the lock began earlier, and yet comes later."""
    found = await uow.execute(
        text("SELECT max(recorded_at) FROM role_grant WHERE bureau_id = :bureau_id AND person_id = :person_id"),
        {"bureau_id": uow.bureau_id, "person_id": person_id},
    )
    last: datetime | None = found.scalar_one()
    return uow.now if last is None else max(uow.now, last + timedelta(microseconds=1))
