"""The tables of a month's statement 月度结算表, taken from its JSON alone: the same cells go to XLSX and to paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from api.print.log_columns import Cell, Manner, km, yuan
from domain.books.amendments import AmendmentKind, clock_time
from domain.books.charges import Basis
from domain.books.entries import Account
from domain.books.log import RowKind
from domain.books.statement_facts import FindingState
from domain.findings.kinds import FindingKind
from domain.settings import SETTINGS
from domain.upkeep.costs import CostKind
from domain.use_rule.upkeep import UpkeepKind

Row = Mapping[str, Any]

COLOURS: Final = {"red": ("红", "red"), "yellow": ("黄", "yellow"), "green": ("绿", "green")}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its headings, its share of the page's width, and its cell of a row."""

    zh: str
    en: str
    share: int
    cell: Callable[[Row, Manner], Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A part of the statement; `on_paper` is false of what only auditors with a computer read."""

    zh: str
    en: str
    headings: tuple[str, ...]
    shares: tuple[int, ...]
    rows: list[list[Cell]]
    on_paper: bool = True


def at(value: str | None) -> datetime | None:
    """Return an instant of the statement."""
    return None if value is None else datetime.fromisoformat(value)


def minutes(seconds: int | None) -> int | None:
    """Return whole minutes, rounded."""
    return None if seconds is None else (seconds + 30) // 60


def _km(name: str) -> Callable[[Row, Manner], Cell]:
    return lambda row, _: km(row[name])


def _text(name: str) -> Callable[[Row, Manner], Cell]:
    return lambda row, _: row[name]


def _at(name: str) -> Callable[[Row, Manner], Cell]:
    return lambda row, _: at(row[name])


def _lines(texts: Sequence[str]) -> str | None:
    return "\n".join(texts) or None


def _kind(row: Row, how: Manner) -> Cell:
    return how.word(UpkeepKind(row["upkeep"])) if row["upkeep"] else how.word(RowKind(row["kind"]))


def _remarks(row: Row, how: Manner) -> Cell:
    said = [
        *([how.choose("单据作废", "void")] if row["void"] else []),
        *([how.choose("上月出车", "began in the month before")] if row["continued"] else []),
        *([how.choose("跨月或未归", "ends after the month")] if not row["void"] and row["until_at"] is None else []),
        *([how.choose("有变更", "amended")] if row["amendments"] else []),
        *([f"{km(row['fuel_ml'])} {how.choose('升', 'l')}"] if row["fuel_ml"] is not None else []),
        *([f"{yuan(row['cost_fen'])} {how.choose('元', 'yuan')}"] if row["cost_fen"] is not None else []),
        *([how.choose("单据", "doc. ") + row["document_no"]] if row["document_no"] else []),
    ]
    return _lines(said)


def _charges(row: Row, how: Manner) -> Cell:
    marks = {Basis.LEGS.value: "", Basis.EQUAL.value: how.choose("（均）", " (eq.)")}
    return _lines([f"{one['number']}: {km(one['metres'])}{marks[one['basis']]}" for one in row["charges"]])


USES: Final = (
    Column("派车单", "Order", 5, _text("order_no")),
    Column("类别", "Kind", 5, _kind),
    Column("投诉编号／地点", "Complaints / place", 8, lambda row, _: row["place"] or _lines(row["complaints"])),
    Column("驾驶员", "Driver", 6, _text("driver")),
    Column("随车人员", "Officers", 6, lambda row, _: _lines(row["officers"])),
    Column("批准人", "Approver", 6, _text("approver")),
    Column("出车", "Departed", 7, _at("from_at")),
    Column("收车", "Returned", 7, _at("until_at")),
    Column("起始读数", "First reading", 7, _km("reading_from_m")),
    Column("终止读数", "Last reading", 7, _km("reading_until_m")),
    Column("读数里程", "By reading", 6, _km("length_m")),
    Column("轨迹里程", "By track", 6, _km("track_m")),
    Column("未观测", "Unseen", 6, _km("unobserved_m")),
    Column("终端里程", "By terminal", 6, _km("terminal_m")),
    Column("归集", "Charged", 11, _charges),
    Column("记录", "Notes", 4, _text("notes")),
    Column("备注", "Remarks", 6, _remarks),
)
COMPLAINTS: Final = (
    Column("投诉编号", "Complaint", 4, _text("number")),
    Column("出车次数", "Trips", 2, _text("trips")),
    Column("里程（公里）", "Kilometres", 3, _km("metres")),
    Column("用时（分钟）", "Minutes", 3, lambda row, _: minutes(row["seconds"])),
)
OFFICERS: Final = (
    Column("调解人员", "Officer", 4, _text("name")),
    *COMPLAINTS[1:],
    Column("费用（元）", "Cost (yuan)", 3, lambda row, _: yuan(row["fen"])),
)
OFFICER_MONTHS: Final = (
    Column("月份", "Month", 3, _text("month")),
    Column("号牌号码", "Plate", 4, _text("plate")),
    Column(
        "状态", "State", 3, lambda row, how: how.choose(*(("已封账", "sealed") if row["sealed"] else ("草稿", "draft")))
    ),
    *OFFICERS[1:],
)
UNACCOUNTED: Final = (
    Column("自", "From", 4, _at("from_at")),
    Column("至", "Until", 4, _at("until_at")),
    Column("起始读数", "First reading", 4, _km("reading_from_m")),
    Column("终止读数", "Last reading", 4, _km("reading_until_m")),
    Column("未入账（公里）", "Unaccounted (km)", 4, _km("metres")),
    Column("责任人", "Who answers", 4, _text("answerable")),
    Column("终止读数登记人", "Last reading entered by", 4, _text("read_by")),
)
FINDINGS: Final = (
    Column("发生", "Happened", 4, _at("at")),
    Column("异常", "Finding", 12, lambda row, how: how.word(FindingKind(row["kind"]))),
    Column("颜色", "Colour", 2, lambda row, how: how.choose(*COLOURS[row["colour"]])),
    Column("状态", "State", 3, lambda row, how: how.word(FindingState(row["state"]))),
    Column("说明期限", "Explain by", 4, _at("term_at")),
    Column("责任人", "Who answers", 4, _text("answerable")),
)
SETTINGS_CHANGED: Final = (
    Column("设置", "Setting", 9, lambda row, how: how.choose(SETTINGS[row["name"]].zh, SETTINGS[row["name"]].en)),
    Column("原值", "Old", 2, _text("old")),
    Column("新值", "New", 2, _text("new")),
    Column("变更人", "By", 3, _text("by")),
    Column("时间", "At", 4, _at("at")),
    Column("理由", "Why", 6, _text("reason")),
)
BASES: Final = (
    Column("原停放地点", "Was", 5, _text("old")),
    Column("新停放地点", "Is", 5, _text("new")),
    Column("相距（公里）", "Apart (km)", 2, _km("moved_m")),
    Column("生效时间", "From", 4, _at("effective_at")),
    Column("变更人", "By", 3, _text("by")),
    Column("时间", "At", 4, _at("at")),
    Column("理由", "Why", 6, _text("reason")),
)
CHANGES: Final = (
    Column("派车单", "Order", 3, _text("order_no")),
    Column("变更", "What", 4, lambda row, how: how.word(AmendmentKind(row["what"]))),
    Column("原记", "Was", 6, _text("old")),
    Column("改为", "Is", 6, _text("new")),
    Column("变更人", "By", 3, _text("by")),
    Column("时间", "At", 4, _at("at")),
    Column("理由", "Why", 6, _text("reason")),
)
REPLACED: Final = (
    Column("更换时间", "At", 4, _at("at")),
    Column("旧表末次读数（公里）", "Old one's last reading (km)", 5, _km("last_m")),
    Column("旧表末次读取", "Read at", 4, _at("last_at")),
    Column("新表首次读数（公里）", "New one's first reading (km)", 5, _km("first_m")),
    Column("登记人", "Entered by", 4, _text("by")),
    Column("理由", "Why", 8, _text("reason")),
)
ENTRIES: Final = (
    Column("借方", "Debit", 3, lambda row, how: how.word(Account(row["debit"]))),
    Column("借方对象", "Debited", 6, _text("debit_id")),
    Column("贷方", "Credit", 3, lambda row, how: how.word(Account(row["credit"]))),
    Column("贷方对象", "Credited", 6, _text("credit_id")),
    Column("里程（公里）", "Kilometres", 3, _km("metres")),
    Column("依据", "By", 4, lambda row, how: how.word(Basis(row["basis"])) if row["basis"] else None),
    Column("起始读数编号", "First reading", 6, _text("from_reading_id")),
    Column("终止读数编号", "Last reading", 6, _text("until_reading_id")),
)


def _total_km(name: str, row: Row, _: Manner) -> Cell:
    return km(row["totals"][name])


def _yuan_of(kind: CostKind, costs: Row) -> Cell:
    return yuan(costs[f"{kind}_fen"])


SUMS: Final[tuple[tuple[str, str, Callable[[Row], Cell]], ...]] = (
    ("出车次数", "Trips", lambda sums: sums["trips"]),
    ("维保次数", "Upkeep orders", lambda sums: sums["upkeep_orders"]),
    ("拒绝次数", "Refusals", lambda sums: sums["refusals"]),
    ("走访记录", "Visit notes", lambda sums: sums["notes"]),
    ("读数（条）", "Readings", lambda sums: sums["readings"]),
    ("出车里程（公里）", "Trips (km)", lambda sums: km(sums["trips_m"])),
    ("维保里程（公里）", "Upkeep (km)", lambda sums: km(sums["upkeep_m"])),
    ("未入账里程（公里）", "Unaccounted (km)", lambda sums: km(sums["unaccounted_m"])),
    ("读数差（公里）", "Last minus first reading (km)", lambda sums: km(sums["difference_m"])),
    ("轨迹里程（公里）", "By track (km)", lambda sums: km(sums["track_m"])),
    ("未观测里程（公里）", "Unobserved (km)", lambda sums: km(sums["unobserved_m"])),
    ("终端里程（公里）", "By terminal (km)", lambda sums: km(sums["terminal_m"])),
    ("出车用时（分钟）", "Trips (minutes)", lambda sums: minutes(sums["trips_s"])),
    ("异常", "Findings", lambda sums: sums["findings"]),
    ("其中待说明", "of them open", lambda sums: sums["open_findings"]),
)


COSTS: Final[tuple[tuple[str, str, Callable[[Row], Cell]], ...]] = (
    *((f"{kind.zh}（元）", f"{kind.en} (yuan)", partial(_yuan_of, kind)) for kind in CostKind),
    ("费用合计（元）", "Cost (yuan)", lambda costs: yuan(costs["total_fen"])),
    ("百公里费用（元）", "Cost per 100 km (yuan)", lambda costs: yuan(costs["fen_per_100_km"])),
    ("加油（升）", "Fuel (l)", lambda costs: km(costs["fuel_ml"])),
    ("百公里加油量（升）", "Fuel filled in per 100 km (l)", lambda costs: km(costs["fuel_ml_per_100_km"])),
)


YEAR: Final = (
    Column("月份", "Month", 4, _text("month")),
    Column(
        "状态", "State", 4, lambda row, how: how.choose(*(("已封账", "sealed") if row["sealed"] else ("草稿", "draft")))
    ),
    Column("封账后变更", "Amendments", 3, _text("amendments")),
    Column("期初读数", "Opening", 5, _km("opening_m")),
    Column("期末读数", "Closing", 5, _km("closing_m")),
    Column("出车", "Trips", 3, lambda row, _: row["totals"]["trips"]),
    *(
        Column(zh, en, 5, partial(_total_km, name))
        for zh, en, name in (
            ("出车里程", "Trips (km)", "trips_m"),
            ("维保里程", "Upkeep (km)", "upkeep_m"),
            ("未入账", "Unaccounted (km)", "unaccounted_m"),
            ("读数差", "Difference (km)", "difference_m"),
        )
    ),
    Column("待说明异常", "Open findings", 3, lambda row, _: row["totals"]["open_findings"]),
    Column("费用（元）", "Cost (yuan)", 5, lambda row, _: yuan(row["costs"]["total_fen"])),
    Column("SHA-256", "SHA-256", 12, lambda row, _: row["statement_sha256"] if row["sealed"] else None),
)


def table(zh: str, en: str, columns: Sequence[Column], rows: Sequence[Row], how: Manner, **other: Any) -> Table:
    """Return a table in the reader's language."""
    return Table(
        zh,
        en,
        tuple(how.choose(one.zh, one.en) for one in columns),
        tuple(one.share for one in columns),
        [[one.cell(row, how) for one in columns] for row in rows],
        **other,
    )


def statement_tables(told: Row, how: Manner) -> list[Table]:
    """Return every table of a statement, those without rows too: that there is nothing is also said."""
    changes = [{"order_no": use["order_no"], **one} for use in told["uses"] for one in use["amendments"]]
    changes += [{"order_no": None, **one} for one in told["corrections"]]
    return [
        table(
            "用车记录（里程：公里；均：无轨迹，均分）",
            "Uses (kilometres; eq.: in equal parts, without a track)",
            USES,
            told["uses"],
            how,
        ),
        table("投诉里程归集", "Charged to complaints", COMPLAINTS, told["complaints"], how),
        table("未入账里程", "Unaccounted kilometres", UNACCOUNTED, told["unaccounted"], how),
        table("更换里程表", "Odometers replaced", REPLACED, told["odometers_replaced"], how),
        table("异常", "Findings", FINDINGS, told["findings"], how),
        table("调解人员用车", "By officer", OFFICERS, told["officers"], how),
        table("封账前变更", "Amended before the seal", CHANGES, changes, how),
        table("当月变更的设置", "Settings changed in the month", SETTINGS_CHANGED, told["settings"], how),
        table("停放地点变更", "Base moved", BASES, told["bases"], how),
        table("复式记账", "Entries", ENTRIES, told["entries"], how, on_paper=False),
    ]


def year_tables(told: Row, how: Manner) -> list[Table]:
    """Return the tables of a year's statement."""
    return [
        table("各月（里程：公里）", "Months (kilometres)", YEAR, told["months"], how),
        table("投诉里程归集", "Charged to complaints", COMPLAINTS, told["complaints"], how),
        table("调解人员用车", "By officer", OFFICERS, told["officers"], how),
    ]


def officer_tables(told: Row, how: Manner) -> list[Table]:
    """Return the table of an officer's months."""
    return [table("各月用车", "Month by month", OFFICER_MONTHS, told["months"], how)]


def officer_sums(totals: Row, how: Manner) -> list[tuple[str, Cell]]:
    """Return an officer's sums with their names, money last."""
    return [(how.choose(one.zh, one.en), one.cell(totals, how)) for one in OFFICERS[1:]]


def costs(paid: Row, how: Manner) -> list[tuple[str, Cell]]:
    """Return what was paid, with its names."""
    return [(how.choose(zh, en), value(paid)) for zh, en, value in COSTS]


def sums(totals: Row, how: Manner) -> list[tuple[str, Cell]]:
    """Return the sums with their names."""
    parts = " + ".join(f"{km(totals[name]):,}" for name in ("trips_m", "upkeep_m", "unaccounted_m"))
    return [
        *((how.choose(zh, en), value(totals)) for zh, en, value in SUMS),
        (how.choose("平衡核对（公里）", "Balance (km)"), f"{parts} = {km(totals['difference_m']):,}"),
    ]


def said(cell: Cell, how: Manner) -> str:
    """Return a cell as paper has it: decimals with all their places, instants as a clock of the zone."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return clock_time(cell, how.zone)
    if isinstance(cell, str):
        return cell
    return f"{cell:,}"
