"""What is known of people: roles, qualifications, delegations."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
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
