"""`/v1/people`: accounts, their roles, and what was done to them.

No answer holds a pass word's hash. A temporary pass word is shown once, in the answer to the request that made it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlmodel import col

from api.db.database import Actor, Database, Once, Reader
from api.db.queries.people import roles_by_person, roles_of
from api.db.tables.people import Person as PersonRow
from api.db.tables.people import PersonAct, RoleGrant
from api.http.access import EVERYONE, Allow
from api.http.paging import After, Limit, Page, newest_page
from api.http.readings import Reason
from api.passwords import hash_password, temporary_password
from api.usecases.add_person import NewPerson, add_person
from api.usecases.change_account import deactivate_person, move_person, reactivate_person
from api.usecases.change_password import reset_password, revoke_sessions
from api.usecases.change_role import RoleChange, change_role
from domain.errors import NotFound
from domain.values import Role

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"\S", examples=["林晓"])]
Login = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$", examples=["linxiao"])]
SUPERVISORS = frozenset({Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.AUDITOR})
"""Who sees what was done to accounts, and numbers of licences."""
ACCOUNTS = frozenset({Role.ADMIN, Role.DESK_CHIEF, Role.AUDITOR})
"""Who sees logins."""


class PersonIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person to let in."""

    unit_id: UUID
    name: Name
    login: Login
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=len(Role), examples=[["officer", "driver"]])]


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """The person's id, and the pass word for the first sign-in: null when the same request was answered before."""

    person_id: UUID
    temporary_password: str | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the bureau; `login` is null for those who do not look after accounts."""

    person_id: UUID
    unit_id: UUID
    name: str
    login: str | None
    roles: list[Role]
    active: bool


class Reasoned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class MoveIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The unit a person goes to, and why."""

    unit_id: UUID
    reason: Reason


class RoleChangeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to give (`granted` true) or take, and why."""

    role: Role
    granted: bool
    reason: Reason


class RoleAct(msgspec.Struct, frozen=True, kw_only=True):
    """A role that was given or taken."""

    grant_id: UUID
    role: Role
    granted: bool
    reason: str
    actor_id: UUID | None
    recorded_at: datetime


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to an account."""

    act_id: UUID
    verb: str
    detail: dict[str, Any]
    actor_id: UUID | None
    recorded_at: datetime


class ActDone(msgspec.Struct, frozen=True, kw_only=True):
    """The act that was recorded."""

    act_id: UUID


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """The pass word for the next sign-in: null when the same request was answered before."""

    temporary_password: str | None


