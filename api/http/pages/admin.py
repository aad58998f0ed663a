"""`/board/admin`: the registers as plain pages, one template for all: list, add, history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import text

from api.db.database import Actor, Database, Reader
from api.errors import NoSuchAddress
from api.http.access import Allow
from api.http.pages import register_notices, register_people, register_things, register_vehicles
from api.http.pages.register import AdminPage, Register, RegisterAct
from api.http.pages.shell import language_of_page, page, page_headers
from domain.errors import Forbidden
from domain.values import Datum, Role

PAGES: Final[dict[str, AdminPage]] = {
    one.key: one
    for one in (*register_people.PAGES, *register_vehicles.PAGES, *register_things.PAGES, *register_notices.PAGES)
}
SEES: Final = frozenset({Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.DISPATCHER})
OF_A_THING: Final = re.compile(r"[a-z0-9_-]{1,64}")

_NAMES: Final = {
    "people": text("SELECT person_id AS id, name FROM person WHERE bureau_id = :bureau_id ORDER BY active DESC, name"),
    "units": text("SELECT unit_id AS id, name FROM unit WHERE bureau_id = :bureau_id ORDER BY name"),
    "vehicles": text("SELECT vehicle_id AS id, plate AS name FROM vehicle WHERE bureau_id = :bureau_id ORDER BY plate"),
    "devices": text("SELECT device_id AS id, name FROM device WHERE bureau_id = :bureau_id ORDER BY name"),
}


async def names_in(reader: Reader) -> dict[str, list[tuple[UUID, str]]]:
    """Return what people, units, vehicles and devices of the bureau are called, for columns and choices."""
    return {
        kind: [(row.id, row.name) for row in await reader.execute(statement, {"bureau_id": reader.bureau_id})]
        for kind, statement in _NAMES.items()
    }


class AdminController(Controller):
    """The registers of a bureau."""

    path = "/board/admin"
    include_in_schema = False
    guards = (Allow(SEES),)

    @get(name="pages.admin", opt={"page": True})
    async def first(self) -> Redirect:
        """Go to the first register."""
        return Redirect("/board/admin/people", status_code=303, headers=page_headers())

    @get("/{key:str}", name="pages.register", opt={"page": True})
    async def register(
        self,
        key: FromPath[str],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Template:
        """Show the registers of a page."""
        shown = _page(key, actor)
        return await _drawn(request, actor, database, page_of=shown, registers=shown.registers, acts=(), of="")

    @get("/{key:str}/{of:str}", name="pages.register_of", opt={"page": True})
    async def register_of(
        self,
        key: FromPath[str],
        of: FromPath[str],
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Template:
        """Show what is on file of one thing, with its history."""
        shown = _page(key, actor)
        if not shown.file or not OF_A_THING.fullmatch(of):
            raise NoSuchAddress
        return await _drawn(request, actor, database, page_of=shown, registers=shown.file, acts=shown.file_acts, of=of)


def _page(key: str, actor: Actor) -> AdminPage:
    """Return the page of that name. Raises `NoSuchAddress`, `Forbidden`."""
    found = PAGES.get(key)
    if found is None:
        raise NoSuchAddress
    if not found.roles & actor.roles:
        raise Forbidden(needs=sorted(found.roles))
    return found


async def _drawn(
    request: Request[Any, Any, Any],
    actor: Actor,
    database: Database,
    *,
    page_of: AdminPage,
    registers: Any,
    acts: Any,
    of: str,
) -> Template:
    language = language_of_page(request)
    async with database.read(actor.bureau_id) as reader:
        names = await names_in(reader)
    known = {str(one): name for kind in names.values() for one, name in kind}

    def doable(acts: Sequence[RegisterAct]) -> list[RegisterAct]:
        return [one for one in acts if one.roles & actor.roles]

    shown: list[Register] = [one for one in registers if one.roles & actor.roles]
    return page(
        request,
        "board/admin.html",
        actor,
        pages=[one for one in PAGES.values() if one.roles & actor.roles],
        page_of=page_of,
        registers=shown,
        told={one.said: one.told(language, of) for one in shown},
        acts=acts,
        doable=doable,
        of=of,
        of_name=known.get(of, of),
        names=names,
        known=msgspec.json.encode(known).decode(),
        datums=list(Datum),
        which=0 if language == "zh" else 1,
    )
