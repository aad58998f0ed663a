"""The month's statement: one value, exact sums, no consumer in it; and what comes late beside it, never into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.books.charges import Way
from domain.books.late import Late, LateKind, late
from domain.books.log_facts import LogJob, LogStop, LogUse, RecordedReading
from domain.books.readings import Moment
from domain.books.statement import Statement, in_order, statement
from domain.books.statement_facts import (
    Aboard,
    ChangedSetting,
    FindingState,
    MonthFinding,
    Sealed,
    StatementFacts,
    Witnessed,
)
from domain.books.stretch import stretch_of
from domain.ledger.canonical import canonical, parse
from domain.trip.life import UseKind, UseState, UseVerb
from domain.upkeep.costs import Cost, CostKind
from tests.books import COMPLAINTS, DECEMBER, FUEL, NOVEMBER, TRIP, books, month_facts, read, step, trip_readings, use

SEEN = Witnessed(
    11_800,
    200,
    900,
    12_050,
    (Way((COMPLAINTS[0].complaint_id,), 4_500, 2_400), Way((COMPLAINTS[1].complaint_id,), 1_500, 1_200)),
)
A_FINDING = MonthFinding(
    finding_id=UUID(int=801),
    kind="detour",
    colour="yellow",
    at=NOVEMBER + timedelta(hours=11),
    term_at=NOVEMBER + timedelta(days=7),
    state=FindingState.RAISED,
    use_id=TRIP,
)


def november(**other: Any) -> Any:
    """Return the facts of a November with one trip of 12 km after 3 km of nobody's."""
    return replace(month_facts([read(9, 1, 51_997_000), *trip_readings()], [use()], witnessed={TRIP: SEEN}), **other)


def section(told: Statement, name: str) -> list[dict[str, Any]]:
    """Return the rows of a section."""
    rows: Any = told[name]
    return list(rows)


@given(books())
def test_a_statement_has_one_spelling_and_its_complaints_upkeep_and_unaccounted_are_the_odometer(
    drawn: tuple[list[RecordedReading], list[LogUse]],
) -> None:
    """P5, in the very value that is sealed: in its sums, in its rows and in its entries."""
    told = statement(month_facts(*drawn))
    assert parse(canonical(told)) == told
    sums: Any = told["totals"]
    charged = sum(one["metres"] for one in section(told, "complaints"))
    assert charged == sums["trips_m"]
    assert charged + sums["upkeep_m"] + sums["unaccounted_m"] == sums["difference_m"]
    assert sum(one["metres"] for one in section(told, "unaccounted")) == sums["unaccounted_m"]
    booked = section(told, "entries")
    assert sum(one["metres"] for one in booked if one["debit"] == "odometer") == sums["difference_m"]
    for one in section(told, "uses"):
        if one["kind"] == "trip":
            assert sum(part["metres"] for part in one["charges"]) == (one["length_m"] or 0)


EDGES = [NOVEMBER + timedelta(days=days) for days in (-61, -31, 0, 30, 61, 92, 800)]
"""The months that drawn books go through, and one long stretch for what is left."""


@given(books())
def test_every_trip_minute_reading_and_metre_is_counted_in_one_month(
    drawn: tuple[list[RecordedReading], list[LogUse]],
) -> None:
    """Months lie end to end: what goes over an edge is in neither twice, and in one of them."""
    readings, uses = drawn
    back_at = {one.reading.use_id: one.reading.read_at for one in readings if one.reading.moment is Moment.RETURN}
    uses = [replace(one, actual_until=back_at.get(one.use_id)) for one in uses]
    months = [statement(month_of(readings, uses, *span)) for span in pairwise(EDGES)]
    sums: list[Any] = [one["totals"] for one in months]
    trips = [one for one in uses if one.kind is UseKind.TRIP and one.actual_from is not None]
    lasted = sum(
        (one.actual_until - begun for one in trips if one.actual_until and (begun := one.actual_from)), timedelta()
    )
    assert sum(one["trips"] for one in sums) == len(trips)
    assert sum(one["trips_s"] for one in sums) == lasted.total_seconds()
    assert sum(one["readings"] for one in sums) == len(readings)
    assert (
        sum(one["difference_m"] for one in sums)
        == stretch_of([one.reading for one in readings], EDGES[0] - timedelta(days=999), EDGES[-1]).difference_m
    )
    counted = [row for one in months for row in section(one, "complaints")]
    for carried in COMPLAINTS[:2]:
        assert sum(row["trips"] for row in counted if row["complaint_id"] == str(carried.complaint_id)) == len(trips)