class SessionsEnded(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions ended."""

    ended: int


async def known_person(reader: Reader, person_id: UUID) -> PersonRow:
    """Return the person's row. Raises `NotFound`."""
    row = await reader.get(PersonRow, person_id)
    if row is None:
        raise NotFound
    return row


def person_of(row: PersonRow, roles: list[Role], actor: Actor) -> Person:
    """Return what `actor` may see of a person."""
    own = row.person_id == actor.person_id
    return Person(
        person_id=row.person_id,
        unit_id=row.unit_id,
        name=row.name,
        login=row.login if own or actor.roles & ACCOUNTS else None,
        roles=sorted(roles),
        active=row.active,
    )


class PeopleController(Controller):
    """The people of the bureau."""

    path = "/v1/people"
    tags = ("people",)

    @post(guards=[Allow(Role.ADMIN)], summary="Let a person in", name="people.add")
    async def add(
        self,
        data: JSONBody[PersonIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter a person with roles and a temporary pass word, which is changed at the first sign-in."""
        temporary = temporary_password()
        new = NewPerson(
            unit_id=data.unit_id,
            name=data.name.strip(),
            login=data.login,
            password_hash=await hash_password(temporary, data.login),
            roles=frozenset(data.roles),
        )
        person_id = await add_person(database, actor, new, once)
        return Entered(person_id=person_id, temporary_password=temporary if person_id == new.person_id else None)

    @get(guards=[Allow(EVERYONE)], summary="People", name="people.list")
    async def people(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        unit_id: FromQuery[UUID | None] = None,
        active: FromQuery[bool | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Person]:
        """List people, the newest entered first."""
        where: list[Any] = [] if unit_id is None else [PersonRow.unit_id == unit_id]
        where += [] if active is None else [col(PersonRow.active).is_(active)]
        async with database.read(actor.bureau_id) as reader:
            roles = await roles_by_person(reader)
            return await newest_page(
                reader,
                PersonRow,
                col(PersonRow.person_id),
                lambda row: person_of(row, roles.get(row.person_id, []), actor),
                *where,
                after=after,
                limit=limit,
            )

    @get("/{person_id:uuid}", guards=[Allow(EVERYONE)], summary="One person", name="people.get")
    async def person(
        self, person_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Person:
        """Return a person with the roles that hold now."""
        async with database.read(actor.bureau_id) as reader:
            row = await known_person(reader, person_id)
            return person_of(row, list(await roles_of(reader, person_id)), actor)

    @post(
        "/{person_id:uuid}/deactivate", guards=[Allow(Role.ADMIN)], summary="Close an account", name="people.deactivate"
    )
    async def deactivate(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> ActDone:
        """Close an account: its sessions and delegations end; at least one administrator stays."""
        return ActDone(act_id=await deactivate_person(database, actor, person_id, data.reason, once))

    @post(
        "/{person_id:uuid}/reactivate",
        guards=[Allow(Role.ADMIN)],
        summary="Open an account again",
        name="people.reactivate",
    )
    async def reactivate(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> ActDone:
        """Open a closed account again, with the roles it had."""
        return ActDone(act_id=await reactivate_person(database, actor, person_id, data.reason, once))

    @post("/{person_id:uuid}/move", guards=[Allow(Role.ADMIN)], summary="Move to another unit", name="people.move")
    async def move(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[MoveIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> ActDone:
        """Move a person to another unit; delegations from and to them end."""
        act_id = await move_person(database, actor, person_id, data.unit_id, reason=data.reason, once=once)
        return ActDone(act_id=act_id)

    @post(
        "/{person_id:uuid}/reset-password",
        guards=[Allow(Role.ADMIN, Role.DESK_CHIEF)],
        summary="Reset a forgotten pass word",
        name="people.reset_password",
    )
    async def reset(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Reset:
        """Give a temporary pass word, to be changed at the next sign-in; the person's sessions end.

        The desk's chief does this for officers, drivers and dispatchers; an administrator for anybody else.
        """
        return Reset(temporary_password=await reset_password(database, actor, person_id, data.reason, once))

    @post(
        "/{person_id:uuid}/revoke-sessions",
        guards=[Allow(Role.ADMIN)],
        status_code=200,
        summary="Sign a person out everywhere",
        name="people.revoke_sessions",
    )
    async def revoke(
        self, person_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> SessionsEnded:
        """End every session of a person."""
        return SessionsEnded(ended=await revoke_sessions(database, actor, person_id))

    @post(
        "/{person_id:uuid}/roles", guards=[Allow(Role.ADMIN)], summary="Give or take a role", name="people.change_role"
    )
    async def change_role(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[RoleChangeIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> RoleAct:
        """Give or take a role: an auditor holds no other, at least one administrator stays.

        The person's sessions end, but the one that asks.
        """
        change = RoleChange(person_id=person_id, role=data.role, granted=data.granted, reason=data.reason)
        grant_id = await change_role(database, actor, change, once)
        async with database.read(actor.bureau_id) as reader:
            row = await reader.get(RoleGrant, grant_id)
        if row is None:
            raise NotFound
        return role_act_of(row)

    @get("/{person_id:uuid}/roles", guards=[Allow(SUPERVISORS)], summary="Roles given and taken", name="people.roles")
    async def roles(
        self,
        person_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[RoleAct]:
        """List every role a person was given or lost, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            await known_person(reader, person_id)
            return await newest_page(
                reader,
                RoleGrant,
                col(RoleGrant.grant_id),
                role_act_of,
                RoleGrant.person_id == person_id,
                after=after,
                limit=limit,
            )

    @get(
        "/{person_id:uuid}/acts", guards=[Allow(SUPERVISORS)], summary="What was done to an account", name="people.acts"
    )
    async def acts(
        self,
        person_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Act]:
        """List what was done to an account, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            await known_person(reader, person_id)
            return await newest_page(
                reader,
                PersonAct,
                col(PersonAct.act_id),
                lambda row: msgspec.convert(row, Act, from_attributes=True),
                PersonAct.person_id == person_id,
                after=after,
                limit=limit,
            )


def role_act_of(row: RoleGrant) -> RoleAct:
    """Return the wire form of a role given or taken."""
    return RoleAct(
        grant_id=row.grant_id,
        role=Role(row.role),
        granted=row.granted,
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )
