"""Keep what the tracks of uses measure, so that whoever looks does not measure a month of fixes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from api.db.database import UnitOfWork
from api.db.queries.measures import look_up
from api.db.tables.measures import TripMeasure

LATELY: Final = timedelta(days=3)
"""Fixes that come later than this after their use are rare: a phone that was off over a weekend."""
LONG_AGO: Final = timedelta(days=93)
"""A quarter. Of older uses what came late is measured whenever it is asked, and not kept."""

_ENDED = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND actual_until >= :since ORDER BY actual_until"
)


async def refresh_measures(uow: UnitOfWork, use_ids: Sequence[UUID]) -> int:
    """Measure what of these uses is not kept, or no longer true, and keep it; return how many measures that were."""
    new = (await look_up(uow, use_ids)).new
    for row in new:
        values = row.model_dump()
        made = insert(TripMeasure).values(values)
        await uow.execute(
            made.on_conflict_do_update(
                index_elements=["bureau_id", "use_id", "device_id"],
                set_={name: made.excluded[name] for name in values.keys() - {"bureau_id", "use_id", "device_id"}},
            )
        )
    return len(new)


async def refresh_late(uow: UnitOfWork) -> int:
    """Keep the measures of uses that ended lately; return how many were new."""
    return await _refresh_since(uow, LATELY)


async def refresh_old(uow: UnitOfWork) -> int:
    """Keep the measures of the last quarter's uses; return how many were new."""
    return await _refresh_since(uow, LONG_AGO)


async def _refresh_since(uow: UnitOfWork, back: timedelta) -> int:
    rows = await uow.execute(_ENDED, {"bureau_id": uow.bureau_id, "since": uow.now - back})
    return await refresh_measures(uow, list(rows.scalars()))
