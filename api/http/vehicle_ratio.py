"""`/v1/vehicles/{id}/ratio`: how a month's tracks and readings stand to what the vehicle had shown before it."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.calendar import zone_of
from api.db.queries.ratios import against_ratio
from api.http.access import Allow
from api.http.fields import Month
from api.http.statements import month_asked
from api.usecases.enter_vehicle import known_vehicle
from domain.calendar import month_span
from domain.values import Role


class MonthRatio(msgspec.Struct, frozen=True, kw_only=True):
    """A month's trips together against the vehicle's own ratio of track to reading, from the trips before the month."""

    month: str
    trips: int
    """Trips of the month with readings at both ends and a track."""
    length_m: int
    """Metres observed by the best witness of each."""
    unobserved_m: int
    """The least that was driven unseen."""
    reading_m: int
    ratio_permille: int | None
    """The vehicle's own ratio in thousandths; null while too few undisputed trips have taught one."""
    ratio_trips: int
    deviation_permille: int | None
    """By how much the tracks are longer (above 0) or shorter than that ratio makes of the readings."""
    odd: bool
    """More than chance makes of so many trips."""


@get(
    "/v1/vehicles/{vehicle_id:uuid}/ratio",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    name="vehicle.ratio",
    tags=["vehicles"],
    summary="A month's tracks and readings against the vehicle's own ratio",
)
async def vehicle_ratio(
    vehicle_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    month: Month,
) -> MonthRatio:
    """Return what readings typed a little low on every trip come to in a month."""
    asked = month_asked(month)
    async with database.read(actor.bureau_id) as reader:
        await known_vehicle(reader, vehicle_id)
        found = await against_ratio(reader, vehicle_id, *month_span(asked, await zone_of(reader)))
    return MonthRatio(
        month=month,
        trips=found.trips,
        length_m=found.sums.length_m,
        unobserved_m=found.sums.unobserved_m,
        reading_m=found.sums.reading_m,
        ratio_permille=None if found.ratio is None else round(1000 * found.ratio.middle),
        ratio_trips=0 if found.ratio is None else found.ratio.trips,
        deviation_permille=found.deviation_permille,
        odd=found.odd,
    )
