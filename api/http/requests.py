"""What every request passes through: a language, a session, limits on its body, and faults as problems."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from api.body import Answered, InTime
from api.db.database import Actor, Database, Once
from api.errors import (
    PROBLEM_JSON,
    BodyTooLarge,
    CrossSite,
    MethodNotAllowed,
    NoSuchAddress,
    Unexpected,
    Unparseable,
    WrongMediaType,
    problem,
    problem_headers,
    status_of,
)
from api.gather import Gather
from api.headers import bearer, header, language_of
from api.http.access import PasswordChangeRequired, by_device_token, public, readable_under_mandate
from api.http.browsers import Browsers
from api.http.looked_at import looked_at
from api.http.openrosa_faults import OPENROSA, answer_open_rosa
from api.http.pages.shell import answer_with_page, wants_page
from api.http.shown import Accesses
from api.usecases.record_look import record_look
from api.usecases.sign_in import TOKEN
from api.usecases.visit_bureau import visit_bureau
from api.web.assets import ASSETS
from domain.errors import DomainError, InvalidInput
from domain.people import MandateReadsOnly
from domain.values import Role

log = structlog.get_logger()

SESSION_COOKIE = "zhuanche_session"
PAGE_HEADER = b"x-zhuanche-page"
"""Our own pages send this header; a form on another site cannot (it would need a CORS preflight we never grant)."""
BUREAU_HEADER: Final = "X-Bureau"
"""Names the bureau that an outside auditor looks into under a mandate; without it a session acts at home."""
BUREAU_ASKED: Final = "bureau"
"""The same in an address; it opens what the header opens, by the same check, and nothing else."""
_OF_BODY: Final = re.compile(r"^(.*) - at `\$\.data\.?(.*)`$")
"""What msgspec says of a body's field, and which that is."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Requests:
    """ASGI middleware that knows who asks before any guard looks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Prepare the scope, then go on; the application has no websockets."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await self.app(scope, receive, send)
            return
        settings = scope["litestar_app"].state.settings
        guards = scope["route_handler"].guards or ()
        if public in guards:
            _count(scope, None)
        elif by_device_token not in guards:
            send = _kept_nowhere(send)
            await self._sign_in(scope)
        answered = Answered(send)
        await self.app(scope, InTime(receive, settings.slow_body_s, answered), answered)

    async def _sign_in(self, scope: HTTPScope) -> None:
        token = token_of(scope)
        if token and not bearer(scope) and scope["method"] not in SAFE_METHODS and not header(scope, PAGE_HEADER):
            raise CrossSite
        database: Database = scope["litestar_app"].state.database
        named = TOKEN.fullmatch(token)
        who: Gather[str, Actor | None] = scope["litestar_app"].state.who
        actor = await who(named[1], token) if named else None
        _count(scope, actor)
        wanted = header(scope, BUREAU_HEADER.lower().encode()) or _asked_bureau(scope)
        if actor is not None and wanted not in ("", actor.bureau_id):
            actor = await _visitor(database, actor, wanted, scope)
        elif actor is not None and Role.AUDITOR in actor.roles:
            await _record(database, actor, scope)
        if actor is not None and actor.mandate_id is None:
            accesses: Accesses = scope["litestar_app"].state.accesses
            await accesses(actor, scope)
        scope["actor"] = actor  # type: ignore[typeddict-unknown-key]  # ours, read by guards and providers


def _kept_nowhere(send: Send) -> Send:
    """Return what sends, and lets a browser keep nothing that a session opened: the next at the machine looks there."""

    async def send_unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = [*message["headers"]]
            if all(name.lower() != b"cache-control" for name, _ in given):
                message["headers"] = [*given, (b"cache-control", b"no-store")]
        await send(message)

    return send_unkept


def _count(scope: HTTPScope, actor: Actor | None) -> None:
    """Count a request of a person or of nobody; what trackers send is counted by nobody, nor are files of pages.

    Of nobody by the browser, where it is known: others of its address keep nobody there from signing in.
    """
    if not scope["path"].startswith(f"{ASSETS}/"):
        address = (scope["client"] or ("", 0))[0]
        browsers: Browsers = scope["litestar_app"].state.browsers
        known = browsers.name(Request(scope)) if actor is None else str(actor.session_id)
        scope["litestar_app"].state.asked.count(known, address)


def token_of(scope: HTTPScope) -> str:
    """Return the token of the session a request came with, by header or cookie, or an empty text."""
    return bearer(scope) or Request[Any, Any, Any](scope).cookies.get(SESSION_COOKIE, "")


def _asked_bureau(scope: HTTPScope) -> str:
    """Return the bureau that an address names: links, pictures and downloads of a page carry no header."""
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return asked.get(BUREAU_ASKED, "")


async def _visitor(database: Database, actor: Actor, bureau_id: str, scope: HTTPScope) -> Actor:
    """Return the actor as an auditor of another bureau, the look recorded there.

    What the route allows is asked first: it says nothing of the bureau.
    """
    handler = scope["route_handler"]
    if not isinstance(handler, HTTPRouteHandler) or not readable_under_mandate(handler, scope["method"]):
        raise MandateReadsOnly
    if actor.must_change_password:
        raise PasswordChangeRequired
    return await visit_bureau(database, actor, bureau_id, looked_at(scope))


async def _record(database: Database, auditor: Actor, scope: HTTPScope) -> None:
    """Record what an auditor reads at home, as it is recorded under a mandate: whatever a mandate opens."""
    handler = scope["route_handler"]
    reads = isinstance(handler, HTTPRouteHandler) and readable_under_mandate(handler, scope["method"])
    if reads and not auditor.must_change_password:
        await record_look(database, auditor, looked_at(scope))


async def once_of(request: Request[Any, Any, Any]) -> Once | None:
    """Return the Idempotency-Key of a request with its digest, if one came.

    Raises:
        InvalidInput: the key is empty or longer than 200 characters.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200:  # noqa: PLR2004 - the limit named in the sentence
        raise InvalidInput("An Idempotency-Key has 1 to 200 characters.")
    return Once(key, request_digest(request.method, request.url.path, await request.body()))


