"""Take a complaint on the spot 现场另接投诉: on record, accepted, a job of the running trip; all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from api.db.attempt import Attempt
from api.db.database import UnitOfWork
from api.db.queries.trips import Standing
from api.db.queries.use_facts import load_facts
from api.db.tables.complaints import Complaint, Job
from api.usecases.act_on_complaint import apply_act
from api.usecases.add_job import NewJob, insert_job
from api.usecases.ask_rule import Permitted, facts_as_json, refuse
from api.usecases.change_trip import asked_of_more, carry_jobs, changeable
from api.usecases.register_complaint import NewComplaint, insert_complaint
from domain.complaint.acts import RecordConsent
from domain.complaint.words import Party
from domain.errors import InvalidInput, StateConflict
from domain.signing.act import UUID_V7
from domain.trip.life import NotNow, UseState, UseVerb
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


async def take_another_job(uow: UnitOfWork, trip_id: UUID, new: AnotherJob) -> None:
    """Register and accept the complaint, add its job, and let the running trip carry it; a refusal undoes all of it.

    Raises:
        NotFound, NotYours: there is no such trip for this actor.
        NotNow: the trip is not under way.
        IdTaken: complaint or job are on record already.
        RecordedRefusal: the rule refused; the refusal is kept, complaint and job are not.
        InvalidInput: the particulars lack something.
    """
    for made in (new.complaint.complaint_id, new.job.job_id):
        if made is None or made.version != UUID_V7:
            raise InvalidInput("Complaint and job have ids made by the phone: UUIDv7.")
    standing = await changeable(uow, trip_id, UseVerb.ADD_JOB)
    complaint, job = await uow.get(Complaint, new.complaint.complaint_id), await uow.get(Job, new.job.job_id)
    if complaint is not None or job is not None:
        if _done_before(uow, complaint, job, standing):
            return
        raise IdTaken
    if standing.use.state != UseState.DEPARTED:
        raise NotNow(state=standing.use.state)
    async with Attempt(uow) as tried:
        registered = await insert_complaint(uow, replace(new.complaint, accept=True, visit=None))
        for one in new.consents:
            make = partial(RecordConsent, party=one.party, given_at=one.given_at, how=one.how)
            await apply_act(uow, registered.complaint_id, make)
        job_id = await insert_job(uow, new.job)
        asked = asked_of_more(uow, standing, (job_id,))
        facts = await load_facts(uow, asked)
        answer = decide(facts)
        if isinstance(answer, Refusal):
            await tried.undo()
        else:
            await carry_jobs(uow, standing, (job_id,), Permitted(answer, facts_as_json(facts)))
    if isinstance(answer, Refusal):
        put = {"complaint_id": str(registered.complaint_id), "job_ids": [str(job_id)]}
        await refuse(uow, asked, facts, answer, put)


def _done_before(uow: UnitOfWork, complaint: Complaint | None, job: Job | None, standing: Standing) -> bool:
    """Tell whether the same person took this very complaint for this trip: a phone with a new key signs it anew."""
    if complaint is None or job is None:
        return False
    mine = complaint.registered_by == uow.actor.who and job.complaint_id == complaint.complaint_id
    return mine and job.job_id in standing.job_ids
