"""Write that something was done to a person's account: the act, its ledger entry, and what changes by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.people import Person, PersonAct
from domain.errors import NotFound

KIND_OF_VERB: Final = {
    "move-unit": "person-moved",
    "change-password": "password-changed",
    "reset-password": "password-reset",
    "lock": "account-locked",
    "deactivate": "person-deactivated",
    "reactivate": "person-reactivated",
    "revoke-sessions": "sessions-revoked",
}
"""The ledger's word for each act."""


async def act_on_person(
    uow: UnitOfWork,
    person_id: UUID,
    verb: str,
    *,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
    **changes: Any,
) -> UUID:
    """Enter the act, apply `changes` to the person's row, and return the act's id.

    Args:
        uow: the transaction.
        person_id: whose account it is.
        verb: what was done.
        detail: more of what was done, without personal data.
        reason: why, in somebody's own words; erasable.
        changes: columns of the person that change by it.
    """
    act_id = new_id()
    recorded_at = await _after_the_last(uow, person_id)
    entry_id = await uow.enter(
        KIND_OF_VERB[verb],
        facts={"act_id": act_id, "person_id": person_id} | (detail or {}),
        person=None if reason is None else {"reason": reason},
    )
    await uow.insert(
        PersonAct(
            bureau_id=uow.bureau_id,
            act_id=act_id,
            person_id=person_id,
            verb=verb,
            detail=(detail or {}) | ({} if reason is None else {"reason": reason}),
            actor_id=uow.actor.person_id,
            recorded_at=recorded_at,
            entry_id=entry_id,
        )
    )
    await uow.update(Person, person_id, act_id=act_id, **changes)
    return act_id


async def _after_the_last(uow: UnitOfWork, person_id: UUID) -> datetime:
    """Return when an act is recorded: after the last one on that account."""
    found = await uow.execute(
        text("SELECT max(recorded_at) FROM person_act WHERE bureau_id = :bureau_id AND person_id = :person_id"),
        {"bureau_id": uow.bureau_id, "person_id": person_id},
    )
    last: datetime | None = found.scalar_one()
    return uow.after(last)


async def held_person(uow: UnitOfWork, person_id: UUID) -> Person:
    """Return the person, locked until the transaction ends: acts on one account come one after another.

    Raises:
        NotFound: this bureau has no such person.
    """
    person = await uow.one(
        select(Person)
        .where(Person.bureau_id == uow.bureau_id, Person.person_id == person_id)
        .with_for_update(key_share=True)
    )
    if not isinstance(person, Person):
        raise NotFound("There is no such person.")
    return person


async def hold_everybody(uow: UnitOfWork) -> None:
    """Lock everybody's row: acts on roles and accounts of one bureau come one after another.

    Two administrators who remove each other at once meet here, and the second finds that it is the last.
    """
    await uow.execute(
        text("SELECT person_id FROM person WHERE bureau_id = :bureau_id ORDER BY person_id FOR NO KEY UPDATE"),
        {"bureau_id": uow.bureau_id},
    )
