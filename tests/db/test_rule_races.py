"""P1 under way at once: what the rule reads is held until its transaction ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from api.db.database import RecordedRefusal, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.trips import standing_of
from api.db.tables.complaints import Job, JobAct
from api.db.tables.uses import VehicleUse
from api.usecases.add_job import open_job
from api.usecases.approve_trip import approve
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.use_step import lock_use
from domain.trip.life import UseKind
from tests.db.attacks import crew_member, held_as
from tests.trips import IN_ORDER, a_complaint_job, approved_trip, dashboard, requested_trip
from tests.world import World

Work = Callable[[UnitOfWork], Awaitable[None]]


class Waiting:
    """Work that is done and waits, uncommitted, until it is let go."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, uow: UnitOfWork) -> None:
        """Do the work, say so, and wait."""
        await self.work(uow)
        self.done.set()
        await self.go.wait()


async def _waits(task: asyncio.Task[object]) -> None:
    """See that the task is held up by what the other transaction holds."""
    _, waiting = await asyncio.wait({task}, timeout=0.7)
    assert waiting == {task}


async def test_no_vehicle_departs_for_a_job_that_is_being_cancelled(world: World) -> None:
    """The departure waits for who cancels the job, and is refused when the job is gone."""
    job_id = await a_complaint_job(world)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    world.clock.advance(hours=1)

    async def cancel(uow: UnitOfWork) -> None:
        job = await open_job(uow, job_id)
        act_id, entry_id = new_id(), await uow.enter("job-cancel", facts={"job_id": job_id})
        await uow.insert(
            JobAct(
                bureau_id=uow.bureau_id,
                act_id=act_id,
                job_id=job_id,
                verb="cancel",
                reason="电话中已解决",
                old_from=job.window_from,
                old_until=job.window_until,
                window_from=job.window_from,
                window_until=job.window_until,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        await uow.update(Job, job_id, state="cancelled", decision_id=act_id)

    cancelling = Waiting(cancel)
    cancels = asyncio.create_task(world.database.write(world["dispatcher"], cancelling))
    await cancelling.done.wait()
    departure = Departure(check=IN_ORDER, dashboard=dashboard(world))
    departs = asyncio.create_task(depart_trip(world.database, world["driver"], trip_id, departure))
    await _waits(departs)
    cancelling.go.set()
    await cancels
    with pytest.raises(RecordedRefusal) as refused:
        await departs
    assert [reason["code"] for reason in refused.value.detail["reasons"]] == ["job-not-on-site"]
    async with world.database.read(world.bureau_id) as reader:
        use = await reader.get(VehicleUse, trip_id)
    assert use is not None
    assert use.state == "approved"


async def test_nobody_is_seated_beside_an_approval_that_did_not_see_them(world: World) -> None:
    """Who comes aboard while the custodian approves is seen by the approval, or not seated."""
    trip_id = await requested_trip(world)
    world.clock.advance(minutes=1)

    async def approval(uow: UnitOfWork) -> None:
        standing = await standing_of(uow, await lock_use(uow, trip_id, UseKind.TRIP))
        await approve(uow, standing, approver_id=uow.actor.who)

    async def seat(uow: UnitOfWork) -> None:
        row = await uow.execute(
            text("SELECT decision_id FROM trip_crew WHERE bureau_id = :b AND use_id = :u LIMIT 1"),
            {"b": uow.bureau_id, "u": trip_id},
        )
        await uow.insert(crew_member(uow, trip_id, world["desk_chief"].who, decision_id=row.scalar_one()))

    approving = Waiting(approval)
    approves = asyncio.create_task(world.database.write(world["custodian"], approving))
    await approving.done.wait()
    seats = asyncio.create_task(world.database.write(world["dispatcher"], seat))
    await _waits(seats)
    approving.go.set()
    await approves
    with held_as("no-decision"):
        await seats
