"""The registered places 定点单位 of a bureau, and which of them are registered still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from api.db.database import Reader

_PLACES = text(
    "SELECT p.place_id, p.kinds, p.name, p.address, p.lat, p.lon, p.document_no, p.actor_id, p.recorded_at,"
    " r.recorded_at AS retired_at, r.reason AS retired_because FROM upkeep_place p"
    " LEFT JOIN upkeep_place_retired r ON r.bureau_id = p.bureau_id AND r.place_id = p.place_id"
    " WHERE p.bureau_id = :bureau_id AND (:retired OR r.place_id IS NULL)"
    " AND (CAST(:kind AS text) IS NULL OR CAST(:kind AS text) = ANY(p.kinds)) ORDER BY p.name, p.place_id"
)


async def places_of(reader: Reader, *, kind: str | None = None, retired: bool = False) -> Sequence[Any]:
    """Return the registered places by name: those for one kind of upkeep, retired ones too, if asked for."""
    asked = {"bureau_id": reader.bureau_id, "kind": kind, "retired": retired}
    return (await reader.execute(_PLACES, asked)).all()
