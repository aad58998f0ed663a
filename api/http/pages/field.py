"""`/field`: the officer's offline app. Page and service worker are the same for everybody: what a phone may keep."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.response import Template

from api.http.access import public
from api.http.pages.shell import page, page_headers
from api.web.assets import asset, assets, build
from domain.complaint.words import Party, VisitResult
from domain.signing.act import ActKind
from domain.use_rule.facts import Seat
from domain.values import Named
from domain.visit.note import Presence

FIELD: Final = "/field"
APP: Final = "js/field/app.js"
WORKER: Final = "js/field/sw.js"
IMPORT: Final = re.compile(r'^import (?:[^"\']* from )?"(\.[^"]+)";', re.MULTILINE)
WORDS: Final[dict[str, type[Named]]] = {
    "result": VisitResult,
    "party": Party,
    "standing": Presence,
    "act": ActKind,
    "seat": Seat,
}
"""What the app names in both languages."""
KEPT: Final = (
    "app.css",
    "field.webmanifest",
    "icons/",
    "js/field/",
    "js/language.js",
    "js/owed.js",
    "js/request.js",
    "js/theme.js",
    "js/told_here.js",
    "vendor/idb/index.js",
    "vendor/lean-qr/index.mjs",
    "vendor/signature_pad/signature_pad.min.js",
)
"""What the service worker keeps of a build; folders end with a slash."""


@cache
def kept_files() -> list[str]:
    """Return the addresses of what a phone keeps, in order of name."""
    return [asset(name) for name in sorted(assets()) if name.startswith(KEPT) and name != WORKER]


@cache
def first_modules() -> list[str]:
    """Return what the first sight needs: the app, and what its modules import by name, in order of name."""
    found: dict[str, None] = {}
    ahead = [APP]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found[name] = None
            folder = PurePosixPath(name).parent
            imported = IMPORT.findall(assets()[name].body.decode())
            ahead += [normpath(folder / one) for one in imported]
    return sorted(found)


@cache
def _words() -> str:
    told = {kind: [{"value": one.value, "zh": one.zh, "en": one.en} for one in words] for kind, words in WORDS.items()}
    return msgspec.json.encode(told).decode()


@get(FIELD, guards=[public], include_in_schema=False, name="pages.field", opt={"page": True})
async def field_page(request: Request[Any, Any, Any]) -> Template:
    """Return the app's page; who is signed in, it asks the API."""
    return page(request, "field/app.html", words=_words(), modules=first_modules())


@get(f"{FIELD}/sw.js", guards=[public], include_in_schema=False, name="pages.field_worker")
async def field_worker() -> Response[bytes]:
    """Return the service worker of this build, which names every file it keeps."""
    named = {"BUILD": build(), "FILES": kept_files()}
    head = "".join(f"const {name} = {msgspec.json.encode(value).decode()};\n" for name, value in named.items())
    return Response(
        head.encode() + assets()[WORKER].body,
        media_type="text/javascript; charset=utf-8",
        headers=page_headers() | {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )
