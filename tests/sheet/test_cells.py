"""What a cell says, as people type it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sheet.cells import date_of, fen_of, has_date, text_of, thousandths_of, time_of
from domain.sheet.problems import CellFault, ProblemKind

CELLS = st.one_of(
    st.none(), st.text(max_size=40), st.integers(), st.floats(), st.dates(), st.datetimes(), st.times(), st.booleans()
)


@pytest.mark.parametrize(
    "cell",
    [
        "2025-03-01",
        "2025/3/1",
        "2025.3.1",
        "2025年3月1日",
        "20250301",
        "２０２５-03-01 08:30",
        datetime.fromisoformat("2025-03-01T08:00"),
        date(2025, 3, 1),
        45717,
    ],
)
def test_a_day_is_understood_in_every_way_people_write_it(cell: Any) -> None:
    """Also as the number of days a spreadsheet keeps."""
    assert date_of(cell) == date(2025, 3, 1)
    assert has_date(cell)


def test_a_day_without_its_year_is_of_the_year_that_is_given() -> None:
    """A log of one year writes month and day only."""
    assert date_of("3月1日", 2025) == date(2025, 3, 1)
    with pytest.raises(CellFault) as fault:
        date_of("3/1")
    assert fault.value.kind is ProblemKind.NO_YEAR


@pytest.mark.parametrize("cell", ["12/03/2025", "2025-02-30", "昨天", "", None, "13/13"])
def test_what_may_be_two_days_or_none_is_asked_about(cell: Any) -> None:
    """12/03/2025 may be in March or in December: nobody guesses."""
    with pytest.raises(CellFault):
        date_of(cell, 2025)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("8:30", time(8, 30)),
        ("08：30", time(8, 30)),
        ("下午2点", time(14)),
        ("14时05分", time(14, 5)),
        ("8点半", time(8, 30)),
        ("下午3点一刻", time(15, 15)),
        ("晚8点", time(20)),
        ("晚上 9:40", time(21, 40)),
        ("中午1点", time(13)),
        ("中午11点半", time(11, 30)),
        ("凌晨2点", time(2)),
        ("2:05 pm", time(14, 5)),
        ("2025-03-01 08:30:15", time(8, 30, 15)),
        (0.5, time(12)),
        (45717.25, time(6)),
        (datetime.fromisoformat("2025-03-01T08:01"), time(8, 1)),
        (time(9), time(9)),
        ("2025-03-01", None),
        (45717, None),
        (None, None),
    ],
)
def test_a_time_of_day_is_understood_alone_and_after_a_date(cell: Any, told: time | None) -> None:
    """Also as the part of a day a spreadsheet keeps."""
    assert time_of(cell) == told


def test_twelve_in_the_evening_is_asked_about() -> None:
    """It is midnight, and nobody guesses of which day."""
    with pytest.raises(CellFault):
        time_of("晚上12点")


def test_kilometres_litres_and_yuan_become_whole_numbers() -> None:
    """Signs of thousands, units and full-width digits hinder nobody."""
    assert thousandths_of("１２,345.6 km", most=10**9) == 12_345_600
    assert thousandths_of(35.5, most=10**6) == 35_500
    assert fen_of("¥ 256.35", most=10**6) == 25_635
    for cell in ("约", None, datetime.fromisoformat("2025-01-01T00:00"), True):
        with pytest.raises(CellFault):
            thousandths_of(cell, most=10**6)
    for cell in ("-3", "－3", "−3", "(3)", "（3.00）", "-¥3", "¥ -3", "RMB-3"):
        with pytest.raises(CellFault) as fault:
            thousandths_of(cell, most=10**6)
        assert fault.value.kind is ProblemKind.OUT_OF_RANGE
    assert fen_of("约35", most=10**6) == fen_of("35(含税)", most=10**6) == 3_500


def test_a_number_typed_as_a_code_keeps_no_decimal_point() -> None:
    """12315 in a cell of numbers is 12315.0 to the program that reads it."""
    assert text_of(350302000123.0) == "350302000123"


@given(CELLS)
def test_no_cell_breaks_the_reading(cell: Any) -> None:
    """Whatever stands there is a value or a fault that names it."""
    for read in (
        text_of,
        date_of,
        time_of,
        lambda one: thousandths_of(one, most=10**9),
        lambda one: fen_of(one, most=10**9),
    ):
        with suppress(CellFault):
            read(cell)
