"""What a month's statement is made of beside the log, in as many queries as there are kinds of facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.bases import base_rows, bases_of
from api.db.queries.costs import costs_between
from api.db.queries.findings import COLOUR, DUE_AT, HAPPENED_AT, STATE
from api.db.queries.log import log_facts
from api.db.queries.terminal_counts import counted_over
from api.db.queries.use_facts import dedication
from api.db.tables.bureau import Bureau, Unit
from api.db.tables.vehicles import Vehicle
from domain.books.charges import Way
from domain.books.log_facts import LogFacts
from domain.books.statement_facts import (
    Aboard,
    Carried,
    ChangedSetting,
    FindingState,
    MonthFinding,
    MovedBase,
    Sealed,
    StatementFacts,
    Witnessed,
)
from domain.calendar import month_span, next_month
from domain.place.base import Base, base_at
from domain.place.distance import distance_m
from domain.track.legs import Leg
from domain.values import Point

_CARRIED = text(
    "SELECT t.use_id, t.job_id, t.complaint_id, c.number FROM trip_job t"
    " JOIN complaint c ON c.bureau_id = t.bureau_id AND c.complaint_id = t.complaint_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL ORDER BY t.use_id, t.job_id"
)
_ABOARD = text(
    "SELECT c.use_id, c.person_id, p.name FROM trip_crew c"
    " JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    " JOIN person p ON p.bureau_id = c.bureau_id AND p.person_id = c.person_id"
    " WHERE c.bureau_id = :bureau_id AND c.use_id = ANY(:uses) AND c.seat = 'officer' ORDER BY c.use_id, c.person_id"
)
_NOTES = text(
    "SELECT use_id, count(*) AS notes FROM visit_note WHERE bureau_id = :bureau_id AND use_id = ANY(:uses)"
    " GROUP BY use_id"
)
_FINDINGS = text(
    f"SELECT r.finding_id, r.kind, {DUE_AT} AS due_at, r.use_id, {HAPPENED_AT} AS at,"  # noqa: S608 - our own words
    f" {COLOUR} AS colour, {STATE} AS state FROM finding r"
    " WHERE r.bureau_id = :bureau_id AND r.vehicle_id = :vehicle_id"
    f" AND {HAPPENED_AT} >= :from_at AND {HAPPENED_AT} < :until_at ORDER BY 5, r.finding_id"
)
_SETTINGS = text(
    "SELECT s.name, (s.old_value ->> 'value')::int AS old, (s.new_value ->> 'value')::int AS new,"
    " coalesce(p.name, '') AS by_name, s.recorded_at, s.reason FROM setting_change s"
    " LEFT JOIN person p ON p.bureau_id = s.bureau_id AND p.person_id = s.actor_id"
    " WHERE s.bureau_id = :bureau_id AND s.recorded_at >= :from_at AND s.recorded_at < :until_at"
    " ORDER BY s.recorded_at, s.change_id"
)
_HEADS = text(
    "SELECT p.name FROM person p WHERE p.bureau_id = :bureau_id AND p.unit_id = :unit_id AND p.active"
    " AND coalesce((SELECT g.granted FROM role_grant g WHERE g.bureau_id = :bureau_id AND g.person_id = p.person_id"
    "  AND g.role = 'custodian' ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1), false) ORDER BY p.name"
)


async def statement_facts(
    reader: Reader, vehicle_id: UUID, month: date, *, previous_sha256: str | None, sealed: Sealed | None
) -> StatementFacts:
    """Return all of a month of a vehicle, which must be there.

    What is sealed is measured from the fixes themselves: measures that are kept are no facts, and can be written over.
    """
    bureau, vehicle = await reader.get(Bureau), await reader.get(Vehicle, vehicle_id)
    if bureau is None or vehicle is None:
        raise LookupError("there is no such vehicle")
    from_at, until_at = month_span(month, ZoneInfo(bureau.zone))
    log = await log_facts(reader, vehicle_id, from_at, until_at, zone=bureau.zone, anew=sealed is not None)
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "uses": [use.use_id for use in log.uses],
        "from_at": from_at,
        "until_at": until_at,
    }
    bases = (await bases_of(reader, [vehicle_id]))[vehicle_id]
    unit, answerable = await _who_answers(reader, vehicle_id, next_month(month) - timedelta(days=1))
    carried = await reader.rows(_CARRIED, asked)
    complaint_of: defaultdict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    for row in carried:
        complaint_of[row.use_id][row.job_id] = row.complaint_id
    counted = await counted_over(reader, [use.use_id for use in log.uses])
    terminal = {use_id: one.metres for use_id, one in counted.items()}
    return StatementFacts(
        bureau_id=reader.bureau_id,
        bureau=bureau.name,
        unit=unit,
        answerable=answerable or unit,
        vehicle_id=vehicle_id,
        plate=vehicle.plate,
        vehicle=vehicle.name,
        month=f"{month:%Y-%m}",
        log=log,
        previous_sha256=previous_sha256,
        sealed=sealed,
        witnessed=_witnessed(log, complaint_of, terminal),
        carried=_by_use((row.use_id, Carried(row.complaint_id, row.number)) for row in carried),
        aboard=_by_use((row.use_id, Aboard(row.person_id, row.name)) for row in await reader.rows(_ABOARD, asked)),
        notes={row.use_id: row.notes for row in await reader.rows(_NOTES, asked)},
        costs=await costs_between(reader, vehicle_id, from_at, until_at),
        findings=tuple(_finding(row) for row in await reader.rows(_FINDINGS, asked)),
        settings=tuple(
            ChangedSetting(
                name=row.name, old=row.old, new=row.new, by=row.by_name, at=row.recorded_at, reason=row.reason
            )
            for row in await reader.rows(_SETTINGS, asked)
        ),
        bases=tuple(
            _moved(bases, row) for row in await base_rows(reader, vehicle_id) if from_at <= row.effective_at < until_at
        ),
    )


def ways_of(legs: Sequence[Leg], complaint_of: dict[UUID, UUID]) -> tuple[Way, ...]:
    """Return the ways out of a trip's legs, each with the time until the next one: legs of one way go together."""
    together = [list(group) for _, group in groupby(legs, key=lambda leg: (leg.from_at, leg.until_at))]
    found = []
    for way, following in pairwise(together):
        to = tuple({complaint_of[leg.site_key] for leg in way if leg.site_key in complaint_of})
        metres = sum(leg.length_m + leg.unobserved_m for leg in way)
        found.append(Way(to, metres, round((following[0].from_at - way[0].from_at).total_seconds())))
    return tuple(found)


