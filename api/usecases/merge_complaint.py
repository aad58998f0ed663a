"""Merge a complaint into another one (并案): both stay visible, and the visits still wanted go on under the other."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.complaints import complaint_row, facts_of_row
from api.db.tables.complaints import Complaint, Job
from api.usecases.act_on_complaint import apply_act
from api.usecases.add_job import NewJob, Site, insert_job, move_job
from domain.complaint.act import Act
from domain.complaint.acts import Merge
from domain.complaint.job import JobKind
from domain.complaint.states import VISITABLE, State
from domain.values import Datum, Window


async def merge_complaint(
    database: Database,
    actor: Actor,
    complaint_id: UUID,
    into: UUID,
    *,
    at: datetime | None = None,
    once: Once | None = None,
) -> UUID:
    """Merge a complaint into another one and return the act's id.

    No open job stays behind: each ends with the merge as its reason, and the same visit goes on as a job of the other
    complaint, unless that one wants it already, or is over and has no more visits. A permit is not rewritten: a trip
    approved for the ended job alone does not depart for it; another is asked for, for the job that goes on.

    Raises:
        NotFound: there is no such complaint.
        MergeImpossible: the other one is the same, or over.
    """

    async def work(uow: UnitOfWork) -> UUID:
        # Both rows are locked in the order of their ids, so that two merges never wait for each other.
        rows = {one: await complaint_row(uow, one, lock=True) for one in sorted({complaint_id, into})}
        other = await facts_of_row(uow, rows[into])

        def make(*, on: date) -> Act:
            return Merge(on=on, into=into, into_state=other.state)

        act_id = await apply_act(uow, complaint_id, make, at=at)
        await _carry_jobs(uow, complaint_id, rows[into])
        return act_id

    return await database.write(actor, work, once=once, answer=UUID)


async def _carry_jobs(uow: UnitOfWork, complaint_id: UUID, other: Complaint) -> None:
    statement = select(Job).where(Job.bureau_id == uow.bureau_id, Job.complaint_id == complaint_id, Job.state == "open")
    for job in await uow.all(statement.order_by(col(Job.job_id)).with_for_update(key_share=True)):
        goes_on_as = await _same_visit(uow, job, other)
        if goes_on_as is None and State(other.state) in VISITABLE:
            goes_on_as = await insert_job(uow, _for(other, job))
        goes_on = f"，由任务 {goes_on_as} 接续" if goes_on_as else ""
        await move_job(
            uow, job, "cancel", f"并入投诉 {other.number}{goes_on}", Window(job.window_from, job.window_until)
        )


async def _same_visit(uow: UnitOfWork, job: Job, other: Complaint) -> UUID | None:
    """Return the open job by which the other complaint wants the same visit already, if it does."""
    statement = select(Job.job_id).where(
        Job.bureau_id == uow.bureau_id,
        Job.complaint_id == other.complaint_id,
        Job.state == "open",
        Job.kind == job.kind,
        Job.on_site == job.on_site,
        Job.lat == job.lat,
        Job.lon == job.lon,
    )
    found: UUID | None = next(iter(await uow.all(statement.order_by(col(Job.job_id)))), None)
    return found


def _for(other: Complaint, job: Job) -> NewJob:
    return NewJob(
        complaint_id=other.complaint_id,
        kind=JobKind(job.kind),
        site=Site(
            name=job.site_name, address=job.site_address, lat=job.raw_lat, lon=job.raw_lon, datum=Datum(job.datum)
        ),
        window=Window(job.window_from, job.window_until),
        expected_minutes=job.expected_minutes,
        on_site=job.on_site,
        continues=job.job_id,
    )
