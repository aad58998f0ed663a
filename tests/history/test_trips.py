"""The old log as people kept it, read row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.history.trips import COLUMNS, ReadLog, TripKey, check_against_books, read_log
from domain.sheet.columns import find_headings, with_columns
from domain.sheet.problems import ProblemKind, hindering

ZONE = "Asia/Shanghai"
PLATE = "闽B·12315"
TITLE = ["2025年公务用车使用台账"]
HEADINGS = [
    "日期",
    "车号",
    "出车时间",
    "收车时间",
    "起始里程（公里）",
    "终止里程（公里）",
    "司机",
    "事由",
    "加油（升）",
    "备注",
]
FIRST = ["3月1日", "闽B12315", "8:30", "10:05", 12000, 12031, "郑某", "文献步行街调解", None, None]
SECOND = ["3月1日", "闽B12315", "14:00", "15:10", 12031, "12,052", "郑某", "霞林街道调解", 35.5, "复印件"]


def log_of(*rows: list[Any], **said: Any) -> ReadLog:
    """Read a sheet with a title, its headings and those rows."""
    sheet = [TITLE, HEADINGS, *rows]
    headings = with_columns(find_headings(sheet, COLUMNS), COLUMNS, [])
    return read_log(sheet, headings, zone=ZONE, plate=PLATE, **said)


def kinds(log: ReadLog) -> list[tuple[int, str, ProblemKind]]:
    """Return the problems as people find them."""
    return [(one.row, one.column, one.kind) for one in log.problems]


def at(hour: int, minute: int, day: int = 1) -> datetime:
    """Return an instant of March 2025."""
    return datetime(2025, 3, day, hour, minute, tzinfo=ZoneInfo(ZONE))


def test_an_ordinary_log_is_read_without_a_question() -> None:
    """The year stands in the title, kilometres become metres, a line of sums is no trip."""
    log = log_of(FIRST, SECOND, ["合计", None, None, None, None, 52])
    assert not log.problems
    first, second = log.trips
    assert (first.started_at, first.ended_at) == (at(8, 30), at(10, 5))
    assert (first.from_m, first.until_m, first.driver, first.purpose) == (
        12_000_000,
        12_031_000,
        "郑某",
        "文献步行街调解",
    )
    assert (second.until_m, second.fuel_ml, second.remark) == (12_052_000, 35_500, "复印件")


def changed(row: list[Any], **cells: Any) -> list[Any]:
    """Return a row with other cells, by their column's letter."""
    return [cells.get(chr(ord("A") + place), cell) for place, cell in enumerate(row)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (changed(SECOND, A="昨天"), (4, "A", ProblemKind.NO_DATE)),
        (changed(SECOND, C=None), (4, "C", ProblemKind.EMPTY)),
        (changed(SECOND, E="约一万二"), (4, "E", ProblemKind.NO_NUMBER)),
        (changed(SECOND, F=None), (4, "F", ProblemKind.EMPTY)),
        (changed(SECOND, F=12_001), (4, "F", ProblemKind.GOES_BACK)),
        (changed(SECOND, F=99_999_999), (4, "F", ProblemKind.OUT_OF_RANGE)),
        (changed(SECOND, D="2025-02-28 09:00"), (4, "D", ProblemKind.ENDS_BEFORE)),
        (changed(SECOND, I=5_000), (4, "I", ProblemKind.OUT_OF_RANGE)),
        (FIRST, (4, "", ProblemKind.TWICE)),
    ],
)
def test_what_hinders_is_told_by_row_and_column(row: list[Any], problem: tuple[int, str, ProblemKind]) -> None:
    """Whoever has the file open finds the cell at once; nothing is taken over while it stands."""
    log = log_of(FIRST, row)
    assert problem in kinds(log)
    assert hindering(log.problems)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (changed(SECOND, E=12_040), (4, "E", ProblemKind.GAP)),
        (changed(SECOND, E=12_020), (4, "E", ProblemKind.GAP)),
        (changed(SECOND, C="9:00", D="9:30"), (4, "C", ProblemKind.OVERLAP)),
        (changed(SECOND, D="1:30"), (4, "D", ProblemKind.NEXT_DAY)),
        (changed(SECOND, B="闽B99999"), (4, "B", ProblemKind.OTHER_VEHICLE)),
    ],
)
def test_what_is_odd_about_the_paper_is_told_and_taken_over_as_it_is(
    row: list[Any], problem: tuple[int, str, ProblemKind]
) -> None:
    """The paper is what it is: a gap in it is history too."""
    log = log_of(FIRST, row)
    assert kinds(log) == [problem]
    assert not hindering(log.problems)


@pytest.mark.parametrize("day", ["9999-12-31", "1989-03-01", "0001-01-01"])
def test_a_day_of_another_age_is_told_by_its_cell(day: str) -> None:
    """A slip in the year is no history, and no fault of ours."""
    log = log_of(changed(FIRST, A=day, D="1:30"))
    assert kinds(log) == [(3, "C", ProblemKind.OUT_OF_RANGE)]
    assert not log.trips


def test_the_way_back_may_be_told_as_a_distance() -> None:
    """Many logs have the odometer once and how far was driven."""
    sheet = [["出车时间", "出车里程", "行驶里程"], ["2025-03-01 08:30", 12000, 31.5]]
    log = read_log(sheet, with_columns(find_headings(sheet, COLUMNS), COLUMNS, []), zone=ZONE, plate=PLATE)
    assert [(one.from_m, one.until_m) for one in log.trips] == [(12_000_000, 12_031_500)]


def test_the_order_of_rows_does_not_matter_for_what_follows_what() -> None:
    """A log that was filled from the newest down has no gaps of its own."""
    assert not log_of(SECOND, FIRST).problems


def test_paper_ends_where_the_books_begin_and_what_is_there_is_left_out() -> None:
    """From the first reading on the books hold; the same sheet again is nothing new."""
    log = log_of(FIRST, SECOND)
    known = {TripKey(at(8, 30), 12_000_000, 12_031_000)}
    fresh, problems = check_against_books(log, known, None)
    assert [one.row for one in fresh] == [4]
    assert [(one.row, one.kind) for one in problems] == [(3, ProblemKind.KNOWN)]
    fresh, problems = check_against_books(log, (), at(15, 0))
    assert [one.row for one in fresh] == [3]
    assert [(one.row, one.kind) for one in problems] == [(4, ProblemKind.AFTER_HANDOVER)]


CELLS = st.one_of(st.none(), st.text(max_size=10), st.integers(-5, 10**7), st.floats(), st.datetimes(), st.booleans())


@given(st.lists(st.lists(CELLS, min_size=10, max_size=10), max_size=5))
def test_whatever_stands_in_the_rows_is_a_trip_or_a_problem(rows: list[list[Any]]) -> None:
    """Nothing is dropped in silence, and every trip that is read can be entered."""
    log = log_of(*rows)
    told = {one.row for one in log.problems} | {one.row for one in log.trips}
    sums = {"合计", "总计", "小计", "total", "sum"}
    for number, row in enumerate(rows, start=3):
        said = [str(cell).strip() for cell in row if cell is not None and str(cell).strip()]
        assert number in told or not said or sums & {one.casefold() for one in said}
    for trip in log.trips:
        assert 0 <= trip.from_m <= trip.until_m
        assert trip.ended_at is None or trip.ended_at >= trip.started_at
