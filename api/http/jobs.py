"""`/v1/jobs`: one visit to one site for one complaint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.complaints import mediation_marks_of
from api.db.queries.jobs import FoundJob, WantedJobs, jobs_continuing, list_jobs, read_job
from api.db.queries.sites import standing_of
from api.db.tables.complaints import JobAct
from api.http.access import READERS, Allow
from api.http.complaints import REGISTRARS
from api.http.fields import Line, window
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.http.visits import VisitBody, WindowBody
from api.usecases.add_job import NewJob, add_job, cancel_job, new_job_window
from domain.complaint.job import JobKind, is_mediation
from domain.complaint.marks import Mark
from domain.use_rule.site import SiteStanding
from domain.values import Datum, Point, Window


class AddJob(VisitBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visit that a complaint needs."""

    complaint_id: UUID

    def new(self) -> NewJob:
        """Return it as the use case takes it."""
        return self.visit().of(self.complaint_id)


class CancelJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the visit is not wanted any more."""

    reason: Annotated[Line, msgspec.Meta(examples=["双方已电话和解"])]


class NewJobWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the visit is wanted instead, and why."""

    window: WindowBody
    reason: Annotated[Line, msgspec.Meta(examples=["被投诉人上午不在店内"])]


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """A site: `lat` and `lon` in WGS-84, and the numbers as they were given in `datum`."""

    name: str
    address: str
    lat: float
    lon: float
    datum: Datum
    raw_lat: float
    raw_lon: float


