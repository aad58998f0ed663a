"""Approve a trip, which numbers its dispatch order 派车单, or decline to; before it, cancel it."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.calendar import zone_of
from api.db.queries.trips import Standing, next_order_number, standing_of
from api.db.queries.use_facts import load_facts
from api.db.tables.uses import DispatchOrder, Trip
from api.usecases.ask_rule import permitted, record_refusal
from api.usecases.change_trip import changeable
from api.usecases.use_step import Source, Step, lock_use, take_step
from domain.errors import Forbidden
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.use_rule.facts import Stage
from domain.use_rule.rule import decline

VERIFICATION_BYTES = 10


class NotAnApprover(Forbidden):
    """Only the head of the using unit, or who holds a recorded delegation, declines a trip."""

    code = "not-an-approver"
    zh = "只有用车单位领导或持有登记授权的人可以不予批准。"


async def approve_trip(database: Database, actor: Actor, trip_id: UUID, note: str = "") -> None:
    """Approve a requested trip and number its dispatch order.

    Raises:
        NotFound: there is no such trip.
        NotNow: it is not waiting for approval.
        RecordedRefusal: the rule refused, with every reason.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await _requested(uow, trip_id)
        await approve(uow, standing, approver_id=uow.actor.who, note=note)

    await database.write(actor, work)


async def approve(
    uow: UnitOfWork,
    standing: Standing,
    *,
    approver_id: UUID,
    note: str = "",
    spoken_at: datetime | None = None,
) -> None:
    """Approve a locked, requested trip by that person, now or by word of mouth at `spoken_at`."""
    approved_at = spoken_at or uow.now
    asked = standing.asked(Stage.APPROVAL, approved_at, approver_id=approver_id, approved_at=approved_at)
    yes = await permitted(uow, asked, {"approver_id": str(approver_id), "spoken": spoken_at is not None})
    await take_step(
        uow,
        standing.use,
        Step(
            verb=UseVerb.APPROVE,
            stated_at=approved_at,
            source=Source.SPOKEN if spoken_at else Source.ONLINE,
            permit=True,
            complaint_ids=yes.permit.complaint_ids,
            marks=yes.permit.marks,
            facts={"rule": yes.facts, "approver_id": approver_id},
            said={"note": note} if note else None,
        ),
    )
    await uow.update(
        Trip,
        standing.use.use_id,
        approver_id=approver_id,
        approved_at=approved_at,
        spoken_at=spoken_at,
        spoken_entered_by=uow.actor.who if spoken_at else None,
    )
    await _number(uow, standing.use.use_id)


async def _number(uow: UnitOfWork, use_id: UUID) -> None:
    year = uow.now.astimezone(await zone_of(uow)).year
    number = await next_order_number(uow, year)
    code = secrets.token_urlsafe(VERIFICATION_BYTES)
    entry_id = await uow.enter("dispatch-order-issued", facts={"use_id": use_id, "year": year, "number": number})
    await uow.insert(
        DispatchOrder(
            bureau_id=uow.bureau_id,
            year=year,
            number=number,
            use_id=use_id,
            verification_code=code,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )


async def refuse_trip(database: Database, actor: Actor, trip_id: UUID, reason: str) -> None:
    """Decline a requested trip, by the custodian, with a reason in words: a refusal like any other.

    Raises:
        NotFound, NotAnApprover: there is no such trip, or the actor may not.
        NotNow: it is not waiting for approval.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await _requested(uow, trip_id)
        asked = standing.asked(Stage.APPROVAL, uow.now, approver_id=uow.actor.who)
        facts = await load_facts(uow, asked)
        approver = facts.approver
        if approver is None or not (approver.heads_using_unit or approver.delegated):
            raise NotAnApprover
        said = {"reason": reason}
        put = {"verb": UseVerb.REFUSE, "approver_id": uow.actor.who}
        refusal_id = await record_refusal(uow, asked, facts, decline(facts), put, said=said)
        step = Step(verb=UseVerb.REFUSE, stated_at=uow.now, refused=True, facts={"refusal_id": refusal_id}, said=said)
        await take_step(uow, standing.use, step)

    await database.write(actor, work)


async def cancel_trip(database: Database, actor: Actor, trip_id: UUID, reason: str) -> None:
    """Cancel a trip that has not departed; its dispatch order, if numbered, stays visible as void.

    Raises:
        NotFound, NotYours: there is no such trip, or the actor may not.
        NotNow: it departed, or is over.
    """

    async def work(uow: UnitOfWork) -> None:
        standing = await changeable(uow, trip_id, UseVerb.CANCEL)
        await take_step(uow, standing.use, Step(verb=UseVerb.CANCEL, stated_at=uow.now, said={"reason": reason}))

    await database.write(actor, work)


async def _requested(uow: UnitOfWork, trip_id: UUID) -> Standing:
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    after(UseState(use.state), UseVerb.APPROVE)
    return await standing_of(uow, use)
