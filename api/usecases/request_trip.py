"""Ask for a trip 出车申请: the rule answers at once, and its refusal is kept with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.settings import settings_of
from api.db.queries.use_facts import Asked
from api.db.tables.complaints import Job
from api.db.tables.uses import Trip, TripCrew, TripJob, TripPassenger, VehicleUse
from api.usecases.ask_rule import permitted
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.use_step import Step, Taken, begin_use
from domain.errors import InvalidInput
from domain.trip.life import UseKind, UseVerb
from domain.use_rule.facts import Seat, Stage

LONGEST = timedelta(hours=24)
"""A trip within a district ends on the day it begins, or in the night after it."""
AHEAD = timedelta(days=60)


class BadWindow(InvalidInput):
    """A trip's window ends after it begins, lasts at most a day, is not over yet, and begins within 60 days."""

    code = "bad-window"
    zh = "出车时间窗口须先始后终、不超过一天、尚未结束，并在 60 天之内开始。"


class BadCrew(InvalidInput):
    """A crew names each person once, with at most one driver."""

    code = "bad-crew"
    zh = "随车人员不得重复，驾驶员至多一名。"


@dataclass(frozen=True, slots=True)
class Aboard:
    """Someone aboard who is not of the crew: a consumer, an expert."""

    name: str
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrip:
    """A trip as asked for. `for_mediation` False says plainly that it is for something else; the rule refuses it."""

    vehicle_id: UUID
    job_ids: tuple[UUID, ...]
    planned_from: datetime
    planned_until: datetime
    crew: tuple[tuple[UUID, Seat], ...]
    passengers: tuple[Aboard, ...] = ()
    for_mediation: bool = True
    purpose_note: str = ""


async def request_trip(database: Database, actor: Actor, new: NewTrip, once: Once | None = None) -> UUID:
    """Ask for a trip and return its id.

    Raises:
        BadWindow, BadCrew: it cannot be a trip.
        NotFound: the vehicle, a job or a person is not one of this bureau.
        RecordedRefusal: the rule refused, with every reason.
    """
    check_crew(new.crew)

    async def work(uow: UnitOfWork) -> UUID:
        check_window(new.planned_from, new.planned_until, uow.now)
        await known_vehicle(uow, new.vehicle_id)
        grace_s = (await settings_of(uow))["departure_grace_s"]
        asked = request_of(uow.actor, new, uow.now, grace_s)
        yes = await permitted(uow, asked, as_put(new))
        use = VehicleUse(
            bureau_id=uow.bureau_id,
            use_id=new_id(),
            vehicle_id=new.vehicle_id,
            kind=UseKind.TRIP.value,
            state="",
            planned_from=new.planned_from,
            planned_until=new.planned_until,
            grace_s=grace_s,
            decision_id=new_id(),
            created_at=uow.now,
        )
        taken = await begin_use(
            uow,
            use,
            Step(
                verb=UseVerb.REQUEST,
                stated_at=uow.now,
                permit=True,
                complaint_ids=yes.permit.complaint_ids,
                marks=yes.permit.marks,
                facts={"rule": yes.facts},
                said={"purpose_note": new.purpose_note},
                person={"passengers": [one.name for one in new.passengers]},
            ),
        )
        await uow.insert(
            Trip(
                bureau_id=uow.bureau_id,
                use_id=use.use_id,
                requester_id=uow.actor.who,
                requester_unit_id=asked.requester_unit_id,
                purpose="mediation",
                purpose_note=new.purpose_note,
                crew_rev=1,
                approver_id=None,
                spoken_entered_by=None,
            )
        )
        await insert_crew(uow, use.use_id, 1, crew=new.crew, passengers=new.passengers, taken=taken)
        await insert_jobs(uow, use.use_id, new.job_ids, taken, under_way=False)
        return use.use_id

    return await database.write(actor, work, once=once, answer=UUID)


def check_window(planned_from: datetime, planned_until: datetime, now: datetime) -> None:
    """Refuse what cannot be a window of a trip still to be driven. Raises `BadWindow`."""
    aware = planned_from.tzinfo is not None and planned_until.tzinfo is not None
    if (
        not aware
        or planned_until <= planned_from
        or planned_until - planned_from > LONGEST
        or planned_until <= now
        or planned_from > now + AHEAD
    ):
        raise BadWindow(planned_from=planned_from.isoformat(), planned_until=planned_until.isoformat())


def check_crew(crew: tuple[tuple[UUID, Seat], ...]) -> None:
    """Refuse a crew that cannot be seated. Raises `BadCrew`."""
    people = [person_id for person_id, _ in crew]
    if len(set(people)) < len(people) or sum(seat is Seat.DRIVER for _, seat in crew) > 1:
        raise BadCrew


async def insert_crew(
    uow: UnitOfWork,
    use_id: UUID,
    rev: int,
    *,
    crew: tuple[tuple[UUID, Seat], ...],
    passengers: tuple[Aboard, ...],
    taken: Taken,
) -> None:
    """Write one revision of who is aboard."""
    for person_id, seat in crew:
        await uow.insert(
            TripCrew(
                bureau_id=uow.bureau_id,
                use_id=use_id,
                rev=rev,
                person_id=person_id,
                seat=seat.value,
                decision_id=taken.decision_id,
            )
        )
    for number, passenger in enumerate(passengers, start=1):
        await uow.insert(
            TripPassenger(
                bureau_id=uow.bureau_id,
                use_id=use_id,
                rev=rev,
                passenger_no=number,
                name=passenger.name,
                standing=passenger.standing,
                decision_id=taken.decision_id,
            )
        )


async def insert_jobs(
    uow: UnitOfWork, use_id: UUID, job_ids: tuple[UUID, ...], taken: Taken, *, under_way: bool
) -> None:
    """Let the trip carry jobs that the rule has seen."""
    for job_id in sorted(set(job_ids)):
        job = await uow.get(Job, job_id)
        if job is None:
            raise AssertionError("the rule has seen every job")
        await uow.insert(
            TripJob(
                bureau_id=uow.bureau_id,
                use_id=use_id,
                job_id=job_id,
                complaint_id=job.complaint_id,
                job_kind=job.kind,
                on_site=job.on_site,
                under_way=under_way,
                decision_id=taken.decision_id,
                dropped_by=None,
            )
        )


def request_of(actor: Actor, new: NewTrip, at: datetime, grace_s: int) -> Asked:
    """Return what the rule is asked about a request that is put at that instant."""
    unit_id = actor.unit_id
    if unit_id is None:
        raise AssertionError("a person belongs to a unit")
    return Asked(
        stage=Stage.REQUEST,
        at=at,
        vehicle_id=new.vehicle_id,
        planned_from=new.planned_from,
        planned_until=new.planned_until,
        grace_s=grace_s,
        for_mediation=new.for_mediation,
        requester_id=actor.who,
        requester_unit_id=unit_id,
        job_ids=new.job_ids,
        crew=new.crew,
    )


def as_put(new: NewTrip) -> dict[str, Any]:
    """Return the request as it was put, without the names of those aboard."""
    return {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id) for job_id in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat.value} for person_id, seat in new.crew],
        "passengers": [one.standing for one in new.passengers],
        "for_mediation": new.for_mediation,
    }
