"""What is known of people: roles, sessions, qualifications, delegations."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.people import SignInSession
from domain.values import Role

_ROLES = text(
    "SELECT role FROM (SELECT DISTINCT ON (role) role, granted FROM role_grant"
    " WHERE bureau_id = :bureau_id AND person_id = :person_id"
    " ORDER BY role, recorded_at DESC, grant_id DESC) AS newest WHERE granted"
)


async def roles_of(reader: Reader, person_id: UUID) -> frozenset[Role]:
    """Return the roles a person holds now: the newest grant or withdrawal of each."""
    rows = await reader.execute(_ROLES, {"bureau_id": reader.bureau_id, "person_id": person_id})
    return frozenset(Role(role) for role in rows.scalars())


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
