"""`/v1/vehicles/{id}/slots`: when a vehicle is free for a job, so that assigning takes one look."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.db.database import Actor, Database
from api.db.queries.slots import slots_of
from api.http.access import READERS, Allow
from domain.trip.slots import Slot


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """A free outing with the visit in it; a trip request takes `start_at` and `end_at` as its window.

    `keeps_nominal` and `keeps_rolled`: the visit ends on or before the nominal and the rolled last day.
    """

    start_at: datetime
    end_at: datetime
    arrive_at: datetime
    leave_at: datetime
    in_job_window: bool
    keeps_nominal: bool
    keeps_rolled: bool


class SlotsView(msgspec.Struct, frozen=True, kw_only=True):
    """Slots within the job's window first, each kind the earliest first."""

    vehicle_id: UUID
    job_id: UUID
    slots: list[SlotView]


@get(
    "/v1/vehicles/{vehicle_id:uuid}/slots",
    guards=[Allow(READERS)],
    summary="Find when a vehicle is free for a job",
    name="vehicle.slots",
    tags=["vehicles"],
)
async def find_slots(
    *,
    vehicle_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    job: Annotated[UUID, QueryParameter(description="the job that is to be visited")],
    limit: Annotated[int, QueryParameter(ge=1, le=20)] = 5,
) -> SlotsView:
    """Return the earliest outings in duty hours that are clear of the vehicle's other uses."""
    async with database.read(actor.bureau_id) as reader:
        slots = await slots_of(reader, vehicle_id, job, limit)
    return SlotsView(vehicle_id=vehicle_id, job_id=job, slots=[_view(slot) for slot in slots])


def _view(slot: Slot) -> SlotView:
    return SlotView(
        start_at=slot.outing.start_at,
        end_at=slot.outing.end_at,
        arrive_at=slot.visit.start_at,
        leave_at=slot.visit.end_at,
        in_job_window=slot.in_job_window,
        keeps_nominal=slot.keeps_nominal,
        keeps_rolled=slot.keeps_rolled,
    )
