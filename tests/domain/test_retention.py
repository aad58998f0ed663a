"""When a stored month's time is over, and which month of the books its last hours are in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.retention import Keeping, kept_until, last_book_month, why_kept

BEIJING = ZoneInfo("Asia/Shanghai")
FREE = Keeping(keep_months=36, zone=BEIJING, unsealed=(), out=0, held=0)
OVER_AT = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(("at", "kept"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"])
def test_a_month_is_kept_until_so_many_months_after_its_end(*, at: int, kept: bool) -> None:
    """May of 2021 for 36 months: until June of 2024 begins."""
    why = why_kept(date(2021, 5, 1), FREE, OVER_AT + timedelta(microseconds=at))
    assert bool(why) is kept


def test_a_year_s_end_is_counted_over() -> None:
    """December's time ends with a December, and is counted from January."""
    assert kept_until(date(2021, 12, 1), 24) == datetime(2024, 1, 1, tzinfo=UTC)
    assert kept_until(date(2021, 11, 1), 25) == datetime(2024, 1, 1, tzinfo=UTC)


def test_the_last_hours_of_a_month_of_utc_are_of_the_next_month_of_the_books() -> None:
    """Eight hours east; at Greenwich they are the same."""
    assert last_book_month(date(2021, 5, 1), BEIJING) == date(2021, 6, 1)
    assert last_book_month(date(2021, 5, 1), ZoneInfo("UTC")) == date(2021, 5, 1)


def test_everything_that_keeps_a_month_is_told() -> None:
    """Not the first alone."""
    all_of_it = replace(FREE, unsealed=("闽B2", "闽B1"), out=1, held=2)
    assert why_kept(date(2021, 5, 1), all_of_it, OVER_AT - timedelta(days=1)) == (
        "kept until 2024-06-01 by keep_positions_months",
        "2021-06 is not sealed of 闽B1, 闽B2",
        "1 still out since then",
        "2 held fixes wait for a trip",
    )
