"""What a service answers while it waits to begin: a page that says why and what helps, in both languages.

A desk has no administrator and perhaps no network: who opens the page there reads what to compare and what to type.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader

from api.db.faults import Busy
from api.errors import encode_problem, problem, problem_headers
from api.first_look import BEIJING, Look
from api.headers import header, language_of
from api.web import TEMPLATES
from domain.clock import Doubt

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

COMMAND: Final = 'zhuanche clock --accept "与手机核对无误"'
"""What lets the time count; where it runs as a service, by `as-zhuanche`."""
RETRY_S: Final = 5
"""When whoever was turned away should come again: the clock is looked at as often."""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""The page loads nothing."""


class NotBegun(Busy):
    """The clock of this system is doubted, so it has not begun: open its page, which says why and what helps."""

    code = "clock-doubted"
    zh = "本系统的时钟可疑，尚未开始工作：请打开本系统的网页，其中说明原因与处理办法。"


class WaitingPage:
    """ASGI: answers everybody who comes before the service began."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._page = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template("waiting.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        del receive
        status, told = 503, {"Retry-After": str(RETRY_S), "Cache-Control": "no-store"}
        if scope["path"] == "/healthz":
            status, told, body = 200, {}, _json({"status": "ok", "database": "not asked"})
            told["Content-Type"] = "application/json"
        elif scope["path"] == "/readyz":
            why = dict(zip(("zh", "en"), self.look.said or ("", ""), strict=True))
            body = _json({"status": "held", "database": "ok", "clock": "doubted", "why": why})
            told["Content-Type"] = "application/json"
        elif "text/html" in header(scope, b"accept"):
            body = self.page().encode()
            told |= {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        else:
            language = language_of(header(scope, b"accept-language"))
            body = encode_problem(problem(NotBegun(), language, secrets.token_hex(8)))
            told |= {"Content-Type": "application/problem+json"} | problem_headers(status, language)
        headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
        start: Any = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def page(self) -> str:
        """Return the page, in both languages."""
        look, form = self.look, "%Y-%m-%d %H:%M:%S"
        return self._page.render(
            at=look.at.astimezone(BEIJING).strftime(form),
            doubt=look.doubt.value if look.doubt else ("", ""),
            newest="" if look.newest is None else look.newest.astimezone(BEIJING).strftime(form),
            command=None if look.doubt in {Doubt.OTHERWISE, Doubt.BEFORE_RELEASE} else COMMAND,
            is_otherwise=look.doubt is Doubt.OTHERWISE,
        )


def _json(told: object) -> bytes:
    return msgspec.json.encode(told)
