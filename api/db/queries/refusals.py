"""Refusals and conflicts from the field, as the custodian and the auditor look through them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from api.db.database import Reader

_PAGED = (
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    " OR (r.recorded_at, r.{key}) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))"
    " ORDER BY r.recorded_at DESC, r.{key} DESC LIMIT :limit"
)


def paged(select: str, key: str) -> TextClause:
    """Return the select of `r`, the newest first, from a position on; `key` is the table's own id."""
    return text(select + _PAGED.format(key=key))


_REFUSALS = paged(
    "SELECT r.refusal_id, r.stage, r.use_id, r.vehicle_id, r.requester_id, r.reasons, r.facts, r.asked, r.recorded_at"
    " FROM refusal r WHERE r.bureau_id = :bureau_id"
    " AND (CAST(:stage AS text) IS NULL OR r.stage = :stage)"
    " AND (CAST(:reason AS text) IS NULL OR :reason = ANY(r.reasons))"
    " AND (CAST(:vehicle_id AS uuid) IS NULL OR r.vehicle_id = :vehicle_id)"
    " AND (CAST(:requester_id AS uuid) IS NULL OR r.requester_id = :requester_id)",
    "refusal_id",
)
_CONFLICTS = paged(
    "SELECT r.conflict_id, r.use_id, r.verb, r.why, r.reasons, r.asked, r.stated_at, r.actor_id, r.recorded_at,"
    " u.kind FROM field_conflict r JOIN vehicle_use u ON u.bureau_id = r.bureau_id AND u.use_id = r.use_id"
    " WHERE r.bureau_id = :bureau_id"
    " AND (CAST(:use_id AS uuid) IS NULL OR r.use_id = :use_id)",
    "conflict_id",
)

Position = tuple[datetime, UUID] | None
"""After which row a page begins."""


async def refusals_page(reader: Reader, after: Position, limit: int, **wanted: Any) -> Sequence[Any]:
    """Return refusals, the newest first."""
    return await page(reader, _REFUSALS, after, limit, wanted)


async def conflicts_page(reader: Reader, after: Position, limit: int, **wanted: Any) -> Sequence[Any]:
    """Return what was kept aside from the field, the newest first."""
    return await page(reader, _CONFLICTS, after, limit, wanted)


async def page(reader: Reader, statement: Any, after: Position, limit: int, wanted: dict[str, Any]) -> Sequence[Any]:
    """Return the rows that a statement made by `paged` has after a position."""
    rows = await reader.execute(
        statement,
        {
            "bureau_id": reader.bureau_id,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
            **wanted,
        },
    )
    return rows.all()
