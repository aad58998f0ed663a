"""Refusals, conflicts from the field and findings, as the custodian and the auditor look through them."""

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


def _paged(select: str, key: str) -> TextClause:
    """Return the select of `r`, the newest first, from a position on; `key` is the table's own id."""
    return text(select + _PAGED.format(key=key))


_REFUSALS = _paged(
    "SELECT r.refusal_id, r.stage, r.use_id, r.vehicle_id, r.requester_id, r.reasons, r.facts, r.asked, r.recorded_at"
    " FROM refusal r WHERE r.bureau_id = :bureau_id"
    " AND (CAST(:stage AS text) IS NULL OR r.stage = :stage)"
    " AND (CAST(:reason AS text) IS NULL OR :reason = ANY(r.reasons))"
    " AND (CAST(:vehicle_id AS uuid) IS NULL OR r.vehicle_id = :vehicle_id)"
    " AND (CAST(:requester_id AS uuid) IS NULL OR r.requester_id = :requester_id)",
    "refusal_id",
)
_CONFLICTS = _paged(
    "SELECT r.conflict_id, r.use_id, r.verb, r.why, r.reasons, r.asked, r.stated_at, r.actor_id, r.recorded_at"
    " FROM field_conflict r WHERE r.bureau_id = :bureau_id"
    " AND (CAST(:use_id AS uuid) IS NULL OR r.use_id = :use_id)",
    "conflict_id",
)
_FINDING = (
    "SELECT r.finding_id, r.kind, r.colour, r.vehicle_id, r.use_id, r.subject_id, r.evidence, r.term_at,"
    " r.recorded_at, (SELECT coalesce(json_agg(json_build_object('act_id', a.act_id, 'verb', a.verb, 'text', a.text,"
    "  'actor_id', a.actor_id, 'recorded_at', a.recorded_at) ORDER BY a.recorded_at, a.act_id), '[]')"
    "  FROM finding_act a WHERE a.bureau_id = :bureau_id AND a.finding_id = r.finding_id) AS acts"
    " FROM finding r WHERE r.bureau_id = :bureau_id"
)
_ONE_FINDING = text(_FINDING + " AND r.finding_id = :finding_id")
_OF_FINDINGS = (
    " AND (CAST(:vehicle_id AS uuid) IS NULL OR r.vehicle_id = :vehicle_id)"
    " AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)"
    " AND (CAST(:explained AS boolean) IS NULL OR :explained = EXISTS (SELECT 1 FROM finding_act e"
    "  WHERE e.bureau_id = :bureau_id AND e.finding_id = r.finding_id AND e.verb = 'explain'))"
)
_FINDINGS = _paged(_FINDING + _OF_FINDINGS, "finding_id")

Position = tuple[datetime, UUID] | None
"""After which row a page begins."""


async def refusals_page(reader: Reader, after: Position, limit: int, **wanted: Any) -> Sequence[Any]:
    """Return refusals, the newest first."""
    return await _page(reader, _REFUSALS, after, limit, wanted)


async def conflicts_page(reader: Reader, after: Position, limit: int, **wanted: Any) -> Sequence[Any]:
    """Return what was kept aside from the field, the newest first."""
    return await _page(reader, _CONFLICTS, after, limit, wanted)


async def findings_page(reader: Reader, after: Position, limit: int, **wanted: Any) -> Sequence[Any]:
    """Return findings, the newest first."""
    return await _page(reader, _FINDINGS, after, limit, wanted)


async def finding_view(reader: Reader, finding_id: UUID) -> Any:
    """Return one finding with its acts, or None."""
    found = await reader.execute(_ONE_FINDING, {"bureau_id": reader.bureau_id, "finding_id": finding_id})
    return found.one_or_none()


async def _page(reader: Reader, statement: Any, after: Position, limit: int, wanted: dict[str, Any]) -> Sequence[Any]:
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
