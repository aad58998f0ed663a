"""The rule and the database agree: the same facts, asked of the use case and forced by SQL as the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.db.database import Actor, RecordedRefusal, UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.complaints import Job
from api.db.tables.uses import Trip, TripJob, VehicleUse
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.add_job import cancel_job
from api.usecases.add_unit import add_unit
from api.usecases.approve_trip import approve_trip
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.decide_site import NewSiteDecision, decide_site
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.enter_due import NewDue, enter_due
from api.usecases.enter_vehicle import NewDedication, NewPaper, dedicate_vehicle, enter_paper
from api.usecases.field_act import Dashboard
from api.usecases.qualify_person import NewExamination, NewLicence, enter_examination, enter_licence
from api.usecases.raise_finding import raise_finding
from api.usecases.record_reading import NewReading, record_reading
from domain.complaint.acts import Withdraw
from domain.complaint.job import MEDIATION_KINDS, JobKind, is_mediation
from domain.complaint.packs import packs
from domain.complaint.states import State, allows_visit
from domain.complaint.words import SuspensionKind
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import What
from domain.trip.life import MOVES, UseState
from domain.upkeep.dues import DueKind, months_after
from domain.use_rule.facts import Seat
from domain.values import Datum
from tests.db.attacks import step
from tests.everyday import findings_of
from tests.ledger import forged
from tests.trips import IN_ORDER, START_M, a_complaint_job, approved_trip, dashboard, requested_trip
from tests.usecases.test_look_at_vehicle import add
from tests.world import INSIDE, World

Defect = Callable[[World, UUID], Awaitable[None]]


async def _job_of(world: World, trip_id: UUID) -> Job:
    async with world.database.read(world.bureau_id) as reader:
        row = (
            await reader.execute(
                text("SELECT job_id FROM trip_job WHERE bureau_id = :b AND use_id = :u"),
                {"b": world.bureau_id, "u": trip_id},
            )
        ).one()
        job = await reader.get(Job, row.job_id)
    assert job is not None
    return job


async def jobless(world: World, trip_id: UUID) -> None:
    """Take the job off the trip, by SQL."""
    forged(world)
    job = await _job_of(world, trip_id)

    async def work(uow: UnitOfWork) -> None:
        await uow.update(TripJob, trip_id, job.job_id, dropped_by=new_id())

    with pytest.raises(IntegrityError):
        await world.database.write(world["dispatcher"], work)

    async def with_its_decision(uow: UnitOfWork) -> None:
        decision_id = await step(uow, trip_id, "drop-job", "requested")
        await uow.update(TripJob, trip_id, job.job_id, dropped_by=decision_id)

    await world.database.write(world["dispatcher"], with_its_decision)


async def errand(world: World, trip_id: UUID) -> None:
    """Seat an errand on the trip beside its mediation, by SQL."""
    forged(world)
    job_id = await a_complaint_job(world, kind=JobKind.ERRAND)

    async def work(uow: UnitOfWork) -> None:
        job = await uow.get(Job, job_id)
        assert job is not None
        decision_id = await step(uow, trip_id, "add-job", "requested")
        await uow.insert(
            TripJob(
                bureau_id=uow.bureau_id,
                use_id=trip_id,
                job_id=job_id,
                complaint_id=job.complaint_id,
                job_kind=job.kind,
                on_site=job.on_site,
                under_way=False,
                decision_id=decision_id,
                dropped_by=None,
            )
        )

    await world.database.write(world["dispatcher"], work)


async def withdrawn(world: World, trip_id: UUID) -> None:
    """Let the complainant withdraw."""
    job = await _job_of(world, trip_id)
    await act_on_complaint(world.database, world["dispatcher"], job.complaint_id, Withdraw)


async def cancelled(world: World, trip_id: UUID) -> None:
    """Cancel the job."""
    job = await _job_of(world, trip_id)
    await cancel_job(world.database, world["dispatcher"], job.job_id, "电话中已解决")


async def outside(world: World, _: UUID) -> None:
    """Let the custodian decide that the site lies outside."""
    await decide_site(
        world.database,
        world["custodian"],
        NewSiteDecision(
            name="界外",
            lat=INSIDE.lat,
            lon=INSIDE.lon,
            datum=Datum.WGS84,
            radius_m=100,
            inside=False,
            reason="属邻区管辖",
        ),
    )


async def given_to_a_station(world: World, _: UUID) -> None:
    """Dedicate the vehicle to another unit."""
    station = await add_unit(world.database, world["admin"], "霞林所", "station")
    await _order(world, "dedicate", station)


async def released(world: World, _: UUID) -> None:
    """End the dedication."""
    await _order(world, "release", world.desk_id)


async def _order(world: World, kind: str, unit_id: UUID) -> None:
    order = NewDedication(
        vehicle_id=world.vehicle_id,
        unit_id=unit_id,
        kind=kind,
        effective_on=world.clock().date(),
        document_no="莆城市监〔2026〕9号",
        reason="另行安排",
    )
    await dedicate_vehicle(world.database, world["admin"], order)


async def failed_again(world: World, _: UUID) -> None:
    """Let the officer fail the examination."""
    today = world.clock().date()
    sitting = NewExamination(
        person_id=world["officer"].who,
        taken_on=today,
        passed=False,
        valid_until=today + timedelta(days=300),
        examiner="考核组",
    )
    await enter_examination(world.database, world["admin"], sitting)


async def licence_withdrawn(world: World, _: UUID) -> None:
    """Withdraw the driver's licence."""
    seen = NewLicence(
        person_id=world["driver"].who,
        number="350302199001010011",
        vehicle_class="C1",
        valid_from=date(2020, 1, 1),
        valid_until=date(2030, 1, 1),
        withdrawn=True,
    )
    await enter_licence(world.database, world["admin"], seen)


async def uninsured(world: World, _: UUID) -> None:
    """Enter an insurance that ended yesterday."""
    today = world.clock().date()
    paper = NewPaper(
        vehicle_id=world.vehicle_id,
        kind="insurance",
        document_no="insurance-2",
        valid_from=today - timedelta(days=365),
        valid_until=today - timedelta(days=1),
    )
    await enter_paper(world.database, world["admin"], paper)


async def unexplained(world: World, _: UUID) -> None:
    """Raise a finding whose term passed a moment ago."""
    began = world.clock()
    world.clock.at = began - timedelta(days=7, seconds=1)

    async def work(uow: UnitOfWork) -> None:
        await raise_finding(
            uow,
            FindingKind.DEPARTED_WITHOUT_PERMIT,
            vehicle_id=world.vehicle_id,
            use_id=None,
            subject_id=new_id(),
            evidence={},
        )

    await world.database.write(Actor(world.bureau_id), work)
    world.clock.at = began


async def cleared(world: World, *, and_there_after_all: bool) -> None:
    """Clear every finding of the bureau, and let it stand again."""
    for finding in await findings_of(world):
        said = [(What.CLEARED, Colour.GREEN), *([(What.LASTS, Colour.RED)] if and_there_after_all else [])]
        for no, words in enumerate(said, 1):
            await add(world, finding.finding_id, no, words, timedelta(seconds=no))


async def there_after_all(world: World, trip_id: UUID) -> None:
    """Raise a finding whose term passed, clear it, and let it stand again."""
    await unexplained(world, trip_id)
    await cleared(world, and_there_after_all=True)


async def service_overdue_by_a_day(world: World, _: UUID) -> None:
    """Enter a service that was due again yesterday."""
    today = world.clock().date()
    done = NewDue(
        vehicle_id=world.vehicle_id,
        kind=DueKind.SERVICE,
        done_on=months_after(today, -6) - timedelta(days=1),
        every_months=6,
        document_no="维修单 7",
    )
    await enter_due(world.database, world["desk_chief"], done)


async def service_overdue_by_a_metre(world: World, _: UUID) -> None:
    """Enter a service that was due again a metre before what the odometer shows."""
    read_at = world.clock() - timedelta(minutes=1)
    seen = NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M, read_at=read_at, occasion="spot")
    await record_reading(world.database, world["driver"], seen)
    done = NewDue(
        vehicle_id=world.vehicle_id,
        kind=DueKind.SERVICE,
        done_on=world.clock().date(),
        every_m=5_000_000,
        done_m=START_M - 5_000_001,
        document_no="维修单 7",
    )
    await enter_due(world.database, world["desk_chief"], done)


DEFECTS: dict[str, tuple[Defect, set[str]]] = {
    "withdrawn": (withdrawn, {"complaint-not-open"}),
    "cancelled": (cancelled, {"job-not-on-site"}),
    "outside": (outside, {"outside-jurisdiction"}),
    "given-away": (given_to_a_station, {"borrowed", "approver-not-custodian"}),
    "released": (released, {"vehicle-not-dedicated"}),
    "failed": (failed_again, {"officer-not-qualified"}),
    "unlicensed": (licence_withdrawn, {"driver-not-licensed"}),
    "uninsured": (uninsured, {"vehicle-unfit"}),
    "service overdue by a day": (service_overdue_by_a_day, {"vehicle-unfit"}),
    "service overdue by a metre": (service_overdue_by_a_metre, {"vehicle-unfit"}),
    "unexplained": (unexplained, {"findings-overdue"}),
    "there-after-all": (there_after_all, {"findings-overdue"}),
}
"""Defects that can come about before approval as well as between approval and departure."""

BEFORE_APPROVAL: dict[str, tuple[Defect, set[str]]] = DEFECTS | {
    "jobless": (jobless, {"no-complaint"}),
    "errand": (errand, {"not-a-mediation"}),
}


async def force(world: World, trip_id: UUID, to_state: str, approver: Actor | None = None) -> set[str]:
    """Write the step by SQL as the service, with a decision that claims a permit; return what the database says."""
    verb = "approve" if to_state == "approved" else "depart"

    async def work(uow: UnitOfWork) -> None:
        columns = {"actual_from": uow.now} if to_state == "departed" else {}
        await step(uow, trip_id, verb, to_state, **columns)
        if approver is not None:
            await uow.update(Trip, trip_id, approver_id=approver.who, approved_at=uow.now)

    with pytest.raises(HeldByDatabase) as held:
        await world.database.write(approver or world["custodian"], work)
    said = str(held.value.detail["detail"])
    assert said.startswith("zhuanche:"), said
    return set(said.removeprefix("zhuanche:").split(","))


async def asked(act: Awaitable[object]) -> set[str]:
    """Return the reasons for which the use case refuses."""
    with pytest.raises(RecordedRefusal) as refused:
        await act
    return {reason["code"] for reason in refused.value.detail["reasons"]}


@pytest.mark.parametrize("name", BEFORE_APPROVAL)
async def test_an_approval_is_refused_for_the_same_reasons_by_the_rule_and_by_the_database(
    world: World, name: str
) -> None:
    """Whoever holds the service's password gets no further than whoever asks politely."""
    defect, expected = BEFORE_APPROVAL[name]
    trip_id = await requested_trip(world)
    world.clock.advance(seconds=1)
    await defect(world, trip_id)
    assert await asked(approve_trip(world.database, world["custodian"], trip_id)) == expected
    assert await force(world, trip_id, "approved", world["custodian"]) == expected


@pytest.mark.parametrize("name", DEFECTS)
async def test_a_departure_is_refused_for_the_same_reasons_by_the_rule_and_by_the_database(
    world: World, name: str
) -> None:
    """An approval of the morning is no licence for the afternoon."""
    defect, expected = DEFECTS[name]
    # The approval stands as given by whoever could then: on the day of departure the unit may be another.
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    await defect(world, trip_id)
    departure = Departure(check=IN_ORDER, dashboard=dashboard(world))
    assert await asked(depart_trip(world.database, world["driver"], trip_id, departure)) == expected
    assert await force(world, trip_id, "departed") == expected


@pytest.mark.parametrize(
    ("who", "aboard", "expected"),
    [
        ("desk_chief", "officer", {"approver-not-custodian"}),
        ("second_officer", "second_officer", {"self-approval", "approver-not-custodian"}),
    ],
)
async def test_an_approver_without_the_right_or_aboard_is_refused_by_both(
    world: World, who: str, aboard: str, expected: set[str]
) -> None:
    """Neither heading the unit nor holding a delegation; going along oneself."""
    crew = ((world[aboard].who, Seat.OFFICER), (world["driver"].who, Seat.DRIVER))
    trip_id = await requested_trip(world, crew=crew)
    assert await asked(approve_trip(world.database, world[who], trip_id)) == expected
    assert await force(world, trip_id, "approved", world[who]) == expected


async def test_what_the_calendar_and_the_window_hold_is_held_by_constraints(world: World) -> None:
    """A second use of the vehicle, a departure out of time, the requester's own approval."""
    first, second = await requested_trip(world), await requested_trip(world)
    await approve_trip(world.database, world["custodian"], first)
    assert await asked(approve_trip(world.database, world["custodian"], second)) == {"vehicle-busy"}

    async def moved(uow: UnitOfWork) -> None:
        await uow.update(VehicleUse, second, state="approved", decision_id=new_id())

    with pytest.raises(HeldByDatabase) as held:
        await world.database.write(world["custodian"], moved)
    assert "ex_vehicle_use_planned" in held.value.detail["detail"]

    async def too_early(uow: UnitOfWork) -> None:
        use = await uow.get(VehicleUse, first)
        assert use is not None
        early = use.planned_from - timedelta(seconds=use.grace_s + 1)
        await uow.update(VehicleUse, first, state="departed", decision_id=new_id(), actual_from=early)

    with pytest.raises(IntegrityError, match="departed_in_window"):
        await world.database.write(world["custodian"], too_early)

    async def own(uow: UnitOfWork) -> None:
        await uow.update(Trip, second, approver_id=world["dispatcher"].who, approved_at=uow.now)

    with pytest.raises(IntegrityError, match="no_self_approval"):
        await world.database.write(world["dispatcher"], own)


