"""Let trips expire that never departed: background work in a bureau."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from api.db.database import UnitOfWork
from api.usecases.use_step import Source, Step, lock_use, take_step
from domain.trip.life import UseKind, UseState, UseVerb

WORD_MAY_COME_S = 86_400
"""A departure recorded on a phone without a network may still arrive within a day of the window's end."""

_OVER = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND kind = 'trip' AND (state = 'requested'"
    " AND planned_until < :now OR state = 'approved'"
    " AND planned_until + make_interval(secs => grace_s + :word_s) < :now) ORDER BY use_id"
)


async def expire_trips(uow: UnitOfWork) -> int:
    """Expire requests whose window is over, and approved trips of which no word came for a day; return how many."""
    asked = {"bureau_id": uow.bureau_id, "now": uow.now, "word_s": WORD_MAY_COME_S}
    trip_ids = list((await uow.execute(_OVER, asked)).scalars())
    return sum([await _expire(uow, trip_id) for trip_id in trip_ids])


async def _expire(uow: UnitOfWork, trip_id: UUID) -> int:
    use = await lock_use(uow, trip_id, UseKind.TRIP)
    word_s = use.grace_s + WORD_MAY_COME_S if use.state == UseState.APPROVED else 0
    waits = use.state in (UseState.REQUESTED, UseState.APPROVED)
    if not waits or use.planned_until + timedelta(seconds=word_s) >= uow.now:
        return 0
    await take_step(uow, use, Step(verb=UseVerb.EXPIRE, stated_at=uow.now, source=Source.SYSTEM))
    return 1
