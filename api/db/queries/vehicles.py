"""The vehicle file as it stands: papers, orders, devices, and where each vehicle is and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.bases import bases_of
from api.db.queries.readings import last_reading
from api.db.tables.bureau import Bureau
from api.db.tables.devices import Device
from api.db.tables.vehicles import DedicationOrder, Reading, Vehicle, VehiclePaper
from domain.place.base import Base, base_at

FRESH = timedelta(hours=24)
"""A fix older than this does not say where a vehicle is."""

_DEDICATED = text(
    "SELECT DISTINCT ON (d.vehicle_id) d.vehicle_id, d.kind, d.unit_id, u.name AS unit_name, d.document_no,"
    " d.effective_on FROM dedication_order d"
    " JOIN unit u ON u.bureau_id = d.bureau_id AND u.unit_id = d.unit_id"
    " WHERE d.bureau_id = :bureau_id AND d.vehicle_id = ANY(:vehicles) AND d.effective_on <= :on"
    " ORDER BY d.vehicle_id, d.effective_on DESC, d.recorded_at DESC, d.order_id DESC"
)
_WHO = (
    " LEFT JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id"
    " LEFT JOIN trip_crew c ON c.bureau_id = t.bureau_id AND c.use_id = t.use_id AND c.rev = t.crew_rev"
    " AND c.seat = 'driver'"
    " LEFT JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id"
    " LEFT JOIN person p ON p.bureau_id = u.bureau_id AND p.person_id = coalesce(c.person_id, o.driver_id)"
)
_UNDER_WAY = text(
    "SELECT u.vehicle_id, u.use_id, u.kind, u.actual_from, u.planned_until, o.upkeep, o.place,"  # noqa: S608 - our own words
    " p.person_id, p.name"
    f" FROM vehicle_use u {_WHO}"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = ANY(:vehicles) AND u.state = 'departed'"
)
_LAST_USE = text(
    "SELECT u.use_id, u.actual_until, d.verb, a.place FROM vehicle_use u"
    " JOIN decision d ON d.bureau_id = u.bureau_id AND d.use_id = u.use_id AND d.verb IN ('return', 'break-down')"
    " LEFT JOIN accident_report a ON a.bureau_id = u.bureau_id AND a.use_id = u.use_id"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id AND u.actual_until IS NOT NULL"
    " ORDER BY u.planned_from DESC, u.actual_until DESC, d.recorded_at DESC, a.recorded_at DESC LIMIT 1"
)
_NEXT = text(
    "SELECT DISTINCT ON (u.vehicle_id) u.vehicle_id, u.use_id, u.kind, u.planned_from, u.planned_until,"  # noqa: S608 - our own words
    f" o.upkeep, p.person_id, p.name FROM vehicle_use u {_WHO}"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = ANY(:vehicles) AND u.state = 'approved'"
    " AND u.planned_until > :now ORDER BY u.vehicle_id, u.planned_from"
)
_WITNESSES = text(
    "SELECT device_id, vehicle_id, person_id FROM device WHERE bureau_id = :bureau_id"
    " AND (vehicle_id = ANY(:vehicles) OR person_id = ANY(:drivers))"
)
_LAST_FIX = text(
    "SELECT fixed_at, lat_e7, lon_e7 FROM position WHERE bureau_id = :bureau_id AND device_id = :device_id"
    " AND fixed_at BETWEEN :since AND :now AND fixed ORDER BY fixed_at DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class LastFix:
    """Where a device last was, WGS-84."""

    fixed_at: datetime
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one vehicle now. Rows are None where there is nothing to say."""

    vehicle: Vehicle
    dedication: SqlRow[Any] | None
    under_way: SqlRow[Any] | None
    last_use: SqlRow[Any] | None
    next_use: SqlRow[Any] | None
    odometer: Reading | None
    last_fix: LastFix | None
    base: Base
    """Where it is kept now."""


async def today_of(reader: Reader) -> date:
    """Return the day it is in the bureau's zone."""
    bureau = await reader.get(Bureau)
    if bureau is None:
        raise AssertionError("who reads belongs to a bureau")
    return reader.now.astimezone(ZoneInfo(bureau.zone)).date()


async def vehicles_page(reader: Reader, after_plate: str | None, limit: int | None) -> Sequence[Vehicle]:
    """Return vehicles by plate, every one where there is no limit."""
    rows = select(Vehicle).where(Vehicle.bureau_id == reader.bureau_id).order_by(col(Vehicle.plate)).limit(limit)
    if after_plate is not None:
        rows = rows.where(col(Vehicle.plate) > after_plate)
    found: Sequence[Vehicle] = await reader.all(rows)
    return found


