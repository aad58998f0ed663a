"""Months of positions that were retired, and which uses they were about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.positions import RetiredMonth

# A month is stored by UTC; a use that is under way reaches to no month that could be retired.
_OF_USES = text(
    "SELECT u.use_id, max(r.recorded_at) AS retired_at FROM vehicle_use u JOIN retired_month r"
    " ON r.bureau_id = u.bureau_id AND u.actual_from < (r.month + interval '1 month')::timestamp AT TIME ZONE 'UTC'"
    " AND u.actual_until >= r.month::timestamp AT TIME ZONE 'UTC'"
    " WHERE u.bureau_id = :bureau_id AND r.bureau_id = :bureau_id AND u.use_id = ANY(:uses) GROUP BY u.use_id"
)


async def retired_at_of_uses(reader: Reader, use_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when positions of these uses were retired, by use; a use that kept all of its own is not there."""
    rows = await reader.execute(_OF_USES, {"bureau_id": reader.bureau_id, "uses": list(use_ids)})
    return {row.use_id: row.retired_at for row in rows}


async def retired_months(reader: Reader) -> Sequence[RetiredMonth]:
    """Return the months of this bureau that were retired, the newest first."""
    asked = select(RetiredMonth).where(RetiredMonth.bureau_id == reader.bureau_id)
    rows: Sequence[RetiredMonth] = await reader.all(asked.order_by(col(RetiredMonth.month).desc()))
    return rows
