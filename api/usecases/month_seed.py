"""The seed of a month's lots: made once, its SHA-256 entered before the first departure, told after the draw."""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.queries.calendar import zone_of
from api.db.tables.lots import MonthSeed
from domain.calendar import month_of, next_month
from domain.lots import SEED_BYTES, commitment

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('seed ' || :bureau_id || :month, 0))")


async def seed_of(uow: UnitOfWork, month: date) -> bytes:
    """Return the seed of a month; one that is missing is made and entered now."""
    found = await uow.get(MonthSeed, month)
    if found is None:
        await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "month": month.isoformat()})
        found = await uow.get(MonthSeed, month)
    return found.seed if found is not None else await _make(uow, month)


async def _make(uow: UnitOfWork, month: date) -> bytes:
    seed = secrets.token_bytes(SEED_BYTES)
    entry_id = await uow.enter("seed-fixed", facts={"month": month, "seed_sha256": commitment(seed)})
    await uow.insert(
        MonthSeed(
            bureau_id=uow.bureau_id,
            month=month,
            seed=seed,
            seed_sha256=commitment(seed),
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return seed


async def fix_seeds(uow: UnitOfWork) -> int:
    """Make the seeds of this month and of the next where they are missing, and return how many. Background work."""
    this = month_of(uow.now, await zone_of(uow))
    made = 0
    for month in (this, next_month(this)):
        if await uow.get(MonthSeed, month) is None:
            await seed_of(uow, month)
            made += 1
    return made
