"""What tracks measure is kept, and made anew when and only when what it rests on is another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from api.db.database import Actor, UnitOfWork
from api.db.queries.measures import measures_of
from api.db.tables.measures import TripMeasure
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.refresh_measures import LATELY, LONG_AGO, refresh_late, refresh_measures, refresh_old
from api.usecases.return_trip import Return, return_trip
from domain.track.measure import Measure
from domain.values import Point
from tests.conftest import Server
from tests.tracks import driven, enrolled, told
from tests.trips import a_complaint_job, dashboard, departed_trip
from tests.world import INSIDE, World


def northward(start: datetime, seconds: Iterable[int], per_s_m: float = 10) -> list[tuple[datetime, Point]]:
    """Return fixes of a drive due north at an even speed, seen at these seconds."""
    return [(start + timedelta(seconds=s), Point(INSIDE.lat + s * per_s_m / 110_800, INSIDE.lon)) for s in seconds]


async def kept_rows(world: World) -> list[Any]:
    """Return the measures that are kept."""
    table = TripMeasure.__table__  # type: ignore[attr-defined]
    async with world.database.read(world.bureau_id) as reader:
        return list(await reader.execute(select(table).order_by(table.c.use_id, table.c.device_id)))


async def measured(world: World, *use_ids: UUID) -> dict[UUID, tuple[Measure, ...]]:
    """Return the measures of uses as a reader sees them."""
    async with world.database.read(world.bureau_id) as reader:
        return await measures_of(reader, use_ids)


async def refreshed(world: World, *use_ids: UUID) -> int:
    """Keep the measures of uses."""

    async def work(uow: UnitOfWork) -> int:
        return await refresh_measures(uow, use_ids)

    return await world.database.write(Actor(world.bureau_id), work)


async def test_what_is_kept_is_what_was_measured(world: World) -> None:
    """A reader sees the same figures, stops and ways, whether they were measured for it or kept before."""
    out_at = world.clock()
    device_id = await enrolled(world)
    at_rest = [(out_at + timedelta(seconds=s), Point(INSIDE.lat + 0.01, INSIDE.lon)) for s in range(200, 600, 60)]
    late = northward(out_at, [1000, 1010])
    await told(world, device_id, [*northward(out_at, range(0, 110, 10)), *at_rest, *late, (out_at, Point(0, 0))])
    use_id = await driven(world, out_at, out_at + timedelta(minutes=20))
    fresh = await measured(world, use_id)
    assert await refreshed(world, use_id) == 1
    assert await measured(world, use_id) == fresh
    (one,) = fresh[use_id]
    assert one.fix_count == one.kept + sum(one.dropped.values()) == 21
    assert len(one.stops) == len(one.legs) == 1
    assert one.unobserved
    assert await refreshed(world, use_id) == 0


async def test_a_late_fix_makes_its_own_trip_and_device_anew_and_nothing_else(world: World) -> None:
    """Figures of other trips and of the other device are not even looked at again."""
    out_at = world.clock()
    phone_like, terminal = await enrolled(world), await enrolled(world)
    uses = []
    for no in range(2):
        from_at = out_at + timedelta(hours=no)
        for device_id in (phone_like, terminal):
            await told(world, device_id, northward(from_at, range(0, 100, 10)))
        uses.append(await driven(world, from_at, from_at + timedelta(minutes=30)))
    await refreshed(world, *uses)
    world.clock.advance(minutes=1)
    before = {(row.use_id, row.device_id): row for row in await kept_rows(world)}
    await told(world, terminal, northward(out_at, [100]))
    length_m = {one.device_id: one.length_m for one in (await measured(world, uses[0]))[uses[0]]}
    assert await refreshed(world, *uses) == 1
    after = {(row.use_id, row.device_id): row for row in await kept_rows(world)}
    assert {key for key in after if after[key] != before[key]} == {(uses[0], terminal)}
    assert after[uses[0], terminal].length_m == length_m[terminal] == length_m[phone_like] + 100


async def test_another_setting_makes_every_measure_anew(world: World) -> None:
    """What was kept under the old limit of a gap is not shown under the new one."""
    out_at = world.clock()
    await told(world, await enrolled(world), northward(out_at, [0, 100, 200]))
    use_id = await driven(world, out_at, out_at + timedelta(minutes=30))
    await refreshed(world, use_id)
    change = NewSetting(name="unobserved_after_s", value=60, reason="手机定位间隔较短")
    await change_setting(world.database, world["custodian"], change)
    (one,) = (await measured(world, use_id))[use_id]
    assert (one.length_m, len(one.unobserved)) == (0, 2)


async def test_a_way_ends_at_the_site_that_the_trip_is_for(world: World) -> None:
    """The sites of a trip are its jobs'; the way to one carries the job's id."""
    job_id = await a_complaint_job(world)
    device_id = await enrolled(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    out_at = world.clock()
    away = northward(out_at, range(0, 410, 10))
    back = [(out_at + timedelta(seconds=1200 + 10 * i), place) for i, (_, place) in enumerate(reversed(away))]
    rest = [(out_at + timedelta(seconds=1600 + s), INSIDE) for s in range(60, 360, 60)]
    await told(world, device_id, [*back, *rest])
    world.clock.advance(hours=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    assert [row.use_id for row in await kept_rows(world)] == [trip_id]
    (one,) = (await measured(world, trip_id))[trip_id]
    assert [leg.site_key for leg in one.legs] == [job_id, None]
    assert sum(leg.length_m for leg in one.legs) == one.length_m


async def test_a_use_under_way_is_measured_and_not_kept(world: World) -> None:
    """Its figures change with every fix and every second."""
    out_at = world.clock()
    await told(world, await enrolled(world), northward(out_at, range(0, 100, 10)))
    use_id = await driven(world, out_at)
    world.clock.advance(minutes=5)
    (one,) = (await measured(world, use_id))[use_id]
    assert one.kept == 10
    assert await refreshed(world, use_id) == 0


@pytest.mark.one_server
async def test_what_retired_months_measured_stays(world: World, server: Server) -> None:
    """The owner retires old positions; the figures of their trips are not lost with them."""
    out_at = world.clock()
    device_id = await enrolled(world)
    await told(world, device_id, northward(out_at, range(0, 100, 10)))
    use_id = await driven(world, out_at, out_at + timedelta(minutes=30))
    await refreshed(world, use_id)
    before = await measured(world, use_id)
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM position WHERE bureau_id = %s", (world.bureau_id,))
    assert await measured(world, use_id) == before
    assert before[use_id][0].kept == 10


async def test_jobs_keep_measures_of_what_came_late(world: World) -> None:
    """Often of uses that ended lately, once a day of the last quarter's, and of older ones never."""
    for ago, late, old in ((LONG_AGO + timedelta(days=1), 0, 0), (LONG_AGO, 0, 1), (LATELY, 1, 0)):
        until_at = world.clock() - ago + timedelta(minutes=1)
        from_at = until_at - timedelta(minutes=30)
        await driven(world, from_at, until_at)
        await told(world, await enrolled(world), northward(from_at, range(0, 100, 10)))
        assert await world.database.write(Actor(world.bureau_id), refresh_late) == late
        assert await world.database.write(Actor(world.bureau_id), refresh_old) == old
