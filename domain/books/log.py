"""The vehicle log 车辆使用台账: every use, refusal and unaccounted kilometre of a month, with what was amended.

The ordinary view hides nothing: what was changed stands beside what it was changed to, with who and when, and what
was entered late says by how much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.books.amendments import Amendment, amendments_of, corrections_of
from domain.books.log_facts import LogConflict, LogFacts, LogStop, LogUse
from domain.books.readings import Interval
from domain.books.stretch import Stretch, stretch_of
from domain.trip.life import UseKind, UseState, UseVerb
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Named


class RowKind(Named):
    """What a row of the log is about."""

    TRIP = "trip", "出车", "trip"
    UPKEEP = "upkeep", "维保", "upkeep"
    UNACCOUNTED = "unaccounted", "未入账里程", "unaccounted"
    CORRECTION = "correction", "读数更正", "corrected reading"
    REFUSAL = "refusal", "拒绝", "refusal"
    CONFLICT = "conflict", "现场冲突", "kept conflict"


ENDS: Final = (UseVerb.DEPART, UseVerb.RETURN, UseVerb.BREAK_DOWN)
LATER: Final = ("offline", "paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A row of the log. What a kind of row has nothing to say about is None or empty."""

    kind: RowKind
    at: datetime
    id: UUID | None
    """Of the use, refusal, conflict or reading it is about: of a gap the reading at its end, of a correction the wrong
    one."""
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
    came_by: tuple[str, ...] = ()
    """How departure and return came, where not at once and online: `offline`, `paper`."""
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
        """What was filled in 百公里加油量, None where it was not driven or not fuelled; what it burns, refills tell."""
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
    corrections = corrections_of(facts)
    shown = {use.use_id for use in facts.uses}
    rows = [_use_row(facts, use, books, corrections.get(use.use_id, {}).values()) for use in facts.uses]
    rows += [_gap_row(interval) for interval in books.unaccounted if interval.length_m]
    rows += [
        LogRow(kind=RowKind.CORRECTION, at=amendment.at, id=reading_id, amendments=(amendment,))
        for use_id, amendments in corrections.items()
        if use_id not in shown
        for reading_id, amendment in amendments.items()
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
        came_by=tuple(dict.fromkeys(step.source for step in use.steps if step.verb in ENDS and step.source in LATER)),
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
        reading_from_m=one.odometer_m if one.verb == UseVerb.DEPART else None,
        reading_until_m=None if one.verb == UseVerb.DEPART else one.odometer_m,
        departure_delay_s=round((one.recorded_at - one.stated_at).total_seconds()),
    )
