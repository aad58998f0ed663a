"""Many rows of one table by one statement, which takes them as a JSON list: one parameter, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Executable, text
from sqlmodel import SQLModel


@lru_cache
def insert_as_json(table: type[SQLModel], columns: tuple[str, ...]) -> Executable:
    """Return the statement that inserts `:rows`, in their order.

    It returns something because a cluster would take a plain INSERT … SELECT for a COPY, which row-level security
    forbids.
    """
    name, listed = table.__tablename__, ", ".join(columns)
    return text(
        f"INSERT INTO {name} ({listed}) SELECT {listed}"  # noqa: S608 - names of the program's own
        f" FROM json_populate_recordset(CAST(NULL AS {name}), CAST(:rows AS json)) RETURNING 1"
    )


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as PostgreSQL reads them out of JSON."""
    return msgspec.json.encode([{name: _spelled(value) for name, value in row.items()} for row in rows]).decode()


def _spelled(value: Any) -> Any:
    """Return a value as JSON has it; bytes in PostgreSQL's own spelling."""
    return rf"\x{value.hex()}" if isinstance(value, bytes) else value
