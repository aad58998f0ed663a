"""A vehicle's books for tests of pure rules: readings and uses of a November, and random ones by hypothesis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain.books.log_facts import LogCrew, LogFacts, LogStep, LogUse, RecordedReading
from domain.books.readings import Moment, Obtained, Reading
from domain.books.statement_facts import Carried, StatementFacts
from domain.trip.life import UseKind, UseState, UseVerb

ZONE = "Asia/Shanghai"
NOVEMBER = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
TRIP, FUEL = UUID(int=901), UUID(int=902)


def read(number: int, hours: float, odometer_m: int, **other: Any) -> RecordedReading:
    """Return a reading taken so many hours into November."""
    at = NOVEMBER + timedelta(hours=hours)
    facts = Reading(UUID(int=number), odometer_m, 1, at, Obtained.TYPED)
    return RecordedReading(replace(facts, **other), "驾驶员", at)


def use(use_id: UUID = TRIP, hours: float = 10, **other: Any) -> LogUse:
    """Return a closed trip of two hours."""
    start = NOVEMBER + timedelta(hours=hours)
    facts = LogUse(
        use_id=use_id,
        kind=UseKind.TRIP,
        state=UseState.CLOSED,
        planned_from=start,
        planned_until=start + timedelta(hours=2),
        actual_from=start,
        actual_until=start + timedelta(hours=2),
        requester="调度员",
        crews=(LogCrew(UUID(int=1), "张三", ("李四",)),),
    )
    return replace(facts, **other)


def facts_of(readings: list[RecordedReading], uses: list[LogUse], **other: Any) -> LogFacts:
    """Return the facts of November."""
    made = LogFacts(
        from_at=NOVEMBER,
        until_at=DECEMBER,
        zone=ZONE,
        readings=tuple(readings),
        uses=tuple(uses),
        refusals=(),
        conflicts=(),
    )
    return replace(made, **other)


def step(verb: UseVerb, number: int = 5, **other: Any) -> LogStep:
    """Return a decision recorded when it was stated."""
    at = NOVEMBER + timedelta(hours=9)
    made = LogStep(decision_id=UUID(int=number), verb=verb, source="online", stated_at=at, recorded_at=at, by="王五")
    return replace(made, **other)


def trip_readings(start_m: int = 52_000_000, driven_m: int = 12_000, hours: float = 10) -> list[RecordedReading]:
    """Return the departure and return of the trip."""
    return [
        read(1, hours, start_m, use_id=TRIP, moment=Moment.DEPARTURE),
        read(2, hours + 2, start_m + driven_m, use_id=TRIP, moment=Moment.RETURN),
    ]


@st.composite
def books(draw: st.DrawFn) -> tuple[list[RecordedReading], list[LogUse]]:
    """Draw readings over three months, coarse and fine, some corrected, some of trips and upkeep, two odometers."""
    readings: list[RecordedReading] = []
    uses: list[LogUse] = []
    hours, odometer_m, segment = -900.0, 10_000_000, 0
    for number in range(draw(st.integers(0, 25))):
        hours += draw(st.sampled_from([0.0, 0.5, 7.0, 100.0]))
        odometer_m += draw(st.sampled_from([0, 1, 999, 12_345]))
        shape = draw(st.sampled_from(["spot", "trip", "upkeep", "open", "corrected", "segment"]))
        resolution_m = draw(st.sampled_from([1, 1000]))
        shown_m = odometer_m - odometer_m % resolution_m
        made = {"resolution_m": resolution_m, "segment": segment}
        base = number * 10 + 1000
        if shape == "segment":
            segment, odometer_m = segment + 1, draw(st.sampled_from([0, 5_000]))
            readings.append(read(base, hours, odometer_m, segment=segment))
        elif shape == "spot":
            readings.append(read(base, hours, shown_m, **made))
        elif shape == "corrected":
            wrong = read(base, hours, shown_m + 777_000, **made)
            readings += [wrong, read(base + 1, hours, shown_m, corrects=UUID(int=base), reason="x", **made)]
        else:
            use_id = UUID(int=base)
            kind = UseKind.UPKEEP if shape == "upkeep" else UseKind.TRIP
            uses.append(use(use_id, hours, kind=kind))
            readings.append(read(base, hours, shown_m, use_id=use_id, moment=Moment.DEPARTURE, **made))
            if shape != "open":
                hours += draw(st.sampled_from([0.0, 2.0, 800.0]))
                odometer_m += draw(st.sampled_from([0, 1, 40_000]))
                shown_m = odometer_m - odometer_m % resolution_m
                readings.append(read(base + 1, hours, shown_m, use_id=use_id, moment=Moment.RETURN, **made))
    return readings, uses


COMPLAINTS = tuple(Carried(UUID(int=number), f"2026-{number}") for number in range(1, 13))


def month_facts(readings: list[RecordedReading], uses: list[LogUse], **other: Any) -> StatementFacts:
    """Return the facts of November's statement, in which every trip carried two complaints that nobody saw."""
    made = StatementFacts(
        bureau_id="350302",
        bureau="城厢区市场监督管理局",
        unit="12315 投诉举报中心",
        answerable="王主任",
        vehicle_id=UUID(int=700),
        plate="闽B12315",
        vehicle="消费维权专用车",
        month="2026-11",
        log=facts_of(readings, uses),
        carried={one.use_id: COMPLAINTS[:2] for one in uses if one.kind is UseKind.TRIP},
    )
    return replace(made, **other)
