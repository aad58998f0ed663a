"""What a vehicle's file 一车一档 holds beside its papers and orders: cards, documents, repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

_CARDS = text(
    "SELECT card_id, kind, card_no, issuer, held, effective_on, reason, actor_id, recorded_at FROM vehicle_card"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id ORDER BY effective_on, recorded_at, card_id"
)
_DOCUMENTS = text(
    "SELECT document_id, kind, title, sha256, about_id, actor_id, recorded_at FROM vehicle_document"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id ORDER BY recorded_at, document_id"
)
_REPAIRS = text(
    "SELECT u.use_id, o.upkeep, u.state, o.place, o.place_id, u.actual_from AS from_at, u.actual_until AS until_at,"
    " o.reason, o.document_no, coalesce((SELECT sum(c.amount_fen) FROM vehicle_cost c WHERE c.bureau_id = :bureau_id"
    "  AND c.use_id = u.use_id AND NOT EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id"
    "   AND k.corrects = c.cost_id)), 0)::bigint AS cost_fen"
    " FROM vehicle_use u JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id AND u.actual_from IS NOT NULL"
    " AND o.upkeep IN ('repair', 'inspection', 'tyres', 'insurance', 'tow') ORDER BY u.actual_from DESC, u.use_id"
)


async def cards_of_vehicle(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return what was entered of the vehicle's cards, in order."""
    return await _rows(reader, _CARDS, vehicle_id)


async def documents_of(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return the documents of the vehicle's file, in order."""
    return await _rows(reader, _DOCUMENTS, vehicle_id)


async def repairs_of(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return the repairs and the like that the vehicle went to, the latest first, with what each cost."""
    return await _rows(reader, _REPAIRS, vehicle_id)


async def _rows(reader: Reader, statement: Any, vehicle_id: UUID) -> Sequence[Any]:
    return (await reader.execute(statement, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id})).all()
