"""What devices told beside fixes is committed to by the hour, and what they sent in vain is forgotten in time."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
from litestar import Litestar

from api.db.database import Actor
from api.db.ledger_entry import new_id
from api.ingest.fixes import Event, Mileage
from api.jobs.forgetting import forget_of_devices
from api.jobs.positions import digest_hours
from domain.track.fixes import to_us
from tests.conftest import Server, SignIn
from tests.ingest.test_events import told
from tests.jobs.test_position_jobs import line_of, rows_of
from tests.phones import drive, enrol, rows, send
from tests.world import World


async def test_an_hour_s_digest_commits_to_events_and_mileage_too(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """So that another program can work it out from the rows; and an hour of events alone has its digest."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    _, other = await enrol(signed_in, vehicle_id=world.vehicle_id)
    await send(anonymous, token, drive(world.clock(), 2))
    at = world.clock()
    for number in (2, 1):
        cut = Event(kind="power-cut", at=at, detail={"volts": 0.5, "n": number})
        await told(app, token, cut, mileages=[Mileage(at=at, odometer_m=number)])
    await told(app, other, Event(kind="sos"))
    world.clock.advance(hours=2)
    assert await world.database.write(Actor(world.bureau_id), digest_hours) == 2
    whole, alone = sorted(await rows_of(world, "position_digest"), key=lambda row: row.device_id != device_id)
    lines = [line_of(row) for row in await rows(world)]
    events = sorted(await rows_of(world, "device_event"), key=lambda row: (row.received_at, row.event_id))
    told_of = {True: [], False: []}  # type: dict[bool, list[str]]
    for one in events:
        when = "" if one.at is None else str(to_us(one.at))
        detail = "{}" if not one.detail else f'{{"n": {one.detail["n"]}, "volts": 0.5}}'
        line = f"event|{one.event_id}|{one.kind}|{when}|{to_us(one.received_at)}|{detail}"
        told_of[one.device_id == device_id].append(line)
    lines += told_of[True] + [f"reading|{to_us(at)}|{number}|{to_us(at)}" for number in (1, 2)]
    assert (whole.fix_count, whole.sha256) == (2, hashlib.sha256("\n".join(lines).encode()).hexdigest())
    assert (alone.fix_count, alone.sha256) == (0, hashlib.sha256(told_of[False][0].encode()).hexdigest())
    [entry] = [row for row in await rows_of(world, "ledger_payload") if row.entry_id == whole.entry_id]
    assert b'"event_count":2' in bytes(entry.facts)
    assert b'"reading_count":2' in bytes(entry.facts)
    assert await world.database.write(Actor(world.bureau_id), digest_hours) == 0


def old_rows(server: Server, world: World, phone: object, ages: dict[str, list[timedelta]]) -> None:
    """Write rows as the ingest role would have, so long ago: `position_aside`, `device_day`, or a `phone`'s day."""
    now = datetime.now(UTC)
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        for age in ages["position_aside"]:
            connection.execute(
                "INSERT INTO position_aside (bureau_id, aside_id, device_id, reason, raw, received_at)"
                " VALUES (%s, %s, %s, 'bad-place', 'x', %s)",
                (world.bureau_id, new_id(), new_id(), now - age),
            )
        for table, stored in (("device_day", 1), ("private", 0)):
            for age in ages[table]:
                at = world.clock() - age
                connection.execute(
                    "INSERT INTO device_day (bureau_id, device_id, day, stored, repeated, held, aside, events,"
                    " last_seen_at, delay_sum_s) VALUES (%s, %s, %s, %s, 0, 1, 0, 0, %s, 0)",
                    (world.bureau_id, phone, at.date(), stored, at),
                )


async def test_what_is_old_of_devices_is_forgotten_and_what_is_not_stays(
    server: Server, world: World, signed_in: SignIn
) -> None:
    """Asides after 30 days, days after 400, and a phone's day of which nothing counts when the next one is over."""
    phone, _ = await enrol(signed_in, person_id=world["officer"].person_id)
    day = timedelta(days=1)
    world.clock.at = datetime.now(UTC)
    old_rows(
        server,
        world,
        phone,
        {
            "position_aside": [29 * day, 30 * day - timedelta(minutes=1), 30 * day + timedelta(minutes=1), 99 * day],
            "device_day": [399 * day, 400 * day, 401 * day],
            "private": [0 * day, 1 * day, 2 * day],
        },
    )
    assert await world.database.write(Actor(world.bureau_id), forget_of_devices) == 4
    left = [(world.clock().date() - row.day).days for row in await rows_of(world, "device_day")]
    assert sorted(left) == [0, 1, 399, 400]
    assert len(await rows_of(world, "position_aside")) == 2
    assert await world.database.write(Actor(world.bureau_id), forget_of_devices) == 0


async def test_a_clock_that_is_ahead_makes_nothing_forgotten_early(server: Server, world: World) -> None:
    """The database holds the thirty days by its own clock; the background work goes on all the same."""
    unused = {"device_day": [], "private": []}  # type: dict[str, list[timedelta]]
    old_rows(server, world, new_id(), {"position_aside": [timedelta(days=2)]} | unused)
    world.clock.at = datetime.now(UTC) + timedelta(days=300)
    await world.database.write(Actor(world.bureau_id), forget_of_devices)
    assert len(await rows_of(world, "position_aside")) == 1


async def test_what_a_bureau_keeps_longer_is_forgotten_later(server: Server, world: World, signed_in: SignIn) -> None:
    """The desk's chief keeps what cannot count for 60 days: what came 59 days ago is there."""
    phone, _ = await enrol(signed_in, person_id=world["officer"].person_id)
    chief = await signed_in("desk_chief")
    longer = {"value": 60, "reason": "设备故障正在调查"}
    assert (await chief.put("/v1/settings/keep_aside_days", json=longer)).status_code == 200
    day = timedelta(days=1)
    world.clock.at = datetime.now(UTC)
    old_rows(server, world, phone, {"position_aside": [59 * day, 61 * day], "device_day": [], "private": []})
    assert await world.database.write(Actor(world.bureau_id), forget_of_devices) == 1
    assert len(await rows_of(world, "position_aside")) == 1
