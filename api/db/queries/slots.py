"""What free slots are computed from: the job, the vehicle's base, and the uses that stand in the way."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.bases import bases_of
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.jobs import read_job
from api.db.queries.settings import settings_of
from api.db.tables.vehicles import Vehicle
from domain.calendar import Deadline
from domain.duty import duty_hours
from domain.errors import NotFound
from domain.place.base import base_at
from domain.place.distance import distance_m
from domain.trip.slots import Slot, Wanted, free_slots, way_allowance
from domain.values import Point, Window

_BUSY = text(
    "SELECT coalesce(actual_from, planned_from) AS start_at, planned_until AS end_at, state FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id"
    " AND (state = 'departed' OR state IN ('requested', 'approved') AND planned_until > :now)"
)


async def slots_of(reader: Reader, vehicle_id: UUID, job_id: UUID, limit: int) -> tuple[Slot, ...]:
    """Return the earliest slots in which a vehicle is free for a job.

    What was asked for and not answered yet stands in the way too: both could not be approved.

    Raises:
        NotFound: this bureau has no such vehicle or job.
    """
    vehicle = await reader.get(Vehicle, vehicle_id)
    if vehicle is None:
        raise NotFound("There is no such vehicle.", vehicle_id=str(vehicle_id))
    job = (await read_job(reader, job_id))[0].job
    bases = (await bases_of(reader, [vehicle_id]))[vehicle_id]
    base = base_at(bases, max(job.window_from, reader.now)).place
    way = distance_m(base, Point(job.lat, job.lon))
    wanted = Wanted(
        Window(job.window_from, job.window_until),
        timedelta(minutes=job.expected_minutes),
        way_allowance(way),
        Deadline(job.due_nominal_on, job.due_on, job.due_provisional),
    )
    return await slots_for(reader, vehicle_id, wanted, limit)


async def slots_for(reader: Reader, vehicle_id: UUID, wanted: Wanted, limit: int) -> tuple[Slot, ...]:
    """Return the earliest slots in which a vehicle is free for what is wanted."""
    uses = await reader.execute(_BUSY, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "now": reader.now})
    # What is under way past its window is in the way until it is back: at the least now.
    soonest = reader.now + timedelta(minutes=1)
    busy = [Window(use.start_at, max(use.end_at, soonest) if use.state == "departed" else use.end_at) for use in uses]
    return free_slots(
        wanted,
        busy,
        await calendar_of(reader),
        await zone_of(reader),
        reader.now,
        duty=duty_hours(await settings_of(reader)),
        limit=limit,
    )
