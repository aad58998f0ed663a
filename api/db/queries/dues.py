"""What a vehicle is due for, and what its odometer shows: for the rule and for the vehicle's file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.upkeep.dues import Due, DueKind, Odometer

_DUES = text(
    "SELECT DISTINCT ON (d.kind) d.due_id, d.kind, d.done_on, d.done_m, d.segment, d.every_months, d.every_m,"
    " d.due_on, d.due_m, d.document_no, d.actor_id, d.recorded_at FROM vehicle_due d"
    " WHERE d.bureau_id = :bureau_id AND d.vehicle_id = :vehicle_id"
    " ORDER BY d.kind, d.recorded_at DESC, d.due_id DESC"
)
_ODOMETER = text(
    "SELECT r.segment, r.odometer_m FROM reading r WHERE r.bureau_id = :bureau_id AND r.vehicle_id = :vehicle_id"
    " AND (CAST(:before AS timestamptz) IS NULL OR r.read_at < :before)"
    " AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = :bureau_id AND k.corrects = r.reading_id)"
    " ORDER BY r.read_at DESC, r.segment DESC, r.odometer_m DESC LIMIT 1"
)


async def due_rows(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return the newest entry of every kind of due of a vehicle."""
    return (await reader.execute(_DUES, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id})).all()


async def dues_of(reader: Reader, vehicle_id: UUID) -> tuple[Due, ...]:
    """Return what a vehicle is due for, as the rule sees it."""
    return tuple(as_due(row) for row in await due_rows(reader, vehicle_id))


def as_due(row: Any) -> Due:
    """Return an entry as the rule sees it."""
    return Due(row.due_id, DueKind(row.kind), row.due_on, row.due_m, row.segment)


async def odometer_before(reader: Reader, vehicle_id: UUID, before: datetime | None) -> Odometer | None:
    """Return what the odometer showed by the newest reading in force, or the newest one taken before an instant."""
    asked = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "before": before}
    row = (await reader.execute(_ODOMETER, asked)).one_or_none()
    return None if row is None else Odometer(row.segment, row.odometer_m)
