"""`/board/notes-aside/{id}`: a note that came under a used id beside the one that stands, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.db.database import Actor, Database
from api.db.queries.people import names_of
from api.db.queries.visit_notes import note_conflicts, note_view
from api.http.access import Allow
from api.http.pages.admin.kept_aside import SETTLERS
from api.http.pages.shell import language_of_page, page
from api.http.pages.written import written_for
from domain.errors import NotFound


@get("/board/notes-aside/{conflict_id:uuid}", guards=[Allow(SETTLERS)], include_in_schema=False, opt={"page": True})
async def note_aside(
    conflict_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> Template:
    """Show both, what differs marked."""
    async with database.read(actor.bureau_id) as reader:
        w = await written_for(reader, language_of_page(request))
        found = await note_conflicts(reader, conflict_id=conflict_id)
        if not found:
            raise NotFound("There is no such conflict.", conflict_id=str(conflict_id))
        aside = found[0]
        stands = await note_view(reader, aside.note_id)
        names = await names_of(reader, [stands.officer_id, aside.actor_id])
    return page(
        request,
        "board/note_aside.html",
        actor,
        w=w,
        aside=aside,
        stands=stands,
        names=names,
        rows=beside(bytes(stands.body), bytes(aside.body)),
    )


def beside(first: bytes, second: bytes) -> list[tuple[str, str, str]]:
    """Return every value of two JSON texts by its path, empty where one has none; what is no JSON is one value."""
    one, other = dict(_values(_read(first))), dict(_values(_read(second)))
    return [(path, one.get(path, ""), other.get(path, "")) for path in dict.fromkeys((*one, *other))]


def _read(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode(errors="replace")


def _values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        inner = [(str(key), one) for key, one in value.items()]
    elif isinstance(value, list):
        inner = [(str(no), one) for no, one in enumerate(value, start=1)]
    else:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return
    for key, one in inner:
        yield from _values(one, f"{path}.{key}" if path else key)
