"""A job: what is done, how often, and how it goes round the bureaus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from api.db.database import Actor, Database, UnitOfWork
from api.db.faults import Busy, DatabaseAway

log = structlog.get_logger()

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """Background work done every so often; doing it once more changes nothing."""

    name: str
    every_s: float
    run: Callable[[Database], Awaitable[None]]


def in_each_bureau(act: Callable[[UnitOfWork], Awaitable[int]]) -> Callable[[Database], Awaitable[None]]:
    """Return work that does `act` in each bureau, in a unit of work of its own; a failing one stops no other.

    `act` returns how many rows it changed, for the log.
    """

    async def go_round(database: Database) -> None:
        for bureau_id in await database.bureaus():
            try:
                done = await database.write(Actor(bureau_id), act)
            except (DatabaseAway, Busy):
                raise
            except Exception:
                log.exception("job-failed", act=act.__name__, bureau_id=bureau_id)
            else:
                if done:
                    log.info("job-done", act=act.__name__, bureau_id=bureau_id, rows=done)

    return go_round
