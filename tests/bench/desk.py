"""How fast the desk is served: trip requests by the rule, and the log of a month with 150,000 fixes.

The database is the embedded one, durable as in production; people, complaints, trips and fixes are made first.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from api.db.database import Database
from api.db.embedded import start
from api.db.migrate import migrate
from api.db.roles import OWNER, SERVICE
from api.print.log_files import LogFormat
from api.settings import Settings
from api.usecases.print_log import print_log
from api.usecases.request_trip import NewTrip, request_trip
from domain.months import Months
from domain.values import Point
from tests.bench.result import Line
from tests.tracks import enrolled, told
from tests.trips import closed_trip, new_trip
from tests.world import INSIDE, HeldClock, World, make_world

NOVEMBER = Months(date(2026, 11, 1), date(2026, 11, 1))
REQUESTS = 100
"""Trips that each bureau asks for."""
DESKS = 8
"""Bureaus that ask at once, each for its own vehicle."""


async def a_busy_month(world: World, trips: int, fixes: int) -> None:
    """Let that many trips of an hour happen, each with that many fixes of its driver's phone."""
    phone = await enrolled(world, of_person="driver")
    for _ in range(trips):
        await closed_trip(world)
        began_at = world.clock() - timedelta(hours=1)
        every = timedelta(hours=1) / fixes
        await told(
            world,
            phone,
            ((began_at + every * i, Point(INSIDE.lat + 0.00003 * i, INSIDE.lon)) for i in range(fixes)),
        )


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return how many seconds the work takes."""
    began = perf_counter()
    await work()
    return perf_counter() - began


async def asked_for(world: World, requests: int) -> list[NewTrip]:
    """Return requests that the rule permits, each for a job of its own in a window of its own."""
    return [
        await new_trip(
            world,
            planned_from=world.clock() + timedelta(hours=3 * n + 1),
            planned_until=world.clock() + timedelta(hours=3 * n + 3),
        )
        for n in range(requests)
    ]


async def ask(worlds: list[World], requests: int) -> tuple[float, float]:
    """Return requests per second and their 99th percentile in milliseconds, each with rule and ledger entry.

    The dispatcher of every bureau asks for one trip after the other, all bureaus at once.
    """
    wanted = [await asked_for(world, requests) for world in worlds]
    took: list[float] = []

    async def one_desk(world: World, asked: list[NewTrip]) -> None:
        for new in asked:
            began = perf_counter()
            await request_trip(world.database, world["dispatcher"], new)
            took.append(perf_counter() - began)

    began = perf_counter()
    await asyncio.gather(*(one_desk(world, asked) for world, asked in zip(worlds, wanted, strict=True)))
    return len(took) / (perf_counter() - began), sorted(took)[int(len(took) * 0.99)] * 1000


async def measure(owner_url: str, service_url: str, trips: int, fixes: int) -> list[Line]:
    """Return the results."""
    settings, clock = Settings(data=Path(tempfile.gettempdir())), HeldClock(datetime(2026, 11, 1, tzinfo=UTC))
    owner, service = Database(owner_url, settings, clock, role=OWNER), Database(service_url, settings, clock)
    try:
        told_of = []
        for desks in (1, DESKS):
            worlds = [await make_world(owner, service, clock) for _ in range(desks)]
            rate, p99_ms = await ask(worlds, REQUESTS)
            what = "one after the other" if desks == 1 else f"{desks} bureaus at once"
            figure = f"{rate:,.0f}/s, p99 {p99_ms:.1f} ms"
            told_of.append(Line(f"trip request with rule and ledger entry, {what}", figure))
        world = await make_world(owner, service, clock)
        await a_busy_month(world, trips, fixes)

        async def log_as(form: LogFormat) -> None:
            file, _ = await print_log(service, world["auditor"], world.vehicle_id, NOVEMBER, form=form, language="zh")
            file.close()

        for form in LogFormat:
            took_s = await timed(lambda form=form: log_as(form))  # type: ignore[misc]  # the default binds the loop's value
            told_of.append(Line(f"log of a month, {trips} trips, {trips * fixes:,} fixes, {form}", f"{took_s:.2f} s"))
        return told_of
    finally:
        await service.close()
        await owner.close()


def measure_desk(trips: int = 200, fixes: int = 750) -> list[Line]:
    """Measure on a server of its own and return the results."""
    with tempfile.TemporaryDirectory() as folder, start(Path(folder) / "pg") as embedded:
        migrate(embedded.dsn("postgres"))
        return asyncio.run(measure(embedded.dsn(OWNER), embedded.dsn(SERVICE), trips, fixes))
