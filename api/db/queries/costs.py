"""What a vehicle cost in a while, drove and burnt: costs as entered, and the account of those in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.upkeep.costs import Cost, CostKind
from domain.upkeep.fuel import Fill

_COST = (
    "SELECT c.cost_id, c.vehicle_id, c.use_id, c.kind, c.amount_fen, c.fuel_ml, c.incurred_at, c.odometer_m,"
    " c.receipt_sha256, c.document_no, c.card_no, c.corrects, c.reason, c.actor_id, c.recorded_at,"
    " k.cost_id AS corrected_by FROM vehicle_cost c"
    " LEFT JOIN vehicle_cost k ON k.bureau_id = c.bureau_id AND k.corrects = c.cost_id"
    " WHERE c.bureau_id = :bureau_id AND c.vehicle_id = :vehicle_id"
)
_PAGE = text(
    _COST + " AND (CAST(:kind AS text) IS NULL OR c.kind = :kind)"
    " AND (CAST(:use_id AS uuid) IS NULL OR c.use_id = :use_id)"
    " AND (CAST(:before_at AS timestamptz) IS NULL OR (c.incurred_at, c.cost_id)"
    "  < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))"
    " ORDER BY c.incurred_at DESC, c.cost_id DESC LIMIT :limit"
)
_BETWEEN = text(
    _COST + " AND c.incurred_at >= :from_at AND c.incurred_at < :until_at ORDER BY c.incurred_at, c.cost_id"
)
_FILLS = text(
    "SELECT c.cost_id, c.incurred_at, c.fuel_ml, coalesce(w.odometer_m, r.odometer_m) AS odometer_m, r.segment"
    " FROM vehicle_cost c JOIN reading r ON r.bureau_id = c.bureau_id AND r.reading_id = c.reading_id"
    " LEFT JOIN reading w ON w.bureau_id = r.bureau_id AND w.corrects = r.reading_id"
    "  AND (w.recorded_at <= :known_at OR w.obtained = 'third-party')"
    " WHERE c.bureau_id = :bureau_id AND c.vehicle_id = :vehicle_id AND c.kind = 'fuel' AND c.fuel_ml IS NOT NULL"
    " AND c.incurred_at < :until_at AND (c.corrects IS NULL OR c.recorded_at <= :known_at)"
    " AND NOT EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id AND k.corrects = c.cost_id"
    "  AND k.recorded_at <= :known_at) ORDER BY c.incurred_at"
)
# Last minus first reading of each odometer, the first being the one the while opens with (domain/books/stretch.py).
_DRIVEN = text(
    "SELECT coalesce(sum(s.last_m - coalesce(s.opening_m, s.first_m)), 0)::bigint FROM ("
    " SELECT (array_agg(r.odometer_m ORDER BY r.read_at DESC, r.odometer_m DESC))[1] AS last_m,"
    "  (array_agg(r.odometer_m ORDER BY r.read_at, r.odometer_m))[1] AS first_m,"
    "  (array_agg(r.odometer_m ORDER BY r.read_at DESC, r.odometer_m DESC)"
    "   FILTER (WHERE r.read_at < :from_at))[1] AS opening_m"
    " FROM reading r WHERE r.bureau_id = :bureau_id AND r.vehicle_id = :vehicle_id AND r.read_at < :until_at"
    " AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = :bureau_id AND k.corrects = r.reading_id)"
    " GROUP BY r.segment) s"
)


async def costs_page(
    reader: Reader,
    vehicle_id: UUID,
    *,
    kind: str | None,
    use_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Return the vehicle's costs from the latest on, each with the one that corrects it."""
    before_at, before_id = before or (None, None)
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "kind": kind,
        "use_id": use_id,
        "before_at": before_at,
        "before_id": before_id,
        "limit": limit,
    }
    return (await reader.execute(_PAGE, asked)).all()


async def costs_between(reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime) -> tuple[Cost, ...]:
    """Return the costs of a vehicle that were incurred in a while, corrected ones and their corrections too."""
    asked = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "from_at": from_at, "until_at": until_at}
    rows = await reader.execute(_BETWEEN, asked)
    return tuple(
        Cost(row.cost_id, CostKind(row.kind), row.amount_fen, row.fuel_ml, row.incurred_at, row.corrects)
        for row in rows
    )


async def fills_until(
    reader: Reader, vehicle_id: UUID, until_at: datetime, *, known_at: datetime | None = None
) -> tuple[Fill, ...]:
    """Return all fuel in force that was filled in before an instant, with the odometer at the pump.

    Corrections that were entered after `known_at` are left out, of litres and of the odometer; but for a third party's.
    """
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "until_at": until_at,
        "known_at": known_at or reader.now,
    }
    rows = await reader.execute(_FILLS, asked)
    return tuple(Fill(row.cost_id, row.incurred_at, row.fuel_ml, row.odometer_m, row.segment) for row in rows)


async def driven_between(reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime) -> int:
    """Return the metres by which the odometer went on in a while, as the books have it."""
    asked = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "from_at": from_at, "until_at": until_at}
    return int((await reader.execute(_DRIVEN, asked)).scalar_one())
