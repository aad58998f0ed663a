"""What was done to the seal of a vehicle 节假日封存, for the rule and for its file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader, UnitOfWork
from domain.duty import SealAct, SealVerb

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('seal ' || :bureau_id || :vehicle_id, 0))")
_ACTS = text(
    "SELECT s.seal_id, s.verb, s.at, s.place, s.reason, s.reading_id, r.odometer_m, s.actor_id, s.recorded_at"
    " FROM holiday_seal s JOIN reading r ON r.bureau_id = s.bureau_id AND r.reading_id = s.reading_id"
    " WHERE s.bureau_id = :bureau_id AND s.vehicle_id = :vehicle_id ORDER BY s.at DESC, s.seal_id DESC"
)
_UNDER_WAY = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id"
    " AND actual_from <= :at AND (actual_until IS NULL OR actual_until > :at) LIMIT 1"
)


async def lock_seals(uow: UnitOfWork, vehicle_id: UUID) -> None:
    """Wait until no other transaction seals or unseals the vehicle; the trigger takes the same lock."""
    await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "vehicle_id": str(vehicle_id)})


async def seal_rows(reader: Reader, vehicle_id: UUID) -> Sequence[Any]:
    """Return every act on the seal of a vehicle, the latest first."""
    return (await reader.execute(_ACTS, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id})).all()


async def seal_acts_of(reader: Reader, vehicle_id: UUID) -> tuple[SealAct, ...]:
    """Return what was done to the seal of a vehicle, as the rule sees it."""
    return as_acts(await seal_rows(reader, vehicle_id))


def as_acts(rows: Sequence[Any]) -> tuple[SealAct, ...]:
    """Return such rows as the rule sees them."""
    return tuple(SealAct(SealVerb(row.verb), row.at) for row in rows)


async def under_way_then(reader: Reader, vehicle_id: UUID, at: datetime) -> UUID | None:
    """Return the use that the vehicle was on at an instant, or None."""
    asked = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "at": at}
    found: UUID | None = (await reader.execute(_UNDER_WAY, asked)).scalar_one_or_none()
    return found
