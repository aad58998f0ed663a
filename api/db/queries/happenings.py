"""Findings of a vehicle that are happenings: from when until when, and where each stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.findings.follow import Known
from domain.findings.happening import NEVER
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import Standing, What

_FINDINGS = text(
    "SELECT f.finding_id, f.kind, f.colour, f.use_id, f.from_at, f.until_at, f.recorded_at,"
    " coalesce(f.evidence ->> 'device_id', f.evidence ->> 'note_id', f.evidence ->> 'job_id',"
    "  f.evidence ->> 'complaint_id', f.evidence ->> 'cost_id', f.evidence ->> 'reading_id') AS key,"
    " f.evidence ->> 'ended' AS ended FROM finding f"
    " WHERE f.bureau_id = :bureau_id AND f.vehicle_id = :vehicle_id AND f.kind = ANY(:kinds) AND f.from_at IS NOT NULL"
    " AND (f.from_at <= :until_at AND f.until_at >= :from_at OR EXISTS (SELECT 1 FROM finding_update u"
    "  WHERE u.bureau_id = :bureau_id AND u.finding_id = f.finding_id"
    "  AND u.from_at <= :until_at AND u.until_at >= :from_at)) ORDER BY f.from_at, f.finding_id"
)
_UPDATES = text(
    "SELECT finding_id, no, what, colour, from_at, until_at, recorded_at FROM finding_update"
    " WHERE bureau_id = :bureau_id AND finding_id = ANY(:findings) ORDER BY no"
)


async def known_happenings(
    reader: Reader, vehicle_id: UUID, kinds: Collection[FindingKind], within: tuple[datetime, datetime]
) -> list[Known]:
    """Return the findings of these kinds that overlap a stretch of time, by when they began."""
    rows = (
        await reader.execute(
            _FINDINGS,
            {
                "bureau_id": reader.bureau_id,
                "vehicle_id": vehicle_id,
                "kinds": [kind.value for kind in kinds],
                "from_at": within[0],
                "until_at": within[1],
            },
        )
    ).all()
    updates: dict[UUID, list[Any]] = {row.finding_id: [] for row in rows}
    if rows:
        found = await reader.execute(_UPDATES, {"bureau_id": reader.bureau_id, "findings": list(updates)})
        for update in found:
            updates[update.finding_id].append(update)
    return [_known(row, updates[row.finding_id]) for row in rows]


def _known(row: Any, updates: list[Any]) -> Known:
    last = updates[-1] if updates else None
    spans = [(row.from_at, row.until_at), *((one.from_at, one.until_at) for one in updates if one.from_at)]
    ended = row.ended == "true" if not updates else any(one.what == What.ENDED.value for one in updates)
    return Known(
        finding_id=row.finding_id,
        kind=FindingKind(row.kind),
        key=UUID(row.key) if row.key else NEVER,
        use_id=row.use_id,
        from_at=min(span[0] for span in spans),
        until_at=max(span[1] for span in spans),
        ended=ended,
        standing=Standing(
            None if last is None else What(last.what),
            Colour(row.colour if last is None else last.colour),
            row.recorded_at if last is None else last.recorded_at,
        ),
    )
