"""How a service ends: in order, and within a bounded time also where its database says nothing more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import psycopg
import structlog

from api.db.engine import LINE
from api.jobs.backup import END_S

log = structlog.get_logger()

SILENT_S: Final = 10.0
"""A database that has not answered for so long is not waited for: who asked it something is waited for in vain."""
LONGEST_S: Final = 60.0
"""How long an end may take whose database answers: 30 s for requests, 10 s for a job at hand, as much to undo it.

With `CLEARED_S` and the embedded server's own end (`FAST_S`) it is shorter than the unit's `TimeoutStopSec`.
"""
CLEARED_S: Final = END_S + 2.0
"""How long what is broken off may take to clean up what is not the database's: a backup, in a process of its own."""
_AGAIN_S: Final = 1.0


async def finished(
    work: asyncio.Task[None], stopping: asyncio.Event, url: str, break_off: Iterable[Callable[[], Awaitable[None]]]
) -> None:
    """Wait until a service's work is done; once it was told to stop, no longer than its database answers.

    Whoever asks a database over a network that holds every byte back hears of nothing, and takes its own time to
    give up: a dozen such waits, one after the other, are longer than a supervisor's patience. What is broken off was
    acknowledged to nobody: a commit comes before its answer.

    Args:
        work: ends by itself once `stopping` is set.
        stopping: set when the service is told to stop.
        url: of the database that it works on.
        break_off: each breaks jobs at hand off, such as a backup in a process of its own. Requests are not broken
            off: whoever hears nothing asks again.
    """
    in_vain = asyncio.create_task(_in_vain(stopping, url))
    await asyncio.wait({work, in_vain}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        in_vain.cancel()
        return await work
    log.error("stopped-unfinished", silent=in_vain.result())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLEARED_S):
            await asyncio.gather(*(off() for off in break_off))
    return None


async def _in_vain(stopping: asyncio.Event, url: str) -> bool:
    """Return once there is no more use in waiting, with whether it is the database that says nothing."""
    await stopping.wait()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_S):
            while await _answers(url):  # noqa: ASYNC110 - another machine sets no event of ours
                await asyncio.sleep(_AGAIN_S)
            return True
    return False


async def _answers(url: str) -> bool:
    """Tell whether a database says anything within `SILENT_S`; a refusal is an answer."""
    asked = asyncio.create_task(_ask(url))
    answered, _ = await asyncio.wait({asked}, timeout=SILENT_S)  # to break it off would take ten seconds more
    return bool(answered)


async def _ask(url: str) -> None:
    with contextlib.suppress(psycopg.Error, OSError):
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=int(2 * SILENT_S), application_name="zhuanche ending", **LINE
        ) as connection:
            await connection.execute("SELECT 1")
