"""What the rule is given: plain values, each read from rows by whoever asks. They are kept with every decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.complaint.job import JobKind
from domain.upkeep.dues import Due, Odometer
from domain.use_rule.site import SiteStanding
from domain.values import Named


class Stage(StrEnum):
    """When the rule is asked."""

    REQUEST = "request"
    APPROVAL = "approval"
    DEPARTURE = "departure"
    UNDER_WAY = "under-way"
    """a job is added to a running trip: only that job is judged"""
    CREW = "crew"
    CLOSE = "close"
    """against what happened"""


class Seat(Named):
    """Who a member of the crew is aboard."""

    DRIVER = "driver", "驾驶员", "driver"
    OFFICER = "officer", "调解人员", "officer"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job the trip is for. `complaint_open`: its state allows a visit of this kind, as the regulation pack says."""

    job_id: UUID
    complaint_id: UUID
    kind: JobKind
    on_site: bool
    open: bool
    complaint_open: bool
    site: SiteStanding
    marks: tuple[str, ...] = ()
    """What of consent and announcement is missing."""


@dataclass(frozen=True, slots=True)
class Validity:
    """A paper, licence or examination: from when to when, and whether it stands at all."""

    valid_from: date
    valid_until: date
    stands: bool = True

    def covers(self, first: date, last: date) -> bool:
        """Tell whether it stands on every day from `first` to `last`."""
        return self.stands and self.valid_from <= first and last <= self.valid_until


@dataclass(frozen=True, slots=True)
class CrewFacts:
    """A member of the crew with the newest licence that has begun, or was withdrawn, and the newest examination."""

    person_id: UUID
    seat: Seat
    licence: Validity | None
    examination: Validity | None


@dataclass(frozen=True, slots=True)
class ApproverFacts:
    """Who approves, and by what right at that instant."""

    person_id: UUID
    heads_using_unit: bool
    delegated: bool


@dataclass(frozen=True, slots=True)
class OtherUse:
    """Another use of the same vehicle: approved for a window, or under way and back at times that are known."""

    use_id: UUID
    planned_from: datetime
    planned_until: datetime
    holds_plan: bool
    """Approved or under way: its planned window is taken."""
    actual_from: datetime | None = None
    actual_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding of the vehicle that nobody has explained yet, and that was not cleared."""

    finding_id: UUID
    term_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFacts:
    """Everything the rule looks at for one trip."""

    stage: Stage
    at: datetime
    """The instant it is judged for: now, or when the phone says that it happened."""
    vehicle_id: UUID
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    first_day: date
    last_day: date
    """The days in the bureau's zone on which papers must stand."""
    for_mediation: bool
    requester_id: UUID
    requester_unit_id: UUID
    using_unit_id: UUID | None
    """The unit the vehicle is dedicated to on the first day, else the desk."""
    dedicated: bool
    jobs: tuple[JobFacts, ...]
    crew: tuple[CrewFacts, ...]
    approver: ApproverFacts | None
    other_uses: tuple[OtherUse, ...]
    inspection: Validity | None
    insurance: Validity | None
    under_repair: bool
    findings: tuple[OpenFinding, ...]
    dues: tuple[Due, ...] = ()
    """What the vehicle is due for, the newest entry of each kind."""
    odometer: Odometer | None = None
    """What the odometer shows, by the newest reading before the departure."""


def days_of(begins_at: datetime, until: datetime, zone: str) -> tuple[date, date]:
    """Return the first and last day in the zone that a use touches; the last is never before the first."""
    place = ZoneInfo(zone)
    first = begins_at.astimezone(place).date()
    return first, max(first, until.astimezone(place).date())
