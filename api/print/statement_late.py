"""Amendments of a sealed month as people read them: what was sealed struck through, what is known beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from api.print.log_columns import Manner, amendment_text, km, yuan
from api.print.statement_tables import COLOURS, at, minutes, said
from domain.books.amendments import Amendment, AmendmentKind
from domain.books.late import LateKind
from domain.books.statement_facts import FindingState
from domain.findings.kinds import FindingKind
from domain.upkeep.costs import CostKind

FIELDS: Final = {
    "kind": ("类别", "kind"),
    "order_no": ("派车单", "order"),
    "void": ("作废", "void"),
    "upkeep": ("维保类型", "upkeep"),
    "place": ("地点", "place"),
    "continued": ("上月出车", "began before"),
    "from_at": ("自", "from"),
    "until_at": ("至", "until"),
    "driver": ("驾驶员", "driver"),
    "officers": ("随车人员", "officers"),
    "approver": ("批准人", "approver"),
    "complaints": ("投诉编号", "complaints"),
    "reading_from_m": ("起始读数（公里）", "first reading (km)"),
    "reading_until_m": ("终止读数（公里）", "last reading (km)"),
    "length_m": ("读数里程（公里）", "by reading (km)"),
    "metres": ("里程（公里）", "kilometres"),
    "track_m": ("轨迹里程（公里）", "by track (km)"),
    "unobserved_m": ("未观测（公里）", "unobserved (km)"),
    "terminal_m": ("终端里程（公里）", "by terminal (km)"),
    "fixes": ("定位点", "fixes"),
    "notes": ("走访记录", "notes"),
    "fuel_ml": ("加油（升）", "fuel (l)"),
    "cost_fen": ("费用（元）", "cost (yuan)"),
    "document_no": ("单据号", "document"),
    "charges": ("归集（公里，分钟）", "charged (km, minutes)"),
    "amendments": ("变更", "amendments"),
    "colour": ("颜色", "colour"),
    "at": ("发生", "happened"),
    "term_at": ("说明期限", "explain by"),
    "state": ("状态", "state"),
    "use_id": ("用车编号", "use"),
    "opening_m": ("期初读数（公里）", "opening (km)"),
    "opening_at": ("期初读数时间", "opening read at"),
    "closing_m": ("期末读数（公里）", "closing (km)"),
    "closing_at": ("期末读数时间", "closing read at"),
    "trips_m": ("出车里程（公里）", "trips (km)"),
    "upkeep_m": ("维保里程（公里）", "upkeep (km)"),
    "unaccounted_m": ("未入账里程（公里）", "unaccounted (km)"),
    "difference_m": ("读数差（公里）", "last minus first (km)"),
    "readings": ("读数（条）", "readings"),
    **{f"{kind}_fen": (f"{kind.zh}（元）", f"{kind.en} (yuan)") for kind in CostKind},
    "total_fen": ("费用合计（元）", "cost (yuan)"),
    "fen_per_100_km": ("百公里费用（元）", "cost per 100 km (yuan)"),
    "fuel_ml_per_100_km": ("百公里加油量（升）", "fuel filled in per 100 km (l)"),
}


_NOTHING: Final[tuple[Any, ...]] = (None, [], False)


class Noticed(Protocol):
    """An amendment of a sealed month, as it is kept."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - as in the row
    @property
    def subject_id(self) -> UUID: ...  # noqa: D102 - as in the row
    @property
    def old(self) -> dict[str, Any]: ...  # noqa: D102 - as in the row
    @property
    def new(self) -> dict[str, Any]: ...  # noqa: D102 - as in the row
    @property
    def noticed_at(self) -> datetime: ...  # noqa: D102 - as in the row


@dataclass(frozen=True, slots=True)
class LateRow:
    """One amendment: what it is about, each field as it was sealed and as it is known, when that was noticed."""

    about: str
    fields: list[tuple[str, str, str]]
    noticed_at: datetime


def late_rows(told: Mapping[str, Any], amendments: Sequence[Noticed], how: Manner) -> list[LateRow]:
    """Return the amendments of a sealed statement, in the order they were noticed."""
    return [
        LateRow(
            about=_about(told, one, how),
            fields=[
                (how.choose(*FIELDS[name]), _told(name, one.old.get(name), how), _told(name, one.new.get(name), how))
                for name in FIELDS
                if name in one.new and not (one.old.get(name) in _NOTHING and one.new.get(name) in _NOTHING)
            ],
            noticed_at=one.noticed_at,
        )
        for one in amendments
    ]


def _about(told: Mapping[str, Any], one: Noticed, how: Manner) -> str:
    """Name what an amendment is about, by what the statement or the amendment itself says of it."""
    kind = LateKind(one.kind)
    sections = {LateKind.USE: ("uses", "use_id"), LateKind.FINDING: ("findings", "finding_id")}
    section, id_name = sections.get(kind, ("unaccounted", "reading_id"))
    sealed: Mapping[str, Any] = next((row for row in told[section] if row[id_name] == str(one.subject_id)), {})
    known = {**sealed, **{name: value for name, value in one.new.items() if value is not None}}
    name = how.word(kind) or ""
    if kind in (LateKind.ODOMETER, LateKind.COSTS):
        return name
    if kind is LateKind.FINDING:
        return f"{name} {how.word(FindingKind(known['kind']))}" if "kind" in known else name
    order_no = known.get("order_no") or ""
    began = said(at(known.get("from_at")), how)
    return " ".join(part for part in (name, order_no, began) if part)


def _told(name: str, value: Any, how: Manner) -> str:  # noqa: PLR0911 - a case a shape of value
    if value is None:
        return "—"
    if isinstance(value, bool):
        return how.choose("是", "yes") if value else how.choose("否", "no")
    if name == "charges":
        minute = how.choose("分钟", " min")
        return "；".join(f"{one['number']}: {km(one['metres'])}, {minutes(one['seconds'])}{minute}" for one in value)
    if name == "amendments":
        return "；".join(amendment_text(_amendment(one), how) for one in value)
    if name == "state":
        return how.word(FindingState(value)) or ""
    if name == "colour":
        return how.choose(*COLOURS[value])
    if name.endswith("_at") or name == "at":
        return said(at(value), how)
    if "_fen" in name or name.startswith("fen_"):
        return said(yuan(value), how)
    if name.endswith(("_m", "_ml")) or name.startswith("fuel_ml") or name == "metres":
        return said(km(value), how)
    return "、".join(value) if isinstance(value, list) else str(value)


def _amendment(one: Mapping[str, Any]) -> Amendment:
    what, when = AmendmentKind(one["what"]), datetime.fromisoformat(one["at"])
    return Amendment(what=what, old=one["old"], new=one["new"], by=one["by"], at=when, reason=one["reason"])
