"""Come back 收车, and close the trip 办结: judged once more, against what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.trips import standing_of
from api.db.queries.use_facts import load_facts
from api.db.tables.uses import VehicleUse
from api.usecases.ask_rule import facts_as_json, record_refusal
from api.usecases.change_trip import NotYours, of_the_desk
from api.usecases.field_act import (
    NOW,
    BadStatedTime,
    Dashboard,
    Kept,
    Report,
    as_reported,
    check_reporter,
    keep_conflict,
    read_dashboard,
    said_before,
    stated,
)
from api.usecases.raise_finding import raise_finding
from api.usecases.use_step import Step, lock_use, take_step
from domain.findings.kinds import FindingKind
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.use_rule.facts import Stage
from domain.use_rule.rule import Refusal, decide
from domain.values import Role

CAME_BACK = (UseState.RETURNED, UseState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A return as reported by the crew, or entered from paper."""

    dashboard: Dashboard
    report: Report = NOW
    remark: str = ""


async def return_trip(database: Database, actor: Actor, trip_id: UUID, new: Return, once: Once | None = None) -> Kept:
    """Record that the vehicle is back. What happened and cannot be recorded is kept as a conflict.

    Raises:
        NotFound: there is no such trip.
        NotAboard, BadStatedTime, SheetMissing: it cannot be reported so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
        NotNow: the trip has not departed.
    """
    return await database.write(actor, lambda uow: record_return(uow, trip_id, new), once=once, answer=Kept)


async def record_return(uow: UnitOfWork, trip_id: UUID, new: Return) -> Kept:
    """Record a return within a unit of work, so that another use case may carry it. Raises like `return_trip`."""
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    standing = await standing_of(uow, use)
    at = await stated(uow, new.report)
    check_reporter(uow, standing, new.report)
    why = unfit_return(use, at, new.report)
    if why is not None:
        if await said_before(uow, use, UseVerb.RETURN, new.report, at):
            return Kept()
        asked = as_reported(new.report, at, new.dashboard)
        return await keep_conflict(uow, use, UseVerb.RETURN, why, asked, stated_at=at)
    reading_id = await read_dashboard(uow, use, new.dashboard, read_at=at, occasion="return")
    await take_step(
        uow,
        use,
        Step(
            verb=UseVerb.RETURN,
            stated_at=at,
            source=new.report.source,
            facts={"reading_id": reading_id, "sheet_sha256": new.report.sheet_sha256},
            said={"remark": new.remark} if new.remark else None,
            columns={"actual_until": at},
        ),
    )
    return Kept()


def unfit_return(use: VehicleUse, at: datetime, report: Report) -> str | None:
    """Return why an end that was reported can only be kept as a conflict, or None if it can be recorded.

    Raises:
        NotNow: an online report of a trip that has not departed.
        BadStatedTime: an end before the beginning, which whoever reports it can mend.
    """
    state = UseState(use.state)
    if state in CAME_BACK:
        return "already-returned"
    if state is not UseState.DEPARTED:
        if not report.happened:
            after(state, UseVerb.RETURN)
        return f"was-{state}"
    if use.actual_from is not None and at < use.actual_from:
        raise BadStatedTime(stated_at=at.isoformat(), departed_at=use.actual_from.isoformat())
    return None


async def close_trip(database: Database, actor: Actor, trip_id: UUID, remark: str = "") -> tuple[str, ...]:
    """Close a trip that came back, and return the reasons for which it should not have been, if any.

    What happened cannot be refused any more: the refusal is recorded with a finding, and the trip is closed.

    Raises:
        NotFound: there is no such trip.
        NotYours: the actor is not of the unit whose trip it is.
        NotNow: it has not come back, or is closed.
    """

    async def work(uow: UnitOfWork) -> tuple[str, ...]:
        use = await lock_use(uow, trip_id, UseKind.TRIP)
        after(UseState(use.state), UseVerb.CLOSE)
        standing = await standing_of(uow, use)
        if not of_the_desk(uow, standing, Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN):
            raise NotYours
        asked = standing.asked(Stage.CLOSE, _known(use.actual_from), ended_at=_known(use.actual_until))
        facts = await load_facts(uow, asked)
        answer = decide(facts)
        refused = isinstance(answer, Refusal)
        if isinstance(answer, Refusal):
            refusal_id = await record_refusal(uow, asked, facts, answer, {"verb": UseVerb.CLOSE})
            await raise_finding(
                uow,
                FindingKind.DEPARTED_WITHOUT_PERMIT,
                vehicle_id=use.vehicle_id,
                use_id=use.use_id,
                subject_id=use.use_id,
                evidence={"refusal_id": refusal_id, "reasons": answer.codes},
            )
        await take_step(
            uow,
            use,
            Step(
                verb=UseVerb.CLOSE,
                stated_at=uow.now,
                permit=not refused,
                refused=refused,
                complaint_ids=() if isinstance(answer, Refusal) else answer.complaint_ids,
                marks=() if isinstance(answer, Refusal) else answer.marks,
                facts={"rule": facts_as_json(facts)},
                said={"remark": remark} if remark else None,
            ),
        )
        return answer.codes if isinstance(answer, Refusal) else ()

    return await database.write(actor, work)


def _known(at: datetime | None) -> datetime:
    if at is None:
        raise AssertionError("a trip that came back has both its times")
    return at
