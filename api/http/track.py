"""`/v1/trips/{use_id}/track`: the positions of a trip, cleaned and measured, for maps and other programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, Parameter

from api.db.database import Actor, Database
from api.db.queries.measures import track_of_trip
from api.db.queries.retired import retired_at_of_uses
from api.db.tables.uses import VehicleUse
from api.http.access import Allow
from domain.errors import NotFound
from domain.retention import PositionsRetired
from domain.track.export import to_geojson, to_gpx
from domain.track.length import Track
from domain.values import Role

FOLLOWERS = Allow(Role.OFFICER, Role.DRIVER, Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR)
"""Who may see where the vehicle went: those who use it and those who answer for it."""

Witness = Annotated[
    UUID | None, Parameter(description="the device whose track to show; the vehicle's terminal or best phone otherwise")
]


@get(
    "/v1/trips/{use_id:uuid}/track.geojson",
    guards=[FOLLOWERS],
    name="trips.track_geojson",
    tags=["trips"],
    summary="Track of a trip as GeoJSON (RFC 7946)",
    media_type="application/geo+json",
    opt={"answers": ["application/geo+json"]},
)
async def track_geojson(
    use_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    device_id: Witness = None,
) -> Response[bytes]:
    """Return what was observed as lines, and between them the stretches that nobody saw."""
    track = await _track(database, actor, use_id, device_id)
    return Response(msgspec.json.encode(to_geojson(track)), media_type="application/geo+json")


@get(
    "/v1/trips/{use_id:uuid}/track.gpx",
    guards=[FOLLOWERS],
    name="trips.track_gpx",
    tags=["trips"],
    summary="Track of a trip as GPX 1.1",
    media_type="application/gpx+xml",
)
async def track_gpx(
    use_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    device_id: Witness = None,
) -> Response[bytes]:
    """Return what was observed, a segment a stretch, with the unobserved stretches told in words."""
    track = await _track(database, actor, use_id, device_id)
    return Response(
        to_gpx(track, str(use_id)),
        media_type="application/gpx+xml",
        headers={"Content-Disposition": f'attachment; filename="{use_id}.gpx"'},
    )


async def _track(database: Database, actor: Actor, use_id: UUID, device_id: UUID | None) -> Track:
    """Return the track.

    Raises:
        NotFound: this bureau has no such trip.
        PositionsRetired: a month of its positions was retired.
    """
    async with database.read(actor.bureau_id) as reader:
        if await reader.get(VehicleUse, use_id) is None:
            raise NotFound("There is no such trip.", use_id=str(use_id))
        retired_at = (await retired_at_of_uses(reader, [use_id])).get(use_id)
        if retired_at is not None:
            raise PositionsRetired(retired_at=retired_at.isoformat())
        return await track_of_trip(reader, use_id, device_id)
