"""Depart 出车: the rule is asked once more, at the instant of departure, in the transaction that records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.trips import Standing, standing_of
from api.db.queries.use_facts import load_facts
from api.db.tables.uses import SafetyCheck
from api.usecases.ask_photo import ask_photo
from api.usecases.ask_rule import Permitted, facts_as_json, permitted
from api.usecases.field_act import (
    NOW,
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
from api.usecases.use_step import Source, Step, lock_use, take_step
from domain.errors import InvalidInput
from domain.findings.kinds import FindingKind
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.use_rule.facts import Stage
from domain.use_rule.rule import Refusal, decide

DEPARTED = (UseState.DEPARTED, UseState.RETURNED, UseState.CLOSED)


class RemarkMissing(InvalidInput):
    """What the safety check found not in order is described in its remark."""

    code = "remark-missing"
    zh = "安全检查发现的问题须在备注中说明。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The short safety check at departure: what is in order, and what is not, in words."""

    tyres: bool
    lights: bool
    fuel: bool
    papers: bool
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A departure as reported by the crew, or entered from paper."""

    check: Checked
    dashboard: Dashboard
    report: Report = NOW


async def depart_trip(
    database: Database, actor: Actor, trip_id: UUID, new: Departure, once: Once | None = None
) -> Kept:
    """Record a departure.

    One that happened already, offline or on paper, and does not fit is kept as a conflict with a finding; a second
    report of one departure is kept as a conflict, and the first stands.

    Raises:
        NotFound: there is no such trip.
        NotAboard, BadStatedTime, SheetMissing, RemarkMissing: it cannot be reported so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
        NotNow: the trip is not approved.
        RecordedRefusal: the rule refused an online departure, with every reason.
    """
    return await database.write(actor, lambda uow: record_departure(uow, trip_id, new), once=once, answer=Kept)


async def record_departure(uow: UnitOfWork, trip_id: UUID, new: Departure) -> Kept:
    """Record a departure within a unit of work, so that another use case may carry it. Raises like `depart_trip`."""
    check = new.check
    if not (check.tyres and check.lights and check.fuel and check.papers) and not check.remark.strip():
        raise RemarkMissing
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    standing = await standing_of(uow, use)
    at = await stated(uow, new.report)
    check_reporter(uow, standing, new.report)
    asked = as_reported(new.report, at, new.dashboard)
    if UseState(use.state) in DEPARTED:
        if await said_before(uow, use, UseVerb.DEPART, new.report, at):
            return Kept()
        return await keep_conflict(uow, use, UseVerb.DEPART, "already-departed", asked, stated_at=at)
    if not new.report.happened:
        after(UseState(use.state), UseVerb.DEPART)
        yes = await permitted(uow, standing.asked(Stage.DEPARTURE, at), asked)
        return await _record(uow, standing, new, at, yes)
    return await _judge_on_arrival(uow, standing, new, at, asked)


async def _judge_on_arrival(
    uow: UnitOfWork, standing: Standing, new: Departure, at: datetime, asked: dict[str, Any]
) -> Kept:
    """Record a departure that happened, or keep it as a conflict with a finding where it does not fit."""
    facts = await load_facts(uow, standing.asked(Stage.DEPARTURE, at, as_of=at))
    answer = decide(facts)
    fits = UseState(standing.use.state) is UseState.APPROVED
    if fits and not isinstance(answer, Refusal):
        return await _record(uow, standing, new, at, Permitted(answer, facts_as_json(facts)))
    reasons = answer.codes if isinstance(answer, Refusal) else ()
    why = "departed-without-permit" if fits else f"was-{standing.use.state}"
    kept = await keep_conflict(uow, standing.use, UseVerb.DEPART, why, asked, reasons=reasons, stated_at=at)
    await raise_finding(
        uow,
        FindingKind.DEPARTED_WITHOUT_PERMIT,
        vehicle_id=standing.use.vehicle_id,
        use_id=standing.use.use_id,
        subject_id=standing.use.use_id,
        evidence={"conflict_id": kept.conflict_id, "reasons": reasons, "why": why, "stated_at": at},
    )
    return kept


async def _record(uow: UnitOfWork, standing: Standing, new: Departure, at: datetime, yes: Permitted) -> Kept:
    check, use = new.check, standing.use
    checked = {"tyres": check.tyres, "lights": check.lights, "fuel": check.fuel, "papers": check.papers}
    reading_id = await read_dashboard(uow, use, new.dashboard, read_at=at, occasion="departure")
    taken = await take_step(
        uow,
        use,
        Step(
            verb=UseVerb.DEPART,
            stated_at=at,
            source=new.report.source,
            permit=True,
            complaint_ids=yes.permit.complaint_ids,
            marks=yes.permit.marks,
            facts={
                "rule": yes.facts,
                "check": checked,
                "reading_id": reading_id,
                "sheet_sha256": new.report.sheet_sha256,
            },
            said={"remark": check.remark} if check.remark else None,
            columns={"actual_from": at},
        ),
    )
    await uow.insert(
        SafetyCheck(
            bureau_id=uow.bureau_id,
            check_id=new_id(),
            use_id=use.use_id,
            **checked,
            remark=check.remark,
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=taken.entry_id,
        )
    )
    if new.report.source is not Source.PAPER:  # a sheet comes with a photo of its own
        await ask_photo(uow, use, reading_id, at)
    return Kept()