def request_digest(method: str, path: str, body: bytes) -> str:
    """Return the digest that tells whether an Idempotency-Key came with the same request."""
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


async def json_only(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is not declared as JSON where JSON is expected.

    Raises:
        WrongMediaType: Content-Type is something else.
    """
    if request.method in ("POST", "PUT", "PATCH") and request.headers.get("content-length") != "0":
        declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        takes = request.route_handler.opt.get("takes", ("application/json",))
        if has_body and "*" not in takes and declared not in takes:
            raise WrongMediaType(takes=list(takes))


def _from_litestar(fault: HTTPException) -> DomainError:  # noqa: PLR0911 - one return a kind of fault
    if isinstance(fault, ValidationException):
        faults = [
            {"at": item.get("key", ""), "what": item.get("message", "")}
            for item in (fault.extra or [])
            if isinstance(item, dict)
        ]
        return InvalidInput(None, faults=faults)
    if isinstance(fault.__cause__, msgspec.ValidationError) and (at := _OF_BODY.search(str(fault.__cause__))):
        # Litestar takes a field of the body for a dependency of that name, and so for a fault of ours.
        return InvalidInput(None, faults=[{"at": at.group(2), "what": at.group(1)}])
    if isinstance(fault, NotFoundException):
        return NoSuchAddress()
    if isinstance(fault, MethodNotAllowedException):
        return MethodNotAllowed()
    if fault.status_code == 413:  # noqa: PLR2004 - HTTP's own number
        return BodyTooLarge()
    if fault.status_code == 415:  # noqa: PLR2004 - HTTP's own number
        return WrongMediaType()
    if isinstance(fault, ClientException) and fault.status_code == 400:  # noqa: PLR2004 - HTTP's own number
        return Unparseable(str(fault.detail))
    return Unexpected()


def _told_by_router(fault: Exception) -> dict[str, str]:
    """Return the methods that an address takes, where it was asked by another (RFC 9110 §15.5.6)."""
    given = (fault.headers or {}) if isinstance(fault, MethodNotAllowedException) else {}
    return {"Allow": given["allow"]} if "allow" in given else {}


def answer_with_problem(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    """Turn any fault into a problem, or into the words that Collect reads: the only place where that happens."""
    if isinstance(fault, DomainError):
        domain_fault = fault
    elif isinstance(fault, HTTPException):
        domain_fault = _from_litestar(fault)
    elif isinstance(fault, (RecursionError, UnicodeDecodeError)):
        domain_fault = Unparseable()
    else:
        domain_fault = Unexpected()
    status = status_of(domain_fault)
    request_id = request.scope.get("state", {}).get("request_id", "")
    if status >= 500:  # noqa: PLR2004 - server faults are logged with their trace
        log.error("fault", code=domain_fault.code, kind=type(fault).__name__, exc_info=fault)
    language = language_of(request.headers.get("accept-language", ""))
    if request.scope["path"].startswith(f"{OPENROSA}/"):
        return answer_open_rosa(request, domain_fault, status, language)
    if wants_page(request):
        return answer_with_page(request, domain_fault)
    return Response(
        problem(domain_fault, language, request_id),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=problem_headers(status, language) | _told_by_router(fault),
    )
