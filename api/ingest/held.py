"""A phone's fixes outside its person's trips: held for a day, promoted when a trip turns up, else dropped.

A departure made offline arrives after the fixes of its way. `promote_held` is part of the unit of work that records a
departure; `promote_all_held` finds what slipped between a departure and the moment every process knew of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from api.db.database import UnitOfWork
from api.ingest.devices import tell_devices

HELD_FOR: Final = timedelta(hours=24)
"""How long a fix is held (DESIGN: privacy)."""

FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a trip under way."""

_COLUMNS = (
    "bureau_id, device_id, fixed_at, lat_e7, lon_e7, source_seq, datum, raw_lat, raw_lon, accuracy_m, altitude_m,"
    " speed_mps, course_deg, fixed, mock, request_no"
)
# When it came stands in the attributes; it counts, and is digested, from now on.
_PROMOTE = text(
    f"INSERT INTO position ({_COLUMNS}, received_at, attributes)"  # noqa: S608 - constants only
    f" SELECT {_COLUMNS}, :now, coalesce(attributes, '{{}}') || jsonb_build_object('held_since', received_at)"
    " FROM position_held WHERE bureau_id = :bureau_id AND device_id = :device_id"
    " AND fixed_at BETWEEN :from_at AND :until_at ON CONFLICT DO NOTHING"
)
# Only what counts now: a fix that came since the statement before is held on, and found by the next round.
_FORGET = text(
    "DELETE FROM position_held h WHERE h.bureau_id = :bureau_id AND h.device_id = :device_id"
    " AND h.fixed_at BETWEEN :from_at AND :until_at AND EXISTS (SELECT 1 FROM position p"
    " WHERE p.bureau_id = h.bureau_id AND p.bureau_id = :bureau_id AND p.device_id = h.device_id"
    " AND p.fixed_at = h.fixed_at AND p.fixed_at BETWEEN :from_at AND :until_at AND p.lat_e7 = h.lat_e7"
    " AND p.lon_e7 = h.lon_e7 AND p.source_seq = h.source_seq)"
)
_PHONES_ABOARD = (
    "SELECT d.device_id, u.actual_from, u.actual_until FROM vehicle_use u"
    " JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id"
    " JOIN trip_crew c ON c.bureau_id = t.bureau_id AND c.use_id = t.use_id AND c.rev = t.crew_rev"
    " JOIN device d ON d.bureau_id = c.bureau_id AND d.person_id = c.person_id"
    " WHERE u.bureau_id = :bureau_id AND u.actual_from IS NOT NULL"
)
_OF_TRIP = text(f"{_PHONES_ABOARD} AND u.use_id = :use_id")
_OF_ALL_TRIPS = text(
    f"{_PHONES_ABOARD} AND EXISTS (SELECT 1 FROM position_held h WHERE h.bureau_id = d.bureau_id"  # noqa: S608 - constants only
    " AND h.device_id = d.device_id AND h.fixed_at >= u.actual_from"
    " AND (u.actual_until IS NULL OR h.fixed_at <= u.actual_until) AND h.bureau_id = :bureau_id)"
)
_DROP = text("DELETE FROM position_held WHERE bureau_id = :bureau_id AND received_at < :before")


async def promote_held(uow: UnitOfWork, use_id: UUID) -> int:
    """Let the held fixes of a trip's phones count, and let every process know who is aboard; return how many.

    Called in the unit of work that sets or changes the actual times of a trip, after the rows are written.
    """
    trips = await uow.execute(_OF_TRIP, {"bureau_id": uow.bureau_id, "use_id": use_id})
    await tell_devices(uow)
    return await _promote(uow, trips.all())


async def promote_all_held(uow: UnitOfWork) -> int:
    """Let every held fix count that lies within a trip its phone's person is aboard; return how many."""
    trips = await uow.execute(_OF_ALL_TRIPS, {"bureau_id": uow.bureau_id})
    return await _promote(uow, trips.all())


async def drop_held(uow: UnitOfWork) -> int:
    """Drop what was held for a day and no trip claimed; return how many."""
    dropped = await uow.execute(_DROP, {"bureau_id": uow.bureau_id, "before": uow.now - HELD_FOR})
    return dropped.rowcount


async def _promote(uow: UnitOfWork, trips: Sequence[Row[Any]]) -> int:
    promoted = 0
    for trip in trips:
        window = {
            "bureau_id": uow.bureau_id,
            "device_id": trip.device_id,
            "from_at": trip.actual_from,
            "until_at": trip.actual_until or FOREVER,
        }
        promoted += (await uow.execute(_PROMOTE, window | {"now": uow.now})).rowcount
        await uow.execute(_FORGET, window)
    return promoted
