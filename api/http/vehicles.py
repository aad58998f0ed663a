"""`/v1/vehicles`: the vehicle file 一车一档."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.db.queries.vehicles import Known, dedications_of, known_of, papers_of, terminals_of, vehicles_page
from api.db.tables.vehicles import DedicationOrder, VehiclePaper
from api.http.access import READERS, Allow
from api.http.fields import SAYS_SOMETHING
from api.http.paging import After, Limit, Page, cursor, parse_cursor
from api.http.place import Place
from api.http.readings import Instant, Odometer, PhotoSha256, Reason, Recorded, Resolution
from api.usecases.enter_vehicle import (
    NewDedication,
    NewPaper,
    NewVehicle,
    dedicate_vehicle,
    enter_paper,
    enter_vehicle,
    known_vehicle,
)
from api.usecases.record_reading import NewOdometer, replace_odometer
from domain.books.readings import Obtained
from domain.values import Role

Plate = Annotated[str, msgspec.Meta(pattern=r"^[^\s\x00]{2,12}$", examples=["闽B12315"])]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["消费维权专用车"])]
Vin = Annotated[str, msgspec.Meta(pattern="^[A-HJ-NPR-Z0-9]{17}$", examples=["LSVAA4182E2123456"])]
DocumentNo = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["莆城市监〔2026〕12号"])
]


class VehicleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle as first entered."""

    plate: Plate
    name: Name
    vin: Vin | None = None
    base_name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["局机关停车场"])
    ]
    base: Place
    """Where it is kept 停放地点."""
    resolution_m: Resolution = 1000
    """What the dashboard's last digit is worth."""


class PaperIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An inspection 年检 or insurance 保险 and the days it is valid on, both included."""

    kind: Literal["inspection", "insurance"]
    document_no: DocumentNo
    valid_from: date
    valid_until: date


class DedicationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dated order: from this day the vehicle serves the unit, or no longer does."""

    kind: Literal["dedicate", "release"]
    unit_id: UUID
    effective_on: date
    document_no: DocumentNo
    reason: Reason


class OdometerIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another odometer in the vehicle, and what both showed at that moment."""

    replaced_at: Instant
    old_odometer_m: Odometer | None
    """Null where the old one could not be read."""
    new_odometer_m: Odometer
    resolution_m: Resolution | None = None
    """Left out: what the vehicle's dashboard shows."""
    obtained: Obtained
    reason: Reason
    photo_sha256: PhotoSha256 | None = None


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What was entered."""

    id: UUID


class PaperOut(msgspec.Struct, frozen=True, kw_only=True):
    """A paper as entered; the newest of a kind holds."""

    paper_id: UUID
    kind: str
    document_no: str
    valid_from: date
    valid_until: date
    actor_id: UUID
    recorded_at: datetime


class DedicationOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order as entered; of one day the newest entry holds."""

    order_id: UUID
    kind: str
    unit_id: UUID
    effective_on: date
    document_no: str
    reason: str
    actor_id: UUID
    recorded_at: datetime


