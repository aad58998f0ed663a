"""What the dispatcher's screen shows at one look: what is left of the terms, the vehicles' day, where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.complaint.left import AMBER_DAYS, RED_DAYS, Urgency
from domain.complaint.states import VISITABLE

_OPEN = (
    " FROM job j JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " WHERE j.bureau_id = :bureau_id AND c.bureau_id = :bureau_id AND j.state = 'open' AND c.state = ANY(:visitable)"
)
_LEFT = text(
    "SELECT count(*) FILTER (WHERE days < 0) AS overdue, count(*) FILTER (WHERE days BETWEEN 0 AND :red) AS urgent,"  # noqa: S608 - our own words
    " count(*) FILTER (WHERE days > :red AND days <= :amber) AS soon, count(*) FILTER (WHERE days > :amber) AS ahead"
    f" FROM (SELECT least(j.due_nominal_on, j.due_on) - CAST(:today AS date) AS days {_OPEN}) AS terms"
)


async def count_left(reader: Reader, today: date) -> dict[Urgency, int]:
    """Return how many open jobs are how urgent."""
    asked = {
        "bureau_id": reader.bureau_id,
        "today": today,
        "red": RED_DAYS,
        "amber": AMBER_DAYS,
        "visitable": [state.value for state in VISITABLE],
    }
    row = (await reader.execute(_LEFT, asked)).one()
    return {one: getattr(row, one.value) for one in Urgency}


_CARRIED = text(
    "SELECT DISTINCT ON (t.job_id) t.job_id, t.use_id, u.state, u.planned_from, u.planned_until, v.plate"
    " FROM trip_job t JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id"
    " WHERE t.bureau_id = :bureau_id AND t.job_id = ANY(:job_ids) AND t.dropped_by IS NULL"
    " AND u.state IN ('requested', 'approved', 'departed') ORDER BY t.job_id, u.planned_from, u.use_id"
)


async def carried(reader: Reader, job_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return of each of these jobs the trip ahead that carries it, where one does."""
    rows = await reader.execute(_CARRIED, {"bureau_id": reader.bureau_id, "job_ids": list(job_ids)})
    return {row.job_id: row for row in rows}


_SITES = text(
    "SELECT j.job_id, j.site_name, j.lat, j.lon, least(j.due_nominal_on, j.due_on) AS warn_on"
    f"{_OPEN} ORDER BY least(j.due_nominal_on, j.due_on), j.job_id LIMIT :limit"
)


async def open_sites(reader: Reader, limit: int) -> Sequence[Any]:
    """Return the sites of open jobs, what is due first."""
    asked = {
        "bureau_id": reader.bureau_id,
        "visitable": [state.value for state in VISITABLE],
        "limit": limit,
    }
    return (await reader.execute(_SITES, asked)).all()


_USES = text(
    "SELECT u.use_id, u.vehicle_id, u.kind, u.state, u.planned_from, u.planned_until, u.actual_from, u.actual_until,"
    " o.upkeep, (SELECT string_agg(p.name, ' ' ORDER BY c.seat, p.name) FROM trip_crew c"
    "  JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    "  JOIN person p ON p.bureau_id = c.bureau_id AND p.person_id = c.person_id"
    "  WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id) AS crew,"
    " (SELECT string_agg(j.site_name, '、' ORDER BY j.job_id) FROM trip_job k"
    "  JOIN job j ON j.bureau_id = k.bureau_id AND j.job_id = k.job_id"
    "  WHERE k.bureau_id = :bureau_id AND k.use_id = u.use_id AND k.dropped_by IS NULL) AS sites"
    " FROM vehicle_use u LEFT JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = ANY(:vehicles)"
    " AND (u.state IN ('requested', 'approved') AND u.planned_from < :until_at AND u.planned_until > :from_at"
    "  OR u.actual_from < :until_at AND coalesce(u.actual_until, 'infinity') > :from_at)"
    " ORDER BY u.planned_from, u.use_id"
)


@dataclass(frozen=True, slots=True)
class DayUse:
    """A use of a vehicle in a day: planned, and as it was driven as far as it was."""

    use_id: UUID
    vehicle_id: UUID
    kind: str
    state: str
    planned_from: datetime
    planned_until: datetime
    actual_from: datetime | None
    actual_until: datetime | None
    upkeep: str | None
    crew: str | None
    sites: str | None


async def uses_between(
    reader: Reader, vehicle_ids: Sequence[UUID], from_at: datetime, until_at: datetime
) -> dict[UUID, list[DayUse]]:
    """Return by vehicle what is asked for, approved, under way or was driven between two instants."""
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicles": list(vehicle_ids),
        "from_at": from_at,
        "until_at": until_at,
    }
    found: dict[UUID, list[DayUse]] = {vehicle_id: [] for vehicle_id in vehicle_ids}
    for row in await reader.execute(_USES, asked):
        found[row.vehicle_id].append(DayUse(**row._mapping))  # noqa: SLF001 - SQLAlchemy's own name for a row's columns
    return found


_DEDICATED = text(
    "SELECT v.vehicle_id, v.plate, v.name FROM vehicle v"
    " JOIN (SELECT DISTINCT ON (vehicle_id) bureau_id, vehicle_id, kind, unit_id FROM dedication_order"
    "  WHERE bureau_id = :bureau_id AND effective_on <= :on"
    "  ORDER BY vehicle_id, effective_on DESC, recorded_at DESC, order_id DESC) d"
    " ON d.bureau_id = v.bureau_id AND d.vehicle_id = v.vehicle_id"
    " WHERE v.bureau_id = :bureau_id AND d.kind = 'dedicate' AND d.unit_id = :unit_id ORDER BY v.plate"
)


async def dedicated_vehicles(reader: Reader, unit_id: UUID, on: date) -> Sequence[Any]:
    """Return the vehicles that are dedicated to a unit on that day, by plate."""
    return (await reader.execute(_DEDICATED, {"bureau_id": reader.bureau_id, "unit_id": unit_id, "on": on})).all()
