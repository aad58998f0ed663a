"""Deadlines of complaints: the worked examples, and what the orders say of counting."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Deadline, Stretch, shipped_calendar
from domain.complaint.deadlines import deadline
from domain.complaint.packs import DeadlineCode, NoExtension, NoSuchDeadline, pack_by_code, packs

CALENDAR = shipped_calendar()
ORDER_20, ORDER_121 = pack_by_code("SAMR20-2019"), pack_by_code("SAMR121-2026")
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "law" / "deadline_vectors.json").read_text("utf-8"))
KINDS = {
    "7WD": (ORDER_121, DeadlineCode.ACCEPT),
    "60D": (ORDER_121, DeadlineCode.MEDIATE),
    "45WD(order20)": (ORDER_20, DeadlineCode.MEDIATE),
}
ANY_DAY = st.dates(date(2025, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['kind']} from {vector['start']}")
def test_every_worked_deadline_comes_out(vector: dict[str, Any]) -> None:
    """Thirteen deadlines worked out by hand; the one without an answer is provisional."""
    pack, code = KINDS[vector["kind"]]
    found = deadline(pack, code, date.fromisoformat(vector["start"]), CALENDAR)
    if vector["due"] == "needs 2027 calendar":
        assert found.provisional
        return
    due_on = date.fromisoformat(vector["due"])
    nominal_on = date.fromisoformat(vector.get("nominal", vector["due"]))
    assert found == Deadline(nominal_on, due_on, provisional=due_on.year > 2026)


def test_all_thirteen_vectors_are_there() -> None:
    """An emptied file must not pass for a green one."""
    assert len(VECTORS) == 13
    assert {vector["kind"] for vector in VECTORS} == set(KINDS)


@pytest.mark.parametrize(
    ("through", "due_on"),
    [
        (date(2026, 5, 10), date(2026, 7, 1)),
        (date(2026, 5, 11), date(2026, 7, 2)),
        (date(2026, 5, 20), date(2026, 7, 11)),
    ],
)
def test_testing_time_does_not_count_towards_mediation(through: date, due_on: date) -> None:
    """Begun and ended on one day it takes nothing, a day later one day, ten days later ten (art. 22)."""
    tested = [Stretch(date(2026, 5, 10), through)]
    found = deadline(ORDER_121, DeadlineCode.MEDIATE, date(2026, 5, 2), CALENDAR, tested)
    assert found == Deadline(due_on, due_on, provisional=False)


def test_under_order_20_only_the_working_days_of_testing_are_won_back() -> None:
    """A weekend of testing lengthens no term that is counted in working days."""
    friday = date(2026, 3, 6)
    plain = deadline(ORDER_20, DeadlineCode.MEDIATE, date(2026, 3, 2), CALENDAR)
    weekend = [Stretch(friday, friday + timedelta(days=2))]
    monday = [Stretch(friday, friday + timedelta(days=3))]
    assert deadline(ORDER_20, DeadlineCode.MEDIATE, date(2026, 3, 2), CALENDAR, weekend) == plain
    assert deadline(ORDER_20, DeadlineCode.MEDIATE, date(2026, 3, 2), CALENDAR, monday).due_on == date(2026, 5, 9)


def test_testing_time_counts_towards_every_other_term() -> None:
    """Accepting or telling the parties does not wait for a laboratory."""
    tested = [Stretch(date(2026, 5, 3), date(2026, 6, 30))]
    for code in (DeadlineCode.ACCEPT, DeadlineCode.NOTIFY_TERMINATION, DeadlineCode.CLUE_CHECK):
        plain = deadline(ORDER_121, code, date(2026, 5, 6), CALENDAR)
        assert deadline(ORDER_121, code, date(2026, 5, 6), CALENDAR, tested) == plain


def test_testing_that_ends_after_the_year_makes_the_deadline_provisional() -> None:
    """The sixtieth day moves into a year whose holidays nobody knows yet."""
    received_on = date(2026, 10, 12)
    plain = deadline(ORDER_121, DeadlineCode.MEDIATE, received_on, CALENDAR)
    tested = [Stretch(date(2026, 11, 1), date(2026, 12, 1))]
    assert not plain.provisional
    assert deadline(ORDER_121, DeadlineCode.MEDIATE, received_on, CALENDAR, tested).provisional


def test_the_check_of_a_clue_may_be_extended_once_by_fifteen_working_days() -> None:
    """Art. 27: fifteen, and fifteen more; the term of mediation has no extension."""
    found_on = date(2026, 5, 11)
    assert deadline(ORDER_121, DeadlineCode.CLUE_CHECK, found_on, CALENDAR).due_on == date(2026, 6, 1)
    assert deadline(ORDER_121, DeadlineCode.CLUE_CHECK, found_on, CALENDAR, extended=True).due_on == date(2026, 6, 23)
    with pytest.raises(NoExtension):
        deadline(ORDER_121, DeadlineCode.MEDIATE, found_on, CALENDAR, extended=True)


def test_a_term_the_order_does_not_set_has_no_deadline() -> None:
    """Asking for it is an error, not a day."""
    with pytest.raises(NoSuchDeadline):
        deadline(ORDER_121, DeadlineCode.TELL_REPORTER, date(2026, 5, 11), CALENDAR)


@given(ANY_DAY, st.sampled_from(packs()), st.data())
def test_every_term_of_every_order_ends_after_it_began_and_warns_no_later_than_it_ends(
    from_on: date, pack: Any, data: st.DataObject
) -> None:
    """Whatever the day, the last day lies ahead and the warning does not come after it."""
    code = data.draw(st.sampled_from([rule.code for rule in pack.deadlines]))
    found = deadline(pack, code, from_on, CALENDAR)
    assert from_on < found.warn_on <= found.nominal_on <= found.due_on
    assert found.provisional or found.due_on.year <= 2026


@given(ANY_DAY, st.integers(1, 400))
def test_a_later_start_never_ends_earlier(from_on: date, later: int) -> None:
    """Waiting a day cannot shorten a term."""
    for pack, code in KINDS.values():
        first = deadline(pack, code, from_on, CALENDAR)
        second = deadline(pack, code, from_on + timedelta(days=later), CALENDAR)
        assert first.due_on <= second.due_on
