"""Trips for tests, made by the use cases themselves: a complaint's job, and a trip in each state of its life."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.usecases.approve_trip import approve_trip
from api.usecases.depart_trip import Checked, Departure, depart_trip
from api.usecases.field_act import Dashboard
from api.usecases.request_trip import NewTrip, request_trip
from api.usecases.return_trip import Return, close_trip, return_trip
from domain.use_rule.facts import Seat
from tests.complaints import accepted_complaint, job_of
from tests.world import World

IN_ORDER = Checked(tyres=True, lights=True, fuel=True, papers=True)


START_M = 52_000_000
"""What the odometer of a test's vehicle shows before its first trip."""
_shown: dict[UUID, int] = {}


def dashboard(world: World, driven_m: int = 0) -> Dashboard:
    """Return what the odometer of the world's vehicle shows after that many metres more."""
    _shown[world.vehicle_id] = _shown.get(world.vehicle_id, START_M) + driven_m
    return Dashboard(odometer_m=_shown[world.vehicle_id])


async def a_complaint_job(world: World, **changes: Any) -> UUID:
    """Register and accept a complaint, and return its one job."""
    return await job_of(world, await accepted_complaint(world), **changes)


def crew_of(world: World, officer: str = "officer", driver: str = "driver") -> tuple[tuple[UUID, Seat], ...]:
    """Return an officer and a driver as a trip's crew."""
    return (world[officer].who, Seat.OFFICER), (world[driver].who, Seat.DRIVER)


async def new_trip(world: World, **changes: Any) -> NewTrip:
    """Return an ordinary request: from an hour ahead for two hours, for a job of its own unless others are named."""
    asked: dict[str, Any] = {
        "vehicle_id": world.vehicle_id,
        "planned_from": world.clock() + timedelta(hours=1),
        "planned_until": world.clock() + timedelta(hours=3),
        "crew": crew_of(world),
    }
    if "job_ids" not in changes:
        asked["job_ids"] = (await a_complaint_job(world),)
    return NewTrip(**(asked | changes))


async def requested_trip(world: World, who: str = "dispatcher", **changes: Any) -> UUID:
    """Ask for a trip, and return its id."""
    return await request_trip(world.database, world[who], await new_trip(world, **changes))


async def approved_trip(world: World, **changes: Any) -> UUID:
    """Ask for a trip and let the custodian approve it."""
    trip_id = await requested_trip(world, **changes)
    await approve_trip(world.database, world["custodian"], trip_id)
    return trip_id


async def departed_trip(world: World, **changes: Any) -> UUID:
    """Let an approved trip depart as its window opens; the clock moves there."""
    new = await new_trip(world, **changes)
    trip_id = await request_trip(world.database, world["dispatcher"], new)
    await approve_trip(world.database, world["custodian"], trip_id)
    world.clock.at = new.planned_from
    await depart_trip(world.database, world["driver"], trip_id, Departure(check=IN_ORDER, dashboard=dashboard(world)))
    return trip_id


async def returned_trip(world: World, **changes: Any) -> UUID:
    """Let a departed trip come back after an hour."""
    trip_id = await departed_trip(world, **changes)
    world.clock.advance(hours=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    return trip_id


async def closed_trip(world: World, **changes: Any) -> UUID:
    """Let the dispatcher close a trip that came back."""
    trip_id = await returned_trip(world, **changes)
    await close_trip(world.database, world["dispatcher"], trip_id)
    return trip_id