def month_of(
    readings: list[RecordedReading], uses: list[LogUse], from_at: datetime, until_at: datetime
) -> StatementFacts:
    """Return the facts of a month as they are asked for: uses that began, went on or were read of in it."""
    driven = stretch_of((one.reading for one in readings), from_at, until_at).driven
    shown = tuple(
        one
        for one in uses
        if one.use_id in driven
        or from_at <= one.begins_at < until_at
        or (one.begins_at < from_at and (one.actual_until is None or one.actual_until >= from_at))
    )
    known = tuple(one for one in readings if one.reading.read_at < until_at)
    facts = month_facts(readings, uses)
    return replace(facts, log=replace(facts.log, from_at=from_at, until_at=until_at, readings=known, uses=shown))


def test_the_track_says_in_what_parts_a_trip_is_charged_and_the_reading_how_much() -> None:
    """4.5 km and 1.5 km out by track; of 12 km by reading three quarters are the first complaint's, and of the time."""
    told = statement(november())
    (trip,) = section(told, "uses")
    assert [(one["number"], one["metres"], one["seconds"], one["basis"]) for one in trip["charges"]] == [
        ("2026-1", 9_000, 4_800, "legs"),
        ("2026-2", 3_000, 2_400, "legs"),
    ]
    assert (trip["length_m"], trip["track_m"], trip["unobserved_m"], trip["terminal_m"]) == (
        12_000,
        11_800,
        200,
        12_050,
    )
    assert [(one["number"], one["metres"], one["trips"]) for one in section(told, "complaints")] == [
        ("2026-1", 9_000, 1),
        ("2026-2", 3_000, 1),
    ]


def test_a_trip_over_the_month_s_end_is_timed_where_it_began_and_its_metres_stand_where_it_ended() -> None:
    """Neither month counts it twice."""
    hours = (DECEMBER - NOVEMBER).total_seconds() / 3600 - 1
    readings, night = trip_readings(hours=hours), use(hours=hours)
    first = statement(month_facts(readings, [night]))
    december = replace(month_facts(readings, [night]).log, from_at=DECEMBER, until_at=DECEMBER + timedelta(days=31))
    second = statement(replace(month_facts(readings, [night]), log=december, month="2026-12"))
    sums: Any = [first["totals"], second["totals"]]
    assert [(one["trips"], one["trips_m"], one["trips_s"]) for one in sums] == [(1, 0, 7_200), (0, 12_000, 0)]
    assert [section(one, "uses")[0]["until_at"] for one in (first, second)] == [None, "2026-12-01T01:00:00+08:00"]
    of_complaints = [[row["trips"] for row in section(one, "complaints")] for one in (first, second)]
    assert of_complaints == [[1, 1], [0, 0]]


def test_a_trip_that_is_still_out_counts_in_its_month_and_its_track_and_time_are_told_when_it_is_back() -> None:
    """A month sealed while a vehicle is out is amended once, not with every fix until it comes back."""
    out = use(state=UseState.DEPARTED, actual_until=None)
    left = trip_readings()[:1]
    sealed = statement(month_facts(left, [out], witnessed={TRIP: SEEN}))
    (trip,) = section(sealed, "uses")
    assert (trip["fixes"], trip["track_m"], trip["unobserved_m"], trip["charges"]) == (0, None, None, [])
    assert [(one["trips"], one["metres"], one["seconds"]) for one in section(sealed, "complaints")] == [(1, 0, 0)] * 2
    further = replace(SEEN, fixes=901, track_m=11_900)
    assert late(sealed, [], statement(month_facts(left, [out], witnessed={TRIP: further}))) == ()
    home_at = DECEMBER + timedelta(hours=1)
    for seen in ({}, {TRIP: further}):
        back = replace(out, state=UseState.CLOSED, actual_until=home_at)
        (one,) = late(sealed, [], statement(month_facts(left, [back], witnessed=seen)))
        lasted_s = (home_at - NOVEMBER).total_seconds() - 10 * 3600
        assert sum(part["seconds"] for part in one.new["charges"]) == lasted_s


def test_a_correction_of_nobody_s_reading_names_the_reading_that_was_wrong() -> None:
    """It belongs to no use; an auditor who asks which reading it was is told."""
    wrong, right = read(9, 1, 51_990_000), read(8, 1, 51_997_000, corrects=UUID(int=9), reason="看错一位")
    told = statement(month_facts([wrong, right, *trip_readings()], [use()]))
    (one,) = section(told, "corrections")
    assert (one["reading_id"], one["old"], one["new"]) == (str(UUID(int=9)), "51990000", "51997000")


