"""`/v1/towns`: the towns 乡镇街道 of the district by name, and where they were placed on the map."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlmodel import col

from api.db.database import Actor, Database, Once
from api.db.queries.towns import towns_of
from api.db.tables.bureau import TownPoint
from api.http.access import READERS, Allow
from api.http.fields import SAYS_SOMETHING
from api.http.paging import After, Limit, Page, newest_page
from api.http.place import Place
from api.http.readings import Reason
from api.usecases.place_town import NewTown, place_town
from domain.place.shipped import divisions
from domain.values import Role

_TOWN_DIGITS = 9
TownName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=SAYS_SOMETHING, examples=["霞林街道"])]


class TownIn(Place, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a town lies, and whether the map shows it from now on."""

    name: TownName
    shown: Annotated[bool, msgspec.Meta(examples=[True])] = True
    reason: Reason


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """A town of the shipped list or of the bureau's own, WGS-84; without a point nobody has placed it yet."""

    name: str
    lat: float | None
    lon: float | None
    shown: bool
    reason: str
    set_by: UUID | None
    set_at: datetime | None


class TownChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a town was placed, by whom, when and why."""

    town_point_id: UUID
    name: str
    lat: float
    lon: float
    shown: bool
    reason: str
    actor_id: UUID
    recorded_at: datetime


def towns_told(bureau_id: str, placed: Sequence[Any]) -> list[Town]:
    """Return every town by name: those that were placed, and those of the shipped list that were not."""
    told = {
        one.name: Town(
            name=one.name,
            lat=one.lat,
            lon=one.lon,
            shown=one.shown,
            reason=one.reason,
            set_by=one.actor_id,
            set_at=one.recorded_at,
        )
        for one in placed
    }
    for one in divisions(bureau_id):
        if len(one.code) == _TOWN_DIGITS and one.name not in told:
            told[one.name] = Town(name=one.name, lat=None, lon=None, shown=False, reason="", set_by=None, set_at=None)
    return sorted(told.values(), key=lambda town: town.name)


class TownController(Controller):
    """The towns of the district on the map."""

    path = "/v1/towns"
    tags = ("places",)

    @get(guards=[Allow(READERS)], summary="Towns", name="town.list")
    async def towns(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[Town]:
        """Return every town of the district, and where it lies as far as somebody has said so."""
        async with database.read(actor.bureau_id) as reader:
            placed = await towns_of(reader)
        return towns_told(actor.bureau_id, placed)

    @post(guards=[Allow(Role.ADMIN, Role.DESK_CHIEF)], summary="Place a town", name="town.place")
    async def place(
        self,
        data: JSONBody[TownIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> list[Town]:
        """Say where a town lies, or that the map shows it no more; the newest word holds. Returns every town."""
        new = NewTown(name=data.name, place=data.point(), shown=data.shown, reason=data.reason)
        await place_town(database, actor, new, once)
        async with database.read(actor.bureau_id) as reader:
            placed = await towns_of(reader)
        return towns_told(actor.bureau_id, placed)

    @get("/changes", guards=[Allow(READERS)], summary="Where towns were placed", name="town.changes")
    async def changes(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[TownChange]:
        """List what was entered of towns, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(reader, TownPoint, col(TownPoint.town_point_id), _change, after=after, limit=limit)


def _change(row: TownPoint) -> TownChange:
    return TownChange(**{name: getattr(row, name) for name in TownChange.__struct_fields__})
