"""A bureau of 2021 whose month of May is over long since: one trip with a track, every month of it sealed or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg

from api.db.database import Database
from api.usecases.seal_month import due_months, seal_month
from domain.values import Point
from tests.conftest import Server
from tests.tracks import enrolled
from tests.tracks import told as tell
from tests.trips import closed_trip
from tests.world import INSIDE, HeldClock, World, make_world

MAY, JUNE = date(2021, 5, 1), date(2021, 6, 1)
OVER_AT = datetime(2024, 6, 1, tzinfo=UTC)
"""When May of 2021 has been kept for 36 months."""
FIXES = 40


@contextmanager
def opened(server: Server, month: date = MAY) -> Iterator[None]:
    """Make the month's partition as the owner may, and drop it in the end; one test at a time has it on a server."""
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('a month of the tests'))")
        connection.execute("SELECT make_position_partition(%s)", (month,))
        yield
        connection.execute(f"DROP TABLE IF EXISTS position_y{month:%Y}m{month:%m}")  # type: ignore[arg-type]


async def bureau_of_2021(owner: Database, database: Database, clock: HeldClock) -> tuple[World, UUID, UUID]:
    """Return a bureau with one trip on 2021-05-10 that its terminal told of, the trip's id and the terminal's."""
    clock.at = datetime(2021, 5, 10, 1, 0, tzinfo=UTC)
    world = await make_world(owner, database, clock)
    device_id = await enrolled(world)
    trip_id = await closed_trip(world)
    back_at = clock()
    track = [
        (back_at - timedelta(minutes=50, seconds=-30 * no), Point(INSIDE.lat + 0.001 * no, INSIDE.lon))
        for no in range(FIXES)
    ]
    await tell(world, device_id, track)
    return world, trip_id, device_id


async def seal_all(world: World) -> None:
    """Seal what is due of the world's vehicle."""
    async with world.database.read(world.bureau_id) as reader:
        due = await due_months(reader, world.vehicle_id, date.max.replace(day=1))
    for month in due:
        await seal_month(world.database, world["custodian"], world.vehicle_id, month)


@asynccontextmanager
async def may_may_go(
    server: Server, owner: Database, database: Database, clock: HeldClock
) -> AsyncIterator[tuple[World, UUID, UUID]]:
    """Yield a bureau of 2021 as of the day on which its May may be retired, sealed as far as that asks."""
    with opened(server):
        world, trip_id, device_id = await bureau_of_2021(owner, database, clock)
        clock.at = datetime(2021, 7, 1, tzinfo=UTC)
        await seal_all(world)
        clock.at = OVER_AT
        yield world, trip_id, device_id
