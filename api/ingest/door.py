"""Where positions come in: a lane before the router for what is in order, the ordinary way for all else.

The lane takes a request only if its device is known to this process and its body is small and of the right kind; it
decodes, waits for the writer and answers. Whatever is not so (a token not seen before, a large body, another
method) goes on to the router, whose handlers in `api.http.positions` do the same in the ordinary way. The router
alone would take four fifths of the time of a single fix.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from time import perf_counter
from typing import Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from api.body import InTime
from api.clock import Clock
from api.db.database import Database
from api.errors import PROBLEM_JSON, encode_problem, problem, problem_headers, status_of
from api.headers import header, language_of
from api.ingest.devices import Devices, KnownDevice
from api.ingest.entry import Outcome
from api.ingest.fixes import Received, UnknownDevice, decode_fixes
from api.ingest.osmand import decode_message, read_message
from api.ingest.writer import Writer
from api.settings import Settings
from domain.errors import DomainError

POSITIONS: Final = "/v1/positions"
LANE_BYTES: Final = 512 * 1024
"""A thousand fixes with all their fields; larger bodies take the ordinary way with its limits."""

_JSON_HEADERS: Final = [(b"content-type", b"application/json")]


class Door:
    """The devices a process knows and the writer behind every protocol."""

    def __init__(self, database: Database, service_url: str, ingest_url: str, settings: Settings, clock: Clock) -> None:
        self.devices = Devices(database, service_url)
        self.writer = Writer(database, ingest_url, settings, clock)
        self._clock = clock

    async def start(self) -> None:
        """Begin to listen and to write."""
        await self.devices.start()
        await self.writer.start()

    async def stop(self) -> None:
        """Answer what was accepted, then end."""
        await self.writer.stop()
        await self.devices.stop()

    async def device(self, token: str) -> KnownDevice:
        """Return whose token it is.

        Raises:
            UnknownDevice: nobody's, or it was revoked.
        """
        device = await self.devices.of_token(token)
        if device is None:
            raise UnknownDevice
        return device

    async def positions(self, device: KnownDevice, body: bytes) -> Outcome:
        """Take a body of `/v1/positions`."""
        return await self.writer.put(device, decode_fixes(body))

    async def osmand(self, query: bytes, form: bytes) -> None:
        """Take a message of the OsmAnd protocol. Raises `UnknownDevice`."""
        message = read_message(query, form)
        await self._put(await self.device(message.token), decode_message(message, self._clock()))

    async def _put(self, device: KnownDevice, received: Received) -> Outcome | None:
        """Write what there is to write; a heartbeat has nothing."""
        return await self.writer.put(device, received) if received.fixes or received.asides else None


class Lane:
    """ASGI: takes what is in order itself and hands all else on."""

    def __init__(
        self, app: ASGIApp, door: Door, settings: Settings, answered: Callable[[str, str, int, float], None]
    ) -> None:
        """Take what `door` can take; `answered` counts it by method, route, status and seconds."""
        self._answered = answered
        self._app = app
        self._door = door
        self._slow_body_s = settings.slow_body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the router do it."""
        if scope["type"] == ScopeType.HTTP and scope["path"] == POSITIONS and scope["method"] == "POST":
            await self._positions(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _positions(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        token, kind, size = "", b"", -1
        for name, value in scope["headers"]:
            if name == b"authorization":
                token = value[7:].decode("latin-1") if value[:7].lower() == b"bearer " else ""
            elif name == b"content-type":
                kind = value
            elif name == b"content-length" and value.isdigit():
                size = int(value)
        device = self._door.devices.known(token)
        if device is None or not kind.startswith(b"application/json") or not 0 < size <= LANE_BYTES:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        try:
            body = await self._body(receive)
            outcome = await self._door.positions(device, body)
        except DomainError as fault:
            await _send_problem(scope, send, fault)
            self._answered("POST", POSITIONS, status_of(fault), perf_counter() - began)
            return
        await send({"type": "http.response.start", "status": 200, "headers": _JSON_HEADERS})
        await send({"type": "http.response.body", "body": _outcome.encode(outcome), "more_body": False})
        self._answered("POST", POSITIONS, 200, perf_counter() - began)

    async def _body(self, receive: Receive) -> bytes:
        """Return the body, which the header says is small.

        Raises:
            BodyTooSlow: it did not arrive in time.
        """
        receive_in_time = InTime(receive, self._slow_body_s)
        message = await receive_in_time()
        body = bytes(message.get("body", b""))
        while message.get("more_body"):
            message = await receive_in_time()
            body += message.get("body", b"")
        return body


_outcome = msgspec.json.Encoder()


async def _send_problem(scope: HTTPScope, send: Send, fault: DomainError) -> None:
    language = language_of(header(scope, b"accept-language"))
    request_id = secrets.token_hex(8)
    body = encode_problem(problem(fault, language, request_id))
    status = status_of(fault)
    told = {"Content-Type": PROBLEM_JSON, "X-Request-Id": request_id} | problem_headers(status, language)
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
