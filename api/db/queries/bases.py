"""Where vehicles are kept 停放地点 and were: the base of the file, and every move of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.place.base import Base
from domain.values import Point

_FIRST = text(
    "SELECT vehicle_id, base_name AS name, base_lat AS lat, base_lon AS lon FROM vehicle"
    " WHERE bureau_id = :bureau_id AND (CAST(:vehicles AS uuid[]) IS NULL OR vehicle_id = ANY(:vehicles))"
)
# Of one instant the newest entry holds: so a move that is still to come is taken back.
_MOVES = text(
    "SELECT DISTINCT ON (vehicle_id, effective_at) vehicle_id, name, lat, lon, effective_at FROM vehicle_base"
    " WHERE bureau_id = :bureau_id AND (CAST(:vehicles AS uuid[]) IS NULL OR vehicle_id = ANY(:vehicles))"
    " ORDER BY vehicle_id, effective_at, recorded_at DESC, base_id DESC"
)
_ENTERED = text(
    "SELECT b.base_id, b.name, b.lat, b.lon, b.effective_at, b.reason, b.actor_id, b.recorded_at, p.name AS by_name"
    " FROM vehicle_base b LEFT JOIN person p ON p.bureau_id = b.bureau_id AND p.person_id = b.actor_id"
    " WHERE b.bureau_id = :bureau_id AND b.vehicle_id = :vehicle_id"
    " ORDER BY b.effective_at, b.recorded_at, b.base_id"
)


async def bases_of(reader: Reader, vehicle_ids: Collection[UUID] | None = None) -> dict[UUID, tuple[Base, ...]]:
    """Return the bases of these vehicles, or of all of the bureau, in the order in which they take effect."""
    asked = {"bureau_id": reader.bureau_id, "vehicles": None if vehicle_ids is None else list(vehicle_ids)}
    found = {row.vehicle_id: [Base(row.name, Point(row.lat, row.lon))] for row in await reader.execute(_FIRST, asked)}
    for row in await reader.execute(_MOVES, asked):
        found[row.vehicle_id].append(Base(row.name, Point(row.lat, row.lon), row.effective_at))
    return {vehicle_id: tuple(bases) for vehicle_id, bases in found.items()}


async def base_rows(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return every move of a vehicle's base as it was entered, by when it takes effect."""
    return (await reader.execute(_ENTERED, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id})).all()
