"""Statements of fuel and toll cards 加油卡、ETC 对账单: their lines, and which cost of the books each one is.

A line is a cost where card, amount and time say so and nothing else could be meant; everything else a person says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.sheet.cells import YEARS, date_of, fen_of, has_date, text_of, thousandths_of, time_of
from domain.sheet.columns import Cell, Column, Headings
from domain.sheet.problems import CellFault, Problem, ProblemKind, hindering
from domain.sheet.rows import Row, rows_of, year_of
from domain.upkeep.costs import MAX_FEN, MAX_FUEL_ML, CostKind

COLUMNS: Final = (
    Column("card_no", "卡号", "card number", ("加油卡号", "副卡卡号", "ETC卡号", "卡片号码"), needed=True),
    Column("day", "交易日期", "date", ("消费日期", "通行日期", "日期")),
    Column("paid_at", "交易时间", "time", ("消费时间", "通行时间", "出口时间", "时间"), needed=True),
    Column("amount_fen", "金额", "amount", ("交易金额", "消费金额", "实付金额", "扣款金额", "通行费"), needed=True),
    Column("fuel_ml", "数量", "litres", ("升数", "加油量", "加油升数", "交易数量")),
    Column("place", "地点", "place", ("网点", "加油站", "交易地点", "出口站", "收费站", "站点")),
    Column("type", "交易类型", "type", ("业务类型", "类型")),
)
"""What a statement may have."""

COST_KINDS: Final[Mapping[str, frozenset[CostKind]]] = {
    "fuel": frozenset({CostKind.FUEL}),
    "toll": frozenset({CostKind.TOLL, CostKind.PARKING}),
}
"""What is paid with a card of a kind."""

APART: Final = timedelta(hours=24)
"""How far what people enter may lie from what the card says."""
_LITRES_ROUNDED_ML: Final = 10
_TOP_UP: Final = re.compile("充值|圈存|分配|汇总|转入|top.?up", re.IGNORECASE)
_CARD: Final = re.compile(r"[0-9A-Z]{4,30}")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of a statement; `row` is that of the file, counted from 1."""

    row: int
    card_no: str
    paid_at: datetime
    amount_fen: int
    fuel_ml: int | None
    place: str


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """What a sheet says: its lines, and every problem by its row."""

    lines: tuple[StatementLine, ...]
    problems: tuple[Problem, ...]

    @property
    def hindered(self) -> bool:
        """Whether anything keeps it from being taken over; then nothing of it is."""
        return not self.lines or bool(hindering(self.problems))


@dataclass(frozen=True, slots=True)
class CardHeld:
    """A card is a vehicle's from a day on, or (`held` False) no longer, in the order of entry."""

    card_no: str
    vehicle_id: UUID
    held: bool
    effective_on: date


@dataclass(frozen=True, slots=True)
class PaidCost:
    """A cost in force that no line of a statement is yet."""

    cost_id: UUID
    vehicle_id: UUID
    kind: CostKind
    amount_fen: int
    fuel_ml: int | None
    incurred_at: datetime
    card_no: str | None


class _Money(Protocol):
    @property
    def amount_fen(self) -> int: ...

    @property
    def fuel_ml(self) -> int | None: ...


class Paid(_Money, Protocol):
    """A line of a statement: how much, when, and how many litres."""

    @property
    def paid_at(self) -> datetime:
        """When it was paid."""


class Incurred(_Money, Protocol):
    """A cost of the books: how much, when, and how many litres."""

    @property
    def incurred_at(self) -> datetime:
        """When it was incurred."""


def read_statement(rows: Sequence[Sequence[Cell]], headings: Headings, *, zone: str) -> ReadStatement:
    """Read a statement; its times are of the zone. Lines that put money on a card are left out and told."""
    year = year_of(rows, headings)
    lines: list[StatementLine] = []
    problems: list[Problem] = []
    for row in rows_of(rows, headings, {}):
        line = _line(row, ZoneInfo(zone), year)
        if line is not None and not row.is_wrong:
            lines.append(line)
        problems += row.problems
    return ReadStatement(tuple(lines), tuple(problems))


