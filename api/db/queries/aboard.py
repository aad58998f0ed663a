"""On which vehicles, in which months, an officer went along."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.calendar import zone_of
from domain.calendar import month_of, next_month

# Of any crew that a trip had, also before it was changed: what a month says of them is for its statement to tell.
_ABOARD = text(
    "SELECT DISTINCT u.vehicle_id, u.use_id, u.actual_from, u.actual_until FROM trip_crew c"
    " JOIN vehicle_use u ON u.bureau_id = c.bureau_id AND u.use_id = c.use_id"
    " WHERE c.bureau_id = :bureau_id AND u.bureau_id = :bureau_id AND c.person_id = :person_id AND c.seat = 'officer'"
    " AND u.actual_from < :until_at AND (u.actual_until IS NULL OR u.actual_until >= :from_at)"
)


async def months_aboard(
    reader: Reader, person_id: UUID, from_at: datetime, until_at: datetime
) -> list[tuple[UUID, date]]:
    """Return vehicle and month of every trip on which a person was an officer, between two instants, each pair once."""
    zone = await zone_of(reader)
    asked = {"bureau_id": reader.bureau_id, "person_id": person_id, "from_at": from_at, "until_at": until_at}
    found: set[tuple[UUID, date]] = set()
    for row in await reader.execute(_ABOARD, asked):
        ended_at = row.actual_until or max(reader.now, row.actual_from)
        month = month_of(max(row.actual_from, from_at), zone)
        while month <= ended_at.astimezone(zone).date() and month < until_at.astimezone(zone).date():
            found.add((row.vehicle_id, month))
            month = next_month(month)
    return sorted(found, key=lambda pair: (pair[1], pair[0]))
