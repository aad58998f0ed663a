"""`/sign-in`: the way in, and the pass word that must be changed first."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.db.database import Actor, Database
from api.http.access import EVERYONE, Allow, public
from api.http.pages.shell import SIGN_IN, WORKPLACES, page
from api.http.session import me_of

BACK: Final = re.compile(r"/(?:board|field|audit)(?:[/?][!-~]*)?")
"""Where one may be sent on to: a page of ours, never an address that somebody else has put into a link."""


def _next(request: Request[Any, Any, Any]) -> str:
    wanted = request.query_params.get("next", "")
    return wanted if BACK.fullmatch(wanted) else ""


def _places() -> str:
    return msgspec.json.encode([{"path": one.path, "roles": sorted(one.roles)} for one in WORKPLACES]).decode()


@get(SIGN_IN, guards=[public], include_in_schema=False, name="pages.sign_in", opt={"page": True})
async def sign_in_page(request: Request[Any, Any, Any], database: NamedDependency[Database]) -> Template:
    """Ask who it is; where one bureau is served only, its code is filled in."""
    bureaus = await database.bureaus()
    return page(
        request,
        "sign_in.html",
        next=_next(request),
        places=_places(),
        bureau_id=bureaus[0] if len(bureaus) == 1 else "",
    )


@get(
    f"{SIGN_IN}/password",
    guards=[Allow(EVERYONE, before_password_change=True)],
    include_in_schema=False,
    name="pages.password",
    opt={"page": True, "home": True},
)
async def password_page(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> Template:
    """Ask for a new pass word."""
    me = msgspec.structs.replace(me_of(actor), must_change_password=False)
    return page(
        request,
        "password.html",
        actor,
        next=_next(request),
        places=_places(),
        me=msgspec.json.encode(me).decode(),
    )