def holder_of(cards: Iterable[CardHeld], card_no: str, on: date) -> UUID | None:
    """Return whose card it was on a day: the latest effective entry holds, of one day the last."""
    holder: CardHeld | None = None
    for card in cards:
        if card.card_no == card_no and card.effective_on <= on:
            holder = card if holder is None or card.effective_on >= holder.effective_on else holder
    return holder.vehicle_id if holder is not None and holder.held else None


def matches(
    lines: Iterable[StatementLine], costs: Iterable[PaidCost], kind: str, holders: Mapping[int, UUID | None]
) -> dict[int, UUID]:
    """Return, by row, the cost that a line is: the only one that fits it, and that fits no other line.

    Args:
        lines: of a statement.
        costs: in force, and no line yet.
        kind: of the statement, fuel or toll.
        holders: by row, whose card it was that day; None: nobody's.
    """
    of_amount: dict[int, list[PaidCost]] = defaultdict(list)
    for cost in costs:
        of_amount[cost.amount_fen].append(cost)
    fitting = {
        line.row: [
            cost.cost_id for cost in of_amount.get(line.amount_fen, ()) if fits(line, cost, kind, holders.get(line.row))
        ]
        for line in lines
    }
    claimed: dict[UUID, int] = defaultdict(int)
    for found in fitting.values():
        for cost_id in found:
            claimed[cost_id] += 1
    return {row: found[0] for row, found in fitting.items() if len(found) == 1 and claimed[found[0]] == 1}


def fits(line: StatementLine, cost: PaidCost, kind: str, holder: UUID | None) -> bool:
    """Tell whether a line can be that cost: same card or same vehicle, same fen, within a day, same litres."""
    same_card = cost.card_no == line.card_no if cost.card_no else holder is not None and cost.vehicle_id == holder
    return same_card and cost.kind in COST_KINDS[kind] and same_payment(line, cost)


def same_payment(line: Paid, cost: Incurred) -> bool:
    """Tell whether a line and a cost are of the same fen, within a day, and of the same litres where both tell them."""
    same_litres = line.fuel_ml is None or cost.fuel_ml is None or abs(line.fuel_ml - cost.fuel_ml) <= _LITRES_ROUNDED_ML
    return same_litres and cost.amount_fen == line.amount_fen and abs(cost.incurred_at - line.paid_at) <= APART


def _line(row: Row, zone: ZoneInfo, year: int | None) -> StatementLine | None:
    if _TOP_UP.search(row.text("type")):
        row.wrong("type", ProblemKind.TOP_UP)
        return None
    card_no = row.read("card_no", _card_no, needed=True)
    paid_at = _paid_at(row, zone, year)
    amount_fen = row.read("amount_fen", lambda cell: fen_of(cell, most=MAX_FEN), needed=True)
    fuel_ml = row.read("fuel_ml", lambda cell: thousandths_of(cell, most=MAX_FUEL_ML))
    place = row.text("place")[:200]
    if card_no is None or paid_at is None or amount_fen is None:
        return None
    return StatementLine(row.number, card_no, paid_at, amount_fen, fuel_ml or None, place)


def _card_no(cell: Cell) -> str:
    number = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text_of(cell))).upper()
    if not _CARD.fullmatch(number):
        raise CellFault(ProblemKind.NOT_TAKEN, number[:30])
    return number


def _paid_at(row: Row, zone: ZoneInfo, year: int | None) -> datetime | None:
    """Return the instant a line tells: a date and time in one column, or a time beside a column of days."""
    when = row.cell("paid_at")
    beside = "day" in row.headings.of_field and not has_date(when)
    day = row.read("day" if beside else "paid_at", lambda cell: date_of(cell, year), needed=True)
    if day is None:
        return None
    if not YEARS[0] <= day.year <= YEARS[1]:
        row.wrong("day" if beside else "paid_at", ProblemKind.OUT_OF_RANGE, day.isoformat())
        return None
    clock = row.read("paid_at", lambda cell: time_of(cell) or time(), needed=True)
    return None if clock is None else datetime.combine(day, clock, zone)
