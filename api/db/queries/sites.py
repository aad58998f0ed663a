"""How a site stands to the bureau's district: the boundary, the tolerance, and the custodian's decisions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.settings import settings_of
from domain.place.boundary import Boundary, drawn
from domain.use_rule.site import DecidedPlace, SiteStanding, site_standing
from domain.values import Point

_DECIDED = text(
    "SELECT lat, lon, radius_m, inside, decided_on, recorded_at FROM site_decision WHERE bureau_id = :bureau_id"
)
_BOUNDARY = text("SELECT boundary::text AS boundary FROM bureau WHERE bureau_id = :bureau_id")


async def decided_places(reader: Reader) -> tuple[DecidedPlace, ...]:
    """Return the custodian's decisions about places."""
    rows = await reader.execute(_DECIDED, {"bureau_id": reader.bureau_id})
    return tuple(
        DecidedPlace(Point(row.lat, row.lon), row.radius_m, row.inside, row.decided_on, row.recorded_at) for row in rows
    )


@lru_cache(maxsize=256)
def boundary_in(geometry: str | None) -> Boundary | None:
    """Return the boundary that a bureau's GeoJSON text draws, or None where it has none."""
    return None if geometry is None else Boundary.from_geojson(msgspec.json.decode(geometry))


async def boundary_text(reader: Reader) -> str | None:
    """Return the line of the reader's bureau as GeoJSON, WGS-84, or None where it has none."""
    found: str | None = (await reader.execute(_BOUNDARY, {"bureau_id": reader.bureau_id})).scalar_one()
    return found


async def boundary_of(reader: Reader) -> Boundary | None:
    """Return the boundary of the reader's bureau, or None where it has none."""
    return boundary_in(await boundary_text(reader))


@lru_cache(maxsize=256)
def drawn_boundary_in(geometry: str | None) -> dict[str, Any] | None:
    """Return the boundary that a bureau's GeoJSON text draws, simple enough to be drawn on a phone."""
    boundary = boundary_in(geometry)
    return None if boundary is None else drawn(boundary)


async def standing_of(reader: Reader, site: Point) -> SiteStanding:
    """Return how a site stands now."""
    tolerance_m = (await settings_of(reader))["site_tolerance_m"]
    return site_standing(site, await boundary_of(reader), tolerance_m, await decided_places(reader))
