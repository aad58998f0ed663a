"""The columns of the printed vehicle log 车辆使用台账, with their headings, for CSV and XLSX alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.books.amendments import Amendment, clock_time
from domain.books.log import LogRow, MonthLog, Totals
from domain.books.log_facts import LogStop
from domain.trip.life import UseVerb
from domain.use_rule.reasons import sentence_of
from domain.values import Named

Cell = str | int | Decimal | datetime | None
"""What a cell holds: text, a whole number, an exact decimal, an instant, or nothing."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the log is written: the reader's language ("zh" or "en") and the zone its clocks show."""

    language: str
    zone: str

    def word(self, one: Named | None) -> str | None:
        """Return a word's name in the reader's language."""
        return None if one is None else (one.zh if self.language == "zh" else one.en)

    def choose(self, zh: str, en: str) -> str:
        """Return one of two texts by the reader's language."""
        return zh if self.language == "zh" else en


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its headings, its width in characters, and its cell of a row."""

    zh: str
    en: str
    width: int
    cell: Callable[[LogRow, Manner], Cell]


@dataclass(frozen=True, slots=True)
class LogHead:
    """What the whole log is of."""

    vehicle_id: UUID
    plate: str
    vehicle_name: str
    from_at: datetime
    until_at: datetime
    made_at: datetime
    manner: Manner


def km(metres: int | None) -> Decimal | None:
    """Return metres as kilometres, exactly."""
    return None if metres is None else Decimal(metres).scaleb(-3)


def yuan(fen: int | None) -> Decimal | None:
    """Return fen as yuan, exactly."""
    return None if fen is None else Decimal(fen).scaleb(-2)


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // 60


def _list(texts: tuple[str, ...]) -> str | None:
    return "；".join(texts) or None


def _stops(stops: tuple[LogStop, ...], how: Manner) -> str | None:
    def clock(at: datetime | None) -> str:
        return "?" if at is None else clock_time(at, how.zone)[11:]

    return _list(tuple(f"{stop.site} {clock(stop.arrived_at)}–{clock(stop.left_at)}" for stop in stops))


def amendment_text(one: Amendment, how: Manner) -> str:
    """Return an amendment as a sentence: when, who, what, from what to what, why."""
    change = f"{one.old} → {one.new}" if one.old else one.new or one.old
    why = f"（{one.reason}）" if one.reason else ""
    return f"{clock_time(one.at, how.zone)} {one.by} {how.word(one.what)}：{change}{why}"


def _reasons(row: LogRow, how: Manner) -> str | None:
    return _list(tuple(sentence_of(code, how.language) for code in row.reasons))


def _stage(row: LogRow, how: Manner) -> str | None:
    verbs = {verb.value for verb in UseVerb}
    return how.word(UseVerb(row.stage)) if row.stage in verbs else row.stage


def _amendments(row: LogRow, how: Manner) -> str | None:
    return _list(tuple(amendment_text(one, how) for one in row.amendments))


COLUMNS: Final = (
    Column("类型", "Kind", 10, lambda row, how: how.word(row.kind)),
    Column("派车单号", "Dispatch order", 10, lambda row, _: row.order_no),
    Column("状态", "State", 9, lambda row, how: how.word(row.state)),
    Column("投诉编号", "Complaints", 22, lambda row, _: _list(row.complaints)),
    Column("现场", "Sites", 24, lambda row, _: _list(row.sites)),
    Column("事由", "Purpose", 20, lambda row, _: row.purpose),
    Column("申请人", "Requester", 12, lambda row, _: row.requester),
    Column("批准人", "Approver", 12, lambda row, _: row.approver),
    Column("驾驶员", "Driver", 12, lambda row, _: row.driver),
    Column("随车调解人员", "Officers", 18, lambda row, _: _list(row.officers)),
    Column("同乘人员", "Passengers", 12, lambda row, _: _list(row.passengers)),
    Column("计划出车", "Planned departure", 16, lambda row, _: row.planned_from),
    Column("计划收车", "Planned return", 16, lambda row, _: row.planned_until),
    Column("实际出车", "Departed", 16, lambda row, _: row.actual_from),
    Column("实际收车", "Returned", 16, lambda row, _: row.actual_until),
    Column("起始读数（公里）", "First reading (km)", 13, lambda row, _: km(row.reading_from_m)),
    Column("终止读数（公里）", "Last reading (km)", 13, lambda row, _: km(row.reading_until_m)),
    Column("读数里程（公里）", "By reading (km)", 11, lambda row, _: km(row.length_m)),
    Column("轨迹里程（公里）", "By track (km)", 11, lambda row, _: km(row.track_m)),
    Column("停靠", "Stops", 28, lambda row, how: _stops(row.stops, how)),
    Column("维保类型", "Upkeep", 10, lambda row, how: how.word(row.upkeep)),
    Column("地点", "Place", 18, lambda row, _: row.place),
    Column("加油（升）", "Fuel (l)", 9, lambda row, _: km(row.fuel_ml)),
    Column(
        "费用（元）",
        "Cost (yuan)",
        9,
        lambda row, _: None if row.cost_fen is None else Decimal(row.cost_fen).scaleb(-2),
    ),
    Column("单据号", "Document", 14, lambda row, _: row.document_no),
    Column("出车登记延迟（分钟）", "Departure entered after (min)", 11, lambda row, _: _minutes(row.departure_delay_s)),
    Column("收车登记延迟（分钟）", "Return entered after (min)", 11, lambda row, _: _minutes(row.return_delay_s)),
    Column("环节", "Stage", 10, _stage),
    Column("拒绝理由", "Reasons", 36, _reasons),
    Column("变更记录", "Amendments", 60, _amendments),
)


TOTALS: Final[tuple[tuple[str, str, Callable[[Totals], Cell]], ...]] = (
    ("出车次数", "Trips", lambda sums: sums.trips),
    ("维保次数", "Upkeep orders", lambda sums: sums.upkeep_orders),
    ("拒绝次数", "Refusals", lambda sums: sums.refusals),
    ("出车里程（公里）", "Trips (km)", lambda sums: km(sums.trips_m)),
    ("维保里程（公里）", "Upkeep (km)", lambda sums: km(sums.upkeep_m)),
    ("未入账里程（公里）", "Unaccounted (km)", lambda sums: km(sums.unaccounted_m)),
    ("读数差（公里）", "Last minus first reading (km)", lambda sums: km(sums.difference_m)),
    ("轨迹里程（公里）", "By track (km)", lambda sums: km(sums.track_m)),
    ("加油（升）", "Fuel (l)", lambda sums: km(sums.fuel_ml)),
    ("费用（元）", "Cost (yuan)", lambda sums: yuan(sums.cost_fen)),
    ("百公里加油量（升）", "Fuel filled in per 100 km (l)", lambda sums: km(sums.fuel_ml_per_100_km)),
)
"""The sums of a month or of the whole log."""


def month_name(month: MonthLog, how: Manner) -> str:
    """Return the month a log is of, such as 2026-11."""
    return clock_time(month.from_at, how.zone)[:7]
