"""What the vehicle log of a month is made of, month by month: a year is never in memory at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.measures import measures_of
from api.db.queries.readings import MOMENTS, as_reading
from api.db.tables.people import Person
from api.db.tables.vehicles import Reading as Row
from domain.books.log_facts import (
    LogConflict,
    LogCrew,
    LogFacts,
    LogJob,
    LogRefusal,
    LogStep,
    LogStop,
    LogUse,
    RecordedReading,
)
from domain.books.stretch import stretch_of
from domain.trip.life import UseKind, UseState, UseVerb
from domain.use_rule.upkeep import UpkeepKind

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

# A use departs within two hours of its window, and no window is longer than sixty days.
# Costs in force, tolls and parking of a trip too; an order settled before costs were entered has its own.
_PAID = (
    "(SELECT sum(c.{0})::bigint FROM vehicle_cost c WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id"
    " AND NOT EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id AND k.corrects = c.cost_id))"
)
_USES = text(
    "SELECT u.use_id, u.kind, u.state, u.planned_from, u.planned_until, u.actual_from,"  # noqa: S608 - our own words
    " u.actual_until,"
    " coalesce(t.purpose_note, o.reason) AS purpose, q.name AS requester, a.name AS approver,"
    " n.year AS order_year, n.number AS order_number, o.upkeep, coalesce(o.place, b.place) AS place,"
    f" d.name AS driver, o.document_no, coalesce({_PAID.format('amount_fen')}, o.cost_fen) AS cost_fen,"
    f" coalesce({_PAID.format('fuel_ml')}, o.fuel_ml) AS fuel_ml FROM vehicle_use u"
    " LEFT JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id"
    " LEFT JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id"
    " LEFT JOIN person q ON q.bureau_id = u.bureau_id AND q.person_id = coalesce(t.requester_id, o.requester_id)"
    " LEFT JOIN person a ON a.bureau_id = u.bureau_id AND a.person_id = t.approver_id"
    " LEFT JOIN person d ON d.bureau_id = u.bureau_id AND d.person_id = o.driver_id"
    " LEFT JOIN dispatch_order n ON n.bureau_id = u.bureau_id AND n.use_id = u.use_id"
    " LEFT JOIN accident_report b ON b.bureau_id = u.bureau_id AND b.use_id = u.use_id"
    " WHERE u.bureau_id = :bureau_id AND (u.use_id = ANY(:driven) OR u.vehicle_id = :vehicle_id"
    "  AND u.planned_from >= CAST(:from_at AS timestamptz) - interval '61 days'"
    "  AND u.planned_from < CAST(:until_at AS timestamptz) + interval '1 day'"
    "  AND (coalesce(u.actual_from, u.planned_from) >= :from_at AND coalesce(u.actual_from, u.planned_from) < :until_at"
    "   OR u.actual_from < :from_at AND coalesce(u.actual_until, :now) >= :from_at))"
    " ORDER BY coalesce(u.actual_from, u.planned_from), u.use_id, b.recorded_at"
)
_STEPS = text(
    "SELECT d.use_id, d.decision_id, d.verb, d.source, d.stated_at, d.recorded_at, coalesce(p.name, '') AS by_name,"
    " coalesce(d.facts ->> 'reason', d.facts ->> 'remark', '') AS reason,"
    " (d.facts ->> 'planned_from')::timestamptz AS new_from, (d.facts ->> 'planned_until')::timestamptz AS new_until,"
    " (d.facts ->> 'old_from')::timestamptz AS old_from, (d.facts ->> 'old_until')::timestamptz AS old_until,"
    " coalesce(d.facts -> 'job_ids', jsonb_build_array(d.facts ->> 'job_id')) AS job_ids FROM decision d"
    " LEFT JOIN person p ON p.bureau_id = d.bureau_id AND p.person_id = d.actor_id"
    " WHERE d.bureau_id = :bureau_id AND d.use_id = ANY(:uses) ORDER BY d.recorded_at, d.decision_id"
)
_CREWS = text(
    "SELECT c.use_id, c.rev, c.decision_id, c.seat, p.name FROM trip_crew c"
    " JOIN person p ON p.bureau_id = c.bureau_id AND p.person_id = c.person_id"
    " WHERE c.bureau_id = :bureau_id AND c.use_id = ANY(:uses) ORDER BY c.use_id, c.rev, p.name, p.person_id"
)
_PASSENGERS = text(
    "SELECT g.use_id, g.standing FROM trip_passenger g"
    " JOIN trip t ON t.bureau_id = g.bureau_id AND t.use_id = g.use_id AND t.crew_rev = g.rev"
    " WHERE g.bureau_id = :bureau_id AND g.use_id = ANY(:uses) ORDER BY g.use_id, g.passenger_no"
)
_JOBS = text(
    "SELECT t.use_id, t.job_id, c.number, j.site_name, t.dropped_by IS NOT NULL AS dropped FROM trip_job t"
    " JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " JOIN complaint c ON c.bureau_id = t.bureau_id AND c.complaint_id = t.complaint_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) ORDER BY t.use_id, c.number, j.site_name, t.job_id"
)
_STOPS = text(
    "SELECT s.use_id, s.job_id, j.site_name, s.what, s.stated_at FROM trip_stop s"
    " JOIN job j ON j.bureau_id = s.bureau_id AND j.job_id = s.job_id"
    " WHERE s.bureau_id = :bureau_id AND s.use_id = ANY(:uses) ORDER BY s.use_id, s.stated_at, s.stop_id"
)
# A request that named no vehicle was for this one as well as for any other.
_REFUSALS = text(
    "SELECT r.refusal_id, r.recorded_at, r.stage, r.reasons, r.use_id, p.name FROM refusal r"
    " JOIN person p ON p.bureau_id = r.bureau_id AND p.person_id = r.requester_id"
    " WHERE r.bureau_id = :bureau_id AND (r.vehicle_id = :vehicle_id OR r.vehicle_id IS NULL)"
    " AND r.recorded_at >= :from_at AND r.recorded_at < :until_at ORDER BY r.recorded_at, r.refusal_id"
)
_CONFLICTS = text(
    "SELECT k.conflict_id, k.use_id, k.verb, k.why, k.reasons, coalesce(p.name, '') AS by_name, k.stated_at,"
    " k.recorded_at, (k.asked ->> 'odometer_m')::bigint AS odometer_m FROM field_conflict k"
    " JOIN vehicle_use u ON u.bureau_id = k.bureau_id AND u.use_id = k.use_id"
    " LEFT JOIN person p ON p.bureau_id = k.bureau_id AND p.person_id = k.actor_id"
    " WHERE k.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id"
    " AND k.recorded_at >= :from_at AND k.recorded_at < :until_at ORDER BY k.recorded_at, k.conflict_id"
)


async def hold_snapshot(reader: Reader) -> None:
    """Let every query of a fresh transaction see the same instant, so that the sums of a log agree with its rows."""
    await reader.execute(_SNAPSHOT)


async def log_facts(
    reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime, *, zone: str, anew: bool = False
) -> LogFacts:
    """Return what the log of a vehicle from one instant to another is made of; `anew`: its tracks measured anew."""
    asked: dict[str, Any] = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "from_at": from_at,
        "until_at": until_at,
        "now": reader.now,
    }
    readings = await _readings(reader, asked)
    books = stretch_of((one.reading for one in readings), from_at, until_at)
    uses = await _uses(reader, asked | {"driven": list(books.driven)}, anew=anew)
    refusals = await reader.rows(_REFUSALS, asked)
    conflicts = await reader.rows(_CONFLICTS, asked)
    return LogFacts(
        from_at=from_at,
        until_at=until_at,
        zone=zone,
        readings=readings,
        uses=uses,
        refusals=tuple(
            LogRefusal(row.refusal_id, row.recorded_at, row.stage, row.name, tuple(row.reasons), row.use_id)
            for row in refusals
        ),
        conflicts=tuple(
            LogConflict(
                row.conflict_id,
                row.use_id,
                row.verb,
                row.why,
                tuple(row.reasons),
                row.by_name,
                row.stated_at,
                row.recorded_at,
                row.odometer_m,
            )
            for row in conflicts
        ),
    )


async def _readings(reader: Reader, asked: dict[str, Any]) -> tuple[RecordedReading, ...]:
    """Return the readings of the month, and before it from the last departure or return on.

    Only that one tells whose metres the month opens with.
    """
    of_vehicle = (Row.bureau_id == reader.bureau_id, Row.vehicle_id == asked["vehicle_id"])
    anchor = await reader.one(
        select(func.max(Row.read_at)).where(
            *of_vehicle, col(Row.read_at) < asked["from_at"], col(Row.occasion).in_(list(MOMENTS))
        )
    )
    known = (
        select(Row, Person.name)
        .outerjoin(Person, (col(Person.bureau_id) == col(Row.bureau_id)) & (col(Person.person_id) == col(Row.actor_id)))
        .where(*of_vehicle, col(Row.read_at) < asked["until_at"])
        .order_by(col(Row.read_at), col(Row.recorded_at), col(Row.reading_id))
    )
    if anchor is not None:
        known = known.where(col(Row.read_at) >= anchor)
    rows = await reader.all(known)
    return tuple(RecordedReading(as_reading(row), name or "", row.recorded_at) for row, name in rows)


async def _uses(reader: Reader, asked: dict[str, Any], *, anew: bool) -> tuple[LogUse, ...]:
    rows = {row.use_id: row for row in await reader.rows(_USES, asked)}
    of = {"bureau_id": reader.bureau_id, "uses": list(rows)}
    steps, crews, passengers, jobs, stops = [
        by_use(await reader.rows(statement, of)) for statement in (_STEPS, _CREWS, _PASSENGERS, _JOBS, _STOPS)
    ]
    driven = [use_id for use_id, row in rows.items() if row.kind == UseKind.TRIP and row.actual_from is not None]
    measures = await measures_of(reader, driven, anew=anew)
    uses = []
    for use_id, row in rows.items():
        witnessed = tuple(one for one in measures.get(use_id, ()) if one.kept)
        uses.append(
            LogUse(
                use_id=use_id,
                kind=UseKind(row.kind),
                state=UseState(row.state),
                planned_from=row.planned_from,
                planned_until=row.planned_until,
                actual_from=row.actual_from,
                actual_until=row.actual_until,
                requester=row.requester,
                order_no=f"{row.order_year}-{row.order_number}" if row.order_number else None,
                approver=row.approver,
                crews=_crews(crews[use_id]),
                passengers=tuple(one.standing for one in passengers[use_id]),
                jobs=tuple(LogJob(one.job_id, one.number, one.site_name, one.dropped) for one in jobs[use_id]),
                stops=_stops(stops[use_id]),
                steps=tuple(_step(one) for one in steps[use_id]),
                purpose=row.purpose or "",
                upkeep=UpkeepKind(row.upkeep) if row.upkeep else None,
                place=row.place,
                driver=row.driver,
                document_no=row.document_no,
                cost_fen=row.cost_fen,
                fuel_ml=row.fuel_ml,
                track_m=witnessed[0].length_m if witnessed else None,
                measures=witnessed,
            )
        )
    return tuple(uses)


def by_use(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    """Return rows by their `use_id`, in their order; of a use without any, an empty list."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.use_id].append(row)
    return found


