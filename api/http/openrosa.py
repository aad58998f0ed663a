"""`/openrosa/…`: what stock ODK Collect asks of a server, with the device's token in the address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.calendar import zone_of
from api.db.queries.form_jobs import jobs_to_choose
from api.gather import Gather
from api.http.access import by_device_token
from api.http.openrosa_faults import OPENROSA
from api.ingest.door import Door
from api.ingest.fixes import UnknownDevice
from api.openrosa.form import FORM_ID, JOBS_FILE, visit_note_form
from api.openrosa.replies import HEADERS, XML, OpenJob, form_list, jobs_csv, manifest
from api.openrosa.settings_code import settings_svg
from api.settings import Settings
from domain.errors import NotFound
from domain.values import Role


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose phone it is, and by which address it reaches the service."""

    actor: Actor
    device_id: UUID
    base: str


async def holder_of_token(
    token: FromPath[str],
    request: Request[Any, Any, Any],
    door: NamedDependency[Door],
    holders: NamedDependency[Gather[UUID, Actor | None]],
    settings: NamedDependency[Settings],
) -> Holder:
    """Return whose token stands in the address.

    Raises:
        UnknownDevice: nobody's; a vehicle's, or that of a person who has left.
    """
    device = await door.device(token)
    actor = await holders(device.bureau_id, device.device_id)
    if actor is None:
        raise UnknownDevice
    return Holder(actor, device.device_id, f"{_address(request, settings)}{OPENROSA}/{token}")


def _address(request: Request[Any, Any, Any], settings: Settings) -> str:
    """Return the address that phones reach the service at: as set, else as this phone did."""
    return settings.base_url.rstrip("/") if settings.base_url else str(request.base_url).rstrip("/")


async def _jobs_file(database: Database, holder: Holder) -> bytes:
    """Return the list of jobs that the officer may choose from."""
    async with database.read(holder.actor.bureau_id) as reader:
        zone = await zone_of(reader)
        rows = await jobs_to_choose(reader, holder.actor.who)
    return jobs_csv([_open_job(row, zone) for row in rows])


def _open_job(row: Any, zone: ZoneInfo) -> OpenJob:
    first, last = row.window_from.astimezone(zone), row.window_until.astimezone(zone)
    window = f"{first:%m-%d %H:%M}–{last:%H:%M}"
    return OpenJob(str(row.job_id), row.number, row.site_name, row.site_address, window, row.mine)


def _answer(body: str | bytes, media_type: str = XML, headers: Mapping[str, str] = HEADERS) -> Response[bytes]:
    return Response(body.encode() if isinstance(body, str) else body, media_type=media_type, headers=dict(headers))


class CollectController(Controller):
    """ODK Collect with the device's token in the server's address, as ODK Central has it too."""

    path = OPENROSA + "/{token:str}"
    tags = ("forms",)
    dependencies = {"holder": holder_of_token}  # noqa: RUF012 - Litestar reads it as it stands

    @get("/formList", guards=[by_device_token], summary="Forms to fill", name="openrosa.forms", media_type="text/xml")
    async def forms(self, holder: NamedDependency[Holder]) -> Response[bytes]:
        """List the visit-note form to an officer; others have none to fill."""
        form = await asyncio.to_thread(visit_note_form)
        return _answer(form_list([form] if Role.OFFICER in holder.actor.roles else [], holder.base))

    @get("/forms/{form:str}", guards=[by_device_token], summary="A form", name="openrosa.form", media_type="text/xml")
    async def form(self, form: FromPath[str], holder: NamedDependency[Holder]) -> Response[bytes]:  # noqa: ARG002 - its being there lets the caller in
        """Return the XForm: the bytes whose MD5 the list tells."""
        if form != f"{FORM_ID}.xml":
            raise NotFound
        return _answer((await asyncio.to_thread(visit_note_form)).xml)

    @get(
        "/manifest/{form:str}",
        guards=[by_device_token],
        summary="Files that belong to a form",
        name="openrosa.manifest",
        media_type="text/xml",
    )
    async def manifest(
        self, form: FromPath[str], holder: NamedDependency[Holder], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Name the list of open jobs; it has another hash as soon as a job has come, gone or moved."""
        if form != FORM_ID:
            raise NotFound
        return _answer(manifest(await _jobs_file(database, holder), holder.base))

    @get(
        "/media/{name:str}",
        guards=[by_device_token],
        summary="The open jobs, for a form",
        name="openrosa.media",
        media_type="text/csv",
    )
    async def media(
        self, name: FromPath[str], holder: NamedDependency[Holder], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return the officer's open jobs as the CSV that the form chooses from."""
        if name != JOBS_FILE:
            raise NotFound
        return _answer(await _jobs_file(database, holder), "text/csv; charset=utf-8")

    @get(
        "/settings.svg",
        guards=[by_device_token],
        summary="Collect's settings as a QR code",
        name="openrosa.settings",
        media_type="image/svg+xml",
    )
    async def settings_code(self, holder: NamedDependency[Holder]) -> Response[bytes]:
        """Return the QR code that Collect is set up by: server, form updates, sending at once."""
        return _answer(settings_svg(holder.base, f"专车 {holder.actor.name}"), "image/svg+xml")
