"""Approvals once more in the database: by whom, by word of mouth, with which number, and what is declined."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.trips import next_order_number
from api.db.tables.answers import Refusal
from api.db.tables.uses import (
    DispatchOrder,
    DispatchOrderCounter,
    Trip,
    VehicleUse,
)
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.qualify_person import NewShift, enter_shift
from api.usecases.spoken_approval import approve_by_word
from tests.db.attacks import ask, attack, decide, step
from tests.trips import (
    IN_ORDER,
    a_complaint_job,
    approved_trip,
    dashboard,
    requested_trip,
)
from tests.world import World


async def _approve(uow: UnitOfWork, trip_id: UUID, number: int | None = None, **changes: Any) -> None:
    """Approve as the use case does, row by row; `number` None takes the next one, and 0 none."""
    await step(uow, trip_id, "approve", "approved")
    await uow.update(Trip, trip_id, **({"approver_id": uow.actor.who, "approved_at": uow.now} | changes))
    if number != 0:
        entry_id = await uow.enter("attack", facts={})
        await uow.insert(
            DispatchOrder(
                bureau_id=uow.bureau_id,
                year=2026,
                number=number or await next_order_number(uow, 2026),
                use_id=trip_id,
                verification_code="attack",
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )


async def test_an_approval_is_that_of_who_decided(world: World) -> None:
    """Approver not custodian: the row names who approved and when, and it is the decision's actor and instant."""
    trip_id = await requested_trip(world)
    world.clock.advance(minutes=1)

    async def in_the_name_of(uow: UnitOfWork) -> None:
        await _approve(uow, trip_id, approver_id=world["custodian"].who)

    await attack(world, in_the_name_of, "officer", held="no-decision")

    async def dated_back(uow: UnitOfWork) -> None:
        await _approve(uow, trip_id, approved_at=uow.now - timedelta(seconds=30))

    await attack(world, dated_back, "custodian", held="no-decision")

    async def called_spoken(uow: UnitOfWork) -> None:
        await _approve(uow, trip_id, spoken_at=uow.now, spoken_entered_by=uow.actor.who)

    await attack(world, called_spoken, "custodian", held="no-decision")

    async def ahead(uow: UnitOfWork) -> None:
        await uow.update(Trip, trip_id, approver_id=world["custodian"].who, approved_at=uow.now)

    await attack(world, ahead, held="no-decision")


async def test_a_spoken_approval_is_entered_by_who_is_on_duty_soon_after(world: World) -> None:
    """Who is not on the roster, or enters it a day later, enters none by SQL either."""
    trip_id = await requested_trip(world)
    world.clock.advance(minutes=5)

    async def work(uow: UnitOfWork) -> None:
        spoken_at = uow.now - timedelta(minutes=1)
        decision_id = new_id()
        await uow.update(VehicleUse, trip_id, state="approved", decision_id=decision_id)
        told = {"source": "spoken", "stated_at": spoken_at}
        await decide(uow, trip_id, "approve", "approved", decision_id=decision_id, **told)
        approver = {"approver_id": world["custodian"].who, "approved_at": spoken_at}
        await uow.update(Trip, trip_id, **approver, spoken_at=spoken_at, spoken_entered_by=uow.actor.who)

    await attack(world, work, "officer", held="not-on-duty")


async def test_a_spoken_approval_is_confirmed_by_a_decision_of_who_gave_it(world: World) -> None:
    """Setting the instant alone confirms nothing, nor does anybody else."""
    trip_id = await requested_trip(world)
    shift = NewShift(
        person_id=world["officer"].who,
        start_at=world.clock() - timedelta(hours=1),
        end_at=world.clock() + timedelta(hours=8),
    )
    await enter_shift(world.database, world["desk_chief"], shift)
    await approve_by_word(
        world.database, world["officer"], trip_id, approver_id=world["custodian"].who, spoken_at=world.clock()
    )
    world.clock.advance(minutes=1)

    async def alone(uow: UnitOfWork) -> None:
        await uow.update(Trip, trip_id, confirmed_at=uow.now)

    await attack(world, alone, "custodian", held="no-decision")

    async def by_another(uow: UnitOfWork) -> None:
        await step(uow, trip_id, "confirm", "approved")
        await uow.update(Trip, trip_id, confirmed_at=uow.now)

    await attack(world, by_another, "officer", held="no-decision")


async def test_an_approved_trip_has_its_dispatch_order_and_numbers_have_no_gap(world: World) -> None:
    """A number left out, or none at all, is a sheet that nobody can ask for."""
    await approved_trip(world)
    trip_id = await requested_trip(
        world, planned_from=world.clock() + timedelta(hours=5), planned_until=world.clock() + timedelta(hours=6)
    )
    world.clock.advance(minutes=1)

    async def without(uow: UnitOfWork) -> None:
        await _approve(uow, trip_id, number=0)

    await attack(world, without, "custodian", held="no-dispatch-order")

    async def skipped(uow: UnitOfWork) -> None:
        await uow.update(DispatchOrderCounter, 2026, last=3)
        await _approve(uow, trip_id, number=3)

    await attack(world, skipped, "custodian", held="number-skipped")

    async def counted_on(uow: UnitOfWork) -> None:
        await uow.update(DispatchOrderCounter, 2026, last=7)

    await attack(world, counted_on, held="number-skipped")

    async def uncounted(uow: UnitOfWork) -> None:
        await _approve(uow, trip_id, number=2)

    await attack(world, uncounted, "custodian", held="number-skipped")


async def test_a_trip_is_declined_by_who_could_approve_it_and_leaves_its_refusal(world: World) -> None:
    """P3: no request goes away without a row that says why."""
    trip_id = await requested_trip(world)
    world.clock.advance(minutes=1)

    async def silently(uow: UnitOfWork) -> None:
        await step(uow, trip_id, "refuse", "refused")

    await attack(world, silently, "custodian", held="no-refusal")

    async def by_anyone(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("attack", facts={})
        await uow.insert(
            Refusal(
                bureau_id=uow.bureau_id,
                refusal_id=new_id(),
                stage="approval",
                use_id=trip_id,
                vehicle_id=world.vehicle_id,
                requester_id=uow.actor.who,
                reasons=["declined"],
                facts={},
                asked={},
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        await step(uow, trip_id, "refuse", "refused")

    await attack(world, by_anyone, "officer", held="approver-not-custodian")


async def test_a_trip_departs_by_sql_as_the_use_case_lets_it(world: World) -> None:
    """The attacks above are held for what is wrong with them: all in order, the same rows are taken."""
    job_id = await a_complaint_job(world)
    asked: list[UUID] = []

    async def request(uow: UnitOfWork) -> None:
        asked.append(await ask(uow, world, job_id))

    await world.database.write(world["dispatcher"], request)
    (trip_id,) = asked
    world.clock.advance(minutes=1)
    await world.database.write(world["custodian"], lambda uow: _approve(uow, trip_id))
    world.clock.advance(hours=1)
    departure = Departure(check=IN_ORDER, dashboard=dashboard(world))
    assert (await depart_trip(world.database, world["driver"], trip_id, departure)).conflict_id is None