class TerminalOut(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal built into the vehicle."""

    device_id: UUID
    name: str
    revoked_at: datetime | None


class DedicatedTo(msgspec.Struct, frozen=True, kw_only=True):
    """The unit that the vehicle serves today, by which order."""

    unit_id: UUID
    unit_name: str
    document_no: str
    since_on: date


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A trip or upkeep order, now or next."""

    use_id: UUID
    kind: str
    upkeep: str | None
    from_at: datetime
    until_at: datetime
    driver_id: UUID | None
    driver_name: str | None


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle last was, WGS-84."""

    lat: float
    lon: float
    fixed_at: datetime


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle is and who has it."""

    state: Literal["at-base", "on-trip", "at-upkeep", "broken-down"]
    place: str | None
    """The base, the workshop, or where it broke down; null on a trip."""
    under_way: Use | None
    next_use: Use | None
    odometer_m: int | None
    odometer_read_at: datetime | None
    last_fix: Fix | None


class VehicleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle and its state now."""

    vehicle_id: UUID
    plate: str
    name: str
    vin: str | None
    base_name: str
    base_lat: float
    base_lon: float
    resolution_m: int
    dedicated_to: DedicatedTo | None
    now: State


class VehicleFile(VehicleOut, frozen=True, kw_only=True):
    """The whole file: the vehicle with its papers, orders and terminals."""

    papers: list[PaperOut]
    dedication_orders: list[DedicationOut]
    terminals: list[TerminalOut]


class VehicleController(Controller):
    """The vehicles of the bureau."""

    path = "/v1/vehicles"
    tags = ("vehicles",)

    @post(guards=[Allow(Role.ADMIN)], summary="Enter a vehicle", name="vehicle.enter")
    async def enter(
        self,
        data: JSONBody[VehicleIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Open the file of a vehicle."""
        new = NewVehicle(
            plate=data.plate,
            name=data.name,
            vin=data.vin,
            base_name=data.base_name,
            base=data.base.point(),
            resolution_m=data.resolution_m,
        )
        return Entered(id=await enter_vehicle(database, actor, new, once))

    @get(guards=[Allow(READERS)], summary="List the vehicles", name="vehicle.list")
    async def list_vehicles(
        self, actor: NamedDependency[Actor], database: NamedDependency[Database], limit: Limit = 50, after: After = None
    ) -> Page[VehicleOut]:
        """Return the vehicles by plate, each with where it is and who has it."""
        key = parse_cursor(after, 1)
        async with database.read(actor.bureau_id) as reader:
            vehicles = await vehicles_page(reader, key[0] if key else None, limit + 1)
            page = [_vehicle_out(known) for known in await known_of(reader, vehicles[:limit])]
        return Page(items=page, next=cursor(page[-1].plate) if len(vehicles) > limit else None)

    @get("/{vehicle_id:uuid}", guards=[Allow(READERS)], summary="The file of a vehicle", name="vehicle.file")
    async def file(
        self, vehicle_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> VehicleFile:
        """Return the vehicle with its papers, orders, terminals and state."""
        async with database.read(actor.bureau_id) as reader:
            vehicle = await known_vehicle(reader, vehicle_id)
            known = (await known_of(reader, [vehicle]))[0]
            out = _vehicle_out(known)
            return VehicleFile(
                **{name: getattr(out, name) for name in out.__struct_fields__},
                papers=[_paper_out(row) for row in await papers_of(reader, vehicle_id)],
                dedication_orders=[_dedication_out(row) for row in await dedications_of(reader, vehicle_id)],
                terminals=[
                    TerminalOut(device_id=row.device_id, name=row.name, revoked_at=row.revoked_at)
                    for row in await terminals_of(reader, vehicle_id)
                ],
            )

    @post("/{vehicle_id:uuid}/papers", guards=[Allow(Role.ADMIN)], summary="Enter a paper", name="vehicle.enter_paper")
    async def enter_paper(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[PaperIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter an inspection or insurance; the newest of a kind holds."""
        new = NewPaper(
            vehicle_id=vehicle_id,
            kind=data.kind,
            document_no=data.document_no,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        return Entered(id=await enter_paper(database, actor, new, once))

    @post(
        "/{vehicle_id:uuid}/dedication-orders",
        guards=[Allow(Role.ADMIN)],
        summary="Dedicate or release a vehicle",
        name="vehicle.dedicate",
    )
    async def dedicate(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[DedicationIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter a dated order with its document: the rule asks which order holds on the day of a trip."""
        new = NewDedication(
            vehicle_id=vehicle_id,
            unit_id=data.unit_id,
            kind=data.kind,
            effective_on=data.effective_on,
            document_no=data.document_no,
            reason=data.reason,
        )
        return Entered(id=await dedicate_vehicle(database, actor, new, once))

    @post(
        "/{vehicle_id:uuid}/odometer-replacements",
        guards=[Allow(Role.CUSTODIAN, Role.DESK_CHIEF)],
        summary="Enter that the odometer was replaced",
        name="vehicle.replace_odometer",
    )
    async def replace_odometer(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[OdometerIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Recorded:
        """Begin a new segment: readings of the two odometers are never subtracted from one another."""
        new = NewOdometer(
            vehicle_id=vehicle_id,
            replaced_at=data.replaced_at,
            old_m=data.old_odometer_m,
            new_m=data.new_odometer_m,
            resolution_m=data.resolution_m,
            reason=data.reason,
            obtained=data.obtained,
            photo_sha256=data.photo_sha256,
        )
        return Recorded(reading_id=await replace_odometer(database, actor, new, once))


def _vehicle_out(known: Known) -> VehicleOut:
    vehicle, order = known.vehicle, known.dedication
    dedicated = order is not None and order.kind == "dedicate"
    return VehicleOut(
        vehicle_id=vehicle.vehicle_id,
        plate=vehicle.plate,
        name=vehicle.name,
        vin=vehicle.vin,
        base_name=vehicle.base_name,
        base_lat=vehicle.base_lat,
        base_lon=vehicle.base_lon,
        resolution_m=vehicle.resolution_m,
        dedicated_to=DedicatedTo(
            unit_id=order.unit_id,
            unit_name=order.unit_name,
            document_no=order.document_no,
            since_on=order.effective_on,
        )
        if order is not None and dedicated
        else None,
        now=_state_out(known),
    )


def _state_out(known: Known) -> State:
    on, upcoming, last = known.under_way, known.next_use, known.last_use
    state: Literal["at-base", "on-trip", "at-upkeep", "broken-down"] = "at-base"
    place: str | None = known.vehicle.base_name
    if on is not None:
        state, place = ("on-trip", None) if on.kind == "trip" else ("at-upkeep", on.place)
    elif last is not None and last.verb == "break-down":
        state, place = "broken-down", last.place
    fix = known.last_fix
    return State(
        state=state,
        place=place,
        under_way=Use(
            use_id=on.use_id,
            kind=on.kind,
            upkeep=on.upkeep,
            from_at=on.actual_from,
            until_at=on.planned_until,
            driver_id=on.person_id,
            driver_name=on.name,
        )
        if on is not None
        else None,
        next_use=Use(
            use_id=upcoming.use_id,
            kind=upcoming.kind,
            upkeep=upcoming.upkeep,
            from_at=upcoming.planned_from,
            until_at=upcoming.planned_until,
            driver_id=upcoming.person_id,
            driver_name=upcoming.name,
        )
        if upcoming is not None
        else None,
        odometer_m=known.odometer.odometer_m if known.odometer else None,
        odometer_read_at=known.odometer.read_at if known.odometer else None,
        last_fix=Fix(lat=fix.lat, lon=fix.lon, fixed_at=fix.fixed_at) if fix else None,
    )


def _paper_out(row: VehiclePaper) -> PaperOut:
    return PaperOut(
        paper_id=row.paper_id,
        kind=row.kind,
        document_no=row.document_no,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def _dedication_out(row: DedicationOrder) -> DedicationOut:
    return DedicationOut(
        order_id=row.order_id,
        kind=row.kind,
        unit_id=row.unit_id,
        effective_on=row.effective_on,
        document_no=row.document_no,
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )
