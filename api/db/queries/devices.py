"""Devices as they are listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

_LIST = text(
    "SELECT d.device_id, d.name, d.person_id, d.vehicle_id, d.revoked_at, d.zone, d.strictness, d.terminal_phone,"
    " d.terminal_id, a.recorded_at AS enrolled_at"
    " FROM device d JOIN device_act a ON a.bureau_id = d.bureau_id AND a.device_id = d.device_id AND a.verb = 'enrol'"
    " WHERE d.bureau_id = :bureau_id AND d.device_id > :after ORDER BY d.device_id LIMIT :limit"
)
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device, whose it is, and since when."""

    device_id: UUID
    name: str
    person_id: UUID | None
    vehicle_id: UUID | None
    enrolled_at: datetime
    revoked_at: datetime | None
    zone: str | None
    strictness: str
    terminal_phone: str | None
    terminal_id: str | None


async def devices_page(reader: Reader, after: UUID | None, limit: int) -> list[ListedDevice]:
    """Return devices in the order of their enrolment, from the one after `after` on."""
    rows = await reader.execute(_LIST, {"bureau_id": reader.bureau_id, "after": after or _FIRST, "limit": limit})
    return [ListedDevice(**row) for row in rows.mappings()]
