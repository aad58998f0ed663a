"""What a vehicle log 车辆使用台账 is made of: uses with their steps, readings, refusals and conflicts of a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.books.readings import Reading
from domain.track.measure import Measure
from domain.trip.life import UseKind, UseState, UseVerb
from domain.use_rule.upkeep import UpkeepKind


@dataclass(frozen=True, slots=True)
class LogStop:
    """The officers' word of a visit: when they arrived at a site and left it."""

    site: str
    arrived_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogJob:
    """A job that a trip carries or carried."""

    job_id: UUID
    complaint_number: str
    site: str
    dropped: bool


@dataclass(frozen=True, slots=True)
class LogCrew:
    """One revision of who goes along, and the decision that set it."""

    decision_id: UUID
    driver: str
    officers: tuple[str, ...]

    def __str__(self) -> str:
        return "、".join((self.driver, *self.officers))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStep:
    """A decision about a use, as far as the log tells it."""

    decision_id: UUID
    verb: UseVerb
    source: str
    stated_at: datetime
    recorded_at: datetime
    by: str
    reason: str = ""
    window: tuple[datetime, datetime] | None = None
    old_window: tuple[datetime, datetime] | None = None
    job_ids: tuple[UUID, ...] = ()

    @property
    def delay_s(self) -> int:
        """How long after it happened it was recorded."""
        return round((self.recorded_at - self.stated_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUse:
    """A trip or upkeep order as the log knows it."""

    use_id: UUID
    kind: UseKind
    state: UseState
    planned_from: datetime
    planned_until: datetime
    actual_from: datetime | None
    actual_until: datetime | None
    requester: str
    order_no: str | None = None
    approver: str | None = None
    crews: tuple[LogCrew, ...] = ()
    passengers: tuple[str, ...] = ()
    jobs: tuple[LogJob, ...] = ()
    stops: tuple[LogStop, ...] = ()
    steps: tuple[LogStep, ...] = ()
    purpose: str = ""
    upkeep: UpkeepKind | None = None
    place: str | None = None
    driver: str | None = None
    """Who drives an upkeep order."""
    document_no: str | None = None
    cost_fen: int | None = None
    fuel_ml: int | None = None
    track_m: int | None = None
    measures: tuple[Measure, ...] = ()
    """What each device says that told anything of it, the best witness first."""

    @property
    def begins_at(self) -> datetime:
        """When it began, or was to begin."""
        return self.actual_from or self.planned_from


@dataclass(frozen=True, slots=True)
class LogRefusal:
    """A refusal of the rule: when, at which stage, to whom, for which reasons."""

    refusal_id: UUID
    recorded_at: datetime
    stage: str
    requester: str
    reasons: tuple[str, ...]
    use_id: UUID | None


@dataclass(frozen=True, slots=True)
class LogConflict:
    """An act from the field that could not be recorded as one and waits for a person."""

    conflict_id: UUID
    use_id: UUID
    verb: str
    why: str
    reasons: tuple[str, ...]
    by: str
    stated_at: datetime
    recorded_at: datetime
    odometer_m: int | None = None
    """What the odometer is said to have shown: no reading of the vehicle, since another stands for that end."""


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A reading with who entered it and when."""

    reading: Reading
    by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What the log of a month is made of."""

    from_at: datetime
    until_at: datetime
    zone: str
    readings: tuple[RecordedReading, ...]
    """All of the month, and before it from the last departure or return on."""
    uses: tuple[LogUse, ...]
    refusals: tuple[LogRefusal, ...]
    conflicts: tuple[LogConflict, ...]
