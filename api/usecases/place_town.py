"""Place a town 乡镇街道 on the map, move it, or take it off: a fact like any other, which no rule reads."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.bureau import TownPoint
from domain.values import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTown:
    """A town by its name, its point in WGS-84, whether the map shows it, and why."""

    name: str
    place: Point
    shown: bool
    reason: str


async def place_town(database: Database, actor: Actor, new: NewTown, once: Once | None = None) -> UUID:
    """Record where a town lies and return the point's id; the newest of a name holds."""

    async def work(uow: UnitOfWork) -> UUID:
        town_point_id = new_id()
        entry_id = await uow.enter(
            "town-placed",
            facts={"town_point_id": town_point_id, "shown": new.shown},
            place={
                "name": new.name,
                "reason": new.reason,
                "lat_e7": degrees_e7(new.place.lat),
                "lon_e7": degrees_e7(new.place.lon),
            },
        )
        await uow.insert(
            TownPoint(
                bureau_id=uow.bureau_id,
                town_point_id=town_point_id,
                name=new.name,
                lat=new.place.lat,
                lon=new.place.lon,
                shown=new.shown,
                reason=new.reason,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return town_point_id

    return await database.write(actor, work, once=once, answer=UUID)
