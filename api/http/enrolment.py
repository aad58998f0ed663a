"""`/enrol/{token}`: the page by which a device is handed over. The token is the key to it, and the only one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.db.database import Actor, Database
from api.db.queries.devices import HandedOver, handed_over
from api.http.access import public
from api.http.failures import Failures
from api.http.openrosa_faults import OPENROSA
from api.http.pages.shell import language_of_page, page, page_headers
from api.http.reached import handover_link
from api.ingest.devices import bureau_and_digest
from api.ingest.protocol import FORM
from api.openrosa.settings_code import collect_settings, settings_text
from api.settings import Settings
from api.usecases.acknowledge_tracking import NoticeChanged, acknowledge_tracking
from api.web.handover import PROFILE, App, Value, gpslogger_profile, phone_apps, qr_code, qr_picture, terminal
from domain.errors import NotFound
from domain.tracking_notice import NOTICE, VERSION


@dataclass(frozen=True, slots=True)
class Handover:
    """A device in service, its token and bureau."""

    bureau_id: str
    token: str
    device: HandedOver

    @property
    def told(self) -> bool:
        """Return whether its person has been told what is tracked; a vehicle's device has nobody to tell."""
        return self.device.person is None or self.device.acknowledged


async def handover_of(
    token: FromPath[str],
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    failures: NamedDependency[Failures],
) -> Handover | None:
    """Return the device that a token opens; None where it opens none, whatever the reason."""
    with suppress(NotFound), failures.counted(request, NotFound):
        named = bureau_and_digest(token)
        if named is not None:
            async with database.read(named[0]) as reader:
                device = await handed_over(reader, named[1], VERSION)
            if device is not None:
                return Handover(named[0], token, device)
        raise NotFound
    return None


class EnrolmentController(Controller):
    """The page by which a device is handed over."""

    path = "/enrol/{token:str}"
    include_in_schema = False
    dependencies = {"handover": handover_of}  # noqa: RUF012 - Litestar reads it as it stands

    @get(guards=[public], name="enrol.page", media_type=MediaType.HTML)
    async def page(
        self,
        request: Request[Any, Any, Any],
        handover: NamedDependency[Handover | None],
        settings: NamedDependency[Settings],
        address: NamedDependency[str],
    ) -> Template:
        """Tell a phone's person what is tracked; to who has read it, and of a terminal, how each app is set up."""
        if handover is None:
            return page(request, "unknown.html", status_code=404)
        if not handover.told:
            notice = NOTICE[language_of_page(request)]
            return page(request, "told.html", device=handover.device, notice=notice, version=VERSION)
        return page(
            request,
            "handover.html",
            device=handover.device,
            token=handover.token,
            apps=_apps(handover, address, settings),
            number_known=handover.device.terminal_phone is not None,
            page_code=qr_code(handover_link(address, handover.token)),
            notice=NOTICE[language_of_page(request)],
        )

    @post(guards=[public], name="enrol.acknowledge", media_type=MediaType.HTML, opt={"takes": (FORM, "")})
    async def acknowledge(
        self,
        request: Request[Any, Any, Any],
        handover: NamedDependency[Handover | None],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        """Record that the person has read the notice that was shown, and go on to the page."""
        if handover is None:
            return page(request, "unknown.html", status_code=404)
        try:
            notice = str((await request.form()).get("notice", ""))
            if handover.device.person is not None:
                await acknowledge_tracking(
                    database, Actor(handover.bureau_id), handover.device.device_id, notice, "link"
                )
        except (NoticeChanged, ClientException):
            pass  # nothing was acknowledged: the page shows the notice that holds
        except NotFound:
            return page(request, "unknown.html", status_code=404)  # revoked in between
        return Redirect(f"?lang={language_of_page(request)}", status_code=303, headers=page_headers())

    @get("/code.svg", guards=[public], name="enrol.code")
    async def code(
        self,
        request: Request[Any, Any, Any],
        handover: NamedDependency[Handover | None],
        address: NamedDependency[str],
    ) -> Response[Any]:
        """Return the QR code of the page's address: whoever enrols a device shows it, and its person scans it."""
        if handover is None:
            return page(request, "unknown.html", status_code=404)
        drawn = qr_picture(handover_link(address, handover.token))
        return Response(drawn, media_type="image/svg+xml", headers=page_headers())

    @get(f"/{PROFILE}", guards=[public], name="enrol.gpslogger", media_type=MediaType.TEXT)
    async def profile(
        self,
        request: Request[Any, Any, Any],
        handover: NamedDependency[Handover | None],
        address: NamedDependency[str],
    ) -> Response[Any]:
        """Return GPSLogger's profile, which the page's link lets it fetch."""
        if handover is None or not handover.told:
            return page(request, "unknown.html", status_code=404)
        return Response(gpslogger_profile(address, handover.token), headers=page_headers())


def _apps(handover: Handover, address: str, settings: Settings) -> list[App]:
    device = handover.device
    apps = phone_apps(address, handover.token)
    if device.person is not None:
        return [*apps, _collect(address, handover)]
    if settings.jt808_port is not None:
        return [terminal(address, settings.jt808_port, device.terminal_phone, device.plate or ""), *apps]
    return apps


def _collect(address: str, handover: Handover) -> App:
    """Return how ODK Collect is set up: it fills forms, and is no tracker."""
    url = f"{address}{OPENROSA}/{handover.token}"
    return App(
        key="odk",
        title={"zh": "ODK Collect：填写走访记录（安卓）", "en": "ODK Collect: visit notes (Android)"},
        values=(Value(field={"zh": "URL", "en": "URL"}, text=url),),
        code=qr_code(settings_text(collect_settings(url, f"专车 {handover.device.person}"))),
    )
