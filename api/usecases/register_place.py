"""Register a place for upkeep 定点单位, or retire one: fixed places for insurance, repair and fuel.

党政机关公务用车管理办法 (2017) wants vehicles insured, repaired and fuelled at fixed places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.upkeep import UpkeepPlace, UpkeepPlaceRetired
from api.usecases.enter_fact import enter_fact
from domain.errors import NotFound, StateConflict
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Point


class PlaceRetired(StateConflict):
    """That place is registered no longer."""

    code = "place-retired"
    zh = "该定点单位已停用。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace:
    """A place to register, for which kinds of upkeep, by which contract or notice."""

    kinds: frozenset[UpkeepKind]
    name: str
    address: str
    place: Point
    document_no: str


async def register_place(database: Database, actor: Actor, new: NewPlace, once: Once | None = None) -> UUID:
    """Register a place and return its id."""

    async def work(uow: UnitOfWork) -> UUID:
        place_id = new_id()
        said: dict[str, Any] = {
            "place_id": place_id,
            "kinds": sorted(kind.value for kind in new.kinds),
            "name": new.name,
            "address": new.address,
            "document_no": new.document_no,
        }
        lies = {"lat_e7": degrees_e7(new.place.lat), "lon_e7": degrees_e7(new.place.lon)}
        entry_id = await uow.enter("upkeep-place-registered", facts=said, place=lies)
        await uow.insert(
            UpkeepPlace(
                bureau_id=uow.bureau_id,
                **said,
                lat=new.place.lat,
                lon=new.place.lon,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return place_id

    return await database.write(actor, work, once=once, answer=UUID)


async def retire_place(database: Database, actor: Actor, place_id: UUID, reason: str) -> None:
    """Enter that a place is registered no longer.

    Raises:
        NotFound: there is no such place.
        PlaceRetired: it was retired before.
    """

    async def work(uow: UnitOfWork) -> None:
        if await uow.get(UpkeepPlace, place_id) is None:
            raise NotFound("There is no such registered place.", place_id=str(place_id))
        if await uow.get(UpkeepPlaceRetired, place_id) is not None:
            raise PlaceRetired(place_id=str(place_id))
        await enter_fact(uow, "upkeep-place-retired", UpkeepPlaceRetired, {"place_id": place_id, "reason": reason})

    await database.write(actor, work)