def test_a_replaced_odometer_stands_on_the_statement_since_what_was_driven_unread_is_in_no_sum() -> None:
    """Whoever drives five hundred kilometres and has the dashboard changed is read of with name and reason."""
    new_one = read(7, 20, 10_000, segment=1, reason="仪表损坏，旧表无法读取")
    corrected = read(6, 20, 12_000, segment=1, corrects=UUID(int=7), reason="看错")
    told = statement(month_facts([*trip_readings(), new_one, corrected], [use()]))
    assert section(told, "odometers_replaced") == [
        {
            "reading_id": str(UUID(int=7)),
            "at": "2026-11-01T20:00:00+08:00",
            "last_m": 52_012_000,
            "last_at": "2026-11-01T12:00:00+08:00",
            "first_m": 12_000,
            "reason": "仪表损坏，旧表无法读取",
            "by": "驾驶员",
        }
    ]
    assert section(statement(month_facts(trip_readings(), [use()])), "odometers_replaced") == []


def test_fuel_per_hundred_kilometres_is_not_told_of_a_month_without_fuel() -> None:
    """Nothing filled in is no consumption of nothing."""
    costs: Any = statement(november())["costs"]
    assert (costs["fuel_ml"], costs["fuel_ml_per_100_km"], costs["fen_per_100_km"]) == (0, None, 0)
    fill = Cost(UUID(int=6), CostKind.FUEL, 30_000, 1_500, NOVEMBER + timedelta(hours=11))
    costs = statement(november(costs=(fill,)))["costs"]
    assert (costs["fuel_ml"], costs["fuel_ml_per_100_km"]) == (1_500, 10_000)


def test_a_reading_that_moves_no_metre_is_noticed_all_the_same() -> None:
    """Between the ends of a trip the auditor read the odometer, or somebody corrected a figure there."""
    between = month_facts([*trip_readings(), read(7, 11, 52_004_000)], [use()])
    (one,) = late(statement(month_facts(trip_readings(), [use()])), [], statement(between))
    assert (one.kind, one.old, one.new) == (LateKind.ODOMETER, {"readings": 2}, {"readings": 3})


@pytest.mark.parametrize("name", ["2026-9", "王五-②", "张-²", "", "-", "٣-1"])
def test_whatever_people_are_called_they_can_be_put_in_order(name: str) -> None:
    """A sign that is a digit to Unicode and no number to anybody breaks no year's statement."""
    assert sorted([name, "2026-10"], key=in_order)


def test_every_metre_of_nobody_and_every_finding_has_the_name_of_who_answers_beside_it() -> None:
    """The head of the using unit; and who read the odometer at the end of the gap."""
    told = statement(november(findings=(A_FINDING, replace(A_FINDING, state=FindingState.EXPLAINED))))
    (gap,) = section(told, "unaccounted")
    assert (gap["metres"], gap["answerable"], gap["read_by"]) == (3_000, "王主任", "驾驶员")
    assert {one["answerable"] for one in section(told, "findings")} == {"王主任"}
    sums: Any = told["totals"]
    assert (sums["findings"], sums["open_findings"]) == (2, 1)


def test_what_was_rejected_or_asked_back_leaves_a_finding_open_and_a_cleared_one_is_not() -> None:
    """Open is what waits for an explanation."""
    found = tuple(replace(A_FINDING, state=one) for one in FindingState)
    sums: Any = statement(november(findings=found))["totals"]
    assert (sums["findings"], sums["open_findings"]) == (6, 3)


def test_a_seal_holds_complaints_by_their_numbers_and_no_place_of_theirs() -> None:
    """What is erased of a consumer elsewhere is nowhere in a sealed month."""
    jobs = (LogJob(UUID(int=5), "2026-1", "林女士家", False), LogJob(UUID(int=6), "2026-2", "林女士家", True))
    told = use(
        jobs=jobs,
        stops=(LogStop("林女士家", NOVEMBER, None),),
        purpose="去林女士家",
        steps=(step(UseVerb.DROP_JOB, job_ids=(UUID(int=6),)),),
    )
    bytes_ = canonical(statement(month_facts(trip_readings(), [told])))
    assert "林女士".encode() not in bytes_
    assert b'"old":"2026-2"' in bytes_


def test_a_void_order_stays_in_the_series_and_what_never_had_a_number_is_not_shown() -> None:
    """Numbers have no gap on paper either."""
    void = use(UUID(int=903), 5, state=UseState.CANCELLED, actual_from=None, actual_until=None, order_no="2026-3")
    never = replace(void, use_id=UUID(int=904), order_no=None)
    told = statement(november(log=replace(november().log, uses=(use(order_no="2026-4"), void, never))))
    assert [(one["order_no"], one["void"]) for one in section(told, "uses")] == [("2026-3", True), ("2026-4", False)]


def test_an_officer_s_sums_are_those_of_the_trips_they_went_along_for() -> None:
    """Two aboard: both were away as long and as far."""
    aboard = {TRIP: (Aboard(UUID(int=2), "李四"), Aboard(UUID(int=1), "张三"))}
    told = section(statement(november(aboard=aboard)), "officers")
    assert [(one["name"], one["trips"], one["metres"], one["seconds"]) for one in told] == [
        ("张三", 1, 12_000, 7_200),
        ("李四", 1, 12_000, 7_200),
    ]


