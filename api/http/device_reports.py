"""What devices told beside fixes: events of a device, and the counts of metres of a vehicle's terminals."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.device_reports import events_page, terminal_readings_page
from api.db.tables.devices import Device
from api.http.access import READERS, Allow
from api.http.devices import VIEWERS
from api.http.paging import (
    After,
    BadCursor,
    Limit,
    Page,
    cursor,
    instant_cursor,
    parse_cursor,
    parse_instant_cursor,
)
from api.usecases.enter_vehicle import known_vehicle
from domain.errors import NotFound


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something a device told that is no fix; of a phone only what befell on its person's trips."""

    event_id: UUID
    kind: str
    at: datetime | None
    """By the device's clock, where it says."""
    received_at: datetime
    detail: dict[str, Any]


class TerminalReading(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal's own count of metres 终端里程: it stands beside the dashboard's readings and replaces none."""

    device_id: UUID
    read_at: datetime
    odometer_m: int
    received_at: datetime


@get(
    "/v1/devices/{device_id:uuid}/events",
    guards=[VIEWERS],
    tags=["devices"],
    summary="List what a device told beside fixes",
    name="devices.events",
)
async def list_device_events(
    device_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    after: After = None,
    limit: Limit = 50,
) -> Page[DeviceEvent]:
    """Return events of a device, the last received first."""
    async with database.read(actor.bureau_id) as reader:
        if await reader.get(Device, device_id) is None:
            raise NotFound("There is no such device.", device_id=str(device_id))
        rows = await events_page(reader, device_id, parse_instant_cursor(after), limit + 1)
    items = [msgspec.convert(row, DeviceEvent, from_attributes=True) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next=instant_cursor(items[-1].received_at, items[-1].event_id) if more else None)


@get(
    "/v1/vehicles/{vehicle_id:uuid}/terminal-readings",
    guards=[Allow(READERS)],
    tags=["readings"],
    summary="List what a vehicle's terminals count",
    name="reading.of-terminals",
)
async def list_terminal_readings(
    vehicle_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    after: After = None,
    limit: Limit = 50,
) -> Page[TerminalReading]:
    """Return the counts of metres of a vehicle's terminals, the latest first; the dashboard's are `/v1/readings`."""
    async with database.read(actor.bureau_id) as reader:
        await known_vehicle(reader, vehicle_id)
        rows = await terminal_readings_page(reader, vehicle_id, _before(after), limit + 1)
    items = [msgspec.convert(row, TerminalReading, from_attributes=True) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(
        items=items,
        next=cursor(last.read_at.isoformat(), str(last.device_id), str(last.odometer_m)) if last else None,
    )


def _before(after: str | None) -> tuple[datetime, UUID, int] | None:
    key = parse_cursor(after, 3)
    if key is None:
        return None
    try:
        read_at, device_id, odometer_m = datetime.fromisoformat(key[0]), UUID(key[1]), int(key[2])
    except ValueError as fault:
        raise BadCursor from fault
    if read_at.tzinfo is None or not 0 <= odometer_m < 2**63:
        raise BadCursor
    return read_at, device_id, odometer_m
