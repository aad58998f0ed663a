"""What a look at a vehicle needs: its uses about an instant with their sites and phones, and what its devices told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.bases import bases_of
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.holiday_seals import seal_acts_of
from api.db.queries.positions import told_by
from api.db.queries.settings import settings_of
from api.db.queries.sites import boundary_of
from api.db.queries.upkeep_places import places_of
from domain.duty import duty_hours, on_duty, sealed_at
from domain.findings.scene import EDGE, Scene, UseSeen
from domain.values import Point

REACH: Final = timedelta(hours=24)
"""How far a look goes back and ahead of what it is asked for, where no use ends it before."""

_AROUND = text(
    "SELECT max(actual_until) FILTER (WHERE actual_until < :from_at) AS before_at,"
    " min(actual_from) FILTER (WHERE actual_from > :until_at) AS after_at FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id AND actual_from IS NOT NULL"
)
_USES = text(
    "SELECT use_id, kind, actual_from, actual_until FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id AND actual_from <= :until_at"
    " AND (actual_until IS NULL OR actual_until >= :from_at) ORDER BY actual_from"
)
_SITES = text(
    "SELECT t.use_id, j.lat, j.lon FROM trip_job t JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL ORDER BY t.job_id"
)
_STATIONS = text(
    "SELECT o.use_id, p.lat, p.lon FROM upkeep_order o"
    " JOIN upkeep_place p ON p.bureau_id = o.bureau_id AND p.place_id = o.place_id"
    " WHERE o.bureau_id = :bureau_id AND o.use_id = ANY(:uses)"
)
_PHONES = text(
    "SELECT t.use_id, d.device_id FROM trip t"
    " JOIN trip_crew c ON c.bureau_id = t.bureau_id AND c.use_id = t.use_id AND c.rev = t.crew_rev"
    " JOIN device d ON d.bureau_id = c.bureau_id AND d.person_id = c.person_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses)"
)
_TERMINALS = text("SELECT device_id FROM device WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id")


async def scene_of(reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime) -> Scene:
    """Return what is known of a vehicle about a stretch of time.

    The stretch is widened to the uses around it, which are taken whole, and by a day at most where there are none: the
    same happening is seen whole from wherever it is looked at.
    """
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id}
    around = (await reader.execute(_AROUND, asked | {"from_at": from_at, "until_at": until_at})).one()
    from_at = max(from_at - REACH, around.before_at + EDGE) if around.before_at else from_at - REACH
    until_at = min(until_at + REACH, reader.now)
    if around.after_at:
        until_at = min(until_at, around.after_at - EDGE)
    until_at = max(from_at, until_at)
    uses = await _uses(reader, asked | {"from_at": from_at, "until_at": until_at})
    # A use that reaches out of the stretch is looked at whole, however long it took.
    from_at = min([from_at, *(use.from_at for use in uses)])
    until_at = max([until_at, *(use.until_at for use in uses if use.until_at)])
    terminals = (await reader.execute(_TERMINALS, asked)).scalars()
    devices = dict.fromkeys(terminals, True) | dict.fromkeys((one for use in uses for one in use.phones), False)
    seals = await seal_acts_of(reader, vehicle_id)
    settings, calendar, zone = await settings_of(reader), await calendar_of(reader), await zone_of(reader)
    return Scene(
        from_at=from_at,
        until_at=until_at,
        now=reader.now,
        told=await told_by(reader, devices, from_at, until_at),
        uses=uses,
        bases=(await bases_of(reader, [vehicle_id]))[vehicle_id],
        boundary=await boundary_of(reader),
        settings=settings,
        on_duty=lambda at, settings: on_duty(at, calendar, zone, duty_hours(settings)),
        sealed=lambda at, settings: sealed_at(at, seals, calendar, zone, by_calendar=bool(settings["holiday_seal"])),
    )


async def _uses(reader: Reader, asked: dict[str, Any]) -> tuple[UseSeen, ...]:
    rows = (await reader.execute(_USES, asked)).all()
    of_these = {"bureau_id": reader.bureau_id, "uses": [row.use_id for row in rows]}
    sites: dict[UUID, list[Point]] = {row.use_id: [] for row in rows}
    phones: dict[UUID, set[UUID]] = {row.use_id: set() for row in rows}
    if rows:
        for site in await reader.execute(_SITES, of_these):
            sites[site.use_id].append(Point(site.lat, site.lon))
        for station in await reader.execute(_STATIONS, of_these):
            sites[station.use_id].append(Point(station.lat, station.lon))
        for phone in await reader.execute(_PHONES, of_these):
            phones[phone.use_id].add(phone.device_id)
    places = await places_of(reader, retired=True) if rows else ()
    return tuple(
        UseSeen(
            use_id=row.use_id,
            trip=row.kind == "trip",
            from_at=row.actual_from,
            until_at=row.actual_until,
            places=tuple(sites[row.use_id]),
            phones=frozenset(phones[row.use_id]),
            registered=_registered(places, row.actual_from),
        )
        for row in rows
    )


def _registered(places: Sequence[Any], at: datetime) -> tuple[Point, ...]:
    return tuple(
        Point(place.lat, place.lon)
        for place in places
        if place.recorded_at <= at and (place.retired_at is None or place.retired_at > at)
    )
