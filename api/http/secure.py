"""Before everything else: off this machine nothing is served over plain HTTP but how to reach the service safely.

A page without HTTPS can neither store, sign nor locate (W3C Secure Contexts), and what it sent could be read on the
way. HTTPS is spoken by the service itself or by a proxy that the settings name; the word of no other proxy is taken.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import PROBLEM_JSON, encode_problem, problem, problem_headers, status_of
from api.headers import header, header_lines, language_of
from api.ingest.door import IN, POSITIONS
from api.settings import Settings, SettingsError
from api.source import ip_of, without_port
from domain.errors import Forbidden

TRUST: Final = "/trust"
OPEN: Final = (f"{TRUST}", "/assets/")
"""What tells how to get in, and what it is drawn with."""
TRACKERS: Final = (IN, POSITIONS)

STRICT_S: Final = 30 * 24 * 3600
"""How long a browser that was here insists on HTTPS; each visit begins it anew."""
STRICT: Final = (b"strict-transport-security", b"max-age=%d" % STRICT_S)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PlainHttp(Forbidden):
    """Over plain HTTP this service tells only how to reach it safely: open the address in a browser, or use HTTPS."""

    code = "plain-http"
    zh = "本服务不通过未加密的 HTTP 提供内容，请使用 HTTPS；用浏览器打开本地址可查看说明。"


def proxies_of(settings: Settings) -> tuple[Network, ...]:
    """Return the networks whose proxies are believed.

    Raises:
        SettingsError: one of them is no address and no network.
    """
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in settings.proxies.split(",") if one.strip())
    except ValueError as fault:
        raise SettingsError(f"ZHUANCHE_PROXIES: {fault}.") from fault


def _within(host: str, networks: tuple[Network, ...]) -> bool:
    address = ip_of(host)
    return address is not None and any(address in network for network in networks)


class Secure:
    """ASGI: lets in what came over HTTPS, from this machine itself, or through a proxy that is believed.

    By a certificate that the operator named, browsers are told to insist on HTTPS (RFC 6797). By the service's own
    authority they are not: their error, of a phone that was not told to trust it yet or of an authority made anew,
    could then not be passed (§8.4), and the page that explains it, over plain HTTP, not be reached. What a proxy tells
    browsers is its operator's to say.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Stand before `app`. Raises `SettingsError`: a proxy is no address."""
        self._app = app
        self._proxies = proxies_of(settings)
        self._open = OPEN + (TRACKERS if settings.plain_trackers else ())
        self._strict = settings.certificate is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or tell how to come in."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        client = (scope.get("client") or ("", 0))[0]
        told = header(scope, b"x-forwarded-for") or header(scope, b"forwarded")
        believed = bool(self._proxies) and _within(client, self._proxies)
        if believed:
            self._believe(scope, client)
        elif self._strict and scope["scheme"] == "https":
            send = _strictly(send)
        if told and not believed:
            client = ""  # a proxy that nobody named: who is behind it, and how they came, is not known
        at_home = not told and getattr(ip_of(client), "is_loopback", False)
        if scope["scheme"] == "https" or at_home or scope["path"].startswith(self._open):
            await self._app(scope, receive, send)
        else:
            await _send_in(scope, send)

    def _believe(self, scope: Scope, proxy: str) -> None:
        """Take from a proxy how the request came to it, and from whom: the last one that no believed proxy wrote."""
        scope["scheme"] = header_lines(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower() or "http"
        told = header_lines(scope, b"x-forwarded-for").split(",")
        hops = [without_port(one.strip()) for one in told if one.strip()]
        while len(hops) > 1 and _within(hops[-1], self._proxies):
            hops.pop()
        scope["client"] = (hops[-1] if hops else proxy, 0)


def _strictly(send: Send) -> Send:
    """Return what sends, and tells a browser to insist on HTTPS."""

    async def send_strictly(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], STRICT]
        await send(message)

    return send_strictly


async def _send_in(scope: Scope, send: Send) -> None:
    """Send a browser to the page that explains, and everybody else a problem."""
    language = language_of(header(scope, b"accept-language"))
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if "text/html" in header(scope, b"accept"):
        status, body = 303, b""
        headers["Location"] = TRUST
    else:
        fault = PlainHttp()
        status = status_of(fault)
        body = encode_problem(problem(fault, language, ""))
        headers |= problem_headers(status, language) | {"Content-Type": PROBLEM_JSON}
    sent: Any = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body, "more_body": False})
