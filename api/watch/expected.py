"""What is to be expected in a bureau now: its vehicles, who is out with which, where to, and within which limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.bases import bases_of
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.settings import settings_of
from api.db.queries.sites import boundary_of
from api.db.queries.upkeep_places import places_of
from domain.calendar import Calendar
from domain.duty import DutyHours, duty_hours, on_duty
from domain.findings.hours import WAY_HOME
from domain.findings.road import way_limit_m, way_should_m
from domain.place.base import Base, bases_during
from domain.place.boundary import Boundary
from domain.settings import BureauSettings
from domain.values import Point

_BACK: Final = timedelta(hours=24)
"""Uses that ended before are not expected any more: what comes of them is late, and looked at whole."""

_EVER: Final = datetime.max.replace(tzinfo=UTC)

_DEVICES = text(
    "SELECT device_id, vehicle_id, person_id FROM device WHERE bureau_id = :bureau_id AND revoked_at IS NULL"
)
_USES = text(
    "SELECT use_id, vehicle_id, actual_from, actual_until FROM vehicle_use WHERE bureau_id = :bureau_id"
    " AND actual_from IS NOT NULL AND (actual_until IS NULL OR actual_until > :after) ORDER BY actual_from"
)
_SITES = text(
    "SELECT t.use_id, j.lat, j.lon FROM trip_job t JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL"
)
_CREW = text(
    "SELECT t.use_id, c.person_id FROM trip t"
    " JOIN trip_crew c ON c.bureau_id = t.bureau_id AND c.use_id = t.use_id AND c.rev = t.crew_rev"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses)"
)


@dataclass(slots=True)
class Outing:
    """A use of a vehicle: from when until when (seconds since 1970; under way is until infinity), and where to."""

    vehicle_id: UUID
    from_s: float
    until_s: float
    sites: list[Point] = field(default_factory=list)
    people: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class Expected:
    """A bureau as the watch knows it."""

    bureau_id: str
    settings: BureauSettings
    boundary: Boundary | None
    places: tuple[Point, ...]
    bases: dict[UUID, tuple[Base, ...]]
    terminals: dict[UUID, UUID]
    """Vehicle by terminal."""
    phones: dict[UUID, UUID]
    """Person by phone."""
    outings: list[Outing]
    calendar: Calendar
    zone: tzinfo
    duty: DutyHours

    def vehicle_of(self, device_id: UUID, at_s: float) -> UUID | None:
        """Return which vehicle a device told of at an instant."""
        person_id = self.phones.get(device_id)
        if person_id is None:
            return self.terminals.get(device_id)
        for outing in reversed(self.outings):
            if person_id in outing.people and outing.from_s <= at_s <= outing.until_s:
                return outing.vehicle_id
        return None

    def newest_outing(self, vehicle_id: UUID) -> Outing | None:
        """Return the use that a vehicle is on, or was on last."""
        return next((one for one in reversed(self.outings) if one.vehicle_id == vehicle_id), None)

    def bases_on(self, outing: Outing) -> tuple[Point, ...]:
        """Return where the vehicle is kept from the beginning of a use to its end, moves that are to come included."""
        from_at = datetime.fromtimestamp(outing.from_s, UTC)
        until_at = _EVER if outing.until_s == float("inf") else datetime.fromtimestamp(outing.until_s, UTC)
        return tuple(one.place for one in bases_during(self.bases[outing.vehicle_id], from_at, until_at))

    def way_limit_m(self, outing: Outing) -> float:
        """Return from how many metres on a use's way is a detour."""
        if not outing.sites:
            return float("inf")
        return way_limit_m(way_should_m(self.bases_on(outing), outing.sites), self.settings)

    def off_duty(self, at_s: float) -> bool:
        """Tell whether an instant is half an hour or more away from duty hours."""
        at = datetime.fromtimestamp(at_s, UTC)
        return not any(
            on_duty(instant, self.calendar, self.zone, self.duty) for instant in (at, at - WAY_HOME, at + WAY_HOME)
        )


async def expected_in(reader: Reader) -> Expected:
    """Return what is to be expected in the reader's bureau."""
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id}
    devices = (await reader.execute(_DEVICES, asked)).all()
    settings = await settings_of(reader)
    return Expected(
        bureau_id=reader.bureau_id,
        settings=settings,
        boundary=await boundary_of(reader),
        places=tuple(Point(row.lat, row.lon) for row in await places_of(reader)),
        bases=await bases_of(reader),
        terminals={row.device_id: row.vehicle_id for row in devices if row.vehicle_id},
        phones={row.device_id: row.person_id for row in devices if row.person_id},
        outings=await _outings(reader),
        calendar=await calendar_of(reader),
        zone=await zone_of(reader),
        duty=duty_hours(settings),
    )


async def _outings(reader: Reader) -> list[Outing]:
    rows: Sequence[Any] = (
        await reader.execute(_USES, {"bureau_id": reader.bureau_id, "after": reader.now - _BACK})
    ).all()
    found = {
        row.use_id: Outing(
            row.vehicle_id,
            row.actual_from.timestamp(),
            row.actual_until.timestamp() if row.actual_until else float("inf"),
        )
        for row in rows
    }
    if found:
        asked = {"bureau_id": reader.bureau_id, "uses": list(found)}
        for site in await reader.execute(_SITES, asked):
            found[site.use_id].sites.append(Point(site.lat, site.lon))
        for seat in await reader.execute(_CREW, asked):
            found[seat.use_id].people.add(seat.person_id)
    return list(found.values())
