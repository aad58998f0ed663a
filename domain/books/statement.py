"""The statement 月度结算表 of a vehicle's month: what is sealed, printed and amended, as one plain value.

Every figure is a whole number and every time an instant of the bureau's zone, so the value has one spelling
(`domain.ledger.canonical`), whose digest the next statement names. It names those who answer for the vehicle; of
consumers it holds nothing but their complaints' numbers, so that what is erased elsewhere is nowhere in a seal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.books.amendments import Amendment
from domain.books.charges import Charge, charges
from domain.books.entries import entries
from domain.books.log import LogRow, RowKind, Totals, month_log
from domain.books.log_facts import LogFacts, LogUse
from domain.books.replaced import replaced_in
from domain.books.statement_facts import OPEN, MonthFinding, StatementFacts, Witnessed
from domain.books.stretch import Stretch, stretch_of
from domain.ledger.canonical import Json
from domain.trip.life import UseKind, UseState
from domain.upkeep.costs import account

FORM: Final = "zhuanche-month-statement/1"
"""Names the shape of the value: another shape has another number."""

VOID: Final = (UseState.CANCELLED, UseState.EXPIRED, UseState.REFUSED)
"""The dispatch order of such a trip is void; its number stays in the series."""

Statement = dict[str, Json]
Charged = Mapping[UUID, tuple[Charge, ...]]


def statement(facts: StatementFacts) -> Statement:
    """Return the statement of a month.

    A track is told of uses that ended: one under way grows with every fix, which would be an amendment each.
    """
    log = replace(facts.log, uses=tuple(_as_told(use) for use in facts.log.uses))
    ended = {use.use_id for use in log.uses if use.actual_until is not None}
    facts = replace(facts, log=log, witnessed={one: seen for one, seen in facts.witnessed.items() if one in ended})
    books = stretch_of((one.reading for one in log.readings), log.from_at, log.until_at)
    charged = _charged(facts, books)
    told = month_log(log)
    numbers = {one.complaint_id: one.number for carried in facts.carried.values() for one in carried}
    kinds = {use.use_id: use.kind for use in log.uses}
    by_reading = {one.reading.reading_id: one.by for one in log.readings}
    value = {
        "form": FORM,
        "bureau_id": facts.bureau_id,
        "bureau": facts.bureau,
        "unit": facts.unit,
        "answerable": facts.answerable,
        "vehicle_id": facts.vehicle_id,
        "plate": facts.plate,
        "vehicle": facts.vehicle,
        "month": facts.month,
        "zone": log.zone,
        "previous_sha256": facts.previous_sha256,
        "sealed": {"at": facts.sealed.at, "by": facts.sealed.by} if facts.sealed else None,
        "odometer": _odometer(books),
        "totals": _totals(facts, told.totals, charged),
        "costs": _costs(facts, books),
        "uses": [_use(facts, row, charged, numbers) for row in told.rows if _shown(row)],
        "unaccounted": [
            {
                "reading_id": row.id,
                "from_at": row.actual_from,
                "until_at": row.actual_until,
                "reading_from_m": row.reading_from_m,
                "reading_until_m": row.reading_until_m,
                "metres": row.length_m,
                "answerable": facts.answerable,
                "read_by": by_reading.get(cast("UUID", row.id), ""),
            }
            for row in told.rows
            if row.kind is RowKind.UNACCOUNTED
        ],
        "corrections": [
            {"reading_id": row.id, **_amendment(one)}
            for row in told.rows
            if row.kind is RowKind.CORRECTION
            for one in row.amendments
        ],
        "odometers_replaced": [asdict(one) for one in replaced_in(log)],
        "complaints": _complaints(facts, charged, numbers),
        "officers": _officers(facts, books),
        "entries": [asdict(one) for one in entries(books.intervals, kinds, charged)],
        "findings": [_finding(one, facts.answerable) for one in facts.findings],
        "settings": [asdict(one) for one in facts.settings],
        "bases": [asdict(one) for one in facts.bases],
    }
    return cast("Statement", _plain(value, ZoneInfo(log.zone)))


def _as_told(use: LogUse) -> LogUse:
    """Return a use without its sites, and without a track while it is under way."""
    nowhere = replace(use, jobs=tuple(replace(job, site="") for job in use.jobs), stops=())
    return nowhere if use.actual_until else replace(nowhere, track_m=None, measures=())


def _charged(facts: StatementFacts, books: Stretch) -> dict[UUID, tuple[Charge, ...]]:
    """Charge each trip's metres of the month, and its time where it began in it."""
    found = {}
    for use in facts.log.uses:
        if use.kind is not UseKind.TRIP or use.actual_from is None:
            continue
        driven = books.driven.get(use.use_id)
        lasted_s = _lasted_s(facts.log, use) or 0
        if driven is None and not lasted_s:
            continue
        carried = (one.complaint_id for one in facts.carried.get(use.use_id, ()))
        ways = facts.witnessed.get(use.use_id, Witnessed()).ways
        found[use.use_id] = charges(driven.length_m if driven else 0, lasted_s, carried, ways)
    return found


