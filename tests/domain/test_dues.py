"""When a vehicle is due again, when it is warned of, and when it is unfit."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.upkeep.dues import (
    BadDue,
    Due,
    DueKind,
    Odometer,
    Standing,
    check_due,
    is_passed,
    months_after,
    passed,
    standing,
)

TODAY = date(2026, 11, 23)


def due(due_on: date | None = None, due_m: int | None = None, segment: int | None = None) -> Due:
    """A service that is due so."""
    return Due(UUID(int=1), DueKind.SERVICE, due_on, due_m, segment)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 11, 22), Standing.PASSED), (date(2026, 11, 23), Standing.NEAR), (date(2026, 12, 23), Standing.NEAR)],
)
def test_a_day_passes_when_it_is_over_and_warns_thirty_days_before(day: date, expected: Standing) -> None:
    """Yesterday is passed, today is still right, and so is a day thirty days ahead, with a warning."""
    assert standing(due(day), TODAY, None, warn_days=30, warn_m=500_000) is expected


def test_a_day_further_ahead_warns_of_nothing() -> None:
    """Thirty-one days ahead."""
    assert standing(due(date(2026, 12, 24)), TODAY, None, warn_days=30, warn_m=500_000) is Standing.FAR


@pytest.mark.parametrize(
    ("odometer_m", "expected"),
    [
        (54_499_999, Standing.FAR),
        (54_500_000, Standing.NEAR),
        (55_000_000, Standing.NEAR),
        (55_000_001, Standing.PASSED),
    ],
)
def test_a_kilometre_passes_with_the_first_metre_beyond_it(odometer_m: int, expected: Standing) -> None:
    """Warned of from 500 km before."""
    by_odometer = due(due_m=55_000_000, segment=0)
    assert standing(by_odometer, TODAY, Odometer(0, odometer_m), warn_days=30, warn_m=500_000) is expected


def test_kilometres_of_a_replaced_odometer_are_not_those_of_the_new_one() -> None:
    """Nobody can count them any more: the vehicle is not unfit, and somebody is warned."""
    by_odometer = due(due_m=55_000_000, segment=0)
    assert standing(by_odometer, TODAY, Odometer(1, 99_000_000), warn_days=30, warn_m=500_000) is Standing.NEAR
    assert not is_passed(by_odometer, TODAY, Odometer(1, 99_000_000))


def test_before_the_first_reading_a_kilometre_is_far() -> None:
    """Nothing says that it is near."""
    assert standing(due(due_m=1_000, segment=0), TODAY, None, warn_days=30, warn_m=500_000) is Standing.FAR


def test_whichever_comes_first_counts() -> None:
    """By either alone the vehicle is unfit."""
    both = due(date(2026, 11, 22), 55_000_000, 0)
    assert is_passed(both, TODAY, Odometer(0, 50_000_000))
    assert is_passed(due(date(2027, 1, 1), 55_000_000, 0), TODAY, Odometer(0, 55_000_001))
    assert passed([both, due(date(2027, 1, 1))], TODAY, None) == (UUID(int=1),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"every_months": None},
        {"every_months": 0},
        {"every_months": 121},
        {"every_m": 999, "done_m": 0},
        {"every_m": 200_000_001, "done_m": 0},
        {"every_m": 5_000_000},
        {"done_m": 5_000_000},
        {"done_on": date(2026, 11, 24)},
    ],
)
def test_what_is_due_never_or_from_nowhere_is_refused(wrong: dict[str, Any]) -> None:
    """Neither months nor metres, out of bounds, metres from no reading, a day to come."""
    right: dict[str, Any] = {
        "done_on": TODAY,
        "every_months": 6,
        "every_m": None,
        "done_m": None,
        "today": TODAY,
    }
    check_due(**right)
    with pytest.raises(BadDue):
        check_due(**(right | wrong))


def test_half_a_year_after_the_last_of_august_is_the_last_of_february() -> None:
    """A month without such a day ends it."""
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_after(date(2027, 8, 31), 6) == date(2028, 2, 29)


@given(st.dates(date(2000, 1, 1), date(2080, 1, 1)), st.integers(1, 120))
def test_months_go_by_the_calendar_and_never_beyond(day: date, months: int) -> None:
    """So many months later, on the same day or the last of that month."""
    later = months_after(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day