async def known_of(reader: Reader, vehicles: Sequence[Vehicle]) -> list[Known]:
    """Return what is known of these vehicles now, in their order."""
    asked: dict[str, Any] = {
        "bureau_id": reader.bureau_id,
        "vehicles": [vehicle.vehicle_id for vehicle in vehicles],
        "now": reader.now,
        "on": await today_of(reader),
    }

    async def by_vehicle(statement: Any) -> dict[UUID, SqlRow[Any]]:
        return {row.vehicle_id: row for row in await reader.rows(statement, asked)}

    dedicated, under_way, upcoming = [await by_vehicle(one) for one in (_DEDICATED, _UNDER_WAY, _NEXT)]
    bases = await bases_of(reader, asked["vehicles"])
    fixes = await _last_fixes(reader, asked["vehicles"], under_way)
    return [
        Known(
            vehicle,
            dedicated.get(vehicle.vehicle_id),
            under_way.get(vehicle.vehicle_id),
            await _last_use(reader, vehicle.vehicle_id),
            upcoming.get(vehicle.vehicle_id),
            await last_reading(reader, vehicle.vehicle_id),
            fixes.get(vehicle.vehicle_id),
            base_at(bases[vehicle.vehicle_id], reader.now),
        )
        for vehicle in vehicles
    ]


async def last_fixes_of(reader: Reader, vehicle_ids: list[UUID]) -> dict[UUID, LastFix]:
    """Return where each of these vehicles last was, of those of which it is known."""
    asked = {"bureau_id": reader.bureau_id, "vehicles": vehicle_ids}
    under_way = {row.vehicle_id: row for row in await reader.rows(_UNDER_WAY, asked)}
    return await _last_fixes(reader, vehicle_ids, under_way)


async def _last_use(reader: Reader, vehicle_id: UUID) -> SqlRow[Any] | None:
    rows = await reader.execute(_LAST_USE, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id})
    return rows.one_or_none()


async def _last_fixes(reader: Reader, vehicles: list[UUID], under_way: dict[UUID, SqlRow[Any]]) -> dict[UUID, LastFix]:
    """Return the newest fix of each vehicle's terminal, or of its driver's phone since the use began."""
    drives = {row.person_id: vehicle_id for vehicle_id, row in under_way.items() if row.person_id}
    devices = await reader.execute(
        _WITNESSES, {"bureau_id": reader.bureau_id, "vehicles": vehicles, "drivers": list(drives)}
    )
    newest: dict[UUID, LastFix] = {}
    for device in devices.all():
        vehicle_id = device.vehicle_id or drives[device.person_id]
        since = reader.now - FRESH
        if device.vehicle_id is None:
            since = max(since, under_way[vehicle_id].actual_from)
        row = (
            await reader.execute(
                _LAST_FIX,
                {"bureau_id": reader.bureau_id, "device_id": device.device_id, "since": since, "now": reader.now},
            )
        ).one_or_none()
        if row is not None and (vehicle_id not in newest or newest[vehicle_id].fixed_at < row.fixed_at):
            newest[vehicle_id] = LastFix(row.fixed_at, row.lat_e7 / 1e7, row.lon_e7 / 1e7)
    return newest


async def papers_of(reader: Reader, vehicle_id: UUID) -> Sequence[VehiclePaper]:
    """Return every paper of the vehicle, the newest entry first; the newest of a kind that has begun holds."""
    rows: Sequence[VehiclePaper] = await reader.all(
        select(VehiclePaper)
        .where(VehiclePaper.bureau_id == reader.bureau_id, VehiclePaper.vehicle_id == vehicle_id)
        .order_by(col(VehiclePaper.recorded_at).desc(), col(VehiclePaper.paper_id).desc())
    )
    return rows


async def dedications_of(reader: Reader, vehicle_id: UUID) -> Sequence[DedicationOrder]:
    """Return every dedication order of the vehicle, from the day it takes effect; of one day the newest entry holds."""
    rows: Sequence[DedicationOrder] = await reader.all(
        select(DedicationOrder)
        .where(DedicationOrder.bureau_id == reader.bureau_id, DedicationOrder.vehicle_id == vehicle_id)
        .order_by(col(DedicationOrder.effective_on), col(DedicationOrder.recorded_at), col(DedicationOrder.order_id))
    )
    return rows


async def terminals_of(reader: Reader, vehicle_id: UUID) -> Sequence[Device]:
    """Return the terminals of the vehicle, revoked ones too."""
    rows: Sequence[Device] = await reader.all(
        select(Device)
        .where(Device.bureau_id == reader.bureau_id, Device.vehicle_id == vehicle_id)
        .order_by(col(Device.name), col(Device.device_id))
    )
    return rows
