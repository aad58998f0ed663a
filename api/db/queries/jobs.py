"""Jobs as a dispatcher looks at them: what is due first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, tuple_
from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.complaints import Complaint, Job, JobAct
from domain.complaint.states import VISITABLE
from domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class FoundJob:
    """A job with the number and state of its complaint."""

    job: Job
    complaint_number: str
    complaint_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedJobs:
    """What a list of jobs is narrowed to; a field that is None narrows nothing."""

    state: str | None = None
    kind: str | None = None
    complaint_id: UUID | None = None
    due_within_days: int | None = None


async def list_jobs(
    reader: Reader, wanted: WantedJobs, today: date, limit: int, after: tuple[date, UUID] | None
) -> list[FoundJob]:
    """Return up to `limit` jobs, the first to warn of first, that come after that key.

    An open job of a complaint that is over waits for nobody: it is not among the open ones.
    """
    warn_on = func.least(Job.due_nominal_on, Job.due_on)
    statement = (
        select(Job, Complaint.number, Complaint.state)
        .where(
            Job.bureau_id == reader.bureau_id,
            Complaint.bureau_id == reader.bureau_id,
            Complaint.complaint_id == Job.complaint_id,
        )
        .order_by(warn_on, col(Job.job_id))
        .limit(limit)
    )
    if wanted.state is not None:
        statement = statement.where(Job.state == wanted.state)
    if wanted.state == "open":
        statement = statement.where(col(Complaint.state).in_([state.value for state in VISITABLE]))
    if wanted.kind is not None:
        statement = statement.where(Job.kind == wanted.kind)
    if wanted.complaint_id is not None:
        statement = statement.where(Job.complaint_id == wanted.complaint_id)
    if wanted.due_within_days is not None:
        statement = statement.where(warn_on <= today + timedelta(days=wanted.due_within_days))
    if after is not None:
        statement = statement.where(tuple_(warn_on, Job.job_id) > tuple_(*after))
    return [FoundJob(*row) for row in await reader.all(statement)]


async def read_job(reader: Reader, job_id: UUID) -> tuple[FoundJob, Sequence[JobAct]]:
    """Return a job and the acts on it, oldest first.

    Raises:
        NotFound: this bureau has no such job.
    """
    row = await reader.one(
        select(Job, Complaint.number, Complaint.state).where(
            Job.bureau_id == reader.bureau_id,
            Job.job_id == job_id,
            Complaint.bureau_id == reader.bureau_id,
            Complaint.complaint_id == Job.complaint_id,
        )
    )
    if row is None:
        raise NotFound("There is no such job.", job_id=str(job_id))
    acts = select(JobAct).where(JobAct.bureau_id == reader.bureau_id, JobAct.job_id == job_id)
    return FoundJob(*row), await reader.all(acts.order_by(col(JobAct.recorded_at), col(JobAct.act_id)))


async def jobs_continuing(reader: Reader, job_id: UUID) -> list[UUID]:
    """Return the jobs in which the visit of a merged complaint's job goes on."""
    statement = select(Job.job_id).where(Job.bureau_id == reader.bureau_id, Job.continues_job_id == job_id)
    return list(await reader.all(statement.order_by(col(Job.job_id))))
