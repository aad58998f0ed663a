"""The complaint-only rule itself: no clock, no database, no switch that turns it off.

`decide` looks for every reason there is, so that whoever asks mends them all at once. The database holds the same
rule again (`use_faults` in migrations/promises); a test gives both the same facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.complaint.job import is_mediation
from domain.upkeep.dues import passed
from domain.use_rule.facts import JobFacts, OtherUse, Seat, Stage, UseFacts
from domain.use_rule.reasons import OwnReason, Reason, ReasonCode, UseMark
from domain.use_rule.site import SiteStanding


@dataclass(frozen=True, slots=True)
class Permit:
    """The rule permits: on these complaints it rests, and these marks it carries."""

    complaint_ids: tuple[UUID, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule refuses, for all of these reasons, in the order of `ReasonCode`; a person's own comes last."""

    reasons: tuple[Reason, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes alone."""
        return tuple(reason.code.value for reason in self.reasons)


def decide(facts: UseFacts) -> Permit | Refusal:
    """Return the permit with the complaints it rests on, or the refusal with every reason that applies."""
    checks = _ON_THE_WAY if facts.stage is Stage.UNDER_WAY else _WHOLE
    found = ((code, check(facts)) for code, check in checks)
    reasons = tuple(Reason(code, about) for code, about in found if about is not None)
    if reasons:
        return Refusal(reasons)
    return Permit(_sorted(job.complaint_id for job in facts.jobs), _marks(facts.jobs))


def decline(facts: UseFacts) -> Refusal:
    """Return the refusal of a trip that a person declines: their own reason, after every one that the rule has."""
    answer = decide(facts)
    found = answer.reasons if isinstance(answer, Refusal) else ()
    return Refusal((*found, Reason(OwnReason.DECLINED)))


About = tuple[UUID, ...] | None
"""The ids a reason is about; None where the reason does not apply."""


def _sorted(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(set(ids)))


def _any(ids: Iterable[UUID]) -> About:
    return _sorted(ids) or None


def _when(applies: bool, *about: UUID) -> About:  # noqa: FBT001 - reads as a phrase: _when(late, use)
    return about if applies else None


def _no_complaint(facts: UseFacts) -> About:
    return _when(not facts.jobs)


def _not_a_mediation(facts: UseFacts) -> About:
    others = _sorted(job.job_id for job in facts.jobs if not is_mediation(job.kind))
    return _when(bool(others) or not facts.for_mediation, *others)


def _complaint_not_open(facts: UseFacts) -> About:
    return _any(job.job_id for job in facts.jobs if not job.complaint_open)


def _job_not_on_site(facts: UseFacts) -> About:
    return _any(job.job_id for job in facts.jobs if not (job.on_site and job.open))


def _outside_jurisdiction(facts: UseFacts) -> About:
    return _any(job.job_id for job in facts.jobs if not job.site.counts_inside)


def _borrowed(facts: UseFacts) -> About:
    return _when(facts.requester_unit_id != facts.using_unit_id, facts.requester_id)


def _officer_not_qualified(facts: UseFacts) -> About:
    officers = [member for member in facts.crew if member.seat is Seat.OFFICER]
    without = _sorted(
        member.person_id
        for member in officers
        if member.examination is None or not member.examination.covers(facts.first_day, facts.last_day)
    )
    return _when(bool(without) or not officers, *without)


def _driver_not_licensed(facts: UseFacts) -> About:
    drivers = [member for member in facts.crew if member.seat is Seat.DRIVER]
    without = _sorted(
        member.person_id
        for member in drivers
        if member.licence is None or not member.licence.covers(facts.first_day, facts.last_day)
    )
    return _when(bool(without) or not drivers, *without)


def _self_approval(facts: UseFacts) -> About:
    if facts.approver is None:
        return None
    concerned = {facts.requester_id, *(member.person_id for member in facts.crew)}
    return _when(facts.approver.person_id in concerned, facts.approver.person_id)


def _approver_not_custodian(facts: UseFacts) -> About:
    if facts.approver is None:
        # A request, and what is changed before approval, has no approver yet; later stages cannot do without.
        return _when(facts.stage in (Stage.APPROVAL, Stage.DEPARTURE, Stage.CLOSE))
    may = facts.approver.heads_using_unit or facts.approver.delegated
    return _when(not may, facts.approver.person_id)


def _vehicle_not_dedicated(facts: UseFacts) -> About:
    return _when(not facts.dedicated, facts.vehicle_id)


def _vehicle_busy(facts: UseFacts) -> About:
    return _any(other.use_id for other in facts.other_uses if _in_the_way(facts, other))


def _in_the_way(facts: UseFacts, other: OtherUse) -> bool:
    """Tell whether the other use takes the vehicle when this one needs it.

    Before departure the planned windows count. A departure needs the vehicle from that instant on, with no end
    known, so every other use that is not back by then is in the way, late ones included. What was is past: two
    uses that were under way at once cannot be recorded (exclusion constraint `ex_vehicle_use_actual`).
    """
    if facts.stage is Stage.CLOSE:
        return False
    if facts.stage is Stage.DEPARTURE:
        return other.actual_from is not None and (other.actual_until is None or other.actual_until > facts.at)
    return other.holds_plan and other.planned_from < facts.planned_until and facts.planned_from < other.planned_until


def _vehicle_unfit(facts: UseFacts) -> About:
    papers = (facts.inspection, facts.insurance)
    lapsed = any(paper is None or not paper.covers(facts.first_day, facts.last_day) for paper in papers)
    # What was due when it departed was judged then: at its close the trip's own kilometres do not count against it.
    due = facts.stage is not Stage.CLOSE and passed(facts.dues, facts.last_day, facts.odometer)
    return _when(lapsed or facts.under_repair or bool(due), facts.vehicle_id)


def _window_missed(facts: UseFacts) -> About:
    if facts.stage not in (Stage.DEPARTURE, Stage.CLOSE):
        return None
    grace = timedelta(seconds=facts.grace_s)
    return _when(not facts.planned_from - grace <= facts.at <= facts.planned_until + grace)


def _findings_overdue(facts: UseFacts) -> About:
    return _any(finding.finding_id for finding in facts.findings if finding.term_at < facts.at)


Check = Callable[[UseFacts], About]

_ON_THE_WAY: tuple[tuple[ReasonCode, Check], ...] = (
    (ReasonCode.NO_COMPLAINT, _no_complaint),
    (ReasonCode.NOT_A_MEDIATION, _not_a_mediation),
    (ReasonCode.COMPLAINT_NOT_OPEN, _complaint_not_open),
    (ReasonCode.JOB_NOT_ON_SITE, _job_not_on_site),
    (ReasonCode.OUTSIDE_JURISDICTION, _outside_jurisdiction),
)
"""What a job must be, at every stage."""

_WHOLE: tuple[tuple[ReasonCode, Check], ...] = (
    *_ON_THE_WAY,
    (ReasonCode.BORROWED, _borrowed),
    (ReasonCode.OFFICER_NOT_QUALIFIED, _officer_not_qualified),
    (ReasonCode.DRIVER_NOT_LICENSED, _driver_not_licensed),
    (ReasonCode.SELF_APPROVAL, _self_approval),
    (ReasonCode.APPROVER_NOT_CUSTODIAN, _approver_not_custodian),
    (ReasonCode.VEHICLE_NOT_DEDICATED, _vehicle_not_dedicated),
    (ReasonCode.VEHICLE_BUSY, _vehicle_busy),
    (ReasonCode.VEHICLE_UNFIT, _vehicle_unfit),
    (ReasonCode.WINDOW_MISSED, _window_missed),
    (ReasonCode.FINDINGS_OVERDUE, _findings_overdue),
)


def _marks(jobs: Iterable[JobFacts]) -> tuple[str, ...]:
    marks: set[str] = set()
    for job in jobs:
        marks.update(job.marks)
        if job.site is SiteStanding.TOLERATED:
            marks.add(UseMark.SITE_TOLERATED.value)
        if job.site is SiteStanding.DECIDED_INSIDE:
            marks.add(UseMark.SITE_DECIDED.value)
    return tuple(sorted(marks))
