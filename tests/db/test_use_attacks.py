"""The life of a use once more in the database: what someone tries who goes round the use cases."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.complaints import Job
from api.db.tables.uses import (
    Trip,
    TripCrew,
    TripJob,
    TripPassenger,
    VehicleUse,
)
from api.usecases.add_unit import add_unit
from api.usecases.change_account import move_person
from api.usecases.change_trip import NewWindow, reschedule_trip
from domain.settings import SETTINGS
from domain.trip.life import STEPS, UseState, UseVerb
from tests.db.attacks import ask, attack, carried, crew_member, decide, step
from tests.trips import (
    a_complaint_job,
    approved_trip,
    departed_trip,
    requested_trip,
    returned_trip,
)
from tests.world import World


async def _decision_of(uow: UnitOfWork, trip_id: UUID) -> UUID:
    use = await uow.get(VehicleUse, trip_id)
    assert use is not None
    return use.decision_id


async def test_the_database_knows_which_verb_leads_where(world: World) -> None:
    """P4: every verb by every pair of states, as the life of a use has it."""
    sql = text(
        "SELECT v, b, a FROM unnest(CAST(:verbs AS text[])) v, unnest(CAST(:states AS text[])) b,"
        " unnest(CAST(:states AS text[])) a WHERE step_leads(b, v, a)"
    )
    asked = {"verbs": [str(verb) for verb in UseVerb], "states": [str(state) for state in UseState]}
    async with world.database.read(world.bureau_id) as reader:
        held = {(row.b, row.v, row.a) for row in await reader.execute(sql, asked)}
    assert held == {(str(before), str(verb), str(after)) for (before, verb), after in STEPS.items()}


async def test_a_window_is_moved_by_a_decision_of_its_own_and_by_no_earlier_one(world: World) -> None:
    """P4: the approval of the morning is not used a second time."""
    trip_id = await approved_trip(world)
    async with world.database.read(world.bureau_id) as reader:
        use = await reader.get(VehicleUse, trip_id)
    assert use is not None
    world.clock.advance(minutes=1)
    later = {"planned_from": use.planned_from + timedelta(hours=1), "planned_until": use.planned_until}
    await reschedule_trip(world.database, world["dispatcher"], trip_id, NewWindow(**later, reason="当事人改期"))

    async def work(uow: UnitOfWork) -> None:
        back = {"planned_from": use.planned_from, "planned_until": use.planned_until}
        await uow.update(VehicleUse, trip_id, decision_id=use.decision_id, **back)

    await attack(world, work, held="no-decision")


async def test_no_decision_stands_beside_its_use_nor_before_it(world: World) -> None:
    """P4: a permit that moved nothing, and one that is dated back, are none."""
    trip_id = await approved_trip(world)
    world.clock.advance(minutes=1)

    async def beside(uow: UnitOfWork) -> None:
        await decide(uow, trip_id, "add-job", "approved")

    await attack(world, beside, held="no-decision")

    async def before(uow: UnitOfWork) -> None:
        early = uow.now - timedelta(days=1)
        await decide(uow, trip_id, "add-job", "approved", recorded_at=early)

    await attack(world, before, held="no-decision")


async def test_a_step_says_its_own_verb(world: World) -> None:
    """P4: an approval called a change of crew is none, nor is a permit that was not given."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)

    async def misnamed(uow: UnitOfWork) -> None:
        await step(uow, trip_id, "approve", "departed", actual_from=uow.now)

    await attack(world, misnamed, "driver", held="no-decision")

    async def moved(uow: UnitOfWork) -> None:
        use = await uow.get(VehicleUse, trip_id)
        assert use is not None
        later = use.planned_until + timedelta(hours=1)
        await step(uow, trip_id, "change-crew", "approved", planned_until=later)

    await attack(world, moved, held="no-decision")


async def test_nobody_changes_the_crew_of_a_trip_that_departed(world: World) -> None:
    """P4: the number of the crew that holds, its people and its passengers stand as at departure."""
    trip_id = await departed_trip(world)

    async def renumbered(uow: UnitOfWork) -> None:
        await uow.update(Trip, trip_id, crew_rev=2)

    await attack(world, renumbered, held="state-conflict")

    async def joined(uow: UnitOfWork) -> None:
        decision_id = await _decision_of(uow, trip_id)
        await uow.insert(_passenger(uow, trip_id, decision_id))

    await attack(world, joined, held="state-conflict")


def _passenger(uow: UnitOfWork, trip_id: UUID, decision_id: UUID) -> TripPassenger:
    return TripPassenger(
        bureau_id=uow.bureau_id,
        use_id=trip_id,
        rev=1,
        passenger_no=9,
        name="某",
        standing="other",
        decision_id=decision_id,
    )


async def test_a_crew_is_seated_by_a_decision_of_its_own_trip(world: World) -> None:
    """P4: neither by one of another trip, nor by one that is about something else, nor by none."""
    trip_id, other_id = await requested_trip(world), await requested_trip(world)
    people = (("second_officer", "driver"), ("officer", "officer"))

    async def by_another(uow: UnitOfWork) -> None:
        decision_id = await _decision_of(uow, other_id)
        await _seat(uow, world, trip_id, people, decision_id)

    await attack(world, by_another, held="no-decision")
    world.clock.advance(minutes=1)

    async def by_something_else(uow: UnitOfWork) -> None:
        decision_id = await step(uow, trip_id, "reschedule", "requested")
        await _seat(uow, world, trip_id, people, decision_id)

    await attack(world, by_something_else, held="no-decision")

    async def joined(uow: UnitOfWork) -> None:
        await uow.insert(_passenger(uow, trip_id, await _decision_of(uow, other_id)))

    await attack(world, joined, held="no-decision")


