"""`/v1/trips/{use_id}/measures`: what each device's track and the readings say of a trip, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database, Reader
from api.db.queries.bases import bases_of
from api.db.queries.measures import fixes_by_device, measures_of, sites_of_uses
from api.db.queries.ratios import driven_by_reading, ratio_of, witnessed
from api.db.queries.retired import retired_at_of_uses
from api.db.queries.settings import settings_of
from api.db.tables.uses import VehicleUse
from api.http.track import FOLLOWERS
from domain.books.ratio import deviation_permille, odd
from domain.books.readings import Interval
from domain.errors import NotFound
from domain.findings.road import way_should_m
from domain.place.base import bases_during
from domain.settings import BureauSettings
from domain.track.cleaning import Dropped
from domain.track.devices import Apart, apart
from domain.track.legs import Leg
from domain.track.length import Unobserved
from domain.track.measure import Measure
from domain.track.stops import Stop
from domain.trip.life import UseKind
from domain.values import Point


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one device measured. The first of a trip is its best witness."""

    device_id: UUID
    terminal: bool
    """The vehicle's own, no phone of the crew."""
    fix_count: int
    kept: int
    """Fixes that count."""
    dropped: dict[Dropped, int]
    """Fixes that do not, by reason."""
    length_m: int
    """Metres observed."""
    unobserved_m: int
    """The least that was driven unseen; it is not in `length_m`."""
    unobserved: list[Unobserved]
    stops: list[Stop]
    legs: list[Leg]
    """The way to each site of the trip, then home; their metres add up to `length_m`."""


class TripMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """Reading and tracks of a trip, held against the vehicle's own ratio of the two."""

    plan_m: int | None
    """Metres the way should take: the shortest round from the base over all sites, as roads go; null without a site."""
    reading_m: int | None
    """Metres between the readings of departure and return; null while one is missing."""
    devices: list[Figures]
    positions_retired_at: datetime | None = None
    """When positions of the trip were retired, their time being over; the figures are those measured before."""
    apart: list[Apart]
    """When the two best witnesses were apart for longer than the bureau's setting allows."""
    ratio_permille: int | None
    """The vehicle's own ratio of track to reading in thousandths; null while too few trips have taught one."""
    ratio_trips: int
    """How many undisputed trips taught it."""
    deviation_permille: int | None
    """By how much this trip's track is longer (above 0) or shorter than that ratio makes of its reading."""
    odd: bool
    """The deviation is beyond the bureau's setting and the vehicle's own spread."""


@get(
    "/v1/trips/{use_id:uuid}/measures",
    guards=[FOLLOWERS],
    name="trips.measures",
    tags=["trips"],
    summary="What tracks and readings measure of a trip",
)
async def trip_measures(
    use_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> TripMeasures:
    """Return each device's figures apart, the metres by reading, and how far they are from each other."""
    async with database.read(actor.bureau_id) as reader:
        return await measured_trip(reader, use_id)


async def measured_trip(reader: Reader, use_id: UUID) -> TripMeasures:
    """Return what tracks and readings measure of a trip. Raises `NotFound`: there is no such trip."""
    use = await reader.get(VehicleUse, use_id)
    if use is None or use.kind != UseKind.TRIP:
        raise NotFound("There is no such trip.", use_id=str(use_id))
    measures = (await measures_of(reader, [use_id]))[use_id]
    plan_m = await _plan_m(reader, use)
    if use.actual_from is None:
        return TripMeasures(
            plan_m=plan_m,
            reading_m=None,
            devices=[],
            apart=[],
            ratio_permille=None,
            ratio_trips=0,
            deviation_permille=None,
            odd=False,
        )
    driven: Mapping[UUID, Sequence[Interval]] = {}
    if use.actual_until is not None:
        driven = await driven_by_reading(reader, use.vehicle_id, use.actual_from, use.actual_until)
    intervals = driven.get(use_id, ())
    ratio = await ratio_of(reader, use.vehicle_id, use.actual_from)
    settings = await settings_of(reader)
    metres = witnessed(measures, intervals)
    off = None if metres is None else deviation_permille(metres, ratio)
    return TripMeasures(
        plan_m=plan_m,
        reading_m=sum(interval.length_m for interval in intervals) if intervals else None,
        devices=[_figures(one) for one in measures],
        positions_retired_at=(await retired_at_of_uses(reader, [use_id])).get(use_id),
        apart=list(await _apart(reader, use_id, measures, settings)),
        ratio_permille=None if ratio is None else round(1000 * ratio.middle),
        ratio_trips=0 if ratio is None else ratio.trips,
        deviation_permille=off,
        odd=odd(off, ratio, limit_permille=settings["ratio_deviation_permille"]),
    )


async def _plan_m(reader: Reader, use: VehicleUse) -> int | None:
    sites = (await sites_of_uses(reader, [use.use_id]))[use.use_id]
    if not sites:
        return None
    from_at, until_at = use.actual_from or use.planned_from, use.actual_until or use.planned_until
    bases = bases_during((await bases_of(reader, [use.vehicle_id]))[use.vehicle_id], from_at, max(from_at, until_at))
    return way_should_m([base.place for base in bases], [Point(site.lat, site.lon) for site in sites])


async def _apart(
    reader: Reader, use_id: UUID, measures: tuple[Measure, ...], settings: BureauSettings
) -> tuple[Apart, ...]:
    two = [one.device_id for one in measures if one.kept][:2]
    if len(two) < 2:  # noqa: PLR2004 - one alone cannot disagree
        return ()
    fixes = await fixes_by_device(reader, use_id)
    if not fixes.keys() >= set(two):
        return ()
    return apart(fixes[two[0]], fixes[two[1]], over_m=settings["devices_apart_m"], for_s=settings["devices_apart_s"])


def _figures(one: Measure) -> Figures:
    return Figures(
        device_id=one.device_id,
        terminal=one.terminal,
        fix_count=one.fix_count,
        kept=one.kept,
        dropped=dict(one.dropped),
        length_m=one.length_m,
        unobserved_m=one.unobserved_m,
        unobserved=list(one.unobserved),
        stops=list(one.stops),
        legs=list(one.legs),
    )
