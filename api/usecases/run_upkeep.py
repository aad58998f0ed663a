"""Carry out an upkeep order: depart, return, and settle it with what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.upkeep import UpkeepAsked, load_upkeep_facts, order_of
from api.db.tables.uses import UpkeepOrder, VehicleUse
from api.usecases.ask_rule import facts_as_json
from api.usecases.field_act import (
    NOW,
    Dashboard,
    Kept,
    NotAboard,
    Report,
    as_reported,
    keep_conflict,
    read_dashboard,
    said_before,
    stated,
)
from api.usecases.order_upkeep import upkeep_permitted
from api.usecases.record_cost import NewCost, insert_cost
from api.usecases.return_trip import unfit_return
from api.usecases.use_step import Source, Step, lock_use, take_step
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.upkeep.costs import COST_OF_UPKEEP
from domain.use_rule.facts import Stage
from domain.use_rule.upkeep import UpkeepKind, check_amounts, refuse_upkeep
from domain.values import Role

BEGUN = (UseState.DEPARTED, UseState.RETURNED, UseState.CLOSED)
DESK = frozenset({Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepEnd:
    """One end of an upkeep order as reported by its driver, or entered from paper."""

    dashboard: Dashboard
    report: Report = NOW
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the order cost, by which document and receipt; for fuel the litres, and when and at which odometer."""

    cost_fen: int | None
    fuel_ml: int | None
    document_no: str | None
    remark: str = ""
    incurred_at: datetime | None = None
    """None: when the vehicle was back."""
    odometer_m: int | None = None
    receipt_sha256: str | None = None
    card_no: str | None = None


async def depart_upkeep(
    database: Database, actor: Actor, use_id: UUID, new: UpkeepEnd, once: Once | None = None
) -> Kept:
    """Record that the vehicle left for its upkeep; what happened and does not fit is kept as a conflict.

    Raises:
        NotFound: there is no such order.
        NotAboard, BadStatedTime, SheetMissing: it cannot be reported so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
        NotNow: it was cancelled, or is over.
        RecordedRefusal: an online departure that does not fit, with every reason.
    """

    async def work(uow: UnitOfWork) -> Kept:
        use = await lock_use(uow, use_id, UseKind.UPKEEP)
        order = await order_of(uow, use)
        at = await stated(uow, new.report)
        _check_reporter(uow, order, new.report)
        put = as_reported(new.report, at, new.dashboard)
        state = UseState(use.state)
        if state in BEGUN:
            if await said_before(uow, use, UseVerb.DEPART, new.report, at):
                return Kept()
            return await keep_conflict(uow, use, UseVerb.DEPART, "already-departed", put, stated_at=at)
        asked = _asked(use, order, at)
        if new.report.happened:
            codes = tuple(reason.code.value for reason in refuse_upkeep(await load_upkeep_facts(uow, asked)))
            if codes or state is not UseState.APPROVED:
                why = "departed-without-permit" if state is UseState.APPROVED else f"was-{state}"
                return await keep_conflict(uow, use, UseVerb.DEPART, why, put, reasons=codes, stated_at=at)
        after(state, UseVerb.DEPART)
        facts = await upkeep_permitted(uow, asked, put)
        reading_id = await read_dashboard(uow, use, new.dashboard, read_at=at, occasion="departure")
        step = Step(
            verb=UseVerb.DEPART,
            stated_at=at,
            source=new.report.source,
            permit=True,
            facts={
                "rule": facts_as_json(facts),
                "reading_id": reading_id,
                "sheet_sha256": new.report.sheet_sha256,
            },
            said={"remark": new.remark} if new.remark else None,
            columns={"actual_from": at},
        )
        await take_step(uow, use, step)
        return Kept()

    return await database.write(actor, work, once=once, answer=Kept)


