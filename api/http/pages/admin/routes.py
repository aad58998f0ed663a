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
from api.http.pages.admin import kept_aside, machine, notices, people, things, towns, vehicles
from api.http.pages.admin.register import AdminPage, Register, RegisterAct
from api.http.pages.shell import language_of_page, page, page_headers
from api.metrics import Metrics
from api.settings import Settings
from domain.errors import Forbidden
from domain.settings import SETTINGS
from domain.values import Datum, Role

PAGES: Final[dict[str, AdminPage]] = {
    one.key: one
    for one in (
        *people.PAGES,
        *vehicles.PAGES,
        *things.PAGES,
        *notices.PAGES,
        *towns.PAGES,
        *kept_aside.PAGES,
        machine.PAGE,
    )
}
SEES: Final = frozenset({Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.DISPATCHER})
OF_A_THING: Final = re.compile(r"[a-z0-9_-]{1,64}")

_NAMES: Final = {
    "people": text("SELECT person_id AS id, name FROM person WHERE bureau_id = :bureau_id ORDER BY active DESC, name"),
    "units": text("SELECT unit_id AS id, name FROM unit WHERE bureau_id = :bureau_id ORDER BY name"),
    "vehicles": text("SELECT vehicle_id AS id, plate AS name FROM vehicle WHERE bureau_id = :bureau_id ORDER BY plate"),
    "devices": text("SELECT device_id AS id, name FROM device WHERE bureau_id = :bureau_id ORDER BY name"),
    "mandates": text(
        "SELECT mandate_id AS id, auditor_name AS name FROM audit_mandate WHERE bureau_id = :bureau_id AND ends IS NULL"
    ),
    "jobs": text(
        "SELECT j.job_id AS id, c.number || ' · ' || j.site_name AS name FROM job j JOIN complaint c"
        " ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
        " WHERE j.bureau_id = :bureau_id AND c.bureau_id = :bureau_id AND j.state = 'open'"
        " ORDER BY j.job_id DESC LIMIT 200"
    ),
}


async def names_in(reader: Reader) -> dict[str, list[tuple[UUID, str]]]:
    """Return what the people, things and newest open jobs of the bureau are called, for columns and choices."""
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
        of_setting=SETTINGS.get(of) if page_of.key == "settings" else None,
        names=names,
        known=msgspec.json.encode(known).decode(),
        datums=list(Datum),
        which=0 if language == "zh" else 1,
    )


@get(
    "/board/admin/machine",
    guards=[Allow(machine.WATCH)],
    include_in_schema=False,
    name="pages.machine",
    opt={"page": True},
)
async def machine_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    metrics: NamedDependency[Metrics],
    settings: NamedDependency[Settings],
) -> Template:
    """Say whether all is well."""
    shown = await machine.machine_shown(settings, database, metrics, actor.bureau_id)
    pages = [one for one in PAGES.values() if one.roles & actor.roles]
    return page(request, "board/machine.html", actor, pages=pages, page_of=machine.PAGE, **shown)
