"""The only place where the application is put together."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final, Protocol

from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler

from api.clock import Clock, SteadyClock, wall_clock
from api.db.database import Actor, Database
from api.db.queries.clock import last_word
from api.doctor.ages import age_watch
from api.errors import NotSignedIn
from api.files import FileStore
from api.files_watch import FilesWatch
from api.first_look import database_time
from api.gather import Gather
from api.geocode.lookup import Places, Remembered, geocoder_of
from api.guesses import Guesses
from api.http.accesses import list_accesses
from api.http.attachments import AttachmentController
from api.http.browsers import Browsers
from api.http.bureau_settings import SettingController
from api.http.calendar import read_calendar
from api.http.card_statements import CardStatementController
from api.http.complaint_cost import complaint_cost
from api.http.complaints import ComplaintController
from api.http.device_commands import DeviceCommandController
from api.http.device_keys import DeviceKeyController
from api.http.device_reports import list_device_events, list_terminal_readings
from api.http.devices import DeviceController
from api.http.dispatch_orders import order_pdf, verify_order
from api.http.duty import DelegationController, ExaminationController, LicenceController, ShiftController
from api.http.enrolment import EnrolmentController
from api.http.erasures import list_erasures
from api.http.failures import Asked, Failures
from api.http.field_day import field_day
from api.http.field_vault import field_vault
from api.http.filled_forms import FilledFormController
from api.http.findings import FindingController
from api.http.form_notes import note_of_form
from api.http.health import Pulse, healthz, readyz, show_metrics
from api.http.jobs import JobController
from api.http.ledger import read_entry
from api.http.live import live
from api.http.looks import list_looks
from api.http.lots import LotController, pairs
from api.http.mandates import MandateController
from api.http.my_devices import MyDeviceController
from api.http.notices import NoticeController, PushController, WebhookController
from api.http.officer_use import officer_use
from api.http.openapi import openapi_config, viewer_assets
from api.http.openrosa import CollectByDigestController, CollectByTokenController
from api.http.pages.admin.routes import AdminController, machine_page
from api.http.pages.ask import ask_page
from api.http.pages.audit.routes import AUDIT_PAGES
from api.http.pages.board import BoardController
from api.http.pages.field import field_page, field_worker
from api.http.pages.files import page_asset
from api.http.pages.inbox import InboxController
from api.http.pages.notes_aside import note_aside
from api.http.pages.notices_worker import notices_worker
from api.http.pages.sign_in import password_page, sign_in_page
from api.http.pages.trust import authority_file, trust_page
from api.http.people import PeopleController
from api.http.places import find_places
from api.http.positions import phone_handlers, send_positions
from api.http.printed_notes import mediation_record_pdf, note_pdf
from api.http.public_sheet import read_public_sheet
from api.http.reached import reached_at
from api.http.readings import ReadingController
from api.http.refusals import BorrowController, RefusalController
from api.http.requests import Requests, answer_with_problem, json_only, once_of
from api.http.restores import list_restores
from api.http.retired_months import list_retired_months
from api.http.secure import Secure
from api.http.seen import Seen
from api.http.session import SessionController, SessionsController
from api.http.shown import Accesses
from api.http.signed_acts import SignedActController
from api.http.site_decisions import SiteDecisionController
from api.http.slots import find_slots
from api.http.statements import MonthController, year_statement
from api.http.towns import TownController
from api.http.track import track_geojson, track_gpx
from api.http.trip_changes import TripChangeController
from api.http.trip_check import check
from api.http.trip_measures import trip_measures
from api.http.trips import TripController
from api.http.units import UnitController
from api.http.upkeep import UpkeepController
from api.http.upkeep_places import UpkeepPlaceController
from api.http.vehicle_costs import CostController, correct_a_cost
from api.http.vehicle_file import VehicleFileController
from api.http.vehicle_history import vehicle_history
from api.http.vehicle_log import vehicle_log
from api.http.vehicle_ratio import vehicle_ratio
from api.http.vehicle_seals import HolidaySealController
from api.http.vehicles import VehicleController
from api.http.visit_notes import VisitNoteController
from api.ingest.door import Door, Lane
from api.jobs.all_jobs import JOBS
from api.jobs.backup import BACKUP_LOCK, Backups
from api.jobs.notices import LOOK_S, NOTICE_LOCK, Courier
from api.jobs.runner import Runner
from api.jobs.unclaimed import FILES_LOCK, unclaimed_files_of
from api.live.hub import Hub
from api.live.metrics import LiveNumbers
from api.machine import MachineNumbers
from api.metrics import Metrics
from api.notices.outside import Outside
from api.notices.send import Sender
from api.settings import Settings
from api.space import Space
from api.terminals.metrics import TerminalNumbers
from api.terminals.server import Terminals
from api.timekeeper import ClockNumbers, Timekeeper
from api.usecases.receive_form import receive_forms
from api.usecases.record_note import record_notes
from api.usecases.sign_in import actors_of_tokens
from api.vault import Vault
from api.watch.metrics import WatchNumbers
from api.watch.watch import Watch
from api.web import TEMPLATES
from api.web.tiles import tiles_of

ROUTES: Final[tuple[ControllerRouterHandler, ...]] = (
    authority_file,
    trust_page,
    ask_page,
    note_aside,
    AUDIT_PAGES,
    check,
    correct_a_cost,
    field_day,
    field_page,
    field_vault,
    field_worker,
    find_places,
    find_slots,
    healthz,
    live,
    list_device_events,
    list_accesses,
    list_erasures,
    list_looks,
    list_restores,
    list_retired_months,
    read_entry,
    list_terminal_readings,
    mediation_record_pdf,
    note_pdf,
    notices_worker,
    order_pdf,
    page_asset,
    password_page,
    *phone_handlers,
    read_calendar,
    read_public_sheet,
    readyz,
    show_metrics,
    send_positions,
    sign_in_page,
    track_geojson,
    track_gpx,
    trip_measures,
    verify_order,
    AdminController,
    machine_page,
    AttachmentController,
    CostController,
    BoardController,
    BorrowController,
    CardStatementController,
    CollectByDigestController,
    CollectByTokenController,
    ComplaintController,
    DelegationController,
    DeviceCommandController,
    DeviceController,
    DeviceKeyController,
    EnrolmentController,
    ExaminationController,
    FilledFormController,
    FindingController,
    HolidaySealController,
    InboxController,
    JobController,
    LicenceController,
    MandateController,
    MyDeviceController,
    NoticeController,
    PeopleController,
    PushController,
    ReadingController,
    RefusalController,
    SessionController,
    SessionsController,
    SettingController,
    ShiftController,
    SignedActController,
    SiteDecisionController,
    TownController,
    TripChangeController,
    TripController,
    UnitController,
    UpkeepController,
    UpkeepPlaceController,
    VehicleController,
    LotController,
    pairs,
    vehicle_history,
    VehicleFileController,
    vehicle_log,
    vehicle_ratio,
    MonthController,
    year_statement,
    complaint_cost,
    officer_use,
    VisitNoteController,
    WebhookController,
)
"""Every controller and handler of the application."""


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Return who asks; the route's guard has let them in."""
    actor = request.scope.get("actor")
    if not isinstance(actor, Actor):
        raise NotSignedIn
    return actor