class JobActView(msgspec.Struct, frozen=True, kw_only=True):
    """A job was cancelled, done, or given a new window; the old one stands beside it."""

    act_id: UUID
    verb: str
    reason: str
    old_from: datetime
    old_until: datetime
    window_from: datetime
    window_until: datetime
    actor_id: UUID | None
    recorded_at: datetime


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A job with its terms: `warn_on` is the earlier of nominal and rolled, `overdue` says that `due_on` is past."""

    job_id: UUID
    complaint_id: UUID
    complaint_number: str
    complaint_state: str
    kind: JobKind
    mediation: bool
    on_site: bool
    site: SiteView
    window_from: datetime
    window_until: datetime
    due_nominal_on: date
    due_on: date
    warn_on: date
    provisional: bool
    overdue: bool
    window_after_warn: bool
    expected_minutes: int
    state: str
    recorded_at: datetime


class MarkView(msgspec.Struct, frozen=True, kw_only=True):
    """What of consent (art. 18) or announcement (art. 20) is missing for this visit; it will stand on the permit."""

    code: str
    article: int
    parties: list[str]
    zh: str
    en: str


class JobView(JobSummary, frozen=True, kw_only=True):
    """A job with what was done to it, how its site stands to the district, and what is still to be told or agreed.

    After a merge of complaints a job `continues_job_id` of the merged one, which is `continued_by` it.
    """

    actor_id: UUID
    continues_job_id: UUID | None
    continued_by: list[UUID]
    site_standing: SiteStanding
    marks: list[MarkView]
    acts: list[JobActView]


class JobController(Controller):
    """Visits that complaints need."""

    path = "/v1/jobs"
    tags = ("jobs",)

    @post(guards=[Allow(REGISTRARS)], summary="Add a job to a complaint", name="job.add")
    async def add(
        self,
        data: JSONBody[AddJob],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> JobView:
        """Add a visit; its terms are those of its complaint, and move with them."""
        job_id = await add_job(database, actor, data.new(), once)
        async with database.read(actor.bureau_id) as reader:
            return await _view(reader, job_id)

    @get(guards=[Allow(READERS)], summary="List jobs, what is due first", name="job.list")
    async def find(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        job_state: Annotated[str | None, QueryParameter(name="state", pattern="^(open|done|cancelled|all)$")] = "open",
        kind: Annotated[JobKind | None, QueryParameter()] = None,
        complaint_id: Annotated[UUID | None, QueryParameter()] = None,
        due_within_days: Annotated[int | None, QueryParameter(ge=0, le=366)] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Page[JobSummary]:
        """Return jobs by the day to warn on; open ones unless `state` asks for others."""
        wanted = WantedJobs(
            state=None if job_state == "all" else job_state,
            kind=kind,
            complaint_id=complaint_id,
            due_within_days=due_within_days,
        )
        async with database.read(actor.bureau_id) as reader:
            zone = await zone_of(reader)
            today = reader.now.astimezone(zone).date()
            found = await list_jobs(reader, wanted, today, limit + 1, job_key(after))
        items = [JobSummary(**_fields(one, today, zone)) for one in found[:limit]]
        if len(found) <= limit:
            return Page(items=items, next=None)
        return Page(items=items, next=cursor(items[-1].warn_on.isoformat(), str(items[-1].job_id)))

    @get("/{job_id:uuid}", guards=[Allow(READERS)], summary="Read a job", name="job.read")
    async def read(
        self, job_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> JobView:
        """Return a job with what was done to it."""
        async with database.read(actor.bureau_id) as reader:
            return await _view(reader, job_id)

    @post("/{job_id:uuid}/cancel", guards=[Allow(REGISTRARS)], summary="Cancel a job", name="job.cancel")
    async def cancel(
        self,
        job_id: FromPath[UUID],
        data: JSONBody[CancelJob],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> JobView:
        """Cancel a visit that is not wanted any more."""
        await cancel_job(database, actor, job_id, data.reason, once)
        async with database.read(actor.bureau_id) as reader:
            return await _view(reader, job_id)

    @post("/{job_id:uuid}/window", guards=[Allow(REGISTRARS)], summary="Give a job a new window", name="job.window")
    async def move(
        self,
        job_id: FromPath[UUID],
        data: JSONBody[NewJobWindow],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> JobView:
        """Give an open visit a new window; the old one stays visible."""
        wanted = window(data.window.start_at, data.window.end_at)
        await new_job_window(database, actor, job_id, wanted, data.reason, once=once)
        async with database.read(actor.bureau_id) as reader:
            return await _view(reader, job_id)


async def _view(reader: Reader, job_id: UUID) -> JobView:
    found, acts = await read_job(reader, job_id)
    zone = await zone_of(reader)
    job, fields = found.job, _fields(found, reader.now.astimezone(zone).date(), zone)
    kind = JobKind(job.kind)
    marks: tuple[Mark, ...] = ()
    if job.on_site and is_mediation(kind):
        marks = await mediation_marks_of(reader, job.complaint_id, kind, Window(job.window_from, job.window_until))
    return JobView(
        **fields,
        actor_id=job.actor_id,
        continues_job_id=job.continues_job_id,
        continued_by=await jobs_continuing(reader, job.job_id),
        site_standing=await standing_of(reader, Point(job.lat, job.lon)),
        marks=[
            MarkView(
                code=mark.code,
                article=mark.article,
                parties=list(mark.parties),
                zh=mark.sentence("zh"),
                en=mark.sentence("en"),
            )
            for mark in marks
        ],
        acts=_act_views(acts),
    )


def _act_views(acts: Sequence[JobAct]) -> list[JobActView]:
    return [
        JobActView(
            act_id=act.act_id,
            verb=act.verb,
            reason=act.reason,
            old_from=act.old_from,
            old_until=act.old_until,
            window_from=act.window_from,
            window_until=act.window_until,
            actor_id=act.actor_id,
            recorded_at=act.recorded_at,
        )
        for act in acts
    ]


def _fields(found: FoundJob, today: date, zone: tzinfo) -> dict[str, Any]:
    job = found.job
    warn_on = min(job.due_nominal_on, job.due_on)
    return {
        "job_id": job.job_id,
        "complaint_id": job.complaint_id,
        "complaint_number": found.complaint_number,
        "complaint_state": found.complaint_state,
        "kind": JobKind(job.kind),
        "mediation": is_mediation(JobKind(job.kind)),
        "on_site": job.on_site,
        "site": SiteView(
            name=job.site_name,
            address=job.site_address,
            lat=job.lat,
            lon=job.lon,
            datum=Datum(job.datum),
            raw_lat=job.raw_lat,
            raw_lon=job.raw_lon,
        ),
        "window_from": job.window_from,
        "window_until": job.window_until,
        "due_nominal_on": job.due_nominal_on,
        "due_on": job.due_on,
        "warn_on": warn_on,
        "provisional": job.due_provisional,
        "overdue": job.state == "open" and today > job.due_on,
        "window_after_warn": job.window_until.astimezone(zone).date() > warn_on,
        "expected_minutes": job.expected_minutes,
        "state": job.state,
        "recorded_at": job.recorded_at,
    }


def job_key(after: str | None) -> tuple[date, UUID] | None:
    """Return after which job a page begins. Raises `BadCursor`."""
    key = parse_cursor(after, 2)
    if key is None:
        return None
    try:
        return date.fromisoformat(key[0]), UUID(key[1])
    except ValueError as fault:
        raise BadCursor from fault
