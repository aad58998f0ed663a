"""When a bureau's record was rolled back by a restore."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.restores import Restore


async def restores(
    reader: Reader, *, after: datetime | None = None, taken_before: datetime | None = None
) -> Sequence[Restore]:
    """Return the restores of the bureau, the newest first: those after an instant, from backups before another."""
    asked = select(Restore).where(Restore.bureau_id == reader.bureau_id)
    if after is not None:
        asked = asked.where(col(Restore.recorded_at) >= after)
    if taken_before is not None:
        asked = asked.where(col(Restore.taken_at) < taken_before)
    rows: Sequence[Restore] = await reader.all(asked.order_by(col(Restore.recorded_at).desc()))
    return rows
