"""On the way: arrive at a job's site, leave it, or break down where the car stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.queries.trips import standing_of
from api.db.tables.uses import AccidentReport, TripStop, VehicleUse
from api.usecases.field_act import (
    NOW,
    Dashboard,
    Kept,
    Report,
    as_reported,
    check_reporter,
    during,
    keep_conflict,
    read_dashboard,
    said_before,
    stated,
)
from api.usecases.return_trip import unfit_return
from api.usecases.use_step import Step, lock_use, take_step
from domain.errors import NotFound
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.values import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An arrival or a departure at a job's site, and where the phone was then."""

    verb: UseVerb
    job_id: UUID
    at: Point | None = None
    report: Report = NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakDown:
    """A breakdown or an accident: the trip ends where the car stops, with a reading."""

    kind: str
    dashboard: Dashboard
    place: str
    account: str
    at: Point | None = None
    injured: bool = False
    third_party: bool = False
    police_no: str | None = None
    report: Report = NOW


async def stop_at_job(database: Database, actor: Actor, trip_id: UUID, new: Stop, once: Once | None = None) -> Kept:
    """Record that the officers arrived at a job's site, or left it.

    Raises:
        NotFound: there is no such trip, or it carries no such job.
        NotAboard, BadStatedTime, SheetMissing: it cannot be reported so.
        NotNow: the trip is not under way, for an online report.
    """
    return await database.write(actor, lambda uow: record_stop(uow, trip_id, new), once=once, answer=Kept)


async def record_stop(uow: UnitOfWork, trip_id: UUID, new: Stop) -> Kept:
    """Record a stop within a unit of work, so that another use case may carry it. Raises like `stop_at_job`."""
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    standing = await standing_of(uow, use)
    at = await stated(uow, new.report)
    check_reporter(uow, standing, new.report)
    if new.job_id not in standing.job_ids:
        raise NotFound("The trip carries no such job.", job_id=str(new.job_id))
    if not new.report.happened and use.state != UseState.DEPARTED:
        after(UseState.REQUESTED, new.verb)
    if not during(use, at):
        asked = as_reported(new.report, at) | {"job_id": new.job_id}
        return await keep_conflict(uow, use, new.verb, "not-during-trip", asked, stated_at=at)
    if new.report.happened and await _stopped_before(uow, trip_id, new, at):
        return Kept()
    stop_id = new_id()
    taken = await take_step(
        uow,
        use,
        Step(
            verb=new.verb,
            stated_at=at,
            source=new.report.source,
            facts={"stop_id": stop_id, "job_id": new.job_id, "sheet_sha256": new.report.sheet_sha256},
            place=_degrees(new.at),
        ),
    )
    await uow.insert(
        TripStop(
            bureau_id=uow.bureau_id,
            stop_id=stop_id,
            use_id=trip_id,
            job_id=new.job_id,
            what=new.verb.value,
            stated_at=at,
            lat=new.at.lat if new.at else None,
            lon=new.at.lon if new.at else None,
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=taken.entry_id,
        )
    )
    return Kept()


_STOPPED_BEFORE = text(
    "SELECT true FROM trip_stop WHERE bureau_id = :bureau_id AND use_id = :use_id AND job_id = :job_id"
    " AND what = :what AND actor_id = :actor_id AND stated_at = :at LIMIT 1"
)


async def _stopped_before(uow: UnitOfWork, trip_id: UUID, new: Stop, at: datetime) -> bool:
    """Tell whether the same person recorded this very stop before: a phone that got no answer sends again."""
    same = {
        "bureau_id": uow.bureau_id,
        "use_id": trip_id,
        "job_id": new.job_id,
        "what": new.verb.value,
        "actor_id": uow.actor.who,
        "at": at,
    }
    return (await uow.execute(_STOPPED_BEFORE, same)).scalar_one_or_none() is not None


async def break_down(database: Database, actor: Actor, trip_id: UUID, new: BreakDown, once: Once | None = None) -> Kept:
    """End a trip by breakdown or accident, with a reading and a report; towing and repair are upkeep from there.

    Raises:
        NotFound: there is no such trip.
        NotAboard, BadStatedTime, SheetMissing: it cannot be reported so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
        NotNow: the trip has not departed.
    """
    return await database.write(actor, lambda uow: record_break_down(uow, trip_id, new), once=once, answer=Kept)


async def record_break_down(uow: UnitOfWork, trip_id: UUID, new: BreakDown) -> Kept:
    """Record a breakdown within a unit of work, so that another may carry it. Raises like `break_down`."""
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    standing = await standing_of(uow, use)
    at = await stated(uow, new.report)
    check_reporter(uow, standing, new.report)
    why = unfit_return(use, at, new.report)
    if why is not None:
        if await said_before(uow, use, UseVerb.BREAK_DOWN, new.report, at):
            return Kept()
        asked = as_reported(new.report, at, new.dashboard) | {"kind": new.kind}
        return await keep_conflict(uow, use, UseVerb.BREAK_DOWN, why, asked, stated_at=at)
    reading_id = await read_dashboard(uow, use, new.dashboard, read_at=at, occasion="breakdown")
    report_id = new_id()
    taken = await take_step(
        uow,
        use,
        Step(
            verb=UseVerb.BREAK_DOWN,
            stated_at=at,
            source=new.report.source,
            facts={"report_id": report_id, "kind": new.kind, "reading_id": reading_id}
            | {"injured": new.injured, "third_party": new.third_party, "police_no": new.police_no},
            person={"account": new.account},
            place={"place": new.place} | (_degrees(new.at) or {}),
            columns={"actual_until": at},
        ),
    )
    await uow.insert(_accident(uow, use, new, at, (report_id, taken.entry_id)))
    return Kept()


def _accident(uow: UnitOfWork, use: VehicleUse, new: BreakDown, at: datetime, ids: tuple[UUID, UUID]) -> AccidentReport:
    report_id, entry_id = ids
    return AccidentReport(
        bureau_id=uow.bureau_id,
        report_id=report_id,
        use_id=use.use_id,
        kind=new.kind,
        happened_at=at,
        lat=new.at.lat if new.at else None,
        lon=new.at.lon if new.at else None,
        place=new.place,
        account=new.account,
        injured=new.injured,
        third_party=new.third_party,
        police_no=new.police_no,
        actor_id=uow.actor.who,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


def _degrees(at: Point | None) -> dict[str, Any] | None:
    return None if at is None else {"lat_e7": degrees_e7(at.lat), "lon_e7": degrees_e7(at.lon)}
