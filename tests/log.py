"""Many upkeep orders with their readings for tests of the log, written by SQL as the service in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.uses import Decision, UpkeepOrder, VehicleUse
from api.db.tables.vehicles import Reading
from tests.world import World

STEPS = (("order", "approved"), ("depart", "departed"), ("return", "returned"))


async def many_orders(world: World, vehicle_id: UUID, first_at: datetime, count: int, *, from_m: int) -> int:
    """Let that many washes of an hour happen, one every two hours, and return what the odometer shows then.

    Each drives 4 km, and 1 km that nobody answers for lies between one and the next.
    """

    async def work(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("upkeep-returned", facts={})
        for number in range(count):
            start = first_at + timedelta(hours=2 * number)
            await _order(uow, world, vehicle_id, start, from_m=from_m + number * 5_000, entry_id=entry_id)

    await world.database.write(world["desk_chief"], work)
    return from_m + count * 5_000


async def _order(
    uow: UnitOfWork, world: World, vehicle_id: UUID, start: datetime, *, from_m: int, entry_id: UUID
) -> None:
    use_id, end = new_id(), start + timedelta(hours=1)
    decisions = {verb: new_id() for verb, _ in STEPS}
    use = VehicleUse(
        bureau_id=uow.bureau_id,
        use_id=use_id,
        vehicle_id=vehicle_id,
        kind="upkeep",
        state="approved",
        planned_from=start,
        planned_until=end,
        grace_s=1800,
        decision_id=decisions["order"],
        created_at=start,
    )
    order = UpkeepOrder(
        bureau_id=uow.bureau_id,
        use_id=use_id,
        requester_id=world["desk_chief"].who,
        driver_id=world["driver"].who,
        upkeep="wash",
        place="城厢洗车场",
        reason="例行保洁，车身泥污较多，按月度计划安排",
        after_use_id=None,
        cost_fen=3_000,
    )
    await uow.insert(use, order)
    for verb, state in STEPS:
        at = end if verb == "return" else start
        await uow.insert(
            Decision(
                bureau_id=uow.bureau_id,
                decision_id=decisions[verb],
                use_id=use_id,
                verb=verb,
                to_state=state,
                outcome="done",
                complaint_ids=[],
                marks=[],
                facts={},
                source="online",
                stated_at=at,
                actor_id=world["driver"].who,
                recorded_at=at,
                entry_id=entry_id,
            )
        )
    await uow.update(VehicleUse, use_id, state="departed", actual_from=start, decision_id=decisions["depart"])
    await uow.update(VehicleUse, use_id, state="returned", actual_until=end, decision_id=decisions["return"])
    for occasion, at, odometer_m in (("departure", start, from_m), ("return", end, from_m + 4_000)):
        await uow.insert(
            Reading(
                bureau_id=uow.bureau_id,
                reading_id=new_id(),
                vehicle_id=vehicle_id,
                segment=0,
                odometer_m=odometer_m,
                resolution_m=1000,
                obtained="typed",
                occasion=occasion,
                read_at=at,
                use_id=use_id,
                corrects=None,
                actor_id=world["driver"].who,
                recorded_at=at,
                entry_id=entry_id,
            )
        )