def _crews(rows: list[Any]) -> tuple[LogCrew, ...]:
    revisions: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        revisions[row.rev].append(row)
    return tuple(
        LogCrew(
            members[0].decision_id,
            next((one.name for one in members if one.seat == "driver"), ""),
            tuple(one.name for one in members if one.seat == "officer"),
        )
        for _, members in sorted(revisions.items())
    )


def _stops(rows: list[Any]) -> tuple[LogStop, ...]:
    """Pair each arrival at a site with the leaving that follows it; either may be missing."""
    stops: list[LogStop] = []
    waiting: dict[UUID, int] = {}
    for row in rows:
        if row.what == "arrive":
            waiting[row.job_id] = len(stops)
            stops.append(LogStop(row.site_name, row.stated_at, None))
        elif row.job_id in waiting:
            at = waiting.pop(row.job_id)
            stops[at] = LogStop(row.site_name, stops[at].arrived_at, row.stated_at)
        else:
            stops.append(LogStop(row.site_name, None, row.stated_at))
    return tuple(stops)


def _step(row: Any) -> LogStep:
    return LogStep(
        decision_id=row.decision_id,
        verb=UseVerb(row.verb),
        source=row.source,
        stated_at=row.stated_at,
        recorded_at=row.recorded_at,
        by=row.by_name,
        reason=row.reason,
        window=(row.new_from, row.new_until) if row.new_from and row.new_until else None,
        old_window=(row.old_from, row.old_until) if row.old_from and row.old_until else None,
        job_ids=tuple(UUID(job_id) for job_id in row.job_ids if job_id),
    )
