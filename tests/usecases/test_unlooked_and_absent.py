"""Background work on findings: what no watch has looked at, silence, and nights away from the base."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from api.db.database import Database
from api.usecases.find_absences import find_absences
from api.usecases.sweep_positions import sweep_positions
from domain.track.fixes import to_instant
from domain.values import Point
from tests.conftest import Server
from tests.drives import beside, drive, standing
from tests.everyday import findings_of
from tests.tracks import driven, enrolled, told
from tests.trips import departed_trip
from tests.usecases.test_look_at_vehicle import fixes_of, updates_of
from tests.world import INSIDE, World, add_vehicle

MINUTE = timedelta(minutes=1)


async def sweep(world: World) -> int:
    """Sweep the bureau."""
    return await sweep_positions(world.database, world.bureau_id)


async def absences(world: World) -> int:
    """Look for absences in the bureau."""
    return await find_absences(world.database, world.bureau_id)


async def kinds(world: World) -> list[tuple[str, str]]:
    """Return kind and colour of the bureau's findings."""
    return [(one.kind, one.colour) for one in await findings_of(world)]


async def test_what_nobody_looked_at_is_found_by_the_sweep_once(world: World) -> None:
    """Positions that were stored by a process which died before it looked."""
    device_id = await enrolled(world)
    began = world.clock()
    way = drive("T3_04_22_2021_1", began, INSIDE)
    await told(world, device_id, fixes_of(standing(INSIDE, began - 30 * MINUTE, began), 1))
    await told(world, device_id, fixes_of(way))
    world.clock.at = to_instant(way["at_us"][-1]) + MINUTE
    assert await sweep(world) == 1
    assert await kinds(world) == [("moved-without-trip", "red")]
    world.clock.advance(minutes=1)
    assert await sweep(world) == 0


async def test_the_sweep_goes_on_where_it_came_to(world: World) -> None:
    """What came before its mark is not looked at again; what came after is, though it is of yesterday."""
    device_id = await enrolled(world)
    await sweep(world)
    yesterday = drive("T3_04_22_2021_1", world.clock() - timedelta(days=1), INSIDE)
    await told(world, device_id, fixes_of(yesterday))
    world.clock.advance(minutes=1)
    assert await sweep(world) == 0, "these were received yesterday, before the mark"
    received = text("SELECT swept_until FROM watch_mark WHERE bureau_id = :b")
    async with world.database.read(world.bureau_id) as reader:
        mark: datetime = (await reader.execute(received, {"b": world.bureau_id})).scalar_one()
    assert mark == world.clock() - timedelta(seconds=10)


async def test_a_use_that_turns_out_to_have_begun_is_looked_at_though_no_position_came(world: World) -> None:
    """The departure told late clears what was found, by the next sweep."""
    device_id = await enrolled(world)
    began = world.clock()
    way = drive("T3_04_22_2021_1", began + MINUTE, INSIDE)
    await told(world, device_id, fixes_of(standing(INSIDE, began - 30 * MINUTE, began), 1))
    await told(world, device_id, fixes_of(way))
    world.clock.at = to_instant(way["at_us"][-1]) + MINUTE
    await sweep(world)
    await driven(world, began, world.clock())
    world.clock.advance(minutes=1)
    await sweep(world)
    assert [one.what for one in await updates_of(world)][:1] == ["cleared"]


def speaks(server: Server, world: World, device_id: UUID) -> None:
    """Let the device give a word now, as the ingest role counts it."""
    with psycopg.connect(server.superuser) as connection:
        connection.execute(
            "INSERT INTO device_day (bureau_id, device_id, day, stored, repeated, held, aside, events,"
            " last_seen_at, delay_sum_s) VALUES (%s, %s, %s, 1, 0, 0, 0, 0, %s, 0)",
            (world.bureau_id, device_id, world.clock().date(), world.clock()),
        )


async def test_a_terminal_that_falls_silent_is_found_after_its_limit_and_ends_when_it_speaks(
    server: Server, world: World
) -> None:
    """A day without a word is one finding, however long it goes on; the next silence is another."""
    device_id = await enrolled(world)
    world.clock.advance(hours=24)
    assert await absences(world) == 0
    world.clock.advance(minutes=1)
    assert await absences(world) == 1
    for _ in range(30):
        world.clock.advance(minutes=10)
        await absences(world)
    assert await kinds(world) == [("device-silent", "yellow")]
    assert 1 <= len(await updates_of(world)) <= 3, "five hours more of a day are no flood"
    speaks(server, world, device_id)
    assert await absences(world) == 1
    assert (await updates_of(world))[-1].what == "ended"
    world.clock.advance(hours=25)
    await absences(world)
    assert [kind for kind, _ in await kinds(world)] == ["device-silent"] * 2


async def test_on_a_trip_silent_phones_are_found_after_half_an_hour(world: World) -> None:
    """No phone of the crew gave a word since the departure."""
    await enrolled(world, of_person="driver")
    trip_id = await departed_trip(world)
    world.clock.advance(minutes=30)
    assert await absences(world) == 0
    world.clock.advance(seconds=1)
    assert await absences(world) == 1
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.use_id) == ("device-silent", trip_id)


async def test_a_vehicle_away_from_its_base_at_night_is_one_finding_that_ends_in_the_morning(world: World) -> None:
    """Looked at every half hour from nine in the evening to seven in the morning."""
    device_id = await enrolled(world)
    world.clock.advance(hours=12)
    await told(world, device_id, [(world.clock(), beside(INSIDE, east_m=2_000))])
    for _ in range(20):
        await absences(world)
        world.clock.advance(minutes=30)
    assert await kinds(world) == [("overnight-away", "red")]
    words = [one.what for one in await updates_of(world)]
    assert words[-1] == "ended"
    assert words.count("ended") == 1


async def test_a_vehicle_at_its_base_or_allowed_to_be_out_is_not_found_at_night(world: World) -> None:
    """Parked where it belongs; or on a use whose window has not passed."""
    device_id = await enrolled(world)
    world.clock.advance(hours=14)
    await told(world, device_id, [(world.clock(), beside(INSIDE, east_m=100))])
    assert await absences(world) == 0
    await driven(world, world.clock())
    await told(world, device_id, [(world.clock() + MINUTE, beside(INSIDE, east_m=5_000))])
    world.clock.advance(minutes=30)
    assert await absences(world) == 0


async def test_a_receiver_that_does_not_know_where_it_is_tells_of_no_night_away(world: World) -> None:
    """It stood at its base; at eleven its receiver lost the sky, and told 0,0."""
    device_id = await enrolled(world)
    world.clock.advance(hours=14)
    await told(world, device_id, [(world.clock() - MINUTE, INSIDE), (world.clock(), Point(0.0, 0.0))])
    assert await absences(world) == 0


async def test_a_look_at_one_vehicle_that_fails_keeps_no_other_from_being_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two terminals are silent; whichever comes first breaks the look at it."""
    await enrolled(world)
    other = await add_vehicle(world, "闽B·98765")
    await enrolled(replace(world, vehicle_id=other))
    world.clock.advance(hours=25)
    looked: list[UUID] = []

    async def breaks_once(_: Database, __: str, vehicle_id: UUID) -> int:
        looked.append(vehicle_id)
        if len(looked) == 1:
            raise RuntimeError
        return 1

    monkeypatch.setattr("api.usecases.find_absences._of_vehicle", breaks_once)
    assert await absences(world) == 1
    assert set(looked) == {world.vehicle_id, other}