async def _seat(
    uow: UnitOfWork, world: World, trip_id: UUID, people: tuple[tuple[str, str], ...], decision_id: UUID
) -> None:
    for name, seat in people:
        await uow.insert(crew_member(uow, trip_id, world[name].who, rev=2, seat=seat, decision_id=decision_id))
    await uow.update(Trip, trip_id, crew_rev=2)


async def test_a_job_comes_aboard_and_goes_by_a_decision_of_its_own_trip(world: World) -> None:
    """P4: a decision of another trip takes no job on, and drops none."""
    job_id, other_job = await a_complaint_job(world), await a_complaint_job(world)
    trip_id = await requested_trip(world, job_ids=(job_id, other_job))
    other_id = await requested_trip(world)
    fresh = await a_complaint_job(world)

    async def taken_on(uow: UnitOfWork) -> None:
        job = await uow.get(Job, fresh)
        assert job is not None
        await uow.insert(carried(uow, trip_id, job, decision_id=await _decision_of(uow, other_id)))

    await attack(world, taken_on, held="no-decision")

    async def dropped(uow: UnitOfWork) -> None:
        await uow.update(TripJob, trip_id, other_job, dropped_by=await _decision_of(uow, other_id))

    await attack(world, dropped, held="no-decision")

    async def dropped_by_the_request(uow: UnitOfWork) -> None:
        await uow.update(TripJob, trip_id, other_job, dropped_by=await _decision_of(uow, trip_id))

    await attack(world, dropped_by_the_request, held="no-decision")


async def test_a_trip_is_asked_for_by_who_asks_of_the_unit_they_belong_to(world: World) -> None:
    """Borrowed: whoever is of another unit does not become the desk's by saying so, nor ask in another's name."""
    job_id = await a_complaint_job(world)
    station = await add_unit(world.database, world["admin"], "霞林所", "station")
    await move_person(world.database, world["admin"], world["dispatcher"].who, station, reason="调动")

    async def as_the_desk(uow: UnitOfWork) -> None:
        await ask(uow, world, job_id)

    await attack(world, as_the_desk, held="borrowed")

    async def for_another(uow: UnitOfWork) -> None:
        await ask(uow, world, job_id, requester_id=world["officer"].who)

    await attack(world, for_another, held="no-decision")


async def test_the_grace_of_a_use_is_the_one_that_is_set(world: World) -> None:
    """Window missed: nobody gives himself two hours."""
    job_id = await a_complaint_job(world)

    async def work(uow: UnitOfWork) -> None:
        await ask(uow, world, job_id, grace_s=7_200)

    await attack(world, work, held="grace-not-set")


async def test_what_the_database_takes_for_a_setting_never_set_is_its_default(project: Path) -> None:
    """A bureau that set nothing is under the same values by the rule and by the database."""
    found = [
        (name, int(value))
        for path in (project / "migrations" / "promises").glob("*.sql")
        for name, value in re.findall(r"bureau_setting\(\w+, '(\w+)', (\d+)\)", path.read_text("utf-8"))
    ]
    assert {name for name, _ in found} == {"site_tolerance_m", "departure_grace_s"}
    assert [(name, SETTINGS[name].default) for name, _ in found] == found


async def test_a_use_has_the_row_that_says_what_for(world: World) -> None:
    """P1: neither an upkeep order without its order nor a trip without its request takes the vehicle."""
    job_id = await a_complaint_job(world)
    for kind, code in (("upkeep", "no-order"), ("trip", "no-complaint")):

        async def work(uow: UnitOfWork, kind: str = kind) -> None:
            await ask(uow, world, job_id, kind=kind, bare=True)

        await attack(world, work, held=code)


async def test_a_trip_closed_against_the_rule_leaves_its_refusal(world: World) -> None:
    """P3: the outcome of a decision is not a refusal without one."""
    trip_id = await returned_trip(world)
    world.clock.advance(minutes=1)

    async def work(uow: UnitOfWork) -> None:
        decision_id = new_id()
        await uow.update(VehicleUse, trip_id, state="closed", decision_id=decision_id)
        await decide(uow, trip_id, "close", "closed", decision_id=decision_id, outcome="refusal")

    await attack(world, work, held="no-refusal")


async def test_a_departure_is_at_the_instant_its_decision_states(world: World) -> None:
    """P1: the instant by which a complaint is judged is the one that was stated."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)

    async def work(uow: UnitOfWork) -> None:
        await step(uow, trip_id, "depart", "departed", actual_from=uow.now - timedelta(minutes=5))

    await attack(world, work, "driver", held="no-decision")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_the_rule_is_judged_on_what_is_committed(world: World, level: str) -> None:
    """P1: a transaction that looks at the complaints of a moment ago moves no use."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(text(f"SET TRANSACTION ISOLATION LEVEL {level}"))
        await step(uow, trip_id, "depart", "departed", actual_from=uow.now)

    await attack(world, work, "driver", held="state-conflict")


async def test_crew_rows_name_people_of_the_crew_that_holds(world: World) -> None:
    """Someone seated on a crew that is not the trip's is not aboard; the row is refused."""
    trip_id = await requested_trip(world)

    async def work(uow: UnitOfWork) -> None:
        decision_id = await _decision_of(uow, trip_id)
        await uow.insert(
            TripCrew(
                bureau_id=uow.bureau_id,
                use_id=trip_id,
                rev=7,
                person_id=world["second_officer"].who,
                seat="officer",
                decision_id=decision_id,
            )
        )

    await attack(world, work, held="no-decision")
