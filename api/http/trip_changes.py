"""`/v1/trips/{id}/…`: what changes a trip after it was asked for, and what its crew reports on the way."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.http.access import Allow
from api.http.trip_wire import (
    MAY_CONFLICT,
    BreakDownReport,
    CrewChanged,
    FieldAnswer,
    JobsAdded,
    Reasoned,
    Remarked,
    Rescheduled,
    SpokenApproval,
    StopReport,
    TripView,
)
from api.http.trips import CHANGES, FIELD, field_answer, shown
from api.usecases.change_trip import NewCrew, add_jobs, change_crew, drop_job, reschedule_trip
from api.usecases.request_trip import Aboard
from api.usecases.spoken_approval import approve_by_word, confirm_approval
from api.usecases.stop_trip import break_down, stop_at_job
from domain.use_rule.facts import Seat
from domain.values import Role

CONFIRMS = Allow(Role.CUSTODIAN, Role.DESK_CHIEF, Role.DISPATCHER, Role.OFFICER)
"""Who may have approved by word: the custodian, or who holds a delegation. The act itself asks whether it was they."""


class TripChangeController(Controller):
    """Amendments of a trip 出车, and reports from its crew."""

    path = "/v1/trips/{trip_id:uuid}"
    tags = ("trips",)

    @post("/reschedule", status_code=200, guards=[CHANGES], summary="Reschedule", name="trips.reschedule")
    async def reschedule(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Rescheduled],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Move a trip that has not departed; to another day an approved one moves only by who could approve it."""
        await reschedule_trip(database, actor, trip_id, data.window())
        return await shown(database, actor, trip_id)

    @post("/crew", status_code=200, guards=[CHANGES], summary="Change the crew", name="trips.change_crew")
    async def crew(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[CrewChanged],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Let others drive or go along, before departure; the crew is checked again."""
        new = NewCrew(
            crew=tuple((member.person_id, Seat(member.seat)) for member in data.crew),
            passengers=tuple(Aboard(one.name, one.standing) for one in data.passengers),
            reason=data.reason,
        )
        await change_crew(database, actor, trip_id, new)
        return await shown(database, actor, trip_id)

    @post("/jobs", status_code=200, guards=[CHANGES], summary="Add jobs", name="trips.add_jobs")
    async def add(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[JobsAdded],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> TripView:
        """Add jobs before departure or under way, by the same rule: an amendment of the permit."""
        await add_jobs(database, actor, trip_id, tuple(dict.fromkeys(data.job_ids)), once)
        return await shown(database, actor, trip_id)

    @post("/jobs/{job_id:uuid}/drop", status_code=200, guards=[CHANGES], summary="Drop a job", name="trips.drop_job")
    async def drop(
        self,
        trip_id: FromPath[UUID],
        job_id: FromPath[UUID],
        *,
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Take a job off a trip before departure; the last one cannot go."""
        await drop_job(database, actor, trip_id, job_id, data.reason)
        return await shown(database, actor, trip_id)

    @post(
        "/spoken-approval",
        status_code=200,
        guards=[Allow(Role.OFFICER, Role.DISPATCHER, Role.DESK_CHIEF)],
        summary="Enter a spoken approval",
        name="trips.approve_by_word",
    )
    async def by_word(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[SpokenApproval],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Enter, as the officer on duty, that a trip was approved by word of mouth 口头批准 at that minute."""
        await approve_by_word(database, actor, trip_id, data.approver_id, data.spoken_at)
        return await shown(database, actor, trip_id)

    @post("/confirm", status_code=200, guards=[CONFIRMS], summary="Confirm a spoken approval", name="trips.confirm")
    async def confirm(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Remarked],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Confirm a spoken approval that one gave; after its term there is a finding as well."""
        await confirm_approval(database, actor, trip_id, data.remark)
        return await shown(database, actor, trip_id)

    @post("/stops", status_code=200, guards=[FIELD], summary="Arrive or leave", name="trips.stop", opt=MAY_CONFLICT)
    async def stop(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[StopReport],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[FieldAnswer]:
        """Record that the officers arrived at a job's site or left it: 200 recorded, 202 kept as a conflict."""
        kept = await stop_at_job(database, actor, trip_id, data.stop(), once)
        return await field_answer(database, actor, trip_id, kept)

    @post(
        "/break-down",
        status_code=200,
        guards=[FIELD],
        summary="Breakdown or accident",
        name="trips.break_down",
        opt=MAY_CONFLICT,
    )
    async def breakdown(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[BreakDownReport],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[FieldAnswer]:
        """End a trip where the car stopped, with a reading and a report: 200 recorded, 202 kept as a conflict."""
        kept = await break_down(database, actor, trip_id, data.break_down(), once)
        return await field_answer(database, actor, trip_id, kept)
