"""Facts of one table, the newest first: ids are UUIDv7, so that they sort by time and serve as cursors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import SQLModel, select

from api.db.database import Reader

Row = TypeVar("Row", bound=SQLModel)


async def newest(
    reader: Reader, table: type[Row], id_column: Any, before: UUID | None, limit: int, *where: Any
) -> Sequence[Row]:
    """Return at most `limit` rows of the reader's bureau, the newest first.

    Args:
        reader: the transaction.
        table: whose rows.
        id_column: the column of its UUIDv7 id.
        before: the id of the last row of the page before.
        limit: how many at most.
        where: further conditions.
    """
    conditions = [table.bureau_id == reader.bureau_id, *where]  # type: ignore[attr-defined]  # every tenant table has it
    if before is not None:
        conditions.append(id_column < before)
    rows: Sequence[Row] = await reader.all(select(table).where(*conditions).order_by(id_column.desc()).limit(limit))
    return rows