def _witnessed(
    log: LogFacts, complaint_of: defaultdict[UUID, dict[UUID, UUID]], terminal: dict[UUID, int]
) -> dict[UUID, Witnessed]:
    found = {}
    for use in log.uses:
        best = use.measures[0] if use.measures else None
        found[use.use_id] = Witnessed(
            track_m=best.length_m if best else None,
            unobserved_m=best.unobserved_m if best else None,
            fixes=sum(one.fix_count for one in use.measures),
            terminal_m=terminal.get(use.use_id),
            ways=ways_of(best.legs, complaint_of[use.use_id]) if best else (),
        )
    return found


def _moved(bases: Sequence[Base], row: Any) -> MovedBase:
    before = base_at(bases, row.effective_at - timedelta(microseconds=1))
    return MovedBase(
        old=before.name,
        new=row.name,
        moved_m=round(distance_m(before.place, Point(row.lat, row.lon))),
        effective_at=row.effective_at,
        by=row.by_name or "",
        at=row.recorded_at,
        reason=row.reason,
    )


def _finding(row: Any) -> MonthFinding:
    return MonthFinding(
        finding_id=row.finding_id,
        kind=row.kind,
        colour=row.colour,
        at=row.at,
        term_at=row.due_at,
        state=FindingState(row.state),
        use_id=row.use_id,
    )


async def _who_answers(reader: Reader, vehicle_id: UUID, on: date) -> tuple[str, str]:
    """Return the using unit's name and those of its heads."""
    unit_id, _ = await dedication(reader, vehicle_id, on)
    unit = await reader.get(Unit, unit_id) if unit_id else None
    heads = await reader.execute(_HEADS, {"bureau_id": reader.bureau_id, "unit_id": unit_id})
    return unit.name if unit else "", "、".join(heads.scalars())


def _by_use(pairs: Iterable[tuple[UUID, Any]]) -> dict[UUID, tuple[Any, ...]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for use_id, one in pairs:
        found[use_id].append(one)
    return {use_id: tuple(items) for use_id, items in found.items()}
