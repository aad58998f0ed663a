"""Where positions come in: a lane before the router for what is in order, the ordinary way for all else.

The lane takes a request only if its device is known to this process and its body is small and of the right kind; it
decodes, waits for the writer and answers. Whatever is not so (a token not seen before, a large body, another
method) goes on to the router, whose handlers in `api.http.positions` do the same in the ordinary way. The router
alone would take four fifths of the time of a single fix.

Identity belongs to the request, never to the connection: two phones may share one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from api.body import InTime
from api.clock import Clock
from api.db.database import Database
from api.db.roles import INGEST
from api.errors import PROBLEM_JSON, encode_problem, problem, problem_headers, status_of
from api.headers import header, language_of
from api.ingest.devices import Devices, KnownDevice, bureau_and_digest
from api.ingest.entry import Outcome
from api.ingest.fixes import FIXES_MOST, NotTold, Received, UnknownDevice, decode_fixes
from api.ingest.protocol import JSON, Protocol, Read, Reply, Sent, tokens
from api.ingest.protocols import DOORS, protocol_of
from api.ingest.writer import Writer
from api.settings import Settings
from domain.errors import DomainError

POSITIONS: Final = "/v1/positions"
IN: Final = "/in/"
ROOT: Final = "/"
"""Where a client sends whose user can type a server only, and no path."""
TOKEN_ROUTE: Final = "/in/{token}"  # noqa: S105 - a route, no token
BY_QUERY: Final = re.compile(rb"(?:^|&)(?:id|deviceid)=")
"""What a GET of the root must name to be a position."""
LOOK_UPS_MOST: Final = 4
"""Texts of one request that are looked up in the database; what is no token by its shape is not."""
LANE_BYTES: Final = 512 * 1024
"""A thousand fixes with all their fields; larger bodies take the ordinary way with its limits."""

_JSON_HEADERS: Final = [(b"content-type", JSON.encode())]


class Door:
    """The devices a process knows and the writer behind every protocol."""

    def __init__(self, database: Database, service_url: str, ingest_url: str, settings: Settings, clock: Clock) -> None:
        self.devices = Devices(database, service_url)
        self.writer = Writer(database, ingest_url, settings, clock)
        self.ingest = Database(ingest_url, settings, clock, role=INGEST)
        """For what is asked before a bureau is known."""
        self._clock = clock

    async def start(self) -> None:
        """Begin to listen and to write."""
        await self.devices.start()
        await self.writer.start()

    async def stop(self) -> None:
        """Answer what was accepted, then end."""
        await self.writer.stop()
        await self.devices.stop()
        await self.ingest.close()

    async def device(self, token: str) -> KnownDevice:
        """Return whose token it is.

        Raises:
            UnknownDevice: nobody's, or it was revoked.
            NotTold: its person has not been told yet what is tracked.
        """
        device = await self.devices.of_token(token)
        if device is None:
            raise UnknownDevice
        if not device.acknowledged:
            raise NotTold
        return device

    async def positions(self, device: KnownDevice, body: bytes) -> Outcome:
        """Take a body of `/v1/positions`."""
        return await self.writer.put(device, decode_fixes(body))

    async def phone(self, sent: Sent) -> Reply:
        """Take what a phone sent in any shape, and return how it is answered.

        Raises:
            UnknownDevice: no text of it is a device's token; with the status that this client expects.
        """
        protocol = protocol_of(sent)
        device = self.known(sent, protocol) or await self._look_up(sent, protocol)
        await self.take(device, protocol, sent)
        return protocol.reply

    def known(self, sent: Sent, protocol: Protocol) -> KnownDevice | None:
        """Return whose request it is if this process has seen the token of late.

        Of several tokens the likeliest counts: one that is not known here yet is looked up before others are believed.
        """
        for text in tokens(sent, protocol):
            device = self.devices.known(text)
            if device is not None or bureau_and_digest(text) is not None:
                return device
        return None

    async def _look_up(self, sent: Sent, protocol: Protocol) -> KnownDevice:
        likely = {text: None for text in tokens(sent, protocol) if bureau_and_digest(text) is not None}
        for text in list(likely)[:LOOK_UPS_MOST]:
            device = await self.devices.of_token(text)
            if device is not None:
                if not device.acknowledged:
                    raise NotTold(protocol.reply.unknown_status)
                return device
        raise UnknownDevice(protocol.reply.unknown_status)

    async def take(self, device: KnownDevice, protocol: Protocol, sent: Sent) -> None:
        """Decode what a device sent and write it; a batch of thousands in parts, each durable before the next."""
        received = protocol.decode(sent, Read(now=self._clock(), zone=device.zone))
        if len(received.fixes) + len(received.asides) + len(received.events) <= FIXES_MOST:
            await self.writer.put(device, received)  # also of nothing: the device was seen
            return
        more = True
        while more:
            await self.writer.put(device, _part(received, slice(None, FIXES_MOST)))
            received = _part(received, slice(FIXES_MOST, None))
            more = bool(received.fixes or received.asides or received.events or received.mileages)


def _part(received: Received, which: slice) -> Received:
    """Return a part of what came."""
    fields = {name: getattr(received, name)[which] for name in ("fixes", "indexes", "asides", "faults", "events")}
    return msgspec.structs.replace(received, mileages=received.mileages[which], **fields)


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
        if scope["type"] == ScopeType.HTTP:
            path = scope["path"]
            if path == POSITIONS and scope["method"] == "POST":
                await self._positions(scope, receive, send)
                return
            if path == ROOT or (path.startswith(IN) and "/" not in path[len(IN) :].rstrip("/")):
                await self._phone(scope, receive, send)
                return
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
            body = await self._body(receive, size)
            outcome = await self._door.positions(device, body)
        except SenderGone:
            return
        except DomainError as fault:
            await _send_problem(scope, send, fault)
            self._answered("POST", POSITIONS, status_of(fault), perf_counter() - began)
            return
        await send({"type": "http.response.start", "status": 200, "headers": _JSON_HEADERS})
        await send({"type": "http.response.body", "body": _outcome.encode(outcome), "more_body": False})
        self._answered("POST", POSITIONS, 200, perf_counter() - began)

    async def _phone(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer a phone that is known; the body is read here in any case, since it may say whose it is."""
        began = perf_counter()
        headers = dict(scope["headers"])
        size = headers.get(b"content-length", b"0")
        if (
            b"transfer-encoding" in headers
            or not size.isdigit()
            or int(size) > LANE_BYTES
            or scope["method"] not in ("GET", "POST")
        ):
            await self._app(scope, receive, send)
            return
        sent = sent_of(scope, headers)
        route = route_of(sent, scope["path"])
        try:
            if int(size):
                sent = msgspec.structs.replace(sent, body=await self._body(receive, int(size)))
                receive = _again(sent.body, receive)
            device = None
            if takes(scope, sent):
                protocol = protocol_of(sent)
                device = self._door.known(sent, protocol)
            if device is None:
                await self._app(scope, receive, send)
                return
            await self._door.take(device, protocol, sent)
        except SenderGone:
            return
        except DomainError as fault:
            await _send_problem(scope, send, fault)
            self._answered(scope["method"], route, status_of(fault), perf_counter() - began)
            return
        reply = protocol.reply
        kind = [(b"content-type", reply.media_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})
        self._answered(scope["method"], route, 200, perf_counter() - began)

    async def _body(self, receive: Receive, size: int) -> bytes:
        """Return the body, whose size the header tells.

        Raises:
            BodyTooSlow: it did not arrive in time.
            SenderGone: the connection was closed before it was whole.
        """
        receive_in_time = InTime(receive, self._slow_body_s)
        body = b""
        while len(body) < size:  # the server would tell of the end in a message of its own, at a turn of the loop
            message = await receive_in_time()
            if message["type"] != "http.request":
                raise SenderGone
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        return body


class SenderGone(Exception):
    """Nobody waits for an answer any more, and what came is half of what was meant."""


def sent_of(scope: HTTPScope, headers: Mapping[bytes, bytes], body: bytes = b"") -> Sent:
    """Return a request of a phone as its decoders see it."""
    path = scope["path"].strip("/").removeprefix("in/")
    return Sent(
        door=path if path in DOORS else "",
        typed="" if path in DOORS else path,
        query=scope["query_string"],
        content_type=headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower(),
        headers=headers,
        body=body,
    )


def route_of(sent: Sent, path: str) -> str:
    """Return the route of a phone's address, in which no token stands."""
    if path == ROOT:
        return ROOT
    return IN + sent.door if sent.door else TOKEN_ROUTE


def takes(scope: HTTPScope, sent: Sent) -> bool:
    """Return whether a request is one of a phone: the root is also asked by people who look what is there."""
    return scope["method"] != "GET" or scope["path"] != ROOT or BY_QUERY.search(sent.query) is not None


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body already read once more, then goes on."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


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