def _begun(log: LogFacts, use: LogUse) -> bool:
    """Tell whether a use set out in the month."""
    return use.actual_from is not None and use.actual_from >= log.from_at


def _lasted_s(log: LogFacts, use: LogUse) -> int | None:
    """Return how long a use was on the road, in the month it began."""
    if use.actual_from is None or use.actual_until is None or not _begun(log, use):
        return None
    return round((use.actual_until - use.actual_from).total_seconds())


def _odometer(books: Stretch) -> dict[str, Any]:
    opening, closing = books.opening, books.closing
    return {
        "opening_m": opening.odometer_m if opening else None,
        "opening_at": opening.read_at if opening else None,
        "closing_m": closing.odometer_m if closing else None,
        "closing_at": closing.read_at if closing else None,
    }


def _totals(facts: StatementFacts, sums: Totals, charged: Charged) -> dict[str, Any]:
    begun = [use for use in facts.log.uses if _begun(facts.log, use)]
    seen = [facts.witnessed.get(use.use_id, Witnessed()) for use in begun]
    return {
        **{name: value for name, value in asdict(sums).items() if name not in ("fuel_ml", "cost_fen")},
        "unobserved_m": sum(one.unobserved_m or 0 for one in seen),
        "terminal_m": sum(one.terminal_m or 0 for one in seen),
        "readings": sum(facts.log.from_at <= one.reading.read_at < facts.log.until_at for one in facts.log.readings),
        "trips_s": sum(one.seconds for of_trip in charged.values() for one in of_trip),
        "notes": sum(facts.notes.get(use.use_id, 0) for use in begun),
        "findings": len(facts.findings),
        "open_findings": sum(one.state in OPEN for one in facts.findings),
    }


def _costs(facts: StatementFacts, books: Stretch) -> dict[str, Any]:
    """Return what was paid in the month 单车核算, by kind, and what a hundred kilometres took of money and fuel."""
    paid = account(facts.costs, books.difference_m)
    return {
        **{f"{kind}_fen": fen for kind, fen in paid.fen_by_kind.items()},
        "total_fen": paid.total_fen,
        "fen_per_100_km": paid.fen_per_100_km,
        "fuel_ml": paid.fuel_ml,
        "fuel_ml_per_100_km": paid.fuel_ml_per_100_km,
    }


def _shown(row: LogRow) -> bool:
    """Tell whether a use was on the road, or has a dispatch order, whose numbers have no gap."""
    of_use = row.kind in (RowKind.TRIP, RowKind.UPKEEP)
    return of_use and (row.actual_from is not None or row.order_no is not None)


