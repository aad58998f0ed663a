"""`/v1/upkeep-places`: the registered places 定点单位 that upkeep orders go to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.upkeep_places import places_of
from api.http.access import READERS, Allow
from api.http.fields import SAYS_SOMETHING
from api.http.place import Place
from api.http.trip_wire import Reasoned
from api.http.vehicle_wire import DocumentNo, Entered
from api.usecases.register_place import NewPlace, register_place, retire_place
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Role

REGISTERS = Allow(Role.ADMIN)
"""The desk that uses the vehicle does not say where it may stop: a registered place is no off-purpose stop."""

PlaceName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=SAYS_SOMETHING, examples=["中石化城厢加油站"])
]


class UpkeepPlaceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place to register, by which contract or notice."""

    kinds: Annotated[list[UpkeepKind], msgspec.Meta(min_length=1, max_length=10)]
    name: PlaceName
    address: PlaceName
    place: Place
    document_no: DocumentNo


class UpkeepPlaceOut(msgspec.Struct, frozen=True, kw_only=True):
    """A registered place, WGS-84."""

    place_id: UUID
    kinds: list[str]
    name: str
    address: str
    lat: float
    lon: float
    document_no: str
    actor_id: UUID
    recorded_at: datetime
    retired_at: datetime | None
    retired_because: str | None


class UpkeepPlaceController(Controller):
    """Registered places 定点单位."""

    path = "/v1/upkeep-places"
    tags = ("upkeep",)

    @post(guards=[REGISTERS], summary="Register a place", name="upkeep_place.register")
    async def register(
        self,
        data: JSONBody[UpkeepPlaceIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Register a fuel station, a workshop, an inspection station; orders of its kinds may go there."""
        new = NewPlace(
            kinds=frozenset(data.kinds),
            name=data.name,
            address=data.address,
            place=data.place.point(),
            document_no=data.document_no,
        )
        return Entered(id=await register_place(database, actor, new, once))

    @get(guards=[Allow(READERS)], summary="List registered places", name="upkeep_place.list")
    async def list_places(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        kind: Annotated[UpkeepKind | None, QueryParameter(description="only those for this kind of upkeep")] = None,
        retired: Annotated[bool, QueryParameter(description="those that were retired too")] = False,
    ) -> list[UpkeepPlaceOut]:
        """Return the registered places by name."""
        async with database.read(actor.bureau_id) as reader:
            rows = await places_of(reader, kind=kind.value if kind else None, retired=retired)
        return [_out(row) for row in rows]

    @post(
        "/{place_id:uuid}/retire",
        guards=[REGISTERS],
        status_code=204,
        summary="Retire a registered place",
        name="upkeep_place.retire",
    )
    async def retire(
        self,
        place_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> None:
        """Enter that the place is registered no longer; what went there stays."""
        await retire_place(database, actor, place_id, data.reason)


def _out(row: Any) -> UpkeepPlaceOut:
    return UpkeepPlaceOut(**{name: getattr(row, name) for name in UpkeepPlaceOut.__struct_fields__})
