"""`/openrosa/…`: what stock ODK Collect asks of a server, the token in the address or as the password of a Digest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import time
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, head, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.calendar import zone_of
from api.db.queries.form_jobs import jobs_to_choose
from api.files import FileStore
from api.gather import Gather
from api.headers import header, language_of
from api.http.access import by_device_token
from api.http.openrosa_faults import OPENROSA, CredentialsWanted, StaleChallenge
from api.http.openrosa_upload import Phone, drained, read_upload
from api.http.shown import Accesses
from api.ingest.door import Door
from api.ingest.fixes import NotTold, UnknownDevice
from api.openrosa.digest import Verdict, check, read_answer
from api.openrosa.form import FORM_ID, JOBS_FILE, visit_note_form
from api.openrosa.replies import HEADERS, XML, OpenJob, form_list, jobs_csv, manifest, message
from api.openrosa.settings_code import settings_svg
from api.openrosa.upload import ACCEPTS_BYTES
from api.settings import Settings
from api.usecases.know_holder import devices_of_login, holders_of_devices
from api.usecases.receive_form import ReceivedForm, SentForm
from domain.errors import NotFound
from domain.values import Role

RECORDED: Final = "走访记录已收到。", "Your visit note was received."
AGAIN: Final = "此前已收到，已存在。", "This was received before."
WAITS: Final = "已收到，由调度员处理：{zh}", "Received; the dispatcher sees to it: {en}"


async def phone_of_token(token: FromPath[str], request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Phone:
    """Return the phone whose token stands in the address.

    Raises:
        UnknownDevice: nobody's, or a vehicle's.
        NotTold: its person has not been told yet what is tracked.
    """
    async with drained(request):
        device = await door.device(token)
        if device.terminal:
            raise UnknownDevice
    return Phone(device.bureau_id, device.device_id, f"{OPENROSA}/{token}")


async def phone_of_digest(
    request: Request[Any, Any, Any], database: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Phone:
    """Return the phone whose token the sender knows.

    Raises:
        CredentialsWanted: nothing of the kind was sent.
        StaleChallenge: the token is right, the challenge too old.
        UnknownDevice: user name and token do not fit together.
        NotTold: the person has not been told yet what is tracked.
    """
    async with drained(request):
        return await _phone_that_signed(request, database, settings)


async def _phone_that_signed(request: Request[Any, Any, Any], database: Database, settings: Settings) -> Phone:
    answered = read_answer(header(request.scope, b"authorization"))
    if answered is None:
        raise CredentialsWanted
    bureau_id, _, login = answered.username.partition(".")
    query = request.scope["query_string"].decode("latin-1")
    target = urlsplit(settings.base_url or "").path.rstrip("/") + request.scope["raw_path"].decode("latin-1")
    made_for = f"{target}?{query}" if query else target
    key: bytes = request.app.state.digest_key
    stale = False
    # A person may have several devices, each with a token of its own, under the one user name.
    for device in await devices_of_login(database, bureau_id, login):
        verdict = check(answered, device.ha1, request.method, made_for, key=key, now_s=time())
        if verdict is Verdict.GOOD:
            if not device.told:
                raise NotTold
            return Phone(bureau_id, device.device_id, OPENROSA)
        stale = stale or verdict is Verdict.STALE
    raise StaleChallenge if stale else UnknownDevice


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose phone it is, and by which address it reaches the service."""

    actor: Actor
    base: str


async def holder_of(
    request: Request[Any, Any, Any],
    phone: NamedDependency[Phone],
    database: NamedDependency[Database],
    address: NamedDependency[str],
) -> Holder:
    """Return whose phone it is, after it is recorded what personal data is opened by it.

    Raises:
        UnknownDevice: its person has left.
    """
    async with database.read(phone.bureau_id) as reader:
        actor = (await holders_of_devices(reader, [phone.device_id])).get(phone.device_id)
    if actor is None:
        raise UnknownDevice
    accesses: Accesses = request.app.state.accesses
    await accesses.by_token(actor, request.scope)
    return Holder(actor, f"{address}{phone.path}")


async def _jobs_file(database: Database, holder: Holder) -> bytes:
    """Return the list of jobs that the officer may choose from; to others it is empty, also who was one before."""
    async with database.read(holder.actor.bureau_id) as reader:
        zone = await zone_of(reader)
        is_officer = Role.OFFICER in holder.actor.roles
        rows = await jobs_to_choose(reader, holder.actor.who) if is_officer else []
    return jobs_csv([_open_job(row, zone) for row in rows])


