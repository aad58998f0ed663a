"""How devices are is counted as they send, and added to their days: by every process, and none of it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from api.db.ledger_entry import new_id
from api.ingest.columns import Waiting
from api.ingest.devices import KnownDevice
from api.ingest.entry import Entry
from api.ingest.fixes import Fix, Health, Received
from api.ingest.health import DeviceHealth
from api.settings import Settings
from api.space import MIB, Room, Space
from domain.values import Datum
from tests.conftest import Server, SignIn
from tests.phones import drive, enrol, send
from tests.trips import departed_trip
from tests.world import INSIDE, World


async def days(world: World) -> list[Any]:
    """Return the days of health of the world's devices."""
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text("SELECT * FROM device_day WHERE bureau_id = :b ORDER BY device_id, day"), {"b": world.bureau_id}
        )
        return list(found.all())


@pytest.fixture
async def processes(server: Server, settings: Settings) -> AsyncIterator[tuple[DeviceHealth, DeviceHealth]]:
    """Return the counts of two processes."""
    both = DeviceHealth(server.ingest, settings), DeviceHealth(server.ingest, settings)
    yield both
    for one in both:
        await one.stop()


def answered(world: World, device: KnownDevice, *ages_s: float, health: Health | None = None) -> Entry:
    """Return a request with fixes of these ages."""
    now = world.clock()
    fixes = [Fix(fixed_at=now - timedelta(seconds=age_s), lat=INSIDE.lat, lon=INSIDE.lon) for age_s in ages_s]
    times = [fix.fixed_at.timestamp() for fix in fixes]
    waiting = Waiting(
        bureau_id=device.bureau_id,
        device_id=device.device_id,
        datum=Datum.WGS84,
        fixes=fixes,
        times=times,
        counts=device.counts(times),
    )
    answer = asyncio.get_running_loop().create_future()
    return Entry(waiting, range(len(fixes)), [], [], [], [], answer, len(fixes), device.terminal, health)


