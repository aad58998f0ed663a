"""What is known of people: roles, sessions, qualifications, delegations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.delegations import OPEN
from api.db.tables.people import Person, SignInSession
from domain.values import Role

_ROLES = text(
    "SELECT role FROM (SELECT DISTINCT ON (role) role, granted FROM role_grant"
    " WHERE bureau_id = :bureau_id AND person_id = :person_id"
    " ORDER BY role, recorded_at DESC, grant_id DESC) AS newest WHERE granted"
)


async def names_of(reader: Reader, people: Iterable[UUID | None] | None = None) -> dict[UUID, str]:
    """Return the names of these people, or of everybody of the bureau."""
    wanted = select(col(Person.person_id), col(Person.name)).where(Person.bureau_id == reader.bureau_id)
    if people is not None:
        wanted = wanted.where(col(Person.person_id).in_({one for one in people if one is not None}))
    return dict(await reader.all(wanted))


async def roles_of(reader: Reader, person_id: UUID) -> frozenset[Role]:
    """Return the roles a person holds now: the newest grant or withdrawal of each."""
    rows = await reader.execute(_ROLES, {"bureau_id": reader.bureau_id, "person_id": person_id})
    return frozenset(Role(role) for role in rows.scalars())


_ALL_ROLES = text(
    "SELECT person_id, role FROM (SELECT DISTINCT ON (person_id, role) person_id, role, granted FROM role_grant"
    " WHERE bureau_id = :bureau_id ORDER BY person_id, role, recorded_at DESC, grant_id DESC) AS newest"
    " WHERE granted ORDER BY role"
)


async def roles_by_person(reader: Reader) -> dict[UUID, list[Role]]:
    """Return the roles that everybody of the bureau holds now."""
    rows = await reader.execute(_ALL_ROLES, {"bureau_id": reader.bureau_id})
    roles: dict[UUID, list[Role]] = {}
    for row in rows:
        roles.setdefault(row.person_id, []).append(Role(row.role))
    return roles


_OTHER_ADMINS = text(
    "SELECT count(*) FROM person p WHERE p.bureau_id = :bureau_id AND p.active AND p.person_id <> :person_id"
    " AND (SELECT g.granted FROM role_grant g WHERE g.bureau_id = :bureau_id AND g.person_id = p.person_id"
    " AND g.role = 'admin' ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1)"
)


async def count_other_admins(reader: Reader, person_id: UUID) -> int:
    """Return how many active people but this one are administrators."""
    found = await reader.execute(_OTHER_ADMINS, {"bureau_id": reader.bureau_id, "person_id": person_id})
    return int(found.scalar_one())


_OPEN_DELEGATIONS = text(
    "SELECT l.delegation_id FROM delegation l WHERE l.bureau_id = :bureau_id"  # noqa: S608 - our own words
    f" AND (l.from_person_id = :person_id OR l.to_person_id = :person_id) AND {OPEN}"
    " ORDER BY l.delegation_id"
)


async def open_delegations(reader: Reader, person_id: UUID) -> list[UUID]:
    """Return the delegations from or to a person that hold now or will, unless ended."""
    rows = await reader.execute(
        _OPEN_DELEGATIONS, {"bureau_id": reader.bureau_id, "person_id": person_id, "now": reader.now}
    )
    return list(rows.scalars())


async def open_sessions(reader: Reader, person_id: UUID) -> Sequence[SignInSession]:
    """Return the sessions of a person that are open now, the newest first."""
    return await reader.all(
        select(SignInSession)
        .where(
            SignInSession.bureau_id == reader.bureau_id,
            SignInSession.person_id == person_id,
            col(SignInSession.revoked_at).is_(None),
            SignInSession.expires_at > reader.now,
        )
        .order_by(col(SignInSession.created_at).desc())
    )
