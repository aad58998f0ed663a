"""Let a person in: an account with a first pass word, and roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.bureau import Unit
from api.db.tables.people import Person, PersonAct, RoleGrant
from domain.errors import NotFound, StateConflict
from domain.people import check_roles
from domain.values import Role


class LoginTaken(StateConflict):
    """Another person of the bureau has this login."""

    code = "login-taken"
    zh = "本局已有人使用该登录名。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person as first entered; the pass word is changed at the first sign-in unless told otherwise."""

    unit_id: UUID
    name: str
    login: str
    password_hash: str
    """Of `api.passwords.hash_password`: hashed before the transaction begins."""
    roles: frozenset[Role]
    must_change_password: bool = True
    person_id: UUID = field(default_factory=new_id)


async def add_person(database: Database, actor: Actor, new: NewPerson, once: Once | None = None) -> UUID:
    """Enter a person and return their id.

    Raises:
        LoginTaken: the login is used already.
        AuditorExclusive: the roles hold auditor and another.
        NotFound: there is no such unit.
    """
    return await database.write(actor, lambda uow: insert_person(uow, new), once=once, answer=UUID)


async def insert_person(uow: UnitOfWork, new: NewPerson) -> UUID:
    """Write a person, the act, and the first roles."""
    check_roles(new.roles)
    if await uow.get(Unit, new.unit_id) is None:
        raise NotFound("There is no such unit.", unit_id=str(new.unit_id))
    if await uow.one(select(Person.person_id).where(Person.bureau_id == uow.bureau_id, Person.login == new.login)):
        raise LoginTaken(login=new.login)
    person_id, act_id = new.person_id, new_id()
    entry_id = await uow.enter(
        "person-entered",
        facts={"person_id": person_id, "unit_id": new.unit_id, "roles": sorted(new.roles)},
        person={"name": new.name, "login": new.login},
    )
    await uow.insert(
        Person(
            bureau_id=uow.bureau_id,
            person_id=person_id,
            unit_id=new.unit_id,
            name=new.name,
            login=new.login,
            password_hash=new.password_hash,
            must_change_password=new.must_change_password,
            act_id=act_id,
        ),
        PersonAct(
            bureau_id=uow.bureau_id,
            act_id=act_id,
            person_id=person_id,
            verb="enter",
            detail={},
            actor_id=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        ),
    )
    for role in sorted(new.roles):
        await uow.insert(
            RoleGrant(
                bureau_id=uow.bureau_id,
                grant_id=new_id(),
                person_id=person_id,
                role=role,
                granted=True,
                reason="first entry",
                actor_id=uow.actor.person_id,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
    return person_id
