"""The trips that were driven for a complaint, with what each drove, saw and cost."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.measures import measures_of
from api.db.queries.readings import as_reading
from api.db.queries.statement import ways_of
from api.db.tables.vehicles import Reading as Row
from domain.books.complaint_cost import CarriedTrip
from domain.books.readings import intervals

_TRIPS = text(
    "SELECT u.use_id, u.vehicle_id, u.actual_from, u.actual_until, n.year, n.number,"
    " (SELECT coalesce(sum(c.amount_fen), 0)::bigint FROM vehicle_cost c WHERE c.bureau_id = :bureau_id"
    "  AND c.use_id = u.use_id AND NOT EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id"
    "   AND k.corrects = c.cost_id)) AS paid_fen"
    " FROM trip_job t JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " LEFT JOIN dispatch_order n ON n.bureau_id = u.bureau_id AND n.use_id = u.use_id"
    " WHERE t.bureau_id = :bureau_id AND u.bureau_id = :bureau_id AND t.complaint_id = :complaint_id"
    " AND t.dropped_by IS NULL AND u.actual_from IS NOT NULL"
    " GROUP BY u.use_id, u.vehicle_id, u.actual_from, u.actual_until, n.year, n.number ORDER BY u.actual_from, u.use_id"
)
_JOBS = text(
    "SELECT use_id, job_id, complaint_id FROM trip_job WHERE bureau_id = :bureau_id AND use_id = ANY(:uses)"
    " AND dropped_by IS NULL ORDER BY use_id, job_id"
)


async def trips_of_complaint(reader: Reader, complaint_id: UUID) -> tuple[CarriedTrip, ...]:
    """Return the trips that departed for a complaint, by time."""
    asked = {"bureau_id": reader.bureau_id, "complaint_id": complaint_id}
    rows = (await reader.execute(_TRIPS, asked)).all()
    uses = [row.use_id for row in rows]
    complaint_of: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    for job in await reader.execute(_JOBS, {"bureau_id": reader.bureau_id, "uses": uses}):
        complaint_of[job.use_id][job.job_id] = job.complaint_id
    measures = await measures_of(reader, uses)
    found = []
    for row in rows:
        best = next((one for one in measures[row.use_id] if one.kept), None)
        jobs = complaint_of[row.use_id]
        while_out = select(Row).where(
            Row.bureau_id == reader.bureau_id, Row.vehicle_id == row.vehicle_id, col(Row.read_at) >= row.actual_from
        )
        if row.actual_until is not None:  # a trip that never came back is driven on by whatever is read
            while_out = while_out.where(col(Row.read_at) <= row.actual_until)
        readings = await reader.all(while_out)
        owned = [one for one in intervals(as_reading(one) for one in readings) if one.use_id == row.use_id]
        found.append(
            CarriedTrip(
                trip_id=row.use_id,
                order_no=f"{row.year}-{row.number}" if row.number else None,
                from_at=row.actual_from,
                until_at=row.actual_until,
                driven_m=sum(one.length_m for one in owned),
                paid_fen=row.paid_fen,
                complaint_ids=tuple(sorted(set(jobs.values()))),
                ways=ways_of(best.legs, jobs) if best else (),
            )
        )
    return tuple(found)
