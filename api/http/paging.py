"""Lists in pages: each page names where the next one begins."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter
from sqlmodel import SQLModel

from api.db.database import Reader
from api.db.queries.newest import newest
from domain.errors import InvalidInput

T = TypeVar("T")
Fact = TypeVar("Fact", bound=SQLModel)

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="how many items the page holds at most")]
After = Annotated[
    str | None, QueryParameter(max_length=500, description="`next` of the page before; left out for the first page")
]


class BadCursor(InvalidInput):
    """This cursor is not one that a page gave."""

    code = "bad-cursor"
    zh = "分页游标无效。"


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some items, and where the next page begins; `next` is null on the last page."""

    items: list[T]
    next: str | None


def cursor(*key: str) -> str:
    """Return the cursor that stands after the item with this sort key."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def parse_cursor(after: str | None, length: int) -> list[str] | None:
    """Return the sort key a cursor stands for, or None without one. Raises `BadCursor`."""
    if after is None:
        return None
    try:
        key = msgspec.json.decode(urlsafe_b64decode(after + "=" * (-len(after) % 4)), type=list[str])
    except (NotBase64, ValueError, msgspec.MsgspecError) as fault:
        raise BadCursor from fault
    if len(key) != length:
        raise BadCursor
    return key


async def newest_page(
    reader: Reader,
    table: type[Fact],
    id_column: Any,
    wire: Callable[[Fact], T],
    *where: Any,
    after: str | None,
    limit: int,
) -> Page[T]:
    """Return a page of a table's facts, the newest first, each in its wire form; further conditions are `where`.

    Raises:
        BadCursor: `after` is none of this list.
    """
    rows = await newest(reader, table, id_column, parse_id_cursor(after), limit + 1, *where)
    shown = rows[:limit]
    return Page(
        items=[wire(row) for row in shown],
        next=cursor(str(getattr(shown[-1], id_column.key))) if len(rows) > limit else None,
    )


def parse_id_cursor(after: str | None) -> UUID | None:
    """Return the id a cursor stands after, or None without one. Raises `BadCursor`."""
    key = parse_cursor(after, 1)
    try:
        return UUID(key[0]) if key else None
    except ValueError as fault:
        raise BadCursor from fault


def instant_cursor(at: datetime, key: UUID) -> str:
    """Return the cursor of a list by time: after the item of that instant and id."""
    return cursor(at.isoformat(), str(key))


def parse_instant_cursor(after: str | None) -> tuple[datetime, UUID] | None:
    """Return the instant and id a cursor stands after, or None without one. Raises `BadCursor`."""
    key = parse_cursor(after, 2)
    if key is None:
        return None
    try:
        at, item = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as fault:
        raise BadCursor from fault
    if at.tzinfo is None:
        raise BadCursor
    return at, item
