"""Close and reopen a person's account, and move a person to another unit."""

from __future__ import annotations

from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.people import count_other_admins, roles_of
from api.db.tables.bureau import Unit
from api.ingest.devices import tell_devices
from api.usecases.act_on_person import act_on_person, held_person, hold_everybody
from api.usecases.change_password import end_sessions
from api.usecases.delegate_approval import end_delegations_of
from domain.errors import NotFound, StateConflict
from domain.people import check_deactivation


class AccountStands(StateConflict):
    """The account is in that state already."""

    code = "account-stands"
    zh = "该账号已处于此状态。"


async def deactivate_person(
    database: Database, actor: Actor, person_id: UUID, reason: str, once: Once | None = None
) -> UUID:
    """Close an account: sessions, delegations and its phones' tokens end, what was done stays. Return the act's id.

    Raises:
        NotFound: there is no such person.
        AccountStands: it is closed already.
        LastAdmin: no active administrator would be left.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await hold_everybody(uow)
        person = await held_person(uow, person_id)
        if not person.active:
            raise AccountStands
        check_deactivation(await roles_of(uow, person_id), other_admins=await count_other_admins(uow, person_id))
        act_id = await act_on_person(uow, person_id, "deactivate", reason=reason, active=False)
        await end_sessions(uow, person_id)
        await end_delegations_of(uow, person_id, reason)
        await tell_devices(uow)
        return act_id

    return await database.write(actor, work, once=once, answer=UUID, in_reserve=True)


async def reactivate_person(
    database: Database, actor: Actor, person_id: UUID, reason: str, once: Once | None = None
) -> UUID:
    """Open a closed account again and return the act's id.

    Raises:
        NotFound: there is no such person.
        AccountStands: it is open already.
    """

    async def work(uow: UnitOfWork) -> UUID:
        person = await held_person(uow, person_id)
        if person.active:
            raise AccountStands
        await tell_devices(uow)
        return await act_on_person(uow, person_id, "reactivate", reason=reason, active=True)

    return await database.write(actor, work, once=once, answer=UUID)


async def move_person(
    database: Database, actor: Actor, person_id: UUID, unit_id: UUID, *, reason: str, once: Once | None = None
) -> UUID:
    """Move a person to another unit and return the act's id. Delegations were for the old unit, and end.

    Raises:
        NotFound: there is no such person or unit.
        AccountStands: the person belongs to the unit already.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await hold_everybody(uow)
        person = await held_person(uow, person_id)
        if await uow.get(Unit, unit_id) is None:
            raise NotFound("There is no such unit.")
        if person.unit_id == unit_id:
            raise AccountStands
        detail = {"from_unit_id": str(person.unit_id), "to_unit_id": str(unit_id)}
        act_id = await act_on_person(uow, person_id, "move-unit", detail=detail, reason=reason, unit_id=unit_id)
        await end_delegations_of(uow, person_id, reason)
        return act_id

    return await database.write(actor, work, once=once, answer=UUID)
