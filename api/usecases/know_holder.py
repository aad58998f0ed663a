"""Know whose phone a form comes from: the person of the device, with the roles they hold now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Reader
from api.db.scope import BUREAU_CODE
from domain.values import Role

_HOLDERS = text(
    "SELECT d.device_id, p.person_id, p.unit_id, p.name, ARRAY("
    "  SELECT role FROM (SELECT DISTINCT ON (g.role) g.role, g.granted FROM role_grant g"
    "   WHERE g.bureau_id = :bureau_id AND g.person_id = p.person_id"
    "   ORDER BY g.role, g.recorded_at DESC, g.grant_id DESC) AS newest WHERE granted) AS roles"
    " FROM device d JOIN person p ON p.bureau_id = d.bureau_id AND p.person_id = d.person_id"
    " WHERE d.bureau_id = :bureau_id AND d.device_id = ANY(CAST(:devices AS uuid[])) AND d.revoked_at IS NULL"
    " AND p.active"
)


async def holders_of_devices(reader: Reader, devices: Sequence[UUID]) -> dict[UUID, Actor]:
    """Return whose each device is; a vehicle's, a revoked one, and that of who has left are nobody's."""
    rows = await reader.execute(_HOLDERS, {"bureau_id": reader.bureau_id, "devices": list(devices)})
    return {
        row.device_id: Actor(
            reader.bureau_id, row.person_id, row.unit_id, frozenset(Role(role) for role in row.roles), row.name
        )
        for row in rows
    }


_OF_LOGIN = text(
    "SELECT d.device_id, d.ha1, EXISTS (SELECT 1 FROM tracking_acknowledgement t WHERE t.bureau_id = :bureau_id"
    " AND t.person_id = p.person_id) AS told FROM device d"
    " JOIN person p ON p.bureau_id = d.bureau_id AND p.person_id = d.person_id"
    " WHERE d.bureau_id = :bureau_id AND p.login = :login AND d.ha1 IS NOT NULL AND d.revoked_at IS NULL AND p.active"
)


@dataclass(frozen=True, slots=True)
class SignedPhone:
    """A device in service: what proves its token over Digest, and whether its person was told what is tracked."""

    device_id: UUID
    ha1: str
    told: bool


async def devices_of_login(database: Database, bureau_id: str, login: str) -> list[SignedPhone]:
    """Return the devices in service of who signs in by that name."""
    if not BUREAU_CODE.fullmatch(bureau_id):
        return []
    async with database.read(bureau_id) as reader:
        rows = await reader.execute(_OF_LOGIN, {"bureau_id": bureau_id, "login": login})
    return [SignedPhone(row.device_id, row.ha1, row.told) for row in rows]
