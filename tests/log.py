"""Many upkeep orders with their readings for tests of the log, written by SQL as the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.uses import Decision, UpkeepOrder, VehicleUse
from api.db.tables.vehicles import Reading
from tests.world import World


@dataclass
class Wash:
    """One order: an hour long, 4 km."""

    world: World
    vehicle_id: UUID
    start: datetime
    from_m: int
    use_id: UUID = field(default_factory=new_id)

    async def order(self, uow: UnitOfWork, entry_id: UUID) -> None:
        """Give the order."""
        use = VehicleUse(
            bureau_id=uow.bureau_id,
            use_id=self.use_id,
            vehicle_id=self.vehicle_id,
            kind="upkeep",
            state="approved",
            planned_from=self.start,
            planned_until=self.start + timedelta(hours=1),
            grace_s=1800,
            decision_id=new_id(),
            created_at=self.start,
        )
        order = UpkeepOrder(
            bureau_id=uow.bureau_id,
            use_id=self.use_id,
            requester_id=self.world["desk_chief"].who,
            driver_id=self.world["driver"].who,
            upkeep="wash",
            place="城厢洗车场",
            place_id=None,
            place_reason="定点单位停业",
            reason="例行保洁，车身泥污较多，按月度计划安排",
            after_use_id=None,
            cost_fen=3_000,
        )
        await uow.insert(use, order, self._decision(uow, use.decision_id, ("order", "approved"), self.start, entry_id))

    async def depart(self, uow: UnitOfWork, entry_id: UUID) -> None:
        """Leave as the window opens."""
        decision_id = new_id()
        await uow.update(VehicleUse, self.use_id, state="departed", actual_from=self.start, decision_id=decision_id)
        await uow.insert(
            self._decision(uow, decision_id, ("depart", "departed"), self.start, entry_id),
            self._reading(uow, "departure", self.start, self.from_m, entry_id),
        )

    async def come_back(self, uow: UnitOfWork, entry_id: UUID) -> None:
        """Be back as the window closes."""
        decision_id, end = new_id(), self.start + timedelta(hours=1)
        await uow.update(VehicleUse, self.use_id, state="returned", actual_until=end, decision_id=decision_id)
        await uow.insert(
            self._decision(uow, decision_id, ("return", "returned"), end, entry_id),
            self._reading(uow, "return", end, self.from_m + 4_000, entry_id),
        )

    def _decision(
        self, uow: UnitOfWork, decision_id: UUID, step: tuple[str, str], at: datetime, entry_id: UUID
    ) -> Decision:
        return Decision(
            bureau_id=uow.bureau_id,
            decision_id=decision_id,
            use_id=self.use_id,
            verb=step[0],
            to_state=step[1],
            outcome="done",
            complaint_ids=[],
            marks=[],
            facts={},
            source="online",
            stated_at=at,
            actor_id=uow.actor.who,
            recorded_at=at,
            entry_id=entry_id,
        )

    def _reading(self, uow: UnitOfWork, occasion: str, at: datetime, odometer_m: int, entry_id: UUID) -> Reading:
        return Reading(
            bureau_id=uow.bureau_id,
            reading_id=new_id(),
            vehicle_id=self.vehicle_id,
            segment=0,
            odometer_m=odometer_m,
            resolution_m=1000,
            obtained="typed",
            occasion=occasion,
            read_at=at,
            use_id=self.use_id,
            corrects=None,
            actor_id=self.world["driver"].who,
            recorded_at=at,
            entry_id=entry_id,
        )


async def many_orders(world: World, vehicle_id: UUID, first_at: datetime, count: int, *, from_m: int) -> int:
    """Let that many washes of an hour happen, one every two hours, and return what the odometer shows then.

    Each drives 4 km, and 1 km that nobody answers for lies between one and the next. An order takes one step a
    transaction: all are given first, then each comes back in the transaction in which the next one leaves.
    """
    washes = [
        Wash(world, vehicle_id, first_at + timedelta(hours=2 * number), from_m + number * 5_000)
        for number in range(count)
    ]

    async def give(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("upkeep-ordered", facts={})
        for one in washes:
            await one.order(uow, entry_id)

    await world.database.write(world["desk_chief"], give)
    for back, leaving in zip([None, *washes], [*washes, None], strict=True):

        async def drive(uow: UnitOfWork, back: Wash | None = back, leaving: Wash | None = leaving) -> None:
            entry_id = await uow.enter("upkeep-returned", facts={})
            if back is not None:
                await back.come_back(uow, entry_id)
            if leaving is not None:
                await leaving.depart(uow, entry_id)

        await world.database.write(world["desk_chief"], drive)
    return from_m + count * 5_000
