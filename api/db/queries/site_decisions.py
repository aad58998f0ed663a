"""The custodian's decisions about places."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.complaints import SiteDecision

Key = tuple[date, datetime, UUID]
"""What decisions are ordered by: the newest day, then the newest record, is what holds."""


async def list_site_decisions(reader: Reader, limit: int, after: Key | None) -> list[SiteDecision]:
    """Return up to `limit` decisions, the newest first, that come after that key."""
    key = (SiteDecision.decided_on, SiteDecision.recorded_at, SiteDecision.site_decision_id)
    statement = (
        select(SiteDecision)
        .where(SiteDecision.bureau_id == reader.bureau_id)
        .order_by(*(col(column).desc() for column in key))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*key) < tuple_(*after))
    return list(await reader.all(statement))


async def site_decision(reader: Reader, decision_id: UUID) -> SiteDecision | None:
    """Return a decision of this bureau, or None."""
    return await reader.get(SiteDecision, decision_id)
