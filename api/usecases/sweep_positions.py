"""Look at what no watch has looked at: positions and uses since the last sweep, whoever took them and died.

The watch looks within seconds, in the process that took the positions. What a process had not looked at when it was
killed, and what came another way (held positions that a late departure lets count, a use that turned out to have
begun or ended otherwise), is looked at here. A look that was taken before changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Database, Reader
from api.db.tables.answers import WatchMark
from api.usecases.look_at_vehicle import look_at_vehicle
from api.usecases.sweep import each_by_itself, span_to_sweep, swept

WHOLE_EVERY: Final = timedelta(minutes=10)
"""Vehicles of which nothing moved are looked at so often; the others at every sweep."""
_STIRS_E7: Final = 4_000
"""About forty metres: what stays within shows no movement."""

# By days, so that one fix of last month does not make a month be looked at.
_TERMINALS = text(
    "SELECT d.vehicle_id, p.from_at, p.until_at FROM (SELECT device_id, min(fixed_at) AS from_at,"
    " max(fixed_at) AS until_at, bool_or(mock) OR max(lat_e7) - min(lat_e7) > :stirs"
    "  OR max(lon_e7) - min(lon_e7) > :stirs OR min(fixed_at) < :since AS stirs"
    " FROM position WHERE bureau_id = :bureau_id AND received_at > :since"
    " AND received_at <= :until GROUP BY device_id, date_trunc('day', fixed_at, 'UTC')) AS p"
    " JOIN device d ON d.bureau_id = :bureau_id AND d.device_id = p.device_id"
    " WHERE d.bureau_id = :bureau_id AND d.vehicle_id IS NOT NULL AND (:whole OR p.stirs"
    "  OR EXISTS (SELECT 1 FROM vehicle_use u WHERE u.bureau_id = :bureau_id AND u.vehicle_id = d.vehicle_id"
    "   AND u.actual_from <= p.until_at AND (u.actual_until IS NULL OR u.actual_until >= p.from_at)))"
)
_PHONES = text(
    "SELECT u.vehicle_id, p.from_at, p.until_at FROM (SELECT device_id, min(fixed_at) AS from_at,"
    " max(fixed_at) AS until_at FROM position WHERE bureau_id = :bureau_id AND received_at > :since"
    " AND received_at <= :until GROUP BY device_id, date_trunc('day', fixed_at, 'UTC')) AS p"
    " JOIN device d ON d.bureau_id = :bureau_id AND d.device_id = p.device_id"
    " JOIN trip_crew c ON c.bureau_id = d.bureau_id AND c.person_id = d.person_id"
    " JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE d.bureau_id = :bureau_id AND u.actual_from <= p.until_at"
    " AND (u.actual_until IS NULL OR u.actual_until >= p.from_at)"
)
_CHANGED = text(
    "SELECT u.vehicle_id, u.actual_from AS from_at, coalesce(u.actual_until, u.actual_from) AS until_at"
    " FROM decision n JOIN vehicle_use u ON u.bureau_id = n.bureau_id AND u.use_id = n.use_id"
    " WHERE n.bureau_id = :bureau_id AND n.recorded_at > :since AND n.recorded_at <= :until"
    " AND u.actual_from IS NOT NULL"
)


async def sweep_positions(database: Database, bureau_id: str) -> int:
    """Look at every vehicle of which anything came since the last sweep; return how many facts were recorded."""
    async with database.read(bureau_id) as reader:
        span = await span_to_sweep(reader, WatchMark)
        stretches = await _stretches(reader, *span)

    async def look(vehicle_id: UUID, from_at: datetime, until_at: datetime) -> int:
        return (await look_at_vehicle(database, bureau_id, vehicle_id, from_at, until_at)).recorded

    done = await each_by_itself(bureau_id, ((one[0], partial(look, *one)) for one in stretches))
    await swept(database, bureau_id, WatchMark, span)
    return done


async def _stretches(reader: Reader, since: datetime, until: datetime) -> list[tuple[UUID, datetime, datetime]]:
    """Return what to look at: of each vehicle and day from when until when."""
    whole = since.timestamp() // WHOLE_EVERY.total_seconds() != until.timestamp() // WHOLE_EVERY.total_seconds()
    asked = {"bureau_id": reader.bureau_id, "since": since, "until": until}
    stirs = {"whole": whole, "stirs": _STIRS_E7}
    found: dict[tuple[UUID, datetime], tuple[datetime, datetime]] = {}
    for statement in (_TERMINALS, _PHONES, _CHANGED):
        for row in await reader.execute(statement, asked | (stirs if statement is _TERMINALS else {})):
            day = row.from_at.replace(hour=0, minute=0, second=0, microsecond=0)
            known = found.get((row.vehicle_id, day), (row.from_at, row.until_at))
            found[row.vehicle_id, day] = min(known[0], row.from_at), max(known[1], row.until_at)
    return [(vehicle_id, *stretch) for (vehicle_id, _), stretch in sorted(found.items())]
