"""The vehicle log: sums that are exact whatever the readings, and nothing amended out of sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.books.amendments import AmendmentKind
from domain.books.log import RowKind, Totals, month_log
from domain.books.log_facts import LogCrew, LogJob, LogRefusal, LogUse, RecordedReading
from domain.books.readings import Moment
from domain.books.stretch import stretch_of
from domain.trip.life import UseVerb
from tests.books import DECEMBER, NOVEMBER, TRIP, books, facts_of, read, step, trip_readings, use


def test_a_trip_a_gap_and_a_refusal_stand_in_the_order_of_time() -> None:
    """The kilometres between trips are a row of their own, with its readings."""
    readings = [read(9, 1, 51_990_000), *trip_readings()]
    refusal = LogRefusal(UUID(int=7), NOVEMBER + timedelta(hours=5), "request", "某科", ("borrowed",), None)
    log = month_log(facts_of(readings, [use(track_m=11_800)], refusals=(refusal,)))
    assert [row.kind for row in log.rows] == [RowKind.UNACCOUNTED, RowKind.REFUSAL, RowKind.TRIP]
    gap, _, trip = log.rows
    assert (gap.length_m, gap.reading_from_m, gap.reading_until_m) == (10_000, 51_990_000, 52_000_000)
    assert (trip.length_m, trip.track_m, trip.driver, trip.officers) == (12_000, 11_800, "张三", ("李四",))
    assert log.totals == Totals(
        trips=1, refusals=1, trips_m=12_000, unaccounted_m=10_000, difference_m=22_000, track_m=11_800
    )
    assert (log.opening_m, log.closing_m) == (None, 52_012_000)


def test_a_trip_over_midnight_of_the_month_s_end_is_shown_in_both_and_its_metres_once() -> None:
    """It is counted where it began; its metres stand where the return was read."""
    hours = (DECEMBER - NOVEMBER).total_seconds() / 3600 - 1
    night = use(hours=hours, track_m=9_000, fuel_ml=5)
    readings = trip_readings(hours=hours)
    november = month_log(facts_of(readings, [night]))
    december = month_log(facts_of(readings, [night], from_at=DECEMBER, until_at=DECEMBER + timedelta(days=31)))
    assert (november.totals.trips, november.totals.trips_m, november.rows[0].length_m) == (1, 0, None)
    assert (december.totals.trips, december.totals.trips_m, december.rows[0].length_m) == (0, 12_000, 12_000)
    assert (november.rows[0].continued, december.rows[0].continued) == (False, True)
    assert (november.totals.track_m, december.totals.track_m) == (9_000, 0)
    assert november.closing_m == december.opening_m == 52_000_000


def test_a_changed_crew_shows_who_was_to_drive_who_did_and_why() -> None:
    """Old, new, who and when stand in the ordinary view."""
    crews = (LogCrew(UUID(int=1), "张三", ("李四",)), LogCrew(UUID(int=5), "赵六", ("李四",)))
    row = month_log(
        facts_of(trip_readings(), [use(crews=crews, steps=(step(UseVerb.CHANGE_CREW, reason="张三请假"),))])
    ).rows[0]
    amendment = row.amendments[0]
    assert (amendment.what, amendment.old, amendment.new) == (AmendmentKind.CREW, "张三、李四", "赵六、李四")
    assert (amendment.by, amendment.reason, row.driver) == ("王五", "张三请假", "赵六")


def test_a_rescheduled_trip_shows_both_windows() -> None:
    """In the clock of the bureau's zone."""
    old = (NOVEMBER + timedelta(hours=8), NOVEMBER + timedelta(hours=9))
    new = (NOVEMBER + timedelta(hours=10), NOVEMBER + timedelta(hours=12))
    row = month_log(
        facts_of(trip_readings(), [use(steps=(step(UseVerb.RESCHEDULE, window=new, old_window=old),))])
    ).rows[0]
    assert row.amendments[0].old == "2026-11-01 08:00 – 2026-11-01 09:00"
    assert row.amendments[0].new == "2026-11-01 10:00 – 2026-11-01 12:00"


def test_jobs_added_and_dropped_are_amendments_and_a_dropped_one_is_no_complaint_of_the_trip() -> None:
    """The complaint that was not driven for is named only where it was dropped."""
    jobs = (
        LogJob(UUID(int=21), "2026-1", "市场", dropped=False),
        LogJob(UUID(int=22), "2026-2", "商场", dropped=True),
        LogJob(UUID(int=23), "2026-3", "酒楼", dropped=False),
    )
    steps = (
        step(UseVerb.ADD_JOB, job_ids=(UUID(int=23),)),
        step(UseVerb.DROP_JOB, job_ids=(UUID(int=22),), reason="已和解"),
    )
    row = month_log(facts_of(trip_readings(), [use(jobs=jobs, steps=steps)])).rows[0]
    assert row.complaints == ("2026-1", "2026-3")
    assert [(one.what, one.old, one.new) for one in row.amendments] == [
        (AmendmentKind.JOB_ADDED, "", "2026-3 酒楼"),
        (AmendmentKind.JOB_DROPPED, "2026-2 商场", ""),
    ]


