"""The national platform's list of complaints, read row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.history.complaints import COLUMNS, ReadList, check_against_register, read_list
from domain.sheet.columns import find_headings, with_columns
from domain.sheet.problems import ProblemKind, hindering

ZONE = "Asia/Shanghai"
OF_COMPLAINT = ["登记编号", "登记时间", "投诉人", "联系电话", "联系地址", "被投诉方", "被投诉方地址"]
HEADINGS = [*OF_COMPLAINT, "诉求内容", "问题描述", "办理状态", "受理时间"]
PARTIES = ("林某", "13800000001", "霞林街道", "某服装店", "文献步行街 12 号")
WAITING = ["350302202611240001", "2026-11-24 09:12:00", *PARTIES, "退货退款", "褪色", "待受理", None]


def list_of(*rows: list[Any], **fill: str) -> ReadList:
    """Read a list with its headings and those rows."""
    sheet = [HEADINGS, *rows]
    return read_list(sheet, with_columns(find_headings(sheet, COLUMNS), COLUMNS, []), zone=ZONE, fill=fill)


def changed(row: list[Any], **cells: Any) -> list[Any]:
    """Return a row with other cells, by their column's letter."""
    return [cells.get(chr(ord("A") + place), cell) for place, cell in enumerate(row)]


def test_a_waiting_complaint_is_read_with_its_number_and_time() -> None:
    """It is registered as it was received, and nobody has accepted it."""
    (one,) = list_of(WAITING).complaints
    assert one.source_number == "350302202611240001"
    assert one.received_at == datetime(2026, 11, 24, 9, 12, tzinfo=ZoneInfo(ZONE))
    assert one.accepted_at is None
    assert one.particulars.respondent_name == "某服装店"


def test_an_accepted_one_has_its_day_of_acceptance() -> None:
    """From the column, or, where only the state says so, the day of receipt."""
    told, said = list_of(changed(WAITING, J="已受理", K="2026-11-25"), changed(WAITING, A="2", J="调解中")).complaints
    assert told.accepted_at == datetime(2026, 11, 25, tzinfo=ZoneInfo(ZONE))
    assert said.accepted_at == said.received_at


@pytest.mark.parametrize("state", ["已办结", "不予受理", "终止调解", "投诉人撤回"])
def test_what_has_ended_at_its_source_is_left_out_and_told(state: str) -> None:
    """The desk drives to open complaints only."""
    read = list_of(changed(WAITING, J=state))
    assert not read.complaints
    assert [one.kind for one in read.problems] == [ProblemKind.ENDED]
    assert not hindering(read.problems)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (changed(WAITING, A=None), ("A", ProblemKind.EMPTY)),
        (changed(WAITING, A=3.5030220261124e17), ("A", ProblemKind.NOT_TAKEN)),
        (changed(WAITING, B="上周"), ("B", ProblemKind.NO_DATE)),
        (changed(WAITING, D="12"), ("D", ProblemKind.NOT_TAKEN)),
        (changed(WAITING, E=None), ("E", ProblemKind.EMPTY)),
        (changed(WAITING, J="已受理", K="2026-11-01"), ("K", ProblemKind.ENDS_BEFORE)),
    ],
)
def test_what_hinders_is_told_by_row_and_column(row: list[Any], problem: tuple[str, ProblemKind]) -> None:
    """A number kept as a number has lost its last digits: it must be text."""
    read = list_of(row)
    assert [(one.row, one.column, one.kind) for one in read.problems] == [(2, *problem)]
    assert hindering(read.problems)


def test_what_the_platform_never_lists_can_be_filled_in_for_all() -> None:
    """Lists come without the complainant's address; who imports says what stands there."""
    (one,) = list_of(changed(WAITING, E=None), complainant_address="平台未提供").complaints
    assert one.particulars.complainant_address == "平台未提供"


def test_a_number_twice_is_a_problem_and_a_registered_one_is_left_out() -> None:
    """One complaint has one number; the next day's list may hold yesterday's again."""
    twice = list_of(WAITING, WAITING)
    assert [(one.row, one.column, one.kind) for one in twice.problems] == [(3, "A", ProblemKind.TWICE)]
    fresh, problems = check_against_register(list_of(WAITING), {"350302202611240001"})
    assert not fresh
    assert [one.kind for one in problems] == [ProblemKind.KNOWN]
