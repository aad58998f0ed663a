"""What devices told beside fixes: events, and terminals' own counts of metres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from api.db.database import Reader

_EVENTS: Final = (
    "SELECT event_id, kind, at, received_at, detail FROM device_event"
    " WHERE bureau_id = :bureau_id AND device_id = :device_id"
)
_READINGS: Final = (
    "SELECT r.device_id, r.read_at, r.odometer_m, r.received_at FROM terminal_reading r"
    " JOIN device d ON d.bureau_id = r.bureau_id AND d.device_id = r.device_id"
    " WHERE r.bureau_id = :bureau_id AND d.bureau_id = :bureau_id AND d.vehicle_id = :vehicle_id"
)


async def events_page(
    reader: Reader, device_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return events of a device, the last received first, from those before an instant and id on."""
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "device_id": device_id, "limit": limit}
    where = ""
    if before is not None:
        where = " AND (received_at, event_id) < (:at, :event_id)"
        asked |= {"at": before[0], "event_id": before[1]}
    found = await reader.execute(text(f"{_EVENTS}{where} ORDER BY received_at DESC, event_id DESC LIMIT :limit"), asked)
    return found.all()


async def terminal_readings_page(
    reader: Reader, vehicle_id: UUID, before: tuple[datetime, UUID, int] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return counts of a vehicle's terminals, the latest first, from those before an instant, device and count on."""
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "limit": limit}
    where = ""
    if before is not None:
        where = " AND (r.read_at, r.device_id, r.odometer_m) < (:at, :device_id, :odometer_m)"
        asked |= {"at": before[0], "device_id": before[1], "odometer_m": before[2]}
    found = await reader.execute(
        text(f"{_READINGS}{where} ORDER BY r.read_at DESC, r.device_id DESC, r.odometer_m DESC LIMIT :limit"), asked
    )
    return found.all()
