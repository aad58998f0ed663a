"""A job: what is done, how often, and how it goes round the bureaus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final

import structlog

from api.db.database import Actor, Database, UnitOfWork
from api.db.faults import Busy, DatabaseAway

log = structlog.get_logger()

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0


class RoundFailed(Exception):
    """Work failed in some bureaus of a round, as the log tells of each; the others had their turn."""


@dataclass(frozen=True, slots=True)
class Job:
    """Background work done every so often; doing it once more changes nothing."""

    name: str
    every_s: float
    run: Callable[[Database], Awaitable[None]]


def in_each_bureau(act: Callable[[Database, str], Awaitable[int]]) -> Callable[[Database], Awaitable[None]]:
    """Return work that does `act` for each bureau; one that fails there stops no other.

    `act` returns how many things it did, for the log. Once all had their turn the round raises `RoundFailed` where it
    failed in one, else `Busy` where others were in the way.
    """

    async def go_round(database: Database) -> None:
        waits: Busy | None = None
        failed = 0
        for bureau_id in await database.bureaus():
            try:
                done = await act(database, bureau_id)
            except DatabaseAway:
                raise
            except Busy as fault:
                log.warning("job-waits", act=act.__name__, bureau_id=bureau_id)
                waits = fault
            except Exception:
                log.exception("job-failed", act=act.__name__, bureau_id=bureau_id)
                failed += 1
            else:
                if done:
                    log.info("job-done", act=act.__name__, bureau_id=bureau_id, done=done)
        if failed:
            raise RoundFailed(f"{act.__name__} failed in {failed} bureaus")
        if waits is not None:
            raise waits

    return go_round


def at_once(work: Callable[[UnitOfWork], Awaitable[int]]) -> Callable[[Database, str], Awaitable[int]]:
    """Return an act that does `work` in one unit of work of the bureau."""

    @wraps(work)
    async def act(database: Database, bureau_id: str) -> int:
        return await database.write(Actor(bureau_id), work)

    return act
