"""Change a trip: another window, another crew, one job more or less. The rule is asked again, as at approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.calendar import zone_of
from api.db.queries.trips import Standing, standing_of
from api.db.queries.use_facts import Asked
from api.db.tables.uses import Trip, TripJob
from api.usecases.ask_rule import Permitted, permitted
from api.usecases.request_trip import Aboard, check_crew, check_window, insert_crew, insert_jobs
from api.usecases.use_step import Step, Taken, lock_use, take_step
from domain.errors import Forbidden, NotFound, StateConflict
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.use_rule.facts import Seat, Stage
from domain.values import Role


class NotYours(Forbidden):
    """Only who asked for the trip, its crew, and the unit's dispatcher, desk chief or custodian change it."""

    code = "not-yours"
    zh = "只有申请人、随车人员和本单位的调度员、台长、用车单位领导可以变更该次出车。"


class JobAlreadyCarried(StateConflict):
    """The trip carries this job already."""

    code = "job-already-carried"
    zh = "该次出车已包含此任务。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWindow:
    """Another window for a trip or upkeep order that has not departed, and why."""

    planned_from: datetime
    planned_until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCrew:
    """Who goes along instead, and why."""

    crew: tuple[tuple[UUID, Seat], ...]
    passengers: tuple[Aboard, ...] = ()
    reason: str


async def reschedule_trip(database: Database, actor: Actor, trip_id: UUID, new: NewWindow) -> None:
    """Move a trip that has not departed to another window, in one act; an approval stands.

    Within the day it was approved for, whoever may change the trip moves it. To another day an approved trip is moved
    only by someone who could approve it.

    Raises:
        NotFound, NotYours, NotNow, BadWindow: it cannot be moved so.
        RecordedRefusal: the rule refused, with every reason.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await changeable(uow, trip_id, UseVerb.RESCHEDULE)
        use = standing.use
        check_window(new.planned_from, new.planned_until, uow.now)
        window = {"planned_from": new.planned_from, "planned_until": new.planned_until}
        asked: dict[str, Any] = dict(window)
        if use.state == UseState.APPROVED and not await _same_day(uow, use.planned_from, new.planned_from):
            asked |= {"approver_id": uow.actor.who, "approved_at": uow.now}
        yes = await permitted(uow, standing.asked(stage_of(standing), uow.now, **asked), window)
        await amend(
            uow,
            standing,
            UseVerb.RESCHEDULE,
            yes,
            facts={"planned_from": new.planned_from, "planned_until": new.planned_until}
            | {"old_from": use.planned_from, "old_until": use.planned_until},
            said={"reason": new.reason},
            columns=window,
        )

    await database.write(actor, work)


async def change_crew(database: Database, actor: Actor, trip_id: UUID, new: NewCrew) -> None:
    """Let others drive or go along, before departure; the crew is checked again.

    Raises:
        NotFound, NotYours, NotNow, BadCrew: it cannot be changed so.
        RecordedRefusal: the rule refused, with every reason.
    """
    check_crew(new.crew)

    async def work(uow: UnitOfWork) -> None:
        standing = await changeable(uow, trip_id, UseVerb.CHANGE_CREW)
        put = {"crew": [{"person_id": person_id, "seat": seat} for person_id, seat in new.crew]}
        yes = await permitted(uow, standing.asked(Stage.CREW, uow.now, crew=new.crew), put)
        taken = await amend(
            uow,
            standing,
            UseVerb.CHANGE_CREW,
            yes,
            facts=put | {"passengers": [one.standing for one in new.passengers]},
            said={"reason": new.reason},
            person={"passengers": [one.name for one in new.passengers]},
        )
        rev = standing.trip.crew_rev + 1
        await insert_crew(uow, trip_id, rev, crew=new.crew, passengers=new.passengers, taken=taken)
        await uow.update(Trip, trip_id, crew_rev=rev)

    await database.write(actor, work)


async def add_jobs(
    database: Database, actor: Actor, trip_id: UUID, job_ids: tuple[UUID, ...], once: Once | None = None
) -> None:
    """Let a trip carry more jobs, before departure or under way: an amendment of its permit, by the same rule.

    Raises:
        NotFound, NotYours, NotNow, JobAlreadyCarried: they cannot be added.
        RecordedRefusal: the rule refused, with every reason.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await changeable(uow, trip_id, UseVerb.ADD_JOB)
        carried = set(standing.job_ids)
        if carried & set(job_ids):
            raise JobAlreadyCarried(job_ids=sorted(str(job_id) for job_id in carried & set(job_ids)))
        yes = await permitted(uow, asked_of_more(uow, standing, job_ids), {"job_ids": [str(one) for one in job_ids]})
        await carry_jobs(uow, standing, job_ids, yes)

    await database.write(actor, work, once=once)


