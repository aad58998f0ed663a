"""Move the base 停放地点 of a vehicle: from an instant on, with a reason, and never back in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.upkeep import VehicleBase
from api.usecases.enter_vehicle import known_vehicle
from domain.place.base import check_move
from domain.values import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBase:
    """Where the vehicle is kept from an instant on, by default from now, and why."""

    vehicle_id: UUID
    name: str
    place: Point
    reason: str
    effective_at: datetime | None = None


async def move_base(database: Database, actor: Actor, new: NewBase, once: Once | None = None) -> UUID:
    """Enter the move and return its id.

    Raises:
        NotFound: there is no such vehicle.
        BaseBackdated: it would reach back in time, or more than a year ahead.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        effective_at = new.effective_at or uow.now
        check_move(effective_at, uow.now)
        base_id = new_id()
        entry_id = await uow.enter(
            "vehicle-base-moved",
            facts={
                "base_id": base_id,
                "vehicle_id": new.vehicle_id,
                "effective_at": effective_at,
                "reason": new.reason,
            },
            place={"name": new.name, "lat_e7": degrees_e7(new.place.lat), "lon_e7": degrees_e7(new.place.lon)},
        )
        await uow.insert(
            VehicleBase(
                bureau_id=uow.bureau_id,
                base_id=base_id,
                vehicle_id=new.vehicle_id,
                name=new.name,
                lat=new.place.lat,
                lon=new.place.lon,
                effective_at=effective_at,
                reason=new.reason,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return base_id

    return await database.write(actor, work, once=once, answer=UUID)
