"""The vehicle log 车辆使用台账: every use, refusal and unaccounted kilometre of a month, with what was amended.

The ordinary view hides nothing: what was changed stands beside what it was changed to, with who and when, and what
was entered late says by how much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.books.readings import Interval, Reading
from domain.books.stretch import Stretch, stretch_of
from domain.complaint.words import Named
from domain.trip.life import UseKind, UseState, UseVerb
from domain.use_rule.upkeep import UpkeepKind


class RowKind(Named):
    """What a row of the log is about."""

    TRIP = "trip", "出车", "trip"
    UPKEEP = "upkeep", "维保", "upkeep"
    UNACCOUNTED = "unaccounted", "未入账里程", "unaccounted"
    CORRECTION = "correction", "读数更正", "corrected reading"
    REFUSAL = "refusal", "拒绝", "refusal"
    CONFLICT = "conflict", "现场冲突", "kept conflict"


class AmendmentKind(Named):
    """What was amended."""

    CREW = "crew-changed", "变更随车人员", "crew changed"
    WINDOW = "rescheduled", "改期", "rescheduled"
    JOB_ADDED = "job-added", "增加任务", "job added"
    JOB_DROPPED = "job-dropped", "撤下任务", "job dropped"
    READING = "reading-corrected", "更正读数（米）", "reading corrected (metres)"
    SPOKEN = "spoken-approval", "口头批准", "spoken approval"
    LATE_ENTRY = "entered-later", "补录", "entered later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What stood before, what stands now, who amended it and when; texts as people read them."""

    what: AmendmentKind
    old: str
    new: str
    by: str
    at: datetime
    reason: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A row of the log. What a kind of row has nothing to say about is None or empty."""

    kind: RowKind
    at: datetime
    id: UUID | None
    """Of the use, refusal, conflict or reading it is about."""
    continued: bool = False
    """It began before the month."""
    order_no: str | None = None
    state: UseState | None = None
    complaints: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    upkeep: UpkeepKind | None = None
    place: str | None = None
    purpose: str | None = None
    requester: str | None = None
    approver: str | None = None
    driver: str | None = None
    officers: tuple[str, ...] = ()
    passengers: tuple[str, ...] = ()
    planned_from: datetime | None = None
    planned_until: datetime | None = None
    actual_from: datetime | None = None
    actual_until: datetime | None = None
    reading_from_m: int | None = None
    reading_until_m: int | None = None
    length_m: int | None = None
    """By readings."""
    track_m: int | None = None
    """By positions."""
    stops: tuple[LogStop, ...] = ()
    fuel_ml: int | None = None
    cost_fen: int | None = None
    document_no: str | None = None
    departure_delay_s: int | None = None
    return_delay_s: int | None = None
    stage: str | None = None
    """Of a refusal: when the rule was asked. Of a conflict: which act was reported."""
    reasons: tuple[str, ...] = ()
    amendments: tuple[Amendment, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a stretch; `trips_m + upkeep_m + unaccounted_m == difference_m`, exactly."""

    trips: int = 0
    upkeep_orders: int = 0
    refusals: int = 0
    trips_m: int = 0
    upkeep_m: int = 0
    unaccounted_m: int = 0
    difference_m: int = 0
    """Last minus first reading."""
    track_m: int = 0
    fuel_ml: int = 0
    cost_fen: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def fuel_ml_per_100_km(self) -> int | None:
        """What the vehicle burns 百公里油耗, None where it was not driven or not fuelled."""
        if self.difference_m <= 0 or self.fuel_ml == 0:
            return None
        return (self.fuel_ml * 100_000 + self.difference_m // 2) // self.difference_m


@dataclass(frozen=True, slots=True)
class MonthLog:
    """The log of one month: its rows by time, its sums, and the readings it opens and closes with."""

    from_at: datetime
    until_at: datetime
    opening_m: int | None
    closing_m: int | None
    rows: tuple[LogRow, ...]
    totals: Totals = field(default_factory=Totals)


def month_log(facts: LogFacts) -> MonthLog:
    """Return the log of a month."""
    books = stretch_of((one.reading for one in facts.readings), facts.from_at, facts.until_at)
    corrections = _corrections(facts)
    shown = {use.use_id for use in facts.uses}
    rows = [_use_row(facts, use, books, corrections.get(use.use_id, ())) for use in facts.uses]
    rows += [_gap_row(interval) for interval in books.unaccounted if interval.length_m]
    rows += [
        LogRow(kind=RowKind.CORRECTION, at=amendment.at, id=use_id, amendments=(amendment,))
        for use_id, amendments in corrections.items()
        if use_id not in shown
        for amendment in amendments
    ]
    rows += [
        LogRow(
            kind=RowKind.REFUSAL,
            at=one.recorded_at,
            id=one.refusal_id,
            requester=one.requester,
            stage=one.stage,
            reasons=one.reasons,
        )
        for one in facts.refusals
    ]
    rows += [_conflict_row(one) for one in facts.conflicts]
    rows.sort(key=lambda row: (row.at, list(RowKind).index(row.kind), str(row.id)))
    return MonthLog(
        facts.from_at,
        facts.until_at,
        books.opening.odometer_m if books.opening else None,
        books.closing.odometer_m if books.closing else None,
        tuple(rows),
        _totals(facts, books),
    )


def _totals(facts: LogFacts, books: Stretch) -> Totals:
    kinds = {use.use_id: use.kind for use in facts.uses}
    driven_m = dict.fromkeys(UseKind, 0)
    for use_id, driven in books.driven.items():
        driven_m[kinds[use_id]] += driven.length_m
    begun = [use for use in facts.uses if use.actual_from is not None and facts.from_at <= use.actual_from]
    return Totals(
        trips=sum(use.kind is UseKind.TRIP for use in begun),
        upkeep_orders=sum(use.kind is UseKind.UPKEEP for use in begun),
        refusals=len(facts.refusals),
        trips_m=driven_m[UseKind.TRIP],
        upkeep_m=driven_m[UseKind.UPKEEP],
        unaccounted_m=books.unaccounted_m,
        difference_m=books.difference_m,
        track_m=sum(use.track_m or 0 for use in begun),
        fuel_ml=sum(use.fuel_ml or 0 for use in begun),
        cost_fen=sum(use.cost_fen or 0 for use in begun),
    )


def _use_row(facts: LogFacts, use: LogUse, books: Stretch, corrections: Iterable[Amendment]) -> LogRow:
    driven = books.driven.get(use.use_id)
    continued = use.actual_from is not None and use.actual_from < facts.from_at
    crew = use.crews[-1] if use.crews else None
    carried = [job for job in use.jobs if not job.dropped]
    amendments = sorted([*amendments_of(use, facts.zone), *corrections], key=lambda one: one.at)
    return LogRow(
        kind=RowKind.TRIP if use.kind is UseKind.TRIP else RowKind.UPKEEP,
        at=max(use.begins_at, facts.from_at) if continued else use.begins_at,
        id=use.use_id,
        continued=continued,
        order_no=use.order_no,
        state=use.state,
        complaints=tuple(dict.fromkeys(job.complaint_number for job in carried)),
        sites=tuple(dict.fromkeys(job.site for job in carried)),
        upkeep=use.upkeep,
        place=use.place,
        purpose=use.purpose or None,
        requester=use.requester,
        approver=use.approver,
        driver=crew.driver if crew else use.driver,
        officers=crew.officers if crew else (),
        passengers=use.passengers,
        planned_from=use.planned_from,
        planned_until=use.planned_until,
        actual_from=use.actual_from,
        actual_until=use.actual_until,
        reading_from_m=driven.from_m if driven else None,
        reading_until_m=driven.until_m if driven else None,
        length_m=driven.length_m if driven else None,
        track_m=None if continued else use.track_m,
        stops=use.stops,
        fuel_ml=None if continued else use.fuel_ml,
        cost_fen=None if continued else use.cost_fen,
        document_no=use.document_no,
        departure_delay_s=_delay_s(use, UseVerb.DEPART),
        return_delay_s=_delay_s(use, UseVerb.RETURN, UseVerb.BREAK_DOWN),
        amendments=tuple(amendments),
    )


def _delay_s(use: LogUse, *verbs: UseVerb) -> int | None:
    return next((step.delay_s for step in use.steps if step.verb in verbs), None)


def _gap_row(interval: Interval) -> LogRow:
    return LogRow(
        kind=RowKind.UNACCOUNTED,
        at=interval.start.read_at,
        id=interval.end.reading_id,
        actual_from=interval.start.read_at,
        actual_until=interval.end.read_at,
        reading_from_m=interval.start.odometer_m,
        reading_until_m=interval.end.odometer_m,
        length_m=interval.length_m,
    )


def _conflict_row(one: LogConflict) -> LogRow:
    return LogRow(
        kind=RowKind.CONFLICT,
        at=one.recorded_at,
        id=one.conflict_id,
        requester=one.by,
        stage=one.verb,
        actual_from=one.stated_at,
        purpose=one.why,
        reasons=one.reasons,
        departure_delay_s=round((one.recorded_at - one.stated_at).total_seconds()),
    )


def amendments_of(use: LogUse, zone: str) -> list[Amendment]:
    """Return what was amended of a use by its decisions, in the order of entry; times as read in the zone."""
    jobs = {job.job_id: f"{job.complaint_number} {job.site}" for job in use.jobs}
    crews = {crew.decision_id: (before, crew) for before, crew in zip(use.crews, use.crews[1:], strict=False)}
    found: list[Amendment] = []

    def note(step: LogStep, what: AmendmentKind, old: str, new: str) -> None:
        found.append(Amendment(what=what, old=old, new=new, by=step.by, at=step.recorded_at, reason=step.reason))

    for step in use.steps:
        named = "；".join(jobs.get(job_id, str(job_id)) for job_id in step.job_ids)
        if step.verb is UseVerb.CHANGE_CREW and step.decision_id in crews:
            before, after = crews[step.decision_id]
            note(step, AmendmentKind.CREW, str(before), str(after))
        elif step.verb is UseVerb.RESCHEDULE and step.window and step.old_window:
            note(step, AmendmentKind.WINDOW, _window(step.old_window, zone), _window(step.window, zone))
        elif step.verb is UseVerb.ADD_JOB:
            note(step, AmendmentKind.JOB_ADDED, "", named)
        elif step.verb is UseVerb.DROP_JOB:
            note(step, AmendmentKind.JOB_DROPPED, named, "")
        elif step.source == "spoken":
            note(step, AmendmentKind.SPOKEN, "", clock_time(step.stated_at, zone))
        elif step.source in ("paper", "offline"):
            note(step, AmendmentKind.LATE_ENTRY, clock_time(step.stated_at, zone), step.verb.value)
    return found


def _corrections(facts: LogFacts) -> dict[UUID | None, tuple[Amendment, ...]]:
    """Return the corrected readings of the month by the use they belong to."""
    by_id = {one.reading.reading_id: one for one in facts.readings}
    found: dict[UUID | None, tuple[Amendment, ...]] = {}
    for one in facts.readings:
        wrong = by_id.get(one.reading.corrects) if one.reading.corrects else None
        if wrong is None or not facts.from_at <= one.reading.read_at < facts.until_at:
            continue
        amendment = Amendment(
            what=AmendmentKind.READING,
            old=str(wrong.reading.odometer_m),
            new=str(one.reading.odometer_m),
            by=one.by,
            at=one.recorded_at,
            reason=one.reading.reason,
        )
        found[one.reading.use_id] = (*found.get(one.reading.use_id, ()), amendment)
    return found


def _window(window: tuple[datetime, datetime], zone: str) -> str:
    return f"{clock_time(window[0], zone)} – {clock_time(window[1], zone)}"


def clock_time(at: datetime, zone: str) -> str:
    """Return an instant as a clock in the zone shows it, to the minute."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