def test_settings_that_were_changed_in_the_month_are_on_it() -> None:
    """Old, new, who, when, why."""
    change = ChangedSetting(name="site_tolerance_m", old=150, new=500, by="管理员", at=NOVEMBER, reason="试行")
    assert section(statement(november(settings=(change,))), "settings") == [
        {
            "name": "site_tolerance_m",
            "old": 150,
            "new": 500,
            "by": "管理员",
            "at": "2026-11-01T00:00:00+08:00",
            "reason": "试行",
        }
    ]


@given(books(), books())
def test_what_is_late_is_noticed_once_and_leads_from_what_was_sealed_to_what_is_known(
    first: tuple[list[RecordedReading], list[LogUse]], second: tuple[list[RecordedReading], list[LogUse]]
) -> None:
    """Whatever the month becomes: with its amendments the seal says what is known now, and nothing is noticed again."""
    sealed, now = statement(month_facts(*first)), statement(month_facts(*second))
    noticed = late(sealed, [], now)
    assert late(sealed, noticed, now) == ()
    back = late(sealed, noticed, sealed)
    assert {(one.kind, one.subject_id) for one in back} == {(one.kind, one.subject_id) for one in noticed}
    assert late(sealed, [*noticed, *back], sealed) == ()


def test_an_unchanged_month_has_no_amendments_whoever_seals_it() -> None:
    """Who sealed it and when is not what the month is about."""
    sealed = statement(november(sealed=Sealed(DECEMBER, "王主任"), previous_sha256="0" * 64))
    assert late(sealed, [], statement(november(answerable="新主任"))) == ()


def test_a_late_fix_a_late_note_and_a_ruling_are_amendments_with_old_and_new() -> None:
    """Only what differs stands in them."""
    sealed = statement(november(findings=(A_FINDING,)))
    more = replace(SEEN, fixes=901, track_m=11_850)
    now = statement(
        november(findings=(replace(A_FINDING, state=FindingState.ACCEPTED),), witnessed={TRIP: more}, notes={TRIP: 1})
    )
    assert late(sealed, [], now) == (
        Late(LateKind.FINDING, UUID(int=801), {"state": "raised"}, {"state": "accepted"}),
        Late(
            LateKind.USE,
            TRIP,
            {"fixes": 900, "notes": 0, "track_m": 11_800},
            {"fixes": 901, "notes": 1, "track_m": 11_850},
        ),
    )


def test_a_better_way_of_measuring_amends_no_sealed_month() -> None:
    """Without a fix more, the track's figures and the shares made by it stay as they were sealed."""
    otherwise = replace(SEEN, track_m=9_000, unobserved_m=0, ways=())
    assert late(statement(november()), [], statement(november(witnessed={TRIP: otherwise}))) == ()


def test_a_late_reading_moves_metres_and_every_account_it_moves_is_amended() -> None:
    """A spot reading in the gap, entered late, and a fuel order nobody had entered: what was and what is."""
    sealed = statement(november())
    readings = [read(9, 1, 51_997_000), read(8, 2, 51_998_000), *trip_readings()]
    fuel = use(FUEL, 20, kind=UseKind.UPKEEP)
    now = statement(november(log=month_facts(readings, [use(), fuel]).log))
    noticed = {(one.kind, one.subject_id): one for one in late(sealed, [], now)}
    assert set(noticed) == {
        (LateKind.UNACCOUNTED, UUID(int=1)),
        (LateKind.UNACCOUNTED, UUID(int=8)),
        (LateKind.USE, FUEL),
        (LateKind.ODOMETER, UUID(int=700)),
    }
    assert noticed[LateKind.UNACCOUNTED, UUID(int=1)].new["metres"] == 2_000
    assert noticed[LateKind.UNACCOUNTED, UUID(int=8)].old["metres"] is None


@given(st.sampled_from([0, 1, 2]))
def test_what_is_no_longer_there_is_amended_to_nothing(kept: int) -> None:
    """A subject that went, as a gap closed by a correction, stands with None in its place."""
    sealed = statement(november())
    readings = [read(9, 1, 51_997_000), *trip_readings()]
    readings.insert(kept, read(7, 1, 52_000_000, corrects=UUID(int=9), reason="x", read_at=readings[0].reading.read_at))
    gone = next(
        one
        for one in late(sealed, [], statement(november(log=month_facts(readings, [use()]).log)))
        if one.kind is LateKind.UNACCOUNTED
    )
    assert (gone.old["metres"], set(gone.new.values())) == (3_000, {None})
