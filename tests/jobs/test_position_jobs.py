"""Background work on positions and what is forgotten."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.db.database import Actor
from api.db.faults import DiskFull
from api.jobs.forgetting import forget
from api.jobs.positions import digest_hours, make_months, months_ahead
from api.space import Space
from domain.track.fixes import to_us
from tests.conftest import SignIn
from tests.phones import drive, enrol, rows, send
from tests.world import World


def line_of(row: Any) -> str:
    """Return a fix as docs/positions.md says it goes into a digest."""
    reals = ["" if v is None else struct.pack(">f", v).hex() for v in (row.accuracy_m, row.altitude_m)]
    reals += ["" if v is None else struct.pack(">f", v).hex() for v in (row.speed_mps, row.course_deg)]
    return "|".join(
        [
            *map(str, (to_us(row.fixed_at), row.lat_e7, row.lon_e7, row.source_seq, to_us(row.received_at), row.datum)),
            struct.pack(">d", row.raw_lat).hex(),
            struct.pack(">d", row.raw_lon).hex(),
            *reals,
            str(int(row.fixed)),
            str(int(row.mock)),
            '{"batt": 71.5}' if row.attributes else "",
        ]
    )


async def test_the_ledger_commits_to_what_a_device_delivered_in_an_hour(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Not before the hour has settled, once, and so that another program can work it out from the rows."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    fixes = drive(world.clock(), 5)
    fixes[2] |= {"accuracy_m": 4.5, "attributes": {"batt": 71.5}}
    await send(anonymous, token, fixes)
    settles = world.clock().replace(minute=0) + timedelta(hours=1, minutes=5)
    for at, digests in ((settles - timedelta(seconds=1), 0), (settles, 1), (settles, 0)):
        world.clock.at = at
        assert await world.database.write(Actor(world.bureau_id), digest_hours) == digests
    [digest] = await rows_of(world, "position_digest")
    expected = hashlib.sha256("\n".join(line_of(row) for row in await rows(world)).encode()).hexdigest()
    assert (digest.device_id, digest.fix_count, digest.sha256) == (device_id, 5, expected)
    entry = [p for p in await rows_of(world, "ledger_payload") if p.entry_id == digest.entry_id]
    assert expected.encode() in bytes(entry[0].facts)


async def test_each_hour_of_each_device_has_its_own_digest(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A late fix of an hour long past is digested in the hour it was received in."""
    tokens = [(await enrol(signed_in, vehicle_id=world.vehicle_id))[1] for _ in range(2)]
    start = world.clock()
    for hour in range(2):
        for token in tokens:
            await send(anonymous, token, drive(start - timedelta(days=hour), 1 + hour))
        world.clock.advance(hours=1)
        await world.database.write(Actor(world.bureau_id), digest_hours)
    world.clock.advance(hours=1)
    await world.database.write(Actor(world.bureau_id), digest_hours)
    digests = await rows_of(world, "position_digest")
    assert sorted((d.received_hour - start).total_seconds() // 3600 * 10 + d.fix_count for d in digests) == [
        1,
        1,
        12,
        12,
    ]


async def test_hours_after_a_spell_with_a_clock_ahead_are_digested(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Twenty days ahead for two hours, then right again: each hour has its digest, then and once that day has come."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    start = world.clock().replace(minute=0)
    spell = timedelta(days=20)
    digested = []
    for at in (start, start + spell, start + timedelta(hours=2), start + timedelta(days=3), start + spell * 1.1):
        world.clock.at = at
        await send(anonymous, token, drive(at, 3))
        world.clock.advance(hours=1, minutes=5)
        digested.append(await world.database.write(Actor(world.bureau_id), digest_hours))
    assert digested == [1] * 5


async def test_months_are_made_ahead(world: World) -> None:
    """Three after the one that runs, at the least; tests have made theirs already."""
    await make_months(world.database)
    assert await months_ahead(world.database) >= 3


async def test_no_month_is_made_on_a_short_disk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left belongs to the database's own log; it is tried again once there is room."""
    space = Space({"data": tmp_path, "database": tmp_path}, reserve_mib=1 << 40, warn_percent=100)
    await space.look()
    monkeypatch.setattr(world.database, "space", space)
    with pytest.raises(DiskFull):
        await make_months(world.database)


async def test_the_alarm_counts_months_without_a_gap(world: World, anonymous: httpx.AsyncClient) -> None:
    """What supervisors see: too few months ahead, or none where this month itself is missing the next."""
    assert (await anonymous.get("/readyz")).json()["position_months_ahead"] >= 3
    async with world.database.engine.connect() as connection:
        last = max((await connection.execute(text("SELECT position_partition_months()"))).scalars())
    world.clock.at = datetime(last.year, last.month, 15, tzinfo=UTC) - timedelta(days=31)
    assert (await anonymous.get("/readyz")).json()["position_months_ahead"] == 1


async def test_old_keys_and_ended_sessions_are_forgotten(signed_in: SignIn, world: World) -> None:
    """A key after a week, a session a day after its end; what still opens a door stays."""
    admin = await signed_in("admin")
    asked = {"name": "x", "vehicle_id": str(world.vehicle_id)}
    await admin.post("/v1/devices", json=asked, headers={"Idempotency-Key": "one"})
    act = Actor(world.bureau_id)
    for step, keys, sessions in (
        (timedelta(hours=36), 1, 1),
        (timedelta(seconds=1), 1, 0),
        (timedelta(days=7) - timedelta(hours=36, seconds=1), 1, 0),
        (timedelta(seconds=1), 0, 0),
    ):
        world.clock.advance(seconds=step.total_seconds())
        await world.database.write(act, forget)
        left = [len(await rows_of(world, table)) for table in ("idempotency_key", "sign_in_session")]
        assert left == [keys, sessions], step


async def rows_of(world: World, table: str) -> list[Any]:
    """Return every row of the world's bureau in a table."""
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text(f"SELECT * FROM {table} WHERE bureau_id = :bureau_id"), {"bureau_id": world.bureau_id}
        )
        return list(found.all())
