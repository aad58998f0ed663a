"""Put values into columns of one row that holds personal data: the mark of what was taken out, or what was there.

What is taken out is kept as JSON, bytes in hexadecimal, and put back byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, text
from sqlalchemy.dialects import postgresql

from api.db.database import UnitOfWork
from api.db.queries.erasure import LEDGER, Place
from api.db.tables import metadata
from domain.erasure import form_without_answers, note_without_people, without_words

Value = dict[str, Any]
"""Columns by name, as JSON has them: bytes in hexadecimal."""

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


def picked(row: Any, columns: tuple[str, ...]) -> Value:
    """Return columns of a row as JSON keeps them."""
    return {name: _spelled(getattr(row, name)) for name in columns}


def _spelled(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value) if isinstance(value, UUID) else value


def marked(place: Place, was: Value, mark: str) -> Value:
    """Return what stands in a row once its personal data is taken out."""
    return {name: _replaced(place.table, name, value, mark) for name, value in was.items()}


def _replaced(table: str, name: str, value: Any, mark: str) -> Any:
    if value is None or name == "respondent_credit_code" or table == LEDGER.table:
        return None
    replace = _REPLACE.get(name)
    if replace is not None:
        return replace(value, mark)
    return mark if value else value


def _problem_without_detail(told: dict[str, Any]) -> dict[str, Any]:
    kept = {"type", "title", "status", "code"}
    return {language: {key: one[key] for key in one if key in kept} for language, one in told.items()}


_REPLACE: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "detail": without_words,
    "body": lambda value, mark: note_without_people(bytes.fromhex(value), mark).hex(),
    "xml": lambda value, _: form_without_answers(bytes.fromhex(value)).hex(),
    "jws": lambda *_: "",
    "problem": lambda value, _: _problem_without_detail(value),
}


async def put(uow: UnitOfWork, place: Place, key: Value, values: Value) -> None:
    """Write columns of one row that `withheld_row` keeps as JSON."""
    table = metadata.tables[place.table]
    spelled: dict[str, Any] = {"bureau_id": uow.bureau_id}
    parts: dict[str, str] = {}
    for name, value in (key | values).items():
        kind = table.c[name].type
        parts[name] = f"{name} = CAST(:{name} AS {kind.compile(dialect=_DIALECT)})"
        if isinstance(kind, LargeBinary) and value is not None:
            spelled[name] = bytes.fromhex(value)
        else:
            spelled[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
    sets, where = ", ".join(parts[name] for name in values), " AND ".join(parts[name] for name in key)
    statement = text(f"UPDATE {place.table} SET {sets} WHERE bureau_id = :bureau_id AND {where}")  # noqa: S608 - our own words
    if (await uow.execute(statement, spelled)).rowcount != 1:
        raise LookupError(f"no row of {place.table} to change")