def _provided(thing: Any) -> Provide:
    """Let handlers ask for the one thing of its kind that there is."""
    return Provide(lambda: thing, sync_to_thread=False)


def _key(service_url: str) -> bytes:
    return hashlib.sha256(f"openrosa {service_url}".encode()).digest()


def _watch(database: Database, door: Door, metrics: Metrics) -> Watch:
    """Let a watch have what the door stores, and hear of what changes."""
    watch = Watch(database)
    door.writer.on_stored.append(watch.stored)
    door.devices.on_change.append(watch.changed)
    metrics.add(WatchNumbers(watch))
    return watch


def _hub(database: Database, url: str, door: Door, metrics: Metrics) -> Hub:
    """Let open pages hear of what the door stores."""
    hub = Hub(database, url)
    door.writer.on_stored.append(hub.stored)
    metrics.add(LiveNumbers(hub))
    return hub


class Part(Protocol):
    """What works beside the answering of requests."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Finish what was begun, and end."""


def _living(database: Database, parts: Sequence[Part]) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return a lifespan: the parts begin in their order and end the other way round, then the database is let go."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:
            ends.push_async_callback(database.close)
            for part in parts:
                ends.push_async_callback(part.stop)
                await part.start()
            yield

    return lifespan


def _courier(outside: Outside, vault: Vault, hub: Hub, settings: Settings) -> Courier:
    """Return what sends notices, told by the hub where there are some."""
    sender = Sender(outside, vault.push_key, settings.notice_contact or settings.address)
    courier = Courier(sender, vault, settings.address)
    hub.on_notices = courier.heard
    return courier


