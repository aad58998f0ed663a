"""How urgent a term is shown: at each limit, one day before it and one day after."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.complaint.left import AMBER_DAYS, RED_DAYS, Urgency, days_left, urgency

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (-1, Urgency.OVERDUE),
        (0, Urgency.URGENT),
        (RED_DAYS, Urgency.URGENT),
        (RED_DAYS + 1, Urgency.SOON),
        (AMBER_DAYS, Urgency.SOON),
        (AMBER_DAYS + 1, Urgency.AHEAD),
    ],
)
def test_urgency_changes_on_the_day_it_says(left: int, expected: Urgency) -> None:
    """The last day itself is still kept; the day after it is overdue."""
    assert urgency(TODAY + timedelta(days=left), TODAY) is expected


def test_no_two_urgencies_look_alike_without_colour() -> None:
    """Each has a sign and words of its own."""
    for looks in ({one.sign for one in Urgency}, {one.zh for one in Urgency}, {one.en for one in Urgency}):
        assert len(looks) == len(Urgency)


def test_days_left_are_told_in_words() -> None:
    """Overdue, today and to come, in both languages."""
    for left, zh, en in ((-2, "超期 2 天", "2 d overdue"), (0, "今天到期", "due today"), (5, "剩 5 天", "5 d left")):
        day = TODAY + timedelta(days=left)
        assert (days_left(day, TODAY, "zh"), days_left(day, TODAY, "en")) == (zh, en)
