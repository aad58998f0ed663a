"""What vehicles are due for soon, or were: for the list of vehicles and for who asks for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.dues import as_due, odometer_before
from api.db.queries.settings import settings_of
from api.db.queries.vehicles import today_of
from domain.upkeep.dues import Due
from domain.upkeep.warned import DueWarning, PaperKind, due_warnings

_PAPERS = text(
    "SELECT vehicle_id, kind, valid_from, valid_until FROM vehicle_paper"
    " WHERE bureau_id = :bureau_id AND vehicle_id = ANY(:vehicles) ORDER BY recorded_at DESC, paper_id DESC"
)
_DUES = text(
    "SELECT DISTINCT ON (vehicle_id, kind) vehicle_id, due_id, kind, due_on, due_m, segment FROM vehicle_due"
    " WHERE bureau_id = :bureau_id AND vehicle_id = ANY(:vehicles)"
    " ORDER BY vehicle_id, kind, recorded_at DESC, due_id DESC"
)


async def warnings_of(reader: Reader, vehicle_ids: Collection[UUID]) -> dict[UUID, tuple[DueWarning, ...]]:
    """Return by vehicle what is to be said of it, by the bureau's `inspection_warn_days` and `service_warn_km`."""
    if not vehicle_ids:
        return {}
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "vehicles": list(vehicle_ids)}
    papers: dict[UUID, dict[PaperKind, list[tuple[date, date]]]] = defaultdict(lambda: defaultdict(list))
    for row in await reader.execute(_PAPERS, asked):
        papers[row.vehicle_id][PaperKind(row.kind)].append((row.valid_from, row.valid_until))
    dues: dict[UUID, list[Due]] = defaultdict(list)
    for row in await reader.execute(_DUES, asked):
        dues[row.vehicle_id].append(as_due(row))
    settings, today = await settings_of(reader), await today_of(reader)
    found = {}
    for vehicle_id in vehicle_ids:
        counted = any(due.due_m is not None for due in dues[vehicle_id])
        found[vehicle_id] = tuple(
            due_warnings(
                dict(papers[vehicle_id]),
                dues[vehicle_id],
                today,
                await odometer_before(reader, vehicle_id, None) if counted else None,
                warn_days=settings["inspection_warn_days"],
                warn_m=settings["service_warn_km"] * 1_000,
            )
        )
    return found
