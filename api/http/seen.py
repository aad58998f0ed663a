"""What is seen of every request from outside: its id, one line of the log, a count. None of it is personal data.

It stands outside the router, so that what the router itself refuses is seen too.
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from time import perf_counter

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import header
from api.metrics import Metrics

log = structlog.get_logger()

NO_ROUTE = "none"
"""The route of a request that the router knows no handler for: its path is whatever somebody typed."""
QUIET = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds by machines: counted, not logged."""
ID_LENGTH_MAX = 64
"""Room for a UUID without dashes or a trace id."""


class Seen:
    """ASGI: names, logs and counts each request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and say so."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        usable = given.isascii() and given.isalnum() and len(given) <= ID_LENGTH_MAX
        request_id = given if usable else secrets.token_hex(8)
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        began = perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            took_s = perf_counter() - began
            route = scope.get("path_template") or NO_ROUTE
            method = scope["method"] if route != NO_ROUTE else "any"
            self._metrics.answered(method, route, status or HTTPStatus.INTERNAL_SERVER_ERROR, took_s)
            if route not in QUIET:
                log.info(
                    "request", method=method, route=route, status=status or None, duration_ms=round(took_s * 1000, 1)
                )