def test_a_departure_entered_from_paper_says_how_late() -> None:
    """The delay is recorded minus stated, and the entry is marked as made later."""
    stated = NOVEMBER + timedelta(hours=10)
    paper = step(UseVerb.DEPART, source="paper", stated_at=stated, recorded_at=stated + timedelta(hours=26))
    row = month_log(facts_of(trip_readings(), [use(steps=(paper,))])).rows[0]
    assert row.came_by == ("paper",)
    assert (row.departure_delay_s, row.return_delay_s) == (26 * 3600, None)
    assert row.amendments[0].what is AmendmentKind.LATE_ENTRY


def test_a_corrected_reading_shows_the_wrong_one_beside_it() -> None:
    """At the trip if it is the trip's; on a row of its own if it is nobody's."""
    wrong = read(8, 1, 91_990_000)
    right = read(9, 1, 51_990_000, corrects=UUID(int=8), reason="首位数字输错", read_at=wrong.reading.read_at)
    late = replace(right, by="台长", recorded_at=NOVEMBER + timedelta(hours=30))
    log = month_log(facts_of([wrong, late, *trip_readings()], [use()]))
    row = next(row for row in log.rows if row.kind is RowKind.CORRECTION)
    told = row.amendments[0]
    assert (told.old, told.new, told.by, told.reason) == ("91990000", "51990000", "台长", "首位数字输错")
    assert log.totals.unaccounted_m == 10_000
    of_trip = read(4, 10, 52_001_000, corrects=UUID(int=1), use_id=TRIP, reason="看错")
    trip = month_log(facts_of([*trip_readings(), of_trip], [use()])).rows[0]
    assert (trip.length_m, trip.amendments[0].what) == (11_000, AmendmentKind.READING)


def test_fuel_is_reckoned_per_hundred_kilometres() -> None:
    """42.35 l over 500 km are 8.47 l for a hundred; without kilometres there is nothing to say."""
    assert Totals(fuel_ml=42_350, difference_m=500_000).fuel_ml_per_100_km == 8_470
    assert Totals(fuel_ml=42_350).fuel_ml_per_100_km is None
    assert Totals(difference_m=500_000).fuel_ml_per_100_km is None


@given(books())
def test_trips_upkeep_and_unaccounted_add_up_to_last_minus_first_exactly(
    drawn: tuple[list[RecordedReading], list[LogUse]],
) -> None:
    """P5, to the metre, in every month and in all of them, and each month opens where the last one closed."""
    readings, uses = drawn
    edges = [NOVEMBER + timedelta(days=days) for days in (-40, -31, 0, 30, 61, 2000)]
    whole = Totals()
    closed_m: int | None = None
    for from_at, until_at in pairwise(edges):
        facts = facts_of(readings, uses, from_at=from_at, until_at=until_at)
        log = month_log(facts)
        sums = log.totals
        assert sums.trips_m + sums.upkeep_m + sums.unaccounted_m == sums.difference_m
        shown_m = sum(row.length_m or 0 for row in log.rows)
        assert shown_m == sums.difference_m
        assert log.opening_m == closed_m
        closed_m = log.closing_m
        whole += sums
    stretch = stretch_of((one.reading for one in readings), edges[0], edges[-1])
    assert whole.difference_m == stretch.difference_m
    assert whole.unaccounted_m == stretch.unaccounted_m


@given(books(), st.integers(-900, 900))
def test_the_readings_since_the_last_departure_or_return_are_enough(
    drawn: tuple[list[RecordedReading], list[LogUse]], hours: int
) -> None:
    """What the log loads of the time before a month gives the same books as everything there ever was."""
    readings, _ = drawn
    from_at = NOVEMBER + timedelta(hours=hours)
    until_at = from_at + timedelta(days=30)
    ends = [
        one.reading.read_at
        for one in readings
        if one.reading.read_at < from_at and one.reading.moment is not Moment.SPOT
    ]
    since = max(ends, default=datetime.min.replace(tzinfo=UTC))
    loaded = [one.reading for one in readings if since <= one.reading.read_at < until_at]
    assert stretch_of(loaded, from_at, until_at) == stretch_of((one.reading for one in readings), from_at, until_at)