def _timekeeper(database: Database, clock: Clock, settings: Settings, metrics: Metrics) -> Timekeeper | None:
    """Return what keeps a steady clock; one that a test or the demo holds needs none."""
    if not isinstance(clock, SteadyClock):
        return None
    keeper = Timekeeper(clock, partial(database_time, database), partial(last_word, database), settings.time_server)
    metrics.add(ClockNumbers(keeper))
    return keeper


def _runners(
    database: Database, url: str, courier: Courier, keeper: Timekeeper | None, settings: Settings
) -> tuple[Runner, ...]:
    """Return what does background work, sends notices and backs up: slow addresses and disks hold up no other work."""
    jobs = JOBS if keeper is None else (*JOBS, keeper.job)
    work = Runner(database, url, jobs), Runner(database, url, courier.jobs, lock=NOTICE_LOCK, look_s=LOOK_S)
    backups = Backups(settings).jobs
    return (*work, Runner(database, url, backups, lock=BACKUP_LOCK)) if backups else work


def create_app(
    settings: Settings,
    service_url: str,
    ingest_url: str,
    clock: Clock = wall_clock,
) -> Litestar:
    """Return the application on a migrated database.

    Args:
        settings: what the process was told from outside.
        service_url: connection that may act as the service role.
        ingest_url: connection that may act as the ingest role.
        clock: where "now" comes from.
    """
    space, backup_space = Space.of(settings), Space.of_backups(settings)
    database = Database(service_url, settings, clock, space=space, longest_s=settings.transaction_timeout_s)
    door = Door(database, service_url, ingest_url, settings, clock)
    files = FileStore.of(settings, space)
    files.forget_left(clock())
    who = Gather(partial(actors_of_tokens, database))
    notes = Gather(partial(record_notes, database))
    forms = Gather(partial(receive_forms, database, note_of_form))
    places = Places(Remembered(database), geocoder_of(settings))
    terminals = Terminals(door, database, service_url, settings, clock)
    metrics = Metrics(door)
    metrics.add(TerminalNumbers(terminals))
    watch = _watch(database, door, metrics)
    hub = _hub(database, service_url, door, metrics)
    vault, outside = Vault.of(settings), Outside(settings)
    courier = _courier(outside, vault, hub, settings)
    keeper = _timekeeper(database, clock, settings, metrics)
    keeping = Runner(database, service_url, (unclaimed_files_of(files),), lock=FILES_LOCK)
    runners = (*_runners(database, service_url, courier, keeper, settings), keeping)
    kept_files = FilesWatch(files)
    metrics.add(MachineNumbers(space, backup_space, kept_files, database, runners))
    ages = age_watch(clock, settings, metrics)

    shared: dict[str, object] = {"settings": settings, "database": database, "door": door}
    handed: dict[str, object] = {"places": places, "files": files, "metrics": metrics, "notes": notes, "forms": forms}
    handed |= {"pulse": Pulse(database), "vault": vault, "outside": outside, "hub": hub, "tiles": tiles_of(settings)}
    handed |= {"failures": Failures(settings.failures_a_minute), "guesses": Guesses(), "browsers": Browsers(vault)}

    asked = Asked(settings.requests_a_minute)
    kept: dict[str, object] = {"who": who, "asked": asked, "terminals": terminals, "hub": hub, "courier": courier}
    kept |= {"space": space, "timekeeper": keeper, "accesses": Accesses(database), "runners": runners}
    kept |= {"backup_space": backup_space, "ages": ages, "browsers": handed["browsers"]}
    parts: list[Part] = [*([keeper] if keeper else ()), space, backup_space, *([ages] if ages else ()), kept_files]
    parts += [watch, hub, door, terminals, *(runners if settings.jobs else ())]
    app = Litestar(
        route_handlers=[*ROUTES, viewer_assets()],
        lifespan=[_living(database, parts)],
        # The key comes from what all processes of one service share: each knows the others' challenges.
        state=State(shared | kept | {"digest_key": _key(service_url)}),
        middleware=[Requests],
        before_request=json_only,
        exception_handlers={Exception: answer_with_problem},
        dependencies={
            "address": Provide(reached_at, sync_to_thread=False),
            "actor": Provide(actor_of, sync_to_thread=False),
            "once": Provide(once_of),
            **{name: _provided(value) for name, value in (shared | handed).items()},
        },
        request_max_body_size=settings.body_limit_bytes,
        openapi_config=openapi_config(),
        template_config=TemplateConfig(directory=TEMPLATES, engine=JinjaTemplateEngine),
        logging_config=None,
    )
    lane = Lane(Seen(app.asgi_handler, metrics), door, settings, metrics.answered)
    app.asgi_handler = Secure(lane, settings)
    return app