def _use(facts: StatementFacts, row: LogRow, charged: Charged, numbers: Mapping[UUID, str]) -> dict[str, Any]:
    use_id = cast("UUID", row.id)
    seen = Witnessed() if row.continued else facts.witnessed.get(use_id, Witnessed())
    ended = row.actual_until is not None and row.actual_until < facts.log.until_at
    return {
        "use_id": use_id,
        "kind": row.kind,
        "order_no": row.order_no,
        "void": row.state in VOID,
        "upkeep": row.upkeep,
        "place": row.place if row.kind is RowKind.UPKEEP else None,
        "continued": row.continued,
        "from_at": row.actual_from or row.planned_from,
        "until_at": row.actual_until if ended else None,
        "driver": row.driver,
        "officers": row.officers,
        "approver": row.approver,
        "complaints": sorted({one.number for one in facts.carried.get(use_id, ())}, key=in_order),
        "reading_from_m": row.reading_from_m,
        "reading_until_m": row.reading_until_m,
        "length_m": row.length_m,
        "track_m": seen.track_m,
        "unobserved_m": seen.unobserved_m,
        "terminal_m": seen.terminal_m,
        "fixes": seen.fixes,
        "notes": 0 if row.continued else facts.notes.get(use_id, 0),
        "fuel_ml": row.fuel_ml,
        "cost_fen": row.cost_fen,
        "document_no": row.document_no,
        "charges": [
            {
                "complaint_id": one.complaint_id,
                "number": numbers[one.complaint_id],
                "metres": one.metres,
                "seconds": one.seconds,
                "basis": one.basis,
            }
            for one in sorted(charged.get(use_id, ()), key=lambda one: in_order(numbers[one.complaint_id]))
        ],
        "amendments": [_amendment(one) for one in row.amendments],
    }


def _complaints(facts: StatementFacts, charged: Charged, numbers: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """Return what each complaint was charged; a trip over the month's end is counted where it began."""
    of: dict[UUID, list[Charge]] = {}
    for of_trip in charged.values():
        for one in of_trip:
            of.setdefault(one.complaint_id, []).append(one)
    trips = Counter(
        complaint_id
        for use in facts.log.uses
        if _begun(facts.log, use)
        for complaint_id in {one.complaint_id for one in facts.carried.get(use.use_id, ())}
    )
    return [
        {
            "complaint_id": complaint_id,
            "number": numbers[complaint_id],
            "trips": trips[complaint_id],
            "metres": sum(one.metres for one in of.get(complaint_id, ())),
            "seconds": sum(one.seconds for one in of.get(complaint_id, ())),
        }
        for complaint_id in sorted(of.keys() | trips.keys(), key=lambda one: (in_order(numbers[one]), one))
    ]


def in_order(number: str) -> tuple[tuple[int, str], ...]:
    """Sort 2026-9 before 2026-10."""
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in number.split("-"))


def _officers(facts: StatementFacts, books: Stretch) -> list[dict[str, Any]]:
    """Return what each officer went along for: a trip of two officers is in both sums, with what was paid on it."""
    sums: dict[tuple[str, UUID], dict[str, int]] = {}
    for use in facts.log.uses:
        driven = books.driven.get(use.use_id)
        begun = _begun(facts.log, use)
        if use.kind is not UseKind.TRIP or (driven is None and not begun):
            continue
        for one in facts.aboard.get(use.use_id, ()):
            sum_of = sums.setdefault((one.name, one.person_id), {"trips": 0, "metres": 0, "seconds": 0, "fen": 0})
            sum_of["trips"] += begun
            sum_of["metres"] += driven.length_m if driven else 0
            sum_of["seconds"] += _lasted_s(facts.log, use) or 0
            sum_of["fen"] += (use.cost_fen or 0) if begun else 0
    return [{"person_id": person_id, "name": name, **sums[name, person_id]} for name, person_id in sorted(sums)]


def _amendment(one: Amendment) -> dict[str, Any]:
    return {"what": one.what, "old": one.old, "new": one.new, "by": one.by, "at": one.at, "reason": one.reason}


def _finding(one: MonthFinding, answerable: str) -> dict[str, Any]:
    return {**asdict(one), "answerable": answerable}


def _plain(value: Any, zone: ZoneInfo) -> Json:
    """Return the value as canonical JSON takes it."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, zone) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, zone) for item in value]
    return cast("Json", value)