async def return_upkeep(
    database: Database, actor: Actor, use_id: UUID, new: UpkeepEnd, once: Once | None = None
) -> Kept:
    """Record that the vehicle is back from its upkeep. What cannot be recorded is kept as a conflict.

    Raises:
        NotFound: there is no such order.
        NotAboard, BadStatedTime, SheetMissing: it cannot be reported so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
        NotNow: it has not departed.
    """

    async def work(uow: UnitOfWork) -> Kept:
        use = await lock_use(uow, use_id, UseKind.UPKEEP)
        order = await order_of(uow, use)
        at = await stated(uow, new.report)
        _check_reporter(uow, order, new.report)
        why = unfit_return(use, at, new.report)
        if why is not None:
            if await said_before(uow, use, UseVerb.RETURN, new.report, at):
                return Kept()
            put = as_reported(new.report, at, new.dashboard)
            return await keep_conflict(uow, use, UseVerb.RETURN, why, put, stated_at=at)
        reading_id = await read_dashboard(uow, use, new.dashboard, read_at=at, occasion="return")
        step = Step(
            verb=UseVerb.RETURN,
            stated_at=at,
            source=new.report.source,
            facts={"reading_id": reading_id, "sheet_sha256": new.report.sheet_sha256},
            said={"remark": new.remark} if new.remark else None,
            columns={"actual_until": at},
        )
        await take_step(uow, use, step)
        return Kept()

    return await database.write(actor, work, once=once, answer=Kept)


async def settle_upkeep(database: Database, actor: Actor, use_id: UUID, new: Settlement) -> None:
    """Close an order that came back, with what it cost.

    Raises:
        NotFound: there is no such order.
        NotNow: it has not come back, or is settled.
        AmountsMissing: fuel without all that tells what the vehicle burns, or litres of something else.
        BadCost, CostTimeImpossible: it cannot have cost that then.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
    """

    async def work(uow: UnitOfWork) -> None:
        use = await lock_use(uow, use_id, UseKind.UPKEEP)
        order = await order_of(uow, use)
        after(UseState(use.state), UseVerb.CLOSE)
        check_amounts(
            UpkeepKind(order.upkeep),
            new.cost_fen,
            new.fuel_ml,
            filled_at=new.incurred_at,
            odometer_m=new.odometer_m,
        )
        amounts = {"cost_fen": new.cost_fen, "fuel_ml": new.fuel_ml, "document_no": new.document_no}
        step = Step(
            verb=UseVerb.CLOSE,
            stated_at=uow.now,
            facts=amounts,
            said={"remark": new.remark} if new.remark else None,
        )
        await take_step(uow, use, step)
        await uow.update(UpkeepOrder, use_id, **amounts)
        if new.cost_fen:
            await insert_cost(uow, _cost(use, order, new, new.cost_fen))

    await database.write(actor, work)


def _check_reporter(uow: UnitOfWork, order: UpkeepOrder, report: Report) -> None:
    """Let the driver report; the desk enters what stands on paper, and what is towed. Raises `NotAboard`."""
    by_desk = uow.actor.roles & DESK and (order.driver_id is None or report.source is Source.PAPER)
    if uow.actor.person_id != order.driver_id and not by_desk:
        raise NotAboard


def _cost(use: VehicleUse, order: UpkeepOrder, new: Settlement, amount_fen: int) -> NewCost:
    if use.actual_until is None:
        raise AssertionError("an order that is settled came back")
    return NewCost(
        vehicle_id=use.vehicle_id,
        use_id=use.use_id,
        kind=COST_OF_UPKEEP[order.upkeep],
        amount_fen=amount_fen,
        fuel_ml=new.fuel_ml,
        incurred_at=new.incurred_at or use.actual_until,
        odometer_m=new.odometer_m,
        receipt_sha256=new.receipt_sha256,
        document_no=new.document_no,
        card_no=new.card_no,
    )


def _asked(use: VehicleUse, order: UpkeepOrder, at: datetime) -> UpkeepAsked:
    return UpkeepAsked(
        stage=Stage.DEPARTURE,
        at=at,
        vehicle_id=use.vehicle_id,
        planned_from=use.planned_from,
        planned_until=use.planned_until,
        grace_s=use.grace_s,
        orderer_id=order.requester_id,
        driver_id=order.driver_id,
        use_id=use.use_id,
    )