def asked_of_more(uow: UnitOfWork, standing: Standing, job_ids: tuple[UUID, ...]) -> Asked:
    """Return what the rule is asked when a trip is to carry more jobs."""
    if standing.use.state == UseState.DEPARTED:
        return standing.asked(Stage.UNDER_WAY, uow.now, job_ids=job_ids)
    return standing.asked(stage_of(standing), uow.now, job_ids=(*standing.job_ids, *job_ids))


async def carry_jobs(uow: UnitOfWork, standing: Standing, job_ids: tuple[UUID, ...], yes: Permitted) -> Taken:
    """Let a trip carry more jobs, which the rule permitted."""
    trip_id = standing.use.use_id
    under_way = standing.use.state == UseState.DEPARTED
    taken = await amend(uow, standing, UseVerb.ADD_JOB, yes, facts={"job_ids": job_ids})
    dropped = {job.job_id for job in standing.jobs}
    for job_id in dropped & set(job_ids):
        await uow.update(TripJob, trip_id, job_id, dropped_by=None)
    fresh = tuple(job_id for job_id in job_ids if job_id not in dropped)
    await insert_jobs(uow, trip_id, fresh, taken, under_way=under_way)
    return taken


async def drop_job(database: Database, actor: Actor, trip_id: UUID, job_id: UUID, reason: str) -> None:
    """Take a job off a trip before departure; the last one cannot go, since no complaint would be left.

    Raises:
        NotFound, NotYours, NotNow: it cannot be dropped.
        RecordedRefusal: the rule refused, with every reason.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await changeable(uow, trip_id, UseVerb.DROP_JOB)
        if job_id not in standing.job_ids:
            raise NotFound("The trip carries no such job.", job_id=str(job_id))
        rest = tuple(one for one in standing.job_ids if one != job_id)
        asked = standing.asked(stage_of(standing), uow.now, job_ids=rest)
        yes = await permitted(uow, asked, {"drop_job_id": str(job_id)})
        taken = await amend(uow, standing, UseVerb.DROP_JOB, yes, facts={"job_id": job_id}, said={"reason": reason})
        await uow.update(TripJob, trip_id, job_id, dropped_by=taken.decision_id)

    await database.write(actor, work)


async def changeable(uow: UnitOfWork, trip_id: UUID, verb: UseVerb) -> Standing:
    """Return the trip, locked, if this actor may change it so now. Raises `NotFound`, `NotYours` or `NotNow`."""
    standing = await own_trip(uow, trip_id)
    after(UseState(standing.use.state), verb)
    return standing


async def own_trip(uow: UnitOfWork, trip_id: UUID) -> Standing:
    """Return the trip, locked, if it is this actor's to change. Raises `NotFound` or `NotYours`."""
    standing = await standing_of(uow, await lock_use(uow, trip_id, UseKind.TRIP))
    person_id = uow.actor.who
    desk = of_the_desk(uow, standing, Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)
    if not desk and standing.trip.requester_id != person_id and not standing.aboard(person_id):
        raise NotYours
    return standing


def of_the_desk(uow: UnitOfWork, standing: Standing, *roles: Role) -> bool:
    """Tell whether the actor holds one of the roles in the unit whose trip it is."""
    return bool(uow.actor.roles & set(roles)) and uow.actor.unit_id == standing.trip.requester_unit_id


def stage_of(standing: Standing) -> Stage:
    """Return as what a trip that has not departed is judged when it changes."""
    return Stage.REQUEST if standing.use.state == UseState.REQUESTED else Stage.APPROVAL


async def amend(uow: UnitOfWork, standing: Standing, verb: UseVerb, yes: Permitted, **more: Any) -> Taken:
    """Record a change that the rule permitted; `more` are fields of the step."""
    facts = {"rule": yes.facts} | dict(more.pop("facts", {}))
    return await take_step(
        uow,
        standing.use,
        Step(
            verb=verb,
            stated_at=uow.now,
            permit=True,
            complaint_ids=yes.permit.complaint_ids,
            marks=yes.permit.marks,
            facts=facts,
            **more,
        ),
    )


async def _same_day(uow: UnitOfWork, one: datetime, other: datetime) -> bool:
    zone = await zone_of(uow)
    return one.astimezone(zone).date() == other.astimezone(zone).date()
