"""How a service waits to begin while the clock is doubted: it looks again and again, and says so to who asks."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog
import typer
from granian.server.embed import Server

from api.cli.connections import database_of
from api.clock import wall_clock
from api.db.database import Database
from api.db.roles import SERVICE
from api.first_look import Look, first_look
from api.loop import run_in_loop
from api.settings import Settings
from domain.clock import Doubt

if TYPE_CHECKING:
    from litestar.types import ASGIApp

log = structlog.get_logger()

LOOK_AGAIN_S: Final = 5.0
"""How long a service that doubts the clock waits until it looks again."""
END_S: Final = 5.0
"""How long its servers may take to end."""

Listen = Callable[["ASGIApp"], Sequence[Server]]


def until_trusted(url: str, settings: Settings, listen: Listen) -> Look:
    """Look at the clocks until nothing speaks against the database's: under a wrong one nothing begins.

    What would be recorded at a wrong time, expire or be deleted by it could not be undone; phones, trackers and
    terminals keep what they have meanwhile.

    Args:
        url: of the database.
        settings: of the process.
        listen: returns servers of an application at the service's own addresses.

    Raises:
        KeyboardInterrupt: the service was told to stop meanwhile.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        look = run_in_loop(_until_trusted(url, settings, listen))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if look is None:
        raise KeyboardInterrupt
    return look


async def _until_trusted(url: str, settings: Settings, listen: Listen) -> Look | None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    told_to_stop = asyncio.create_task(stopping.wait())
    async with database_of(url, settings, SERVICE, wall_clock) as database:
        looking = asyncio.create_task(_look_on(database, settings, listen))
        await asyncio.wait({looking, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        told_to_stop.cancel()
        if looking.done():
            return looking.result()
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        return None


async def _look_on(database: Database, settings: Settings, listen: Listen) -> Look:
    look = await first_look(database, settings.time_server, ask=True)
    if look.doubt is None:
        return look
    from api.cli.waiting_page import WaitingPage  # noqa: PLC0415 - only a service that waits takes the time to load it

    page = WaitingPage(look)
    servers = listen(page)
    serving = [asyncio.create_task(server.serve()) for server in servers]
    try:
        told: Doubt | None = None
        while look.doubt is not None:
            page.look = look
            if told is not look.doubt:
                told = look.doubt
                log.error("clock-doubted", doubt=look.doubt.name, at=look.at, newest=look.newest)
                typer.echo(f"zhuanche: waits to begin, and says so at {settings.address}. {look.told}", err=True)
            await asyncio.sleep(LOOK_AGAIN_S)
            look = await first_look(database, settings.time_server, ask=True)
        return look
    finally:
        for server in servers:
            server.stop()  # type: ignore[no-untyped-call]  # Granian's own
        await asyncio.wait(serving, timeout=END_S)
