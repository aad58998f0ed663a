"""Let trips and upkeep orders expire that never departed: background work in a bureau."""

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
    "SELECT use_id, kind FROM vehicle_use WHERE bureau_id = :bureau_id AND (state = 'requested'"
    " AND planned_until < :now OR state = 'approved'"
    " AND planned_until + make_interval(secs => grace_s + :word_s) < :now) ORDER BY use_id"
)


async def expire_uses(uow: UnitOfWork) -> int:
    """Expire requests whose window is over, and what was approved and of which no word came for a day.

    Returns how many. Their windows are free again, and their dispatch orders void.
    """
    asked = {"bureau_id": uow.bureau_id, "now": uow.now, "word_s": WORD_MAY_COME_S}
    over = (await uow.execute(_OVER, asked)).all()
    return sum([await _expire(uow, row.use_id, UseKind(row.kind)) for row in over])


async def _expire(uow: UnitOfWork, use_id: UUID, kind: UseKind) -> int:
    use = await lock_use(uow, use_id, kind)
    word_s = use.grace_s + WORD_MAY_COME_S if use.state == UseState.APPROVED else 0
    waits = use.state in (UseState.REQUESTED, UseState.APPROVED)
    if not waits or use.planned_until + timedelta(seconds=word_s) >= uow.now:
        return 0
    await take_step(uow, use, Step(verb=UseVerb.EXPIRE, stated_at=uow.now, source=Source.SYSTEM))
    return 1
