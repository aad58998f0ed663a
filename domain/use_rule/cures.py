"""What would cure a refusal: for each of its reasons, what to change or to do so that the reason goes away.

A change of the request (another driver, officer or vehicle) is offered only where the rule, asked again with it, no
longer has that reason. What would cure a loan there is not: nobody may borrow the vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.complaint.marks import MarkCode
from domain.use_rule.facts import CrewFacts, JobFacts, Seat, UseFacts
from domain.use_rule.reasons import OwnReason, Reason, ReasonCode
from domain.use_rule.rule import Refusal, decide
from domain.values import Named, Window

MOST: Final = 5
"""Cures of one kind are told up to so many: a choice and no list."""


class CureKind(Named):
    """What is to be done about a reason; the first four change the request itself."""

    SLOT = "slot", "改到空闲时段", "Move it to this free slot"
    DRIVER = "driver", "改由此人驾驶", "Let this driver drive"
    OFFICER = "officer", "改派此人前往", "Send this officer"
    VEHICLE = "vehicle", "改用此车", "Take this vehicle"
    ADD_JOB = "add-job", "登记投诉并选定现场调解任务", "Register the complaint and name its job"
    DROP_JOB = "drop-job", "从本次出车中撤下此任务", "Leave this job out"
    ACCEPT = "accept", "受理该投诉", "Accept the complaint"
    SITE_DECISION = "site-decision", "请用车单位领导认定场所是否在辖区内", "Ask this custodian to decide on the site"
    EXPLAIN = "explain", "由用车单位领导说明该异常", "Let the custodian explain this finding"
    CONSENT = "consent", "取得并记录双方同意调解", "Record both parties' consent"


@dataclass(frozen=True, slots=True)
class Cure:
    """One thing to do: `about` is the person, vehicle, job, complaint or finding it is done with, as its kind says."""

    kind: CureKind
    about: UUID | None = None
    name: str = ""
    window: Window | None = None
    keeps_deadline: bool | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could go along in a seat; `free`: on no other trip then, `on_duty`: on the roster then."""

    facts: CrewFacts
    name: str
    on_duty: bool
    free: bool


@dataclass(frozen=True, slots=True)
class OtherVehicle:
    """Another vehicle, and the same request with it."""

    plate: str
    facts: UseFacts


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A stretch of duty hours in which the vehicle is free; `keeps_deadline`: it ends within every job's term."""

    window: Window
    keeps_deadline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What there is to choose from; each in the order in which it is offered."""

    slots: tuple[FreeSlot, ...] = ()
    crew: tuple[Candidate, ...] = ()
    vehicles: tuple[OtherVehicle, ...] = ()
    custodians: tuple[tuple[UUID, str], ...] = ()
    received: frozenset[UUID] = frozenset()
    """Complaints that wait to be accepted."""


def cures(reason: Reason, facts: UseFacts, possible: Possible) -> tuple[Cure, ...]:  # noqa: PLR0911 - one return a kind of reason
    """Return what would cure one reason of a refusal; empty where nothing would."""
    match reason.code:
        case ReasonCode.NO_COMPLAINT:
            return (Cure(CureKind.ADD_JOB),)
        case ReasonCode.NOT_A_MEDIATION | ReasonCode.JOB_NOT_ON_SITE:
            return _drop(reason, facts)
        case ReasonCode.COMPLAINT_NOT_OPEN:
            return (*_accept(reason, facts, possible), *_drop(reason, facts))
        case ReasonCode.OUTSIDE_JURISDICTION:
            asked = [Cure(CureKind.SITE_DECISION, person_id, name) for person_id, name in possible.custodians[:MOST]]
            return (*asked, *_drop(reason, facts))
        case ReasonCode.OFFICER_NOT_QUALIFIED:
            return _somebody_else(Seat.OFFICER, CureKind.OFFICER, reason, facts, possible)
        case ReasonCode.DRIVER_NOT_LICENSED:
            return _somebody_else(Seat.DRIVER, CureKind.DRIVER, reason, facts, possible)
        case ReasonCode.VEHICLE_NOT_DEDICATED | ReasonCode.VEHICLE_UNFIT:
            return _vehicles(facts, possible)
        case ReasonCode.VEHICLE_BUSY:
            slots = [
                Cure(CureKind.SLOT, window=one.window, keeps_deadline=one.keeps_deadline) for one in possible.slots
            ]
            return (*slots, *_vehicles(facts, possible))
        case ReasonCode.FINDINGS_OVERDUE:
            explained = [Cure(CureKind.EXPLAIN, finding_id) for finding_id in reason.about[:MOST]]
            return (*explained, *_vehicles(facts, possible))
    return ()


def mark_cures(code: str, jobs: Iterable[JobFacts]) -> tuple[Cure, ...]:
    """Return what is done about a mark on a permit: consent that is missing is asked for."""
    if code != MarkCode.CONSENT_MISSING:
        return ()
    return tuple(Cure(CureKind.CONSENT, job.complaint_id) for job in jobs if code in job.marks)


def _somebody_else(seat: Seat, kind: CureKind, reason: Reason, facts: UseFacts, possible: Possible) -> tuple[Cure, ...]:
    """Return who could take a seat: a driver makes room for another, an officer only where they do not pass."""
    stay = [
        one
        for one in facts.crew
        if one.seat is not seat or (seat is Seat.OFFICER and one.person_id not in reason.about)
    ]
    aboard = {one.person_id for one in facts.crew}
    found = [
        Cure(kind, one.facts.person_id, one.name)
        for one in sorted(possible.crew, key=lambda one: (not one.free, not one.on_duty))
        if one.facts.seat is seat
        and one.facts.person_id not in aboard
        and not _has(replace(facts, crew=(*stay, one.facts)), reason.code)
    ]
    return tuple(found[:MOST])


def _vehicles(facts: UseFacts, possible: Possible) -> tuple[Cure, ...]:
    """Return the vehicles with which no reason is left that lies in a vehicle."""
    found = [
        Cure(CureKind.VEHICLE, one.facts.vehicle_id, one.plate)
        for one in possible.vehicles
        if one.facts.vehicle_id != facts.vehicle_id and not _has(one.facts, *OF_THE_VEHICLE, ReasonCode.BORROWED)
    ]
    return tuple(found[:MOST])


def _drop(reason: Reason, facts: UseFacts) -> tuple[Cure, ...]:
    """Return the jobs to leave out, where one is left then."""
    if len(reason.about) >= len(facts.jobs):
        return ()
    return tuple(Cure(CureKind.DROP_JOB, job_id) for job_id in reason.about)


def _accept(reason: Reason, facts: UseFacts, possible: Possible) -> tuple[Cure, ...]:
    waiting = {job.complaint_id for job in facts.jobs if job.job_id in reason.about} & possible.received
    return tuple(Cure(CureKind.ACCEPT, one) for one in sorted(waiting))


def _has(facts: UseFacts, *codes: ReasonCode | OwnReason) -> bool:
    answer = decide(facts)
    return isinstance(answer, Refusal) and any(code.value in answer.codes for code in codes)


OF_THE_VEHICLE: Final = (
    ReasonCode.VEHICLE_NOT_DEDICATED,
    ReasonCode.VEHICLE_BUSY,
    ReasonCode.VEHICLE_UNFIT,
    ReasonCode.FINDINGS_OVERDUE,
)
"""Reasons that another vehicle may not have."""
