"""The custodian decides that a place lies inside or outside the district: a dated fact with its reason.

The shipped boundary is coarse; where it and the ground disagree, a person who answers for it says so once. It is no
override: the rule reads it like any other fact, and it speaks of the place, not of a trip.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.queries.calendar import zone_of
from api.db.tables.complaints import SiteDecision
from api.usecases.act_on_complaint import ActInFuture
from domain.place.datum import to_wgs84
from domain.values import Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSiteDecision:
    """A place with the circle of `radius_m` (1 to 500) around it that the decision speaks of; today unless dated."""

    name: str
    lat: float
    lon: float
    datum: Datum
    radius_m: int
    inside: bool
    reason: str
    decided_on: date | None = None


async def decide_site(database: Database, actor: Actor, new: NewSiteDecision, once: Once | None = None) -> UUID:
    """Record the decision and return its id.

    Raises:
        ActInFuture: it is dated later than today.
        BadPlace: the numbers are no place.
    """
    place = to_wgs84(new.lat, new.lon, new.datum)

    async def work(uow: UnitOfWork) -> UUID:
        today = uow.now.astimezone(await zone_of(uow)).date()
        decided_on = new.decided_on or today
        if decided_on > today:
            raise ActInFuture(decided_on=decided_on.isoformat())
        decision_id = new_id()
        entry_id = await uow.enter(
            "site-decided",
            facts={
                "site_decision_id": decision_id,
                "inside": new.inside,
                "radius_m": new.radius_m,
                "decided_on": decided_on,
            },
            place={
                "name": new.name,
                "reason": new.reason,
                "datum": new.datum,
                "raw_lat_e7": degrees_e7(new.lat),
                "raw_lon_e7": degrees_e7(new.lon),
                "lat_e7": degrees_e7(place.lat),
                "lon_e7": degrees_e7(place.lon),
            },
        )
        await uow.insert(
            SiteDecision(
                bureau_id=uow.bureau_id,
                site_decision_id=decision_id,
                name=new.name,
                lat=place.lat,
                lon=place.lon,
                radius_m=new.radius_m,
                inside=new.inside,
                reason=new.reason,
                decided_on=decided_on,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return decision_id

    return await database.write(actor, work, once=once, answer=UUID)
