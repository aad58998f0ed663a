"""Look at what is new in the books, every minute; and once a night at all of the last days again.

New is a use of which anything was recorded: a step, a note, a call-back, a measure made anew of fixes that came late.
New is, too, a use whose window, or the time to write its notes or to send what its phones saw, has just passed. A
look that was taken before changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Database, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.settings import settings_of
from api.db.tables.answers import BooksMark
from api.usecases.look_at_books import look_at_fuel, look_at_odometer, look_at_uses
from api.usecases.look_at_month import look_at_month
from api.usecases.sweep import each_by_itself, span_to_sweep, swept
from domain.calendar import month_of, month_span
from domain.findings.outing import DELIVERED

AGAIN: Final = timedelta(days=3)
"""How far back is looked every night, for what failed by day."""

_DECIDED = text(
    "SELECT u.vehicle_id, u.use_id FROM decision d"
    " JOIN vehicle_use u ON u.bureau_id = d.bureau_id AND u.use_id = d.use_id"
    " WHERE d.bureau_id = :bureau_id AND d.recorded_at > :since AND d.recorded_at <= :until"
    " AND u.actual_from IS NOT NULL"
)
_NOTED = text(
    "SELECT u.vehicle_id, u.use_id FROM visit_note n"
    " JOIN trip_job t ON t.bureau_id = n.bureau_id AND t.job_id = n.job_id"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE n.bureau_id = :bureau_id AND n.recorded_at > :since AND n.recorded_at <= :until"
    " AND u.actual_from IS NOT NULL"
)
_CALLED = text(
    "SELECT u.vehicle_id, u.use_id FROM call_back c"
    " JOIN trip_job t ON t.bureau_id = c.bureau_id AND t.complaint_id = c.complaint_id"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE c.bureau_id = :bureau_id AND c.recorded_at > :since AND c.recorded_at <= :until"
    " AND u.actual_from IS NOT NULL"
)
_MEASURED = text(
    "SELECT u.vehicle_id, u.use_id FROM trip_measure m"
    " JOIN vehicle_use u ON u.bureau_id = m.bureau_id AND u.use_id = m.use_id"
    " WHERE m.bureau_id = :bureau_id AND m.computed_at > :since AND m.computed_at <= :until"
)
_STILL_OUT = text(
    "SELECT vehicle_id, use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND state = 'departed'"
    " AND planned_until > :since AND planned_until <= :until"
)
_RETURNED = text(
    "SELECT vehicle_id, use_id FROM vehicle_use WHERE bureau_id = :bureau_id"
    " AND actual_until > :since AND actual_until <= :until"
)
_READ = text(
    "SELECT vehicle_id, min(read_at) AS from_at, max(read_at) AS until_at FROM reading WHERE bureau_id = :bureau_id"
    " AND recorded_at > :since AND recorded_at <= :until GROUP BY vehicle_id, date_trunc('day', read_at, 'UTC')"
)
_FUELLED = text(
    "SELECT DISTINCT vehicle_id FROM vehicle_cost WHERE bureau_id = :bureau_id AND kind = 'fuel'"
    " AND recorded_at > :since AND recorded_at <= :until"
)
_LAST_DAYS = text(
    "SELECT vehicle_id, use_id, actual_until FROM vehicle_use WHERE bureau_id = :bureau_id AND actual_from IS NOT NULL"
    " AND (actual_until IS NULL OR actual_until > :since)"
)
_OF_STRETCH = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id"
    " AND actual_from < :until_at AND (actual_until IS NULL OR actual_until >= :from_at)"
)


@dataclass(slots=True)
class Touched:
    """What is to be looked at: uses by vehicle, stretches of readings, vehicles that were fuelled, months."""

    uses: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    read: list[tuple[UUID, datetime, datetime]] = field(default_factory=list)
    fuelled: set[UUID] = field(default_factory=set)
    months: set[tuple[UUID, date]] = field(default_factory=set)


async def sweep_books(database: Database, bureau_id: str) -> int:
    """Look at what is new since the last sweep; return how many facts were recorded."""
    async with database.read(bureau_id) as reader:
        span = await span_to_sweep(reader, BooksMark)
        touched = await _touched(reader, *span)
    done = await _look(database, bureau_id, touched)
    await swept(database, bureau_id, BooksMark, span)
    return done


async def look_again(database: Database, bureau_id: str) -> int:
    """Look at all of the last days again; return how many facts were recorded."""
    async with database.read(bureau_id) as reader:
        since, zone = {"bureau_id": bureau_id, "since": reader.now - AGAIN}, await zone_of(reader)
        touched = Touched()
        for row in await reader.execute(_LAST_DAYS, since):
            touched.uses[row.vehicle_id].add(row.use_id)
            if row.actual_until is not None:
                touched.months.add((row.vehicle_id, month_of(row.actual_until, zone)))
        await _add_readings_and_fuel(reader, touched, since | {"until": reader.now})
    return await _look(database, bureau_id, touched)


async def look_at_all_of_month(database: Database, bureau_id: str, vehicle_id: UUID, month: date) -> int:
    """Look at everything of a vehicle in a month, before its seal; return how many facts were recorded."""
    async with database.read(bureau_id) as reader:
        from_at, until_at = month_span(month, await zone_of(reader))
        asked = {"bureau_id": bureau_id, "vehicle_id": vehicle_id, "from_at": from_at, "until_at": until_at}
        use_ids = list((await reader.execute(_OF_STRETCH, asked)).scalars())
    found = await look_at_uses(database, bureau_id, vehicle_id, use_ids)
    found += await look_at_odometer(database, bureau_id, vehicle_id, from_at, until_at)
    found += await look_at_fuel(database, bureau_id, vehicle_id)
    return found + await look_at_month(database, bureau_id, vehicle_id, month)


async def _touched(reader: Reader, since: datetime, until: datetime) -> Touched:
    between = {"bureau_id": reader.bureau_id, "since": since, "until": until}
    touched = Touched()
    settings = await settings_of(reader)
    at_once = timedelta(0)
    asked = (
        (_DECIDED, at_once),
        (_NOTED, at_once),
        (_CALLED, at_once),
        (_MEASURED, at_once),
        (_STILL_OUT, timedelta(seconds=settings["late_return_s"])),
        (_RETURNED, DELIVERED),
        (_RETURNED, timedelta(hours=settings["note_missing_hours"])),
    )
    for statement, ago in asked:
        passed = {"bureau_id": reader.bureau_id, "since": since - ago, "until": until - ago}
        for row in await reader.execute(statement, passed):
            touched.uses[row.vehicle_id].add(row.use_id)
    await _add_readings_and_fuel(reader, touched, between)
    return touched


async def _add_readings_and_fuel(reader: Reader, touched: Touched, between: dict[str, Any]) -> None:
    touched.read += [tuple(row) for row in await reader.execute(_READ, between)]
    touched.fuelled |= set((await reader.execute(_FUELLED, between)).scalars())


async def _look(database: Database, bureau_id: str, touched: Touched) -> int:
    looks: list[tuple[UUID, Callable[[], Awaitable[int]]]] = [
        *((one[0], partial(look_at_odometer, database, bureau_id, *one)) for one in touched.read),
        *((one, partial(look_at_fuel, database, bureau_id, one)) for one in touched.fuelled),
        *((one, partial(look_at_uses, database, bureau_id, one, uses)) for one, uses in touched.uses.items()),
        # After its trips: those that are odd by themselves are left out of their month.
        *((one, partial(look_at_month, database, bureau_id, one, month)) for one, month in sorted(touched.months)),
    ]
    return await each_by_itself(bureau_id, looks)
