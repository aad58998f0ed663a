"""`/v1/vehicles`: the vehicle file 一车一档."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.http.access import Allow
from api.http.readings import Instant, Odometer, PhotoSha256, Reason, Recorded, Resolution
from api.usecases.record_reading import NewOdometer, replace_odometer
from domain.books.readings import Obtained
from domain.values import Role


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


class VehicleController(Controller):
    """The vehicles of the bureau."""

    path = "/v1/vehicles"
    tags = ("vehicles",)

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
