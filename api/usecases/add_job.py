"""Add a job 现场调解任务 to a complaint, cancel it, finish it, give it a new window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.complaints import Complaint, ComplaintParticulars, Job, JobAct, RememberedPlace
from domain.complaint.job import JobKind
from domain.complaint.states import VISITABLE, State
from domain.errors import NotFound, StateConflict
from domain.place.datum import to_wgs84
from domain.values import Datum, Window


class ComplaintOver(StateConflict):
    """This complaint is over, so it has no more visits."""

    code = "complaint-over"
    zh = "该投诉已终结，不能再安排现场任务。"


class JobNotOpen(StateConflict):
    """This job is done or cancelled already."""

    code = "job-not-open"
    zh = "该现场任务已完成或已取消。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a job is: numbers as given with the datum they are in."""

    name: str
    address: str
    lat: float
    lon: float
    datum: Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """One visit to one site, wanted within a window."""

    kind: JobKind
    site: Site
    window: Window
    expected_minutes: int = 60
    on_site: bool = True

    def of(self, complaint_id: UUID) -> NewJob:
        """Return the job that makes this visit for a complaint."""
        return NewJob(
            complaint_id=complaint_id,
            kind=self.kind,
            site=self.site,
            window=self.window,
            expected_minutes=self.expected_minutes,
            on_site=self.on_site,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob(NewVisit):
    """One visit to one site for one complaint; `continues` is a merged complaint's job that goes on in this one."""

    complaint_id: UUID
    continues: UUID | None = None
    job_id: UUID | None = None
    """The id that a phone without a network gave it; None: it is given one here."""


async def add_job(database: Database, actor: Actor, new: NewJob, once: Once | None = None) -> UUID:
    """Add a job and return its id.

    Raises:
        NotFound: there is no such complaint.
        ComplaintOver: the complaint is closed, refused, withdrawn, settled, returned or merged.
        BadPlace: the numbers are no place.
    """
    return await database.write(actor, lambda uow: insert_job(uow, new), once=once, answer=UUID)


async def insert_job(uow: UnitOfWork, new: NewJob) -> UUID:
    """Write a job with the terms of its complaint, so that another use case may carry it."""
    statement = select(Complaint).where(
        Complaint.bureau_id == uow.bureau_id, Complaint.complaint_id == new.complaint_id
    )
    complaint: Complaint | None = await uow.one(statement.with_for_update(read=True))
    if complaint is None:
        raise NotFound("There is no such complaint.", complaint_id=str(new.complaint_id))
    if State(complaint.state) not in VISITABLE:
        raise ComplaintOver(state=complaint.state)
    place = to_wgs84(new.site.lat, new.site.lon, new.site.datum)
    job_id = new.job_id or new_id()
    entry_id = await uow.enter(
        "job-added",
        facts={
            "job_id": job_id,
            "complaint_id": new.complaint_id,
            "kind": new.kind,
            "on_site": new.on_site,
            "window_from": new.window.start_at,
            "window_until": new.window.end_at,
            "expected_minutes": new.expected_minutes,
            **({} if new.continues is None else {"continues": new.continues}),
        },
        place={
            "site_name": new.site.name,
            "site_address": new.site.address,
            "datum": new.site.datum,
            "raw_lat_e7": degrees_e7(new.site.lat),
            "raw_lon_e7": degrees_e7(new.site.lon),
            "lat_e7": degrees_e7(place.lat),
            "lon_e7": degrees_e7(place.lon),
        },
    )
    accepted = complaint.mediate_due_on is not None
    await uow.insert(
        Job(
            bureau_id=uow.bureau_id,
            job_id=job_id,
            complaint_id=new.complaint_id,
            kind=new.kind.value,
            on_site=new.on_site,
            site_name=new.site.name,
            site_address=new.site.address,
            datum=new.site.datum.value,
            raw_lat=new.site.lat,
            raw_lon=new.site.lon,
            lat=place.lat,
            lon=place.lon,
            window_from=new.window.start_at,
            window_until=new.window.end_at,
            due_nominal_on=(complaint.mediate_nominal_on if accepted else None) or complaint.accept_nominal_on,
            due_on=(complaint.mediate_due_on if accepted else None) or complaint.accept_due_on,
            due_provisional=bool(complaint.mediate_provisional if accepted else complaint.accept_provisional),
            expected_minutes=new.expected_minutes,
            state="open",
            decision_id=None,
            continues_job_id=new.continues,
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    await _remember_place(uow, new.site, complaint, place.lat, place.lon)
    return job_id


async def cancel_job(database: Database, actor: Actor, job_id: UUID, reason: str, once: Once | None = None) -> UUID:
    """Cancel a job that is not wanted any more, and return the act's id.

    Raises:
        NotFound: there is no such job.
        JobNotOpen: it is done or cancelled.
    """

    async def work(uow: UnitOfWork) -> UUID:
        job = await open_job(uow, job_id)
        return await move_job(uow, job, "cancel", reason, Window(job.window_from, job.window_until))

    return await database.write(actor, work, once=once, answer=UUID)


async def new_job_window(
    database: Database, actor: Actor, job_id: UUID, window: Window, reason: str, *, once: Once | None = None
) -> UUID:
    """Give an open job a new window, and return the act's id.

    Raises:
        NotFound: there is no such job.
        JobNotOpen: it is done or cancelled.
    """

    async def work(uow: UnitOfWork) -> UUID:
        return await move_job(uow, await open_job(uow, job_id), "new-window", reason, window)

    return await database.write(actor, work, once=once, answer=UUID)


async def finish_job(uow: UnitOfWork, job_id: UUID, reason: str = "") -> UUID:
    """Mark an open job done within the unit of work of the visit that did it, and return the act's id.

    Raises:
        NotFound: there is no such job.
        JobNotOpen: it is done or cancelled.
    """
    job = await open_job(uow, job_id)
    return await move_job(uow, job, "finish", reason, Window(job.window_from, job.window_until))


async def open_job(uow: UnitOfWork, job_id: UUID) -> Job:
    """Return an open job, locked until this transaction ends.

    Raises:
        NotFound: there is no such job.
        JobNotOpen: it is done or cancelled.
    """
    statement = select(Job).where(Job.bureau_id == uow.bureau_id, Job.job_id == job_id)
    job: Job | None = await uow.one(statement.with_for_update(key_share=True))
    if job is None:
        raise NotFound("There is no such job.", job_id=str(job_id))
    if job.state != "open":
        raise JobNotOpen(state=job.state)
    return job


_STATES: Final = {"cancel": "cancelled", "finish": "done", "new-window": "open"}


async def move_job(uow: UnitOfWork, job: Job, verb: str, reason: str, window: Window) -> UUID:
    """Write what becomes of a locked open job, and return the act's id. `verb` is one of `_STATES`."""
    act_id = new_id()
    last = None if job.decision_id is None else await uow.get(JobAct, job.decision_id)
    entry_id = await uow.enter(
        f"job-{verb}",
        facts={
            "job_id": job.job_id,
            "old_from": job.window_from,
            "old_until": job.window_until,
            "window_from": window.start_at,
            "window_until": window.end_at,
        },
        person={"reason": reason},
    )
    await uow.insert(
        JobAct(
            bureau_id=uow.bureau_id,
            act_id=act_id,
            job_id=job.job_id,
            verb=verb,
            reason=reason,
            old_from=job.window_from,
            old_until=job.window_until,
            window_from=window.start_at,
            window_until=window.end_at,
            actor_id=uow.actor.person_id,
            recorded_at=uow.after(last.recorded_at if last else None),
            entry_id=entry_id,
        )
    )
    await uow.update(
        Job,
        job.job_id,
        state=_STATES[verb],
        window_from=window.start_at,
        window_until=window.end_at,
        decision_id=act_id,
    )
    return act_id


_USE_AGAIN = text(
    "UPDATE remembered_place SET last_used_at = :now WHERE bureau_id = :bureau_id AND name = :name"
    " AND address = :address AND lat = :lat AND lon = :lon"
)


async def _remember_place(uow: UnitOfWork, site: Site, complaint: Complaint, lat: float, lon: float) -> None:
    """Keep the site, so that the next job there finds it without a geocoder."""
    known = await uow.execute(
        _USE_AGAIN,
        {
            "bureau_id": uow.bureau_id,
            "name": site.name,
            "address": site.address,
            "lat": lat,
            "lon": lon,
            "now": uow.now,
        },
    )
    if known.rowcount:
        return
    particulars = await uow.get(ComplaintParticulars, complaint.complaint_id, complaint.particulars_rev)
    await uow.insert(
        RememberedPlace(
            bureau_id=uow.bureau_id,
            place_id=new_id(),
            name=site.name,
            address=site.address,
            credit_code=particulars.respondent_credit_code if particulars else None,
            datum=site.datum.value,
            raw_lat=site.lat,
            raw_lon=site.lon,
            lat=lat,
            lon=lon,
            last_used_at=uow.now,
        )
    )
