"""What every sweep does: go on where the last one ended, and look at each vehicle by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.faults import Busy, DatabaseAway
from api.db.tables.answers import BooksMark, WatchMark

log = structlog.get_logger()

SETTLED_AFTER: Final = timedelta(seconds=10)
"""What was received or recorded is committed by then, or not at all."""
FIRST_BACK: Final = timedelta(days=2)
"""How far back the first sweep of a bureau looks."""

Mark = type[WatchMark] | type[BooksMark]
"""Where a sweep keeps until when it looked."""


async def span_to_sweep(reader: Reader, mark: Mark) -> tuple[datetime, datetime]:
    """Return from when until when to look: since the last sweep, to what is settled."""
    known = await reader.get(mark)
    return known.swept_until if known else reader.now - FIRST_BACK, reader.now - SETTLED_AFTER


async def swept(database: Database, bureau_id: str, mark: Mark, span: tuple[datetime, datetime]) -> None:
    """Keep that all of the span was looked at."""
    since, until = span
    if since >= until:
        return

    async def work(uow: UnitOfWork) -> None:
        kept = insert(mark).values(bureau_id=uow.bureau_id, swept_until=until)
        await uow.execute(kept.on_conflict_do_update(index_elements=["bureau_id"], set_={"swept_until": until}))

    await database.write(Actor(bureau_id), work)


async def each_by_itself(bureau_id: str, looks: Iterable[tuple[UUID, Callable[[], Awaitable[int]]]]) -> int:
    """Take each look at a vehicle; one that fails keeps no other from being taken. Return what they recorded."""
    done = 0
    for vehicle_id, look in looks:
        try:
            done += await look()
        except (DatabaseAway, Busy):
            raise
        except Exception:
            log.exception("look-failed", bureau_id=bureau_id, vehicle_id=str(vehicle_id))
    return done
