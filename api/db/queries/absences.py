"""Who gave no word, and which vehicle was seen where last: what no position shows, but its absence does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.ledger_entry import degrees_e7
from domain.findings.devices import Word
from domain.findings.hours import LastSeen
from domain.findings.late import WORKSHOP
from domain.track.cleaning import NOWHERE_DEG
from domain.values import Point

BACK: Final = timedelta(days=35)
"""How far back a vehicle's last position is sought."""

_TERMINALS = text(
    "SELECT d.device_id, d.vehicle_id,"
    " (SELECT min(a.recorded_at) FROM device_act a WHERE a.bureau_id = :bureau_id AND a.device_id = d.device_id)"
    "  AS enrolled_at,"
    " (SELECT max(h.last_seen_at) FROM device_day h WHERE h.bureau_id = :bureau_id AND h.device_id = d.device_id)"
    "  AS last_at"
    " FROM device d WHERE d.bureau_id = :bureau_id AND d.vehicle_id IS NOT NULL AND d.revoked_at IS NULL"
)
_PHONES = text(
    "SELECT u.use_id, u.vehicle_id, u.actual_from, max(h.last_seen_at) AS last_at FROM vehicle_use u"
    " JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id"
    " JOIN trip_crew c ON c.bureau_id = t.bureau_id AND c.use_id = t.use_id AND c.rev = t.crew_rev"
    " JOIN device d ON d.bureau_id = c.bureau_id AND d.person_id = c.person_id AND d.revoked_at IS NULL"
    " LEFT JOIN device_day h ON h.bureau_id = d.bureau_id AND h.device_id = d.device_id AND h.bureau_id = :bureau_id"
    " WHERE u.bureau_id = :bureau_id AND u.actual_from IS NOT NULL AND u.actual_until IS NULL"
    " GROUP BY u.use_id, u.vehicle_id, u.actual_from"
)
_OUT = text(
    "SELECT u.vehicle_id, u.planned_until, o.upkeep FROM vehicle_use u"
    " LEFT JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id AND o.bureau_id = :bureau_id"
    " WHERE u.bureau_id = :bureau_id AND u.actual_from IS NOT NULL AND u.actual_until IS NULL"
)
_OPEN = text(
    "SELECT DISTINCT f.vehicle_id FROM finding f WHERE f.bureau_id = :bureau_id AND f.kind = ANY(:kinds)"
    " AND NOT EXISTS (SELECT 1 FROM finding_update u WHERE u.bureau_id = :bureau_id"
    "  AND u.finding_id = f.finding_id AND u.what = 'ended')"
)
_SEEN = text(
    "SELECT p.fixed_at, p.lat_e7, p.lon_e7 FROM position p WHERE p.bureau_id = :bureau_id AND p.device_id = :device_id"
    " AND p.fixed AND NOT (abs(p.lat_e7) <= :nowhere_e7 AND abs(p.lon_e7) <= :nowhere_e7)"
    " AND p.fixed_at > :after AND p.fixed_at <= :now ORDER BY p.fixed_at DESC LIMIT 1"
)


async def words_of(reader: Reader) -> dict[UUID, list[Word]]:
    """Return by vehicle when its terminals, and the phones of the trip it is on, gave their last word."""
    found: dict[UUID, list[Word]] = {}
    asked = {"bureau_id": reader.bureau_id}
    for row in await reader.execute(_TERMINALS, asked):
        word = Word(device_id=row.device_id, last_at=row.last_at, since=row.enrolled_at)
        found.setdefault(row.vehicle_id, []).append(word)
    for row in await reader.execute(_PHONES, asked):
        word = Word(last_at=row.last_at, since=row.actual_from, use_id=row.use_id)
        found.setdefault(row.vehicle_id, []).append(word)
    return found


async def may_be_out(reader: Reader) -> set[UUID]:
    """Return the vehicles that are on a use whose window has not passed, or in the workshop."""
    rows: Any = await reader.execute(_OUT, {"bureau_id": reader.bureau_id})
    return {row.vehicle_id for row in rows if row.planned_until > reader.now or row.upkeep in WORKSHOP}


async def with_open_findings(reader: Reader, kinds: list[str]) -> list[UUID]:
    """Return the vehicles that have findings of these kinds which have not ended."""
    rows = await reader.execute(_OPEN, {"bureau_id": reader.bureau_id, "kinds": kinds})
    return list(rows.scalars())


async def last_seen(reader: Reader, device_id: UUID) -> LastSeen | None:
    """Return where a terminal was last; near to 0,0 it did not know."""
    asked = {
        "bureau_id": reader.bureau_id,
        "device_id": device_id,
        "after": reader.now - BACK,
        "now": reader.now,
        "nowhere_e7": degrees_e7(NOWHERE_DEG),
    }
    row = (await reader.execute(_SEEN, asked)).one_or_none()
    return None if row is None else LastSeen(at=row.fixed_at, place=Point(row.lat_e7 / 1e7, row.lon_e7 / 1e7))
