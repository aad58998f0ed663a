"""Set up a bureau: its boundary, its desk, and the first person, who may let others in. An owner's act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.scope import BUREAU_CODE
from api.db.tables.bureau import BoundaryPart, Bureau
from api.usecases.add_person import NewPerson, insert_person
from api.usecases.add_unit import insert_unit
from domain.errors import InvalidInput, StateConflict
from domain.place.boundary import Boundary, Ring, geometry_to_wgs84, local_rings
from domain.values import Datum, Point, Role


class BureauExists(StateConflict):
    """This bureau is set up already."""

    code = "bureau-exists"
    zh = "该局已经建立。"


class BadBureauCode(InvalidInput):
    """A bureau's code is the six digits of its district (GB/T 2260)."""

    code = "bad-bureau-code"
    zh = "单位代码须为该区县的六位行政区划代码（GB/T 2260）。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBureau:
    """A bureau as it is set up: GB/T 2260 code, name, and the line around its district."""

    bureau_id: str
    name: str
    desk_name: str
    boundary: Mapping[str, Any]
    """GeoJSON Polygon or MultiPolygon."""
    boundary_datum: Datum
    boundary_source: str
    admin_login: str
    admin_name: str
    admin_password_hash: str
    """Of `api.passwords.hash_password`."""
    demo: bool = False
    admin_must_change_password: bool = True


@dataclass(frozen=True, slots=True)
class CreatedBureau:
    """What was made."""

    bureau_id: str
    desk_id: UUID
    admin_id: UUID


async def create_bureau(owner: Database, new: NewBureau) -> CreatedBureau:
    """Create the bureau with its desk and first administrator.

    Args:
        owner: a database of the owner role; the service may not do this.
        new: the bureau.

    Raises:
        BadBureauCode: the code is not six digits.
        BureauExists: there is such a bureau.
        BadBoundary: the boundary is not a usable area.
    """
    if not BUREAU_CODE.fullmatch(new.bureau_id):
        raise BadBureauCode(bureau_id=new.bureau_id)
    if new.bureau_id in await owner.bureaus():
        raise BureauExists(bureau_id=new.bureau_id)
    boundary = Boundary.from_geojson(new.boundary, new.boundary_datum)
    middle = boundary.geometry.centroid
    origin = Point(middle.y, middle.x)
    rings = local_rings(boundary, origin)
    return await owner.write(Actor(new.bureau_id), lambda uow: _create(uow, new, origin, rings))


async def _create(uow: UnitOfWork, new: NewBureau, origin: Point, rings: list[Ring]) -> CreatedBureau:
    await uow.execute(
        text("INSERT INTO bureau_directory (bureau_id, name) VALUES (:bureau_id, :name)"),
        {"bureau_id": new.bureau_id, "name": new.name},
    )
    await uow.insert(
        Bureau(
            bureau_id=new.bureau_id,
            name=new.name,
            zone="Asia/Shanghai",
            boundary=geometry_to_wgs84(new.boundary, new.boundary_datum),
            boundary_source=new.boundary_source,
            origin_lat=origin.lat,
            origin_lon=origin.lon,
            demo=new.demo,
            created_at=uow.now,
        )
    )
    for part_no, ring in enumerate(rings):
        outline = "(" + ",".join(f"({x},{y})" for x, y in ring) + ")"
        await uow.insert(BoundaryPart(bureau_id=new.bureau_id, part_no=part_no, outline=outline))
    desk_id = await insert_unit(uow, new.desk_name, "desk")
    admin_id = await insert_person(
        uow,
        NewPerson(
            unit_id=desk_id,
            name=new.admin_name,
            login=new.admin_login,
            password_hash=new.admin_password_hash,
            must_change_password=new.admin_must_change_password,
            roles=frozenset({Role.ADMIN}),
        ),
    )
    return CreatedBureau(new.bureau_id, desk_id, admin_id)
