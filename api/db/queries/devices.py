"""Devices as they are listed, and as they are handed over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

_LIST = text(
    "SELECT d.device_id, d.name, d.person_id, d.vehicle_id, d.revoked_at, d.zone, d.strictness, d.terminal_phone,"
    " d.terminal_id, a.recorded_at AS enrolled_at, (SELECT max(t.recorded_at) FROM tracking_acknowledgement t"
    " WHERE t.bureau_id = d.bureau_id AND t.bureau_id = :bureau_id AND t.person_id = d.person_id) AS acknowledged_at"
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
    acknowledged_at: datetime | None


async def devices_page(reader: Reader, after: UUID | None, limit: int) -> list[ListedDevice]:
    """Return devices in the order of their enrolment, from the one after `after` on."""
    rows = await reader.execute(_LIST, {"bureau_id": reader.bureau_id, "after": after or _FIRST, "limit": limit})
    return [ListedDevice(**row) for row in rows.mappings()]


_HANDED_OVER = text(
    "SELECT d.device_id, d.name, d.terminal_phone, d.terminal_id, b.name AS bureau, p.name AS person, v.plate,"
    " EXISTS (SELECT 1 FROM tracking_acknowledgement t WHERE t.bureau_id = d.bureau_id AND t.bureau_id = :bureau_id"
    " AND t.person_id = d.person_id AND t.notice = :notice) AS acknowledged"
    " FROM device d JOIN bureau b ON b.bureau_id = d.bureau_id"
    " LEFT JOIN person p ON p.bureau_id = d.bureau_id AND p.person_id = d.person_id"
    " LEFT JOIN vehicle v ON v.bureau_id = d.bureau_id AND v.vehicle_id = d.vehicle_id"
    " WHERE d.bureau_id = :bureau_id AND d.token_sha256 = :digest AND d.revoked_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A device in service, as whoever holds its token may see it."""

    device_id: UUID
    name: str
    terminal_phone: str | None
    terminal_id: str | None
    bureau: str
    person: str | None
    plate: str | None
    acknowledged: bool
    """Whether its person has acknowledged the notice that holds now."""


async def handed_over(reader: Reader, digest: bytes, notice: str) -> HandedOver | None:
    """Return the device in service whose token has that SHA-256, if there is one."""
    asked = {"bureau_id": reader.bureau_id, "digest": digest, "notice": notice}
    row = (await reader.execute(_HANDED_OVER, asked)).mappings().one_or_none()
    return None if row is None else HandedOver(**row)