async def test_an_unjudged_departure_is_not_hidden_by_coming_back_in_the_same_transaction(world: World) -> None:
    """Each departure is judged, wherever its transaction ends."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    await withdrawn(world, trip_id)

    async def out_and_back(uow: UnitOfWork) -> None:
        for verb, state, columns in (
            ("depart", "departed", {"actual_from": uow.now}),
            ("return", "returned", {"actual_until": uow.now}),
        ):
            await step(uow, trip_id, verb, state, **columns)

    with pytest.raises(HeldByDatabase) as held:
        await world.database.write(world["driver"], out_and_back)
    assert held.value.detail["detail"] == "zhuanche:complaint-not-open"


async def test_the_database_lets_a_use_move_as_its_life_says_and_no_other_way(world: World) -> None:
    """Every pair of states, tried on the trigger's own table."""
    sql = text("SELECT pg_get_functiondef('use_step_holds'::regproc)")
    async with world.database.read(world.bureau_id) as reader:
        written = str((await reader.execute(sql)).scalar_one())
    for before in UseState:
        for after in UseState:
            allowed = f"('{before}', '{after}')" in written
            assert allowed is ((before, after) in MOVES), (before, after)


async def test_the_database_knows_which_complaint_may_be_visited_for_what(world: World) -> None:
    """State by suspension by kind, in every regulation pack."""
    sql = text("SELECT visit_allowed(:state, CAST(:suspension AS text), :kind)")
    async with world.database.read(world.bureau_id) as reader:
        for pack in packs():
            for state in State:
                for suspension in (None, *SuspensionKind) if state is State.SUSPENDED else (None,):
                    for kind in MEDIATION_KINDS:
                        asked_for = {"state": state, "suspension": suspension, "kind": kind}
                        held = (await reader.execute(sql, asked_for)).scalar_one()
                        assert is_mediation(kind)
                        assert held is allows_visit(state, pack, suspension=suspension, kind=kind), asked_for


async def test_due_today_or_at_this_very_metre_the_vehicle_still_departs(world: World) -> None:
    """The last day and the last metre are still right, and the departure's own reading is not held against it."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    seen = NewReading(
        vehicle_id=world.vehicle_id,
        odometer_m=START_M,
        read_at=world.clock() - timedelta(minutes=1),
        occasion="spot",
    )
    await record_reading(world.database, world["driver"], seen)
    today = world.clock().date()
    done = {"vehicle_id": world.vehicle_id, "document_no": "维修单 7", "done_on": months_after(today, -6)}
    by_odometer = {"every_months": 6, "every_m": 5_000_000, "done_m": START_M - 5_000_000}
    await enter_due(world.database, world["desk_chief"], NewDue(kind=DueKind.SERVICE, **done, **by_odometer))
    await depart_trip(
        world.database,
        world["driver"],
        trip_id,
        Departure(check=IN_ORDER, dashboard=Dashboard(odometer_m=START_M + 900)),
    )


async def test_a_finding_that_was_cleared_stops_no_trip(world: World) -> None:
    """Neither the rule nor the database asks for an explanation of what was none."""
    trip_id = await requested_trip(world)
    world.clock.advance(seconds=1)
    await unexplained(world, trip_id)
    await cleared(world, and_there_after_all=False)
    await approve_trip(world.database, world["custodian"], trip_id)


async def test_a_bureau_may_set_that_overdue_findings_stop_no_trip(world: World) -> None:
    """Rule and database read the same setting; set back, they refuse again."""
    trip_id = await requested_trip(world)
    world.clock.advance(seconds=1)
    await unexplained(world, trip_id)
    stop = NewSetting(name="findings_overdue_stop", value=0, reason="x")
    await change_setting(world.database, world["desk_chief"], stop)
    await approve_trip(world.database, world["custodian"], trip_id)
    world.clock.advance(seconds=1)
    other = await requested_trip(
        world, planned_from=world.clock() + timedelta(hours=5), planned_until=world.clock() + timedelta(hours=6)
    )
    await change_setting(world.database, world["desk_chief"], replace(stop, value=1))
    assert await asked(approve_trip(world.database, world["custodian"], other)) == {"findings-overdue"}
    assert await force(world, other, "approved", world["custodian"]) == {"findings-overdue"}