async def test_what_a_terminal_sends_is_added_up_by_the_day(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Counts, last seen, newest fix, delay: a fix three seconds old and one a minute old."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    at = world.clock()
    await send(anonymous, token, [drive(at - timedelta(seconds=3), 1)[0], drive(at - timedelta(seconds=60), 1)[0]])
    await send(anonymous, token, drive(at - timedelta(seconds=3), 1))
    await send(anonymous, token, [{"fixed_at": at.isoformat(), "lat": 999, "lon": 0}])
    health = app.state.door.writer.health
    await health.flush()
    world.clock.advance(days=1)
    await send(anonymous, token, drive(world.clock() + timedelta(seconds=20), 1))
    await health.flush()
    first, second = await days(world)
    assert (first.device_id, first.day, first.protocol) == (device_id, at.date(), "positions")
    assert (first.stored, first.repeated, first.held, first.aside, first.events) == (2, 1, 0, 1, 0)
    assert (first.last_seen_at, first.last_fixed_at) == (at, at - timedelta(seconds=3))
    delays = (first.delay_least_s, first.delay_most_s, first.delay_sum_s)
    assert delays == pytest.approx((3, 60, 63), abs=1e-3)
    assert second.stored == 1
    assert second.delay_least_s == pytest.approx(-20, abs=1e-3)


async def test_what_brings_nothing_to_keep_is_seen_all_the_same(app: Litestar, signed_in: SignIn, world: World) -> None:
    """A heartbeat of nothing but a battery says that the device lives; nonsense in it harms nobody."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    device = await app.state.door.device(token)
    for battery in (50, 1e300, float("nan")):
        told = Health(protocol="owntracks", battery_percent=battery, app="OwnTracks/2.5\0" + "x" * 200)
        empty = Received(datum=Datum.WGS84, fixes=[], indexes=[], health=told)
        await app.state.door.writer.put(device, empty)
    await app.state.door.writer.health.flush()
    [day] = await days(world)
    assert (day.stored, day.last_seen_at, day.battery_percent, day.protocol) == (0, world.clock(), 50, "owntracks")
    assert day.app == ("OwnTracks/2.5" + "x" * 200)[:100]


async def test_a_phone_off_its_trips_leaves_that_it_was_seen_and_nothing_more(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Neither when its fixes were made nor how its battery was; on a trip both are told, of that trip's fixes alone."""
    _, token = await enrol(signed_in, person_id=world["officer"].person_id)
    query = {"id": token, "lat": INSIDE.lat, "lon": INSIDE.lon, "batt": 77}
    health = app.state.door.writer.health

    async def told(age_s: float) -> None:
        at = world.clock() - timedelta(seconds=age_s)
        answer = await anonymous.get("/in/osmand", params=query | {"timestamp": int(at.timestamp())})
        assert answer.status_code == 200

    await told(30)
    await health.flush()
    [day] = await days(world)
    assert (day.stored, day.held, day.last_fixed_at, day.delay_least_s, day.battery_percent) == (0, 1, None, None, None)
    assert (day.last_seen_at, day.protocol) == (world.clock(), "osmand")
    await departed_trip(world)
    app.state.door.devices.forget()
    world.clock.advance(minutes=1)
    both = [drive(world.clock() - timedelta(seconds=8), 1)[0], drive(world.clock() - timedelta(hours=3), 1)[0]]
    assert (await send(anonymous, token, both)).json()["stored"] == 1
    await told(5)
    await health.flush()
    [day] = await days(world)
    assert (day.stored, day.held, day.battery_percent) == (2, 2, 77)
    assert (day.delay_least_s, day.delay_most_s) == pytest.approx((5, 8), abs=1)


async def test_two_processes_add_to_one_day_and_never_wait_for_each_other(
    world: World, processes: tuple[DeviceHealth, DeviceHealth]
) -> None:
    """Fifty devices, each told of in both at once, in opposite orders: every fix counted once."""
    terminals = [KnownDevice(world.bureau_id, new_id(), terminal=True) for _ in range(50)]
    for _ in range(10):
        for health, order in zip(processes, (terminals, terminals[::-1]), strict=True):
            for terminal in order:
                health.answered(answered(world, terminal, 1, 2), 2, 0, world.clock())
        await asyncio.gather(*(health.flush() for health in processes))
    found = await days(world)
    assert [day.stored for day in found] == [40] * 50
    assert [day.delay_sum_s for day in found] == pytest.approx([60] * 50, abs=1e-2)


async def test_what_cannot_be_written_now_is_written_later(
    world: World, server: Server, processes: tuple[DeviceHealth, DeviceHealth]
) -> None:
    """The database goes away for a while; what was counted before and meanwhile is there in the end."""
    health, terminal = processes[0], KnownDevice(world.bureau_id, new_id(), terminal=True)
    health._url = "postgresql://nobody@127.0.0.1:1/none"
    told = Health(protocol="jt808", battery_percent=12)
    health.answered(answered(world, terminal, 5, health=told), 1, 0, world.clock())
    await health.flush()
    later = world.clock.advance(seconds=9)
    health.answered(answered(world, terminal, 2), 1, 0, later)
    await health.flush()
    health._url = server.ingest
    await health.flush()
    [day] = await days(world)
    assert (day.stored, day.last_seen_at, day.battery_percent, day.protocol) == (2, later, 12, "jt808")
    assert (day.delay_least_s, day.delay_most_s, day.delay_sum_s) == pytest.approx((2, 5, 7), abs=1e-3)
    assert day.last_fixed_at == later - timedelta(seconds=2)


async def test_nothing_of_a_device_is_written_on_a_full_disk_and_all_of_it_later(
    world: World, server: Server, settings: Settings, tmp_path: Path
) -> None:
    """Terminals go on beating a second: what counts them keeps to the reserve like all else."""
    space = Space({}, reserve_mib=512, warn_percent=80)
    health, terminal = (
        DeviceHealth(server.ingest, settings, space),
        KnownDevice(world.bureau_id, new_id(), terminal=True),
    )
    space.rooms = [Room(tmp_path, ("database",), 0, MIB, 100)]
    health.answered(answered(world, terminal, 5), 1, 0, world.clock())
    await health.flush()
    assert await days(world) == []
    space.rooms = []
    await health.stop()
    assert [day.stored for day in await days(world)] == [1]


async def test_the_delay_of_a_repeated_batch_is_that_of_what_is_new(
    world: World, processes: tuple[DeviceHealth, DeviceHealth]
) -> None:
    """GPSLogger sends its whole file again each hour: only the newest of it has just come."""
    health, terminal = processes[0], KnownDevice(world.bureau_id, new_id(), terminal=True)
    health.answered(answered(world, terminal, *range(3_600, 0, -60)), 2, 0, world.clock())
    health.answered(answered(world, terminal, 3_000), 0, 0, world.clock())
    await health.flush()
    [day] = await days(world)
    assert (day.stored, day.repeated) == (2, 59)
    assert (day.delay_least_s, day.delay_most_s) == pytest.approx((60, 120), abs=1e-3)


async def test_what_was_counted_is_written_when_the_service_stops(
    world: World, server: Server, settings: Settings
) -> None:
    """A restart loses nothing that was answered."""
    health = DeviceHealth(server.ingest, settings)
    await health.start()
    health.answered(answered(world, KnownDevice(world.bureau_id, new_id(), terminal=True), 1), 1, 0, world.clock())
    await health.stop()
    assert [day.stored for day in await days(world)] == [1]


def test_a_day_is_that_of_the_receipt(settings: Settings, world: World) -> None:
    """A second before midnight (UTC) and a second after are two days."""
    health, device_id = DeviceHealth("postgresql://unused", settings), new_id()
    midnight = datetime(2026, 11, 24, tzinfo=world.clock().tzinfo)
    for second in (-1, 1):
        health.seen(world.bureau_id, device_id, None, midnight + timedelta(seconds=second), private=False)
    assert sorted(day.isoformat() for _, _, day in health._counts) == ["2026-11-23", "2026-11-24"]


async def test_a_fault_of_one_second_does_not_end_the_count(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong as it is written, what comes after is counted, and the service can be stopped in order."""
    health: DeviceHealth = app.state.door.writer.health
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    connected, calls = health._connected, []

    async def faulty() -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a fault of the program")
        return await connected()

    monkeypatch.setattr(health, "_connected", faulty)
    for age in (2, 1):
        await send(anonymous, token, drive(world.clock() - timedelta(minutes=age), 1))
        await asyncio.sleep(2.2)
    assert [day.stored for day in await days(world)] == [1]
