"""Where vehicles were last: the newest fix that counts of each device, with the vehicle it tells of.

`position` alone is asked: what a phone sent outside its officer's trips lies elsewhere until a trip claims it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

BACK: Final = timedelta(hours=24)
"""A vehicle of which nothing was heard for so long has no place on a map that is live."""
AHEAD: Final = timedelta(minutes=2)
"""A fix further in the future is of a clock that is wrong: it would hide all that come after it."""

_NEWEST = text(
    "SELECT p.fixed_at, p.lat_e7, p.lon_e7, p.speed_mps, p.course_deg, d.person_id IS NULL AS terminal,"
    " coalesce(d.vehicle_id, o.vehicle_id) AS vehicle_id"
    " FROM device d CROSS JOIN LATERAL ("
    "  SELECT fixed_at, lat_e7, lon_e7, speed_mps, course_deg FROM position"
    "  WHERE bureau_id = :bureau_id AND device_id = d.device_id AND fixed AND fixed_at > :since AND fixed_at <= :until"
    "  ORDER BY fixed_at DESC LIMIT 1) p"
    " LEFT JOIN LATERAL ("
    "  SELECT u.vehicle_id FROM trip_crew c"
    "  JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    "  JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    "  WHERE c.bureau_id = :bureau_id AND c.person_id = d.person_id AND u.actual_from <= p.fixed_at"
    "   AND (u.actual_until IS NULL OR u.actual_until >= p.fixed_at) ORDER BY u.actual_from DESC LIMIT 1) o ON true"
    " WHERE d.bureau_id = :bureau_id AND d.revoked_at IS NULL"
    " AND (CAST(:devices AS uuid[]) IS NULL OR d.device_id = ANY(CAST(:devices AS uuid[])))"
    " ORDER BY p.fixed_at"
)


@dataclass(frozen=True, slots=True)
class NewestFix:
    """A vehicle's place as one of its devices told it last: WGS-84 degrees, metres a second, degrees from north."""

    vehicle_id: UUID
    at: datetime
    lat: float
    lon: float
    speed_mps: float | None
    course: float | None
    terminal: bool


async def newest_fixes(reader: Reader, devices: Collection[str] | None = None) -> list[NewestFix]:
    """Return the newest fix of each of these devices, or of all, the oldest first; none older than `BACK`."""
    rows = await reader.execute(
        _NEWEST,
        {
            "bureau_id": reader.bureau_id,
            "since": reader.now - BACK,
            "until": reader.now + AHEAD,
            "devices": None if devices is None else sorted(devices),
        },
    )
    return [
        NewestFix(
            row.vehicle_id,
            row.fixed_at,
            row.lat_e7 / 1e7,
            row.lon_e7 / 1e7,
            row.speed_mps,
            row.course_deg,
            row.terminal,
        )
        for row in rows
        if row.vehicle_id is not None
    ]
