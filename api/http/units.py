"""`/v1/units`: the units 单位 of the bureau."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlmodel import col

from api.db.database import Actor, Database, Once
from api.db.tables.bureau import Unit as UnitRow
from api.http.access import EVERYONE, Allow
from api.http.paging import After, Limit, Page, newest_page
from api.usecases.add_unit import add_unit
from domain.values import Role


class UnitIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit to add."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S", examples=["龙桥市场监督管理所"])]
    kind: Literal["desk", "station", "department"]


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the bureau."""

    unit_id: UUID
    name: str
    kind: str


class UnitController(Controller):
    """The units of the bureau."""

    path = "/v1/units"
    tags = ("people",)

    @post(guards=[Allow(Role.ADMIN)], summary="Add a unit", name="units.add")
    async def add(
        self,
        data: JSONBody[UnitIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Unit:
        """Add a desk, station or department."""
        unit_id = await add_unit(database, actor, data.name.strip(), data.kind, once)
        return Unit(unit_id=unit_id, name=data.name.strip(), kind=data.kind)

    @get(guards=[Allow(EVERYONE)], summary="Units", name="units.list")
    async def units(
        self,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Unit]:
        """List the units, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                UnitRow,
                col(UnitRow.unit_id),
                lambda row: Unit(unit_id=row.unit_id, name=row.name, kind=row.kind),
                after=after,
                limit=limit,
            )
