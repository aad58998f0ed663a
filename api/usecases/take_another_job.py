"""Take a complaint on the spot 现场另接投诉: on record, accepted, a job of the running trip.

Word of it may come when the trip is not under way any more, or not yet: the other phone of the crew had its network
first. The complaint was taken all the same, so it is on record with its job, which the trip does not carry: a conflict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlmodel import select

from api.db.attempt import Attempt
from api.db.database import UnitOfWork
from api.db.queries.trips import Standing
from api.db.queries.use_facts import load_facts
from api.db.tables.answers import FieldConflict
from api.db.tables.complaints import Complaint, Job
from api.db.tables.uses import VehicleUse
from api.usecases.act_on_complaint import apply_act
from api.usecases.add_job import NewJob, insert_job
from api.usecases.ask_rule import Permitted, facts_as_json, refuse
from api.usecases.change_trip import asked_of_more, carry_jobs, own_trip
from api.usecases.field_act import Kept, during, keep_conflict
from api.usecases.register_complaint import NewComplaint, insert_complaint
from api.usecases.return_trip import CAME_BACK
from domain.complaint.acts import RecordConsent
from domain.complaint.words import Party
from domain.errors import InvalidInput, StateConflict
from domain.signing.act import UUID_V7
from domain.trip.life import UseState, UseVerb
from domain.use_rule.rule import Refusal, decide


class IdTaken(StateConflict):
    """Another complaint or job of this bureau has this id."""

    code = "id-taken"
    zh = "本局已有使用该编号的投诉或现场任务。"


@dataclass(frozen=True, slots=True)
class Consent:
    """A party agreed to mediation on the spot, when and how."""

    party: Party
    given_at: datetime
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherJob:
    """A complaint taken on the way with its visit; the phone gave both their ids, and may have no network yet."""

    complaint: NewComplaint
    job: NewJob
    consents: Sequence[Consent] = ()


async def take_another_job(uow: UnitOfWork, trip_id: UUID, new: AnotherJob, taken_at: datetime) -> Kept:
    """Register and accept the complaint, add its job, and let the running trip carry it; a refusal undoes all of it.

    Of a trip that is not under way when word comes, both are on record and the trip does not carry them: a conflict.

    Raises:
        NotFound, NotYours: there is no such trip for this actor.
        IdTaken: complaint or job are on record already.
        RecordedRefusal: the rule refused; the refusal is kept, complaint and job are not.
        InvalidInput: the particulars lack something.
    """
    for made in (new.complaint.complaint_id, new.job.job_id):
        if made is None or made.version != UUID_V7:
            raise InvalidInput("Complaint and job have ids made by the phone: UUIDv7.")
    standing = await own_trip(uow, trip_id)
    complaint, job = await uow.get(Complaint, new.complaint.complaint_id), await uow.get(Job, new.job.job_id)
    if complaint is not None or job is not None:
        return await _done_before(uow, complaint, job, standing)
    if standing.use.state != UseState.DEPARTED:
        return await _keep(uow, standing.use, await _register(uow, new), min(taken_at, uow.now))
    async with Attempt(uow) as tried:
        put = await _register(uow, new)
        asked = asked_of_more(uow, standing, (put.job_id,))
        facts = await load_facts(uow, asked)
        answer = decide(facts)
        if isinstance(answer, Refusal):
            await tried.undo()
        else:
            await carry_jobs(uow, standing, (put.job_id,), Permitted(answer, facts_as_json(facts)))
    if isinstance(answer, Refusal):
        refused = {"complaint_id": str(put.complaint_id), "job_ids": [str(put.job_id)]}
        await refuse(uow, asked, facts, answer, refused)
    return Kept()


@dataclass(frozen=True, slots=True)
class _Registered:
    """The ids under which complaint and job are on record."""

    complaint_id: UUID
    job_id: UUID


async def _register(uow: UnitOfWork, new: AnotherJob) -> _Registered:
    registered = await insert_complaint(uow, replace(new.complaint, accept=True, visit=None))
    for one in new.consents:
        make = partial(RecordConsent, party=one.party, given_at=one.given_at, how=one.how)
        await apply_act(uow, registered.complaint_id, make)
    return _Registered(registered.complaint_id, await insert_job(uow, new.job))


async def _keep(uow: UnitOfWork, use: VehicleUse, put: _Registered, taken_at: datetime) -> Kept:
    """Keep that a complaint was taken which the trip does not carry; the desk sees what waits for another visit."""
    if UseState(use.state) not in CAME_BACK:
        why = f"was-{use.state}"
    else:
        why = "already-returned" if during(use, taken_at) else "not-during-trip"
    asked = {"complaint_id": put.complaint_id, "job_id": put.job_id}
    return await keep_conflict(uow, use, UseVerb.ADD_JOB, why, asked, stated_at=taken_at)


async def _done_before(uow: UnitOfWork, complaint: Complaint | None, job: Job | None, standing: Standing) -> Kept:
    """Return what became of this very complaint when the same person took it: a phone with a new key signs it anew.

    Raises:
        IdTaken: another complaint or job has the id.
    """
    if complaint is None or job is None or complaint.registered_by != uow.actor.who:
        raise IdTaken
    if job.complaint_id != complaint.complaint_id:
        raise IdTaken
    if job.job_id in standing.job_ids:
        return Kept()
    kept = await uow.all(
        select(FieldConflict).where(
            FieldConflict.bureau_id == uow.bureau_id,
            FieldConflict.use_id == standing.use.use_id,
            FieldConflict.verb == UseVerb.ADD_JOB.value,
        )
    )
    for one in kept:
        if one.asked["job_id"] == str(job.job_id):
            return Kept(conflict_id=one.conflict_id, why=one.why)
    raise IdTaken