def _open_job(row: Any, zone: ZoneInfo) -> OpenJob:
    first, last = row.window_from.astimezone(zone), row.window_until.astimezone(zone)
    window = f"{first:%m-%d %H:%M}–{last:%H:%M}"
    return OpenJob(str(row.job_id), row.number, row.site_name, row.site_address, window, row.mine)


def _answer(body: str | bytes, media_type: str = XML) -> Response[bytes]:
    return Response(body.encode() if isinstance(body, str) else body, media_type=media_type, headers=HEADERS)


def _sentence(received: ReceivedForm, language: str) -> str:
    """Return what the officer reads of a form that was sent."""
    place = 1 if language == "en" else 0
    if received.reason is not None:
        return WAITS[place].format(zh=received.reason.zh, en=received.reason.en)
    return (AGAIN if received.again else RECORDED)[place]


class Collect(Controller):
    """What Collect asks for, however it says whose phone it is."""

    tags = ("forms",)
    opt = {"faults": XML}  # noqa: RUF012 - Litestar reads it as it stands

    @get("/formList", guards=[by_device_token], summary="Forms to fill", media_type="text/xml")
    async def forms(self, holder: NamedDependency[Holder]) -> Response[bytes]:
        """List the visit-note form to an officer; others have none to fill."""
        form = await asyncio.to_thread(visit_note_form)
        return _answer(form_list([form] if Role.OFFICER in holder.actor.roles else [], holder.base))

    @get("/forms/{form:str}", guards=[by_device_token], summary="A form", media_type="text/xml")
    async def form(self, form: FromPath[str], holder: NamedDependency[Holder]) -> Response[bytes]:  # noqa: ARG002 - its being there lets the caller in
        """Return the XForm: the bytes whose MD5 the list tells."""
        if form != f"{FORM_ID}.xml":
            raise NotFound
        return _answer((await asyncio.to_thread(visit_note_form)).xml)

    @get(
        "/manifest/{form:str}",
        guards=[by_device_token],
        summary="Files that belong to a form",
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
        media_type="text/csv",
    )
    async def media(
        self, name: FromPath[str], holder: NamedDependency[Holder], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return the officer's open jobs as the CSV that the form chooses from."""
        if name != JOBS_FILE:
            raise NotFound
        return _answer(await _jobs_file(database, holder), "text/csv")

    @get(
        "/settings.svg",
        guards=[by_device_token],
        summary="Collect's settings as a QR code",
        media_type="image/svg+xml",
    )
    async def settings_code(self, holder: NamedDependency[Holder]) -> Response[bytes]:
        """Return the QR code that Collect is set up by: server, form updates, sending at once."""
        return _answer(settings_svg(holder.base, f"专车 {holder.actor.name}"), "image/svg+xml")

    @head(
        "/submission",
        guards=[by_device_token],
        status_code=204,
        summary="May a form be sent here?",
        response_headers=HEADERS | {"X-OpenRosa-Accept-Content-Length": str(ACCEPTS_BYTES)},
    )
    async def may_send(self, phone: NamedDependency[Phone]) -> None:
        """Say yes to whoever is let in, and how much goes into one request: Collect splits what is more."""

    @post(
        "/submission",
        guards=[by_device_token],
        status_code=201,
        summary="Send a filled form",
        media_type="text/xml",
        request_max_body_size=None,
        opt={"takes": ("multipart/form-data", "*")},
    )
    async def send(
        self,
        *,
        request: Request[Any, Any, Any],
        phone: NamedDependency[Phone],
        database: NamedDependency[Database],
        files: NamedDependency[FileStore],
        forms: NamedDependency[Gather[SentForm, ReceivedForm]],
        settings: NamedDependency[Settings],
    ) -> Response[bytes]:
        """Keep the form's exact bytes and its files, and record the visit note that it is: 201 however often it comes.

        A form that fits no job waits for the dispatcher. Other answers under its instanceID are kept aside: 409.
        """
        async with drained(request):
            sent = await read_upload(request, phone, database, files, settings)
        received = await forms(phone.bureau_id, sent)
        return _answer(message(_sentence(received, language_of(request.headers.get("accept-language", "")))))


class CollectByTokenController(Collect):
    """ODK Collect with the device's token in the server's address, as ODK Central has it too."""

    path = OPENROSA + "/{token:str}"
    dependencies = {"phone": phone_of_token, "holder": holder_of}  # noqa: RUF012 - Litestar reads it as it stands


class CollectByDigestController(Collect):
    """ODK Collect with user name and password: `{bureau}.{login}` and the token, by Digest."""

    path = OPENROSA
    dependencies = {"phone": phone_of_digest, "holder": holder_of}  # noqa: RUF012 - Litestar reads it as it stands
