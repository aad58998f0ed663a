"""Give an upkeep order 下达维保单, move it, or cancel it. It shares the vehicle's one calendar with the trips."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, RecordedRefusal, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.settings import settings_of
from api.db.queries.upkeep import UpkeepAsked, broke_down_at, load_upkeep_facts, order_of
from api.db.tables.upkeep import UpkeepPlace, UpkeepPlaceRetired
from api.db.tables.uses import UpkeepOrder, VehicleUse
from api.usecases.ask_rule import facts_as_json, insert_refusal
from api.usecases.change_trip import NewWindow
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.use_step import Step, begin_use, lock_use, take_step
from domain.errors import InvalidInput, NotFound
from domain.trip.life import UseKind, UseState, UseVerb, after
from domain.use_rule.facts import Stage
from domain.use_rule.upkeep import (
    DriverOrTow,
    PlaceNotRegistered,
    UpkeepFacts,
    UpkeepKind,
    check_place,
    check_window,
    refuse_upkeep,
)


class NoBreakdown(InvalidInput):
    """The use named did not end by a breakdown or accident of this vehicle, or the order begins before it ended."""

    code = "no-breakdown"
    zh = "所指用车并非该车因故障或事故中止的用车，或者维保早于其中止。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpkeep:
    """An order as given. `driver_id` None only for a tow; `after_use_id` names the trip that broke down.

    It goes to a registered place (`place_id`), or to `place` for a reason; a tow just to `place`.
    """

    vehicle_id: UUID
    kind: UpkeepKind
    driver_id: UUID | None
    planned_from: datetime
    planned_until: datetime
    reason: str
    place_id: UUID | None = None
    place: str | None = None
    place_reason: str | None = None
    after_use_id: UUID | None = None


async def order_upkeep(database: Database, actor: Actor, new: NewUpkeep, once: Once | None = None) -> UUID:
    """Give an order and return its id.

    Raises:
        NotFound: there is no such vehicle, driver or place.
        BadUpkeepWindow, DriverOrTow, NoBreakdown, PlaceNotRegistered: it cannot be such an order.
        RecordedRefusal: it was refused, with every reason; of a busy vehicle the other uses' windows are told.
    """
    if (new.driver_id is None) is not (new.kind is UpkeepKind.TOW):
        raise DriverOrTow

    async def work(uow: UnitOfWork) -> UUID:
        check_window(new.kind, new.planned_from, new.planned_until, uow.now)
        await known_vehicle(uow, new.vehicle_id)
        await _check_breakdown(uow, new.vehicle_id, new.after_use_id, new.planned_from)
        place = await _place(uow, new)
        grace_s = (await settings_of(uow))["departure_grace_s"]
        asked = UpkeepAsked(
            stage=Stage.REQUEST,
            at=uow.now,
            vehicle_id=new.vehicle_id,
            planned_from=new.planned_from,
            planned_until=new.planned_until,
            grace_s=grace_s,
            orderer_id=uow.actor.who,
            driver_id=new.driver_id,
        )
        facts = await upkeep_permitted(uow, asked, _as_put(new))
        use = VehicleUse(
            bureau_id=uow.bureau_id,
            use_id=new_id(),
            vehicle_id=new.vehicle_id,
            kind=UseKind.UPKEEP.value,
            state="",
            planned_from=new.planned_from,
            planned_until=new.planned_until,
            grace_s=grace_s,
            decision_id=new_id(),
            created_at=uow.now,
        )
        step = Step(
            verb=UseVerb.ORDER,
            stated_at=uow.now,
            permit=True,
            facts={
                "rule": facts_as_json(facts),
                "upkeep": new.kind,
                **{name: getattr(new, name) for name in ("driver_id", "after_use_id", "place_id")},
            },
            said={"reason": new.reason, "place": place, "place_reason": new.place_reason},
        )
        await begin_use(uow, use, step)
        await uow.insert(
            UpkeepOrder(
                bureau_id=uow.bureau_id,
                use_id=use.use_id,
                requester_id=uow.actor.who,
                driver_id=new.driver_id,
                upkeep=new.kind.value,
                place=place,
                place_id=new.place_id,
                place_reason=new.place_reason,
                reason=new.reason,
                after_use_id=new.after_use_id,
            )
        )
        return use.use_id

    return await database.write(actor, work, once=once, answer=UUID)


async def reschedule_upkeep(database: Database, actor: Actor, use_id: UUID, new: NewWindow) -> None:
    """Move an order that has not begun to another window, in one act; the rule is asked again.

    Raises:
        NotFound: there is no such order.
        NotNow: it has begun, or is over.
        BadUpkeepWindow, NoBreakdown: it cannot be moved so.
        RecordedRefusal: it was refused, with every reason; of a busy vehicle the other uses' windows are told.
    """
    window = {"planned_from": new.planned_from, "planned_until": new.planned_until}

    async def work(uow: UnitOfWork) -> None:
        use = await lock_use(uow, use_id, UseKind.UPKEEP)
        order = await order_of(uow, use)
        after(UseState(use.state), UseVerb.RESCHEDULE)
        check_window(UpkeepKind(order.upkeep), new.planned_from, new.planned_until, uow.now)
        await _check_breakdown(uow, use.vehicle_id, order.after_use_id, new.planned_from)
        asked = UpkeepAsked(
            stage=Stage.REQUEST,
            at=uow.now,
            vehicle_id=use.vehicle_id,
            grace_s=use.grace_s,
            orderer_id=uow.actor.who,
            driver_id=order.driver_id,
            use_id=use_id,
            **window,
        )
        put = {"use_id": str(use_id)} | {name: at.isoformat() for name, at in window.items()}
        facts = await upkeep_permitted(uow, asked, put)
        step = Step(
            verb=UseVerb.RESCHEDULE,
            stated_at=uow.now,
            permit=True,
            facts={"rule": facts_as_json(facts), "old_from": use.planned_from, "old_until": use.planned_until} | window,
            said={"reason": new.reason},
            columns=window,
        )
        await take_step(uow, use, step)

    await database.write(actor, work)


async def cancel_upkeep(database: Database, actor: Actor, use_id: UUID, reason: str) -> None:
    """Cancel an order that has not begun.

    Raises:
        NotFound: there is no such order.
        NotNow: it has begun, or is over.
    """

    async def work(uow: UnitOfWork) -> None:
        use = await lock_use(uow, use_id, UseKind.UPKEEP)
        await take_step(uow, use, Step(verb=UseVerb.CANCEL, stated_at=uow.now, said={"reason": reason}))

    await database.write(actor, work)


async def upkeep_permitted(uow: UnitOfWork, asked: UpkeepAsked, request: dict[str, Any]) -> UpkeepFacts:
    """Return the facts the order was permitted on, or record the refusal and raise it.

    Raises:
        RecordedRefusal: with every reason, and the windows of the uses that are in the way.
    """
    facts = await load_upkeep_facts(uow, asked)
    reasons = refuse_upkeep(facts)
    if not reasons:
        return facts
    refusal_id = await insert_refusal(
        uow,
        stage=asked.stage,
        use_id=asked.use_id,
        vehicle_id=asked.vehicle_id,
        requester_id=uow.actor.who,
        codes=tuple(reason.code.value for reason in reasons),
        facts=facts_as_json(facts),
        request=request,
    )
    about = {one for reason in reasons for one in reason.about}
    raise RecordedRefusal(
        refusal_id=str(refusal_id),
        reasons=[{"code": reason.code.value, "about": [str(one) for one in reason.about]} for reason in reasons],
        other_uses=[
            {
                "use_id": str(other.use_id),
                "planned_from": other.planned_from.isoformat(),
                "planned_until": other.planned_until.isoformat(),
            }
            for other in facts.other_uses
            if other.use_id in about
        ],
    )


async def _place(uow: UnitOfWork, new: NewUpkeep) -> str:
    """Return the name of the place the order goes to. Raises `NotFound` or `PlaceNotRegistered`."""
    if new.place_id is None:
        check_place(new.kind, None, new.place_reason)
        if not new.place:
            raise PlaceNotRegistered(upkeep=new.kind.value)
        return new.place
    place = await uow.get(UpkeepPlace, new.place_id)
    if place is None:
        raise NotFound("There is no such registered place.", place_id=str(new.place_id))
    retired = await uow.get(UpkeepPlaceRetired, new.place_id)
    check_place(new.kind, () if retired else place.kinds, None)
    return place.name


async def _check_breakdown(
    uow: UnitOfWork, vehicle_id: UUID, after_use_id: UUID | None, planned_from: datetime
) -> None:
    if after_use_id is None:
        return
    ended_at = await broke_down_at(uow, vehicle_id, after_use_id)
    if ended_at is None or planned_from < ended_at:
        raise NoBreakdown(after_use_id=str(after_use_id))


def _as_put(new: NewUpkeep) -> dict[str, Any]:
    return {
        "upkeep": new.kind.value,
        "vehicle_id": str(new.vehicle_id),
        "driver_id": str(new.driver_id) if new.driver_id else None,
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "after_use_id": str(new.after_use_id) if new.after_use_id else None,
        "place_id": str(new.place_id) if new.place_id else None,
    }
