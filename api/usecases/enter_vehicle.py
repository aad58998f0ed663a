"""Open a vehicle's file 一车一档: the vehicle itself, its papers, and the order that dedicates it to the desk."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, Once, Reader, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.bureau import Unit
from api.db.tables.vehicles import DedicationOrder, Vehicle, VehiclePaper
from api.usecases.enter_fact import enter_fact
from domain.errors import InvalidInput, NotFound, StateConflict
from domain.values import Point


class PlateTaken(StateConflict):
    """Another vehicle of the bureau has this plate."""

    code = "plate-taken"
    zh = "本局已有车辆使用该号牌。"


class NotDedicatedThen(StateConflict):
    """A release names the unit that the vehicle is dedicated to on that day."""

    code = "not-dedicated-then"
    zh = "解除专用须针对当日该车辆所专用的单位。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVehicle:
    """A vehicle as first entered. `resolution_m` is what the dashboard's last digit is worth."""

    plate: str
    name: str
    base_name: str
    base: Point
    resolution_m: int = 1000
    vin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPaper:
    """An inspection 年检 or insurance 保险 with the days it is valid on."""

    vehicle_id: UUID
    kind: str
    document_no: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDedication:
    """A dated order: `dedicate` or `release`, with its document number."""

    vehicle_id: UUID
    unit_id: UUID
    kind: str
    effective_on: date
    document_no: str
    reason: str


async def enter_vehicle(database: Database, actor: Actor, new: NewVehicle, once: Once | None = None) -> UUID:
    """Enter a vehicle and return its id.

    Raises:
        PlateTaken: the plate is used already.
    """

    async def work(uow: UnitOfWork) -> UUID:
        taken = select(Vehicle.vehicle_id).where(Vehicle.bureau_id == uow.bureau_id, Vehicle.plate == new.plate)
        if await uow.one(taken):
            raise PlateTaken(plate=new.plate)
        vehicle_id = new_id()
        entry_id = await uow.enter(
            "vehicle-entered",
            facts={
                "vehicle_id": vehicle_id,
                "plate": new.plate,
                "name": new.name,
                "vin": new.vin,
                "resolution_m": new.resolution_m,
            },
            place={
                "base_name": new.base_name,
                "lat_e7": degrees_e7(new.base.lat),
                "lon_e7": degrees_e7(new.base.lon),
            },
        )
        await uow.insert(
            Vehicle(
                bureau_id=uow.bureau_id,
                vehicle_id=vehicle_id,
                plate=new.plate,
                name=new.name,
                vin=new.vin,
                base_name=new.base_name,
                base_lat=new.base.lat,
                base_lon=new.base.lon,
                resolution_m=new.resolution_m,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return vehicle_id

    return await database.write(actor, work, once=once, answer=UUID)


async def enter_paper(database: Database, actor: Actor, new: NewPaper, once: Once | None = None) -> UUID:
    """Enter an inspection or insurance and return its id.

    Raises:
        NotFound: there is no such vehicle.
        InvalidInput: it ends before it begins.
    """
    if new.valid_until < new.valid_from:
        raise InvalidInput("A paper ends after it begins.")

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        paper_id = new_id()
        await enter_fact(uow, "paper-entered", VehiclePaper, {"paper_id": paper_id} | asdict(new))
        return paper_id

    return await database.write(actor, work, once=once, answer=UUID)


async def dedicate_vehicle(database: Database, actor: Actor, new: NewDedication, once: Once | None = None) -> UUID:
    """Enter a dated order that dedicates a vehicle to a unit, or releases it, and return its id.

    Raises:
        NotFound: there is no such vehicle or unit.
        NotDedicatedThen: a release of what is not dedicated to the unit on that day.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        if await uow.get(Unit, new.unit_id) is None:
            raise NotFound("There is no such unit.", unit_id=str(new.unit_id))
        if new.kind == "release" and await _dedicated_to(uow, new.vehicle_id, new.effective_on) != new.unit_id:
            raise NotDedicatedThen(effective_on=new.effective_on.isoformat())
        order_id = new_id()
        await enter_fact(uow, f"vehicle-{new.kind}", DedicationOrder, {"order_id": order_id} | asdict(new))
        return order_id

    return await database.write(actor, work, once=once, answer=UUID)


async def known_vehicle(reader: Reader, vehicle_id: UUID) -> Vehicle:
    """Return the vehicle.

    Raises:
        NotFound: this bureau has no such vehicle.
    """
    vehicle = await reader.get(Vehicle, vehicle_id)
    if vehicle is None:
        raise NotFound("There is no such vehicle.", vehicle_id=str(vehicle_id))
    return vehicle


async def _dedicated_to(uow: UnitOfWork, vehicle_id: UUID, on: date) -> UUID | None:
    orders = await uow.all(
        select(DedicationOrder)
        .where(
            DedicationOrder.bureau_id == uow.bureau_id,
            DedicationOrder.vehicle_id == vehicle_id,
            col(DedicationOrder.effective_on) <= on,
        )
        .order_by(
            col(DedicationOrder.effective_on).desc(),
            col(DedicationOrder.recorded_at).desc(),
            col(DedicationOrder.order_id).desc(),
        )
        .limit(1)
    )
    return orders[0].unit_id if orders and orders[0].kind == "dedicate" else None
