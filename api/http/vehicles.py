"""`/v1/vehicles`: the vehicle file 一车一档."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.db.queries.due_warnings import warnings_of
from api.db.queries.vehicles import known_of, vehicles_page
from api.http.access import READERS, Allow
from api.http.paging import After, Limit, Page, cursor, parse_cursor
from api.http.readings import Recorded
from api.http.vehicle_file import file_out
from api.http.vehicle_wire import (
    DedicationIn,
    Entered,
    OdometerIn,
    PaperIn,
    VehicleFile,
    VehicleIn,
    VehicleOut,
    vehicle_out,
)
from api.usecases.enter_vehicle import (
    NewDedication,
    NewPaper,
    NewVehicle,
    dedicate_vehicle,
    enter_paper,
    enter_vehicle,
)
from api.usecases.read_vehicle_file import read_vehicle_file
from api.usecases.record_reading import NewOdometer, replace_odometer
from domain.values import Role


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
        """Return the vehicles by plate, each with where it is, who has it, and what it is due for soon."""
        key = parse_cursor(after, 1)
        async with database.read(actor.bureau_id) as reader:
            vehicles = await vehicles_page(reader, key[0] if key else None, limit + 1)
            warned = await warnings_of(reader, [vehicle.vehicle_id for vehicle in vehicles[:limit]])
            page = [
                vehicle_out(known, warned[known.vehicle.vehicle_id])
                for known in await known_of(reader, vehicles[:limit])
            ]
        return Page(items=page, next=cursor(page[-1].plate) if len(vehicles) > limit else None)

    @get("/{vehicle_id:uuid}", guards=[Allow(READERS)], summary="The file of a vehicle", name="vehicle.file")
    async def file(
        self, vehicle_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> VehicleFile:
        """Return the vehicle with everything on record of it, how it stands today, and where it is."""
        async with database.read(actor.bureau_id) as reader:
            return file_out(await read_vehicle_file(reader, vehicle_id))

    @post("/{vehicle_id:uuid}/papers", guards=[Allow(Role.ADMIN)], summary="Enter a paper", name="vehicle.enter_paper")
    async def enter_paper(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[PaperIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter an inspection or insurance; the newest of a kind that has begun holds."""
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
