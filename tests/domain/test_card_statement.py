"""What a statement of cards says, and which line is which cost when nothing else can be meant."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.sheet.columns import find_headings, with_columns
from domain.upkeep.costs import CostKind
from domain.upkeep.statement import (
    COLUMNS,
    CardHeld,
    PaidCost,
    ReadStatement,
    StatementLine,
    holder_of,
    matches,
    read_statement,
)

ZONE = ZoneInfo("Asia/Shanghai")
CARD = "1000113500001234567"
CAR, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZONE)

SINOPEC: list[tuple[Any, ...]] = [
    ("中国石化加油卡消费明细（2026年11月）",),
    ("卡号", "交易时间", "交易类型", "油品", "数量（升）", "金额（元）", "网点名称"),
    (CARD, "2026-11-03 09:12:00", "加油", "95号", "42.35", "312.50", "城厢加油站"),
    (CARD, "2026-11-05 10:00:00", "圈存", "", "", "1000.00", "城厢加油站"),
    (f"{CARD[:4]} {CARD[4:]}", "2026-11-17 16:40:11", "加油", "95号", "40", "298", "荔城加油站"),
    ("合计", "", "", "", "82.35", "610.50", ""),
]
ETC: list[tuple[Any, ...]] = [
    ("ETC卡号", "日期", "出口时间", "通行费", "出口站"),
    ("3501", date(2026, 11, 3), "08:30", 15, "莆田南"),
]


def read(rows: list[tuple[Any, ...]]) -> ReadStatement:
    """Read a sheet with the columns as guessed."""
    return read_statement(rows, with_columns(find_headings(rows, COLUMNS), COLUMNS, ()), zone="Asia/Shanghai")


def test_a_fuel_statement_is_read_without_its_top_ups_and_sums() -> None:
    """Title, sum and money put on the card are no fuel; blanks in a card's number say nothing."""
    told = read(SINOPEC)
    assert [(line.row, line.card_no, line.amount_fen, line.fuel_ml, line.place) for line in told.lines] == [
        (3, CARD, 31_250, 42_350, "城厢加油站"),
        (5, CARD, 29_800, 40_000, "荔城加油站"),
    ]
    assert told.lines[0].paid_at == datetime(2026, 11, 3, 9, 12, tzinfo=ZONE)
    assert [(one.row, one.kind.value, one.kind.is_notice) for one in told.problems] == [(4, "top-up", True)]
    assert not told.hindered


def test_a_toll_statement_may_have_its_day_in_a_column_of_its_own() -> None:
    """A spreadsheet's own date beside a time of day."""
    (line,) = read(ETC).lines
    assert (line.paid_at, line.amount_fen, line.fuel_ml) == (datetime(2026, 11, 3, 8, 30, tzinfo=ZONE), 1_500, None)


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        (0, "卡", "not-taken"),
        (0, None, "empty"),
        (1, "昨天", "no-date"),
        (1, "0001-01-01", "out-of-range"),
        (5, "三百", "no-number"),
        (5, None, "empty"),
    ],
)
def test_a_line_that_cannot_be_read_hinders_the_whole_sheet(column: int, cell: str | None, problem: str) -> None:
    """Told by row and column; nothing half is taken over."""
    wrong = list(SINOPEC[2])
    wrong[column] = cell
    told = read([*SINOPEC[:2], tuple(wrong)])
    assert told.hindered
    assert [(one.row, one.kind.value) for one in told.problems] == [(3, problem)]


def test_a_sheet_without_a_line_is_none() -> None:
    """Headings alone are nothing to take over."""
    assert read(SINOPEC[:2]).hindered


def line(row: int = 3, **other: Any) -> StatementLine:
    """A line of 312.50 yuan at noon."""
    told: dict[str, Any] = {
        "row": row,
        "card_no": CARD,
        "paid_at": NOON,
        "amount_fen": 31_250,
        "fuel_ml": 42_350,
        "place": "",
    }
    return StatementLine(**(told | other))


def paid(number: int = 1, **other: Any) -> PaidCost:
    """The cost that this line is."""
    told: dict[str, Any] = {
        "cost_id": UUID(int=number),
        "vehicle_id": CAR,
        "kind": CostKind.FUEL,
        "amount_fen": 31_250,
        "fuel_ml": 42_350,
        "incurred_at": NOON,
        "card_no": CARD,
    }
    return PaidCost(**(told | other))


def matched(lines: list[StatementLine], costs: list[PaidCost], kind: str = "fuel") -> dict[int, int]:
    """What is matched, by row and number, with the card being the car's."""
    found = matches(lines, costs, kind, {one.row: CAR for one in lines})
    return {row: cost_id.int for row, cost_id in found.items()}


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        ({}, True),
        ({"incurred_at": NOON + timedelta(hours=24)}, True),
        ({"incurred_at": NOON + timedelta(hours=24, seconds=1)}, False),
        ({"incurred_at": NOON - timedelta(hours=24, seconds=1)}, False),
        ({"amount_fen": 31_251}, False),
        ({"fuel_ml": 42_360}, True),
        ({"fuel_ml": 42_361}, False),
        ({"card_no": "1111"}, False),
        ({"card_no": None}, True),
        ({"card_no": None, "vehicle_id": OTHER}, False),
        ({"kind": CostKind.TOLL, "fuel_ml": None}, False),
    ],
)
def test_a_line_is_a_cost_of_its_card_its_fen_its_day_and_its_litres(other: dict[str, Any], *, fits: bool) -> None:
    """A cost that names no card is the line's where the card was that vehicle's."""
    assert matched([line()], [paid(**other)]) == ({3: 1} if fits else {})


def test_two_costs_for_one_line_and_two_lines_for_one_cost_are_left_to_a_person() -> None:
    """What could be meant otherwise is not decided by a rule."""
    assert matched([line()], [paid(1), paid(2)]) == {}
    assert matched([line(3), line(4)], [paid(1)]) == {}
    assert matched([line(3), line(4, amount_fen=100)], [paid(1), paid(2, amount_fen=100)]) == {3: 1, 4: 2}


def test_tolls_and_parking_are_lines_of_a_toll_card() -> None:
    """And fuel is not."""
    toll = line(fuel_ml=None)
    assert matched([toll], [paid(kind=CostKind.PARKING, fuel_ml=None)], "toll") == {3: 1}
    assert matched([toll], [paid()], "toll") == {}


def test_a_card_is_whose_it_was_on_that_day() -> None:
    """Of one day the later entry holds; before it was anybody's, and after it was given back, it is nobody's."""
    first, second = date(2026, 11, 1), date(2026, 11, 10)
    cards = [CardHeld(CARD, CAR, True, first), CardHeld(CARD, CAR, False, second), CardHeld(CARD, OTHER, True, second)]
    assert holder_of(cards, CARD, date(2026, 10, 31)) is None
    assert holder_of(cards, CARD, date(2026, 11, 9)) == CAR
    assert holder_of(cards, CARD, second) == OTHER
    assert holder_of(cards[:2], CARD, second) is None
    assert holder_of(cards, "1111", second) is None
