"""What every page has: language, theme, ways to the workplaces, and headers that let nothing foreign run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.datastructures import Cookie, State
from litestar.response import Redirect, Template

from api.db.database import Actor
from api.db.faults import DiskFull
from api.errors import NotSignedIn, problem, status_of
from api.headers import language_of
from api.http.access import PasswordChangeRequired
from api.web.assets import asset
from api.web.tiles import Tiles
from domain.errors import DomainError
from domain.values import Role

SIGN_IN: Final = "/sign-in"
LANGUAGES: Final = ("zh", "en")
LANGUAGE_COOKIE: Final = "zhuanche_language"
PART_ASKED: Final = "HX-Request"
"""The header with which htmx, and board.js as it does, ask for a part of a page."""
YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Workplace:
    """One of the three places, and who works there."""

    path: str
    title: dict[str, str]
    roles: frozenset[Role]


WORKPLACES: Final = (
    Workplace("/board", {"zh": "调度台", "en": "Board"}, frozenset(Role) - {Role.AUDITOR, Role.DRIVER}),
    Workplace("/field", {"zh": "外勤", "en": "Field"}, frozenset({Role.OFFICER, Role.DRIVER})),
    Workplace("/audit", {"zh": "审计台", "en": "Audit"}, frozenset({Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF})),
)
"""In the order in which a person who works in several is sent to them."""


def workplaces_of(roles: frozenset[Role]) -> list[Workplace]:
    """Return where a person with these roles works."""
    return [one for one in WORKPLACES if one.roles & roles]


def page_headers(tiles: str = "") -> dict[str, str]:
    """Return the headers of a page; `tiles` is the origin of map tiles, where the bureau has set a tile server."""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self';"
            f" img-src 'self' data: blob:{' ' + tiles if tiles else ''}; manifest-src 'self'; worker-src 'self';"
            " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(self), screen-wake-lock=(self), microphone=(), payment=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }


def language_of_page(request: Request[Any, Any, Any]) -> str:
    """Return the language asked for by `?lang=`, else the one chosen before, else the browser's."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return asked
    return language_of(request.headers.get("accept-language", ""))


def said_in(language: str) -> Callable[[str, str], str]:
    """Return the function that a template names `t`: of a pair of texts, the reader's."""
    return lambda zh, en: en if language == "en" else zh


def page(
    request: Request[Any, Any, Any],
    name: str,
    actor: Actor | None = None,
    *,
    part: str = "",
    status_code: int = 200,
    tiles: Tiles | None = None,
    **shown: Any,
) -> Template:
    """Return a page or a part of one.

    Args:
        request: what is answered.
        name: the template's.
        actor: who is signed in, where somebody is.
        part: the template's that is answered in its place where htmx or a module asks for a part.
        status_code: of the answer.
        tiles: the tile server that the page's map may load from; its template draws it with `tiles_told`.
        **shown: what the template shows, beside what every page has.
    """
    language = language_of_page(request)
    context = {
        "language": language,
        "t": said_in(language),
        "asset": asset,
        "actor": actor,
        "workplaces": workplaces_of(frozenset(actor.roles)) if actor else [],
        "path": request.url.path,
        "query": request.url.query,
        "trouble": _trouble(request, actor),
        "tiles_told": tiles.told if tiles else "",
        "asked": urlencode([one for one in request.query_params.multi_items() if one[0] != "lang"]),
    }
    cookies = []
    if request.query_params.get("lang") in LANGUAGES:
        cookies.append(
            Cookie(
                key=LANGUAGE_COOKIE,
                value=language,
                samesite="strict",
                httponly=True,
                max_age=YEAR_S,
                secure=request.url.scheme == "https",
            )
        )
    return Template(
        template_name=part if part and PART_ASKED in request.headers else name,
        context=context | shown,
        status_code=status_code,
        headers=page_headers(tiles.origin if tiles else "")
        | {"Content-Language": "zh-CN" if language == "zh" else "en", "Vary": "Accept-Language, Cookie"},
        cookies=cookies,
    )


def _trouble(request: Request[Any, Any, Any], actor: Actor | None) -> tuple[str, str] | None:
    """Return what the machine suffers from: that nothing is recorded to everybody, the rest to who can do something."""
    state = request.app.state
    if actor is None:
        return None
    if state.space.short:
        return DiskFull.zh, DiskFull.sentence("en")
    return None if actor.roles.isdisjoint({Role.ADMIN, Role.DESK_CHIEF}) else _to_mend(state)


def _to_mend(state: State) -> tuple[str, str] | None:
    """Return what somebody at the machine should do something about before anybody else feels it."""
    if state.space.warned or state.backup_space.warned:
        return "服务器磁盘将满，请及时处理。", "The server's disk is filling up."
    if state.timekeeper is not None and state.timekeeper.held:
        return (
            "服务器时钟被调整，系统仍按原来的时间运行。",
            "The server's clock was set; the service goes on by the time it had.",
        )
    if state.ages is not None and state.ages.is_overdue:
        return (
            "已超过 36 小时没有新的备份，原因见“运行状况”页。",
            "No backup was made for 36 hours; the page “Is all well” says why.",
        )
    return None


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a browser asked for a page, which is then told of a fault by a page.

    Parts that a script asks for are answered with a problem like everything else.
    """
    handler: Any = request.scope.get("route_handler")
    is_page = request.scope["path"] == "/" or (handler is not None and handler.opt.get("page"))
    return bool(is_page) and "text/html" in request.headers.get("accept", "")


def answer_with_page(request: Request[Any, Any, Any], fault: DomainError) -> Response[Any]:
    """Send who is not signed in to the way in, and tell all others what is wrong."""
    if request.scope["path"] == "/":
        return Redirect(SIGN_IN, status_code=303, headers=page_headers())
    if isinstance(fault, (NotSignedIn, PasswordChangeRequired)):
        way = SIGN_IN if isinstance(fault, NotSignedIn) else f"{SIGN_IN}/password"
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect(way, status_code=303, query_params={"next": back}, headers=page_headers())
    actor = request.scope.get("actor")
    return page(
        request,
        "problem.html",
        actor if isinstance(actor, Actor) else None,
        status_code=status_of(fault),
        problem=problem(fault, language_of_page(request), request.scope.get("state", {}).get("request_id", "")),
    )
