"""Kill -9 between the answer to a device and the look at what it told: nothing is missed."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.embedded import start
from api.db.migrate import migrate
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.conftest import token_of
from tests.drives import drive, joined, standing
from tests.live import PATIENCE_S, serving
from tests.phones import send
from tests.watch.test_watch import wire
from tests.world import INSIDE, HeldClock, make_world

FOUND_WITHIN_S = 60


async def a_desk(data: Path) -> tuple[str, str]:
    """Make a bureau with a terminal; return the tokens of the terminal and of the auditor."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=world.vehicle_id))
        return made.token or "", await token_of(world, "auditor")
    finally:
        await service.close()
        await owner.close()


def findings(data: Path) -> int:
    """Return how many findings there are of a drive without a trip, in the database itself."""
    with psycopg.connect(running(data).dsn("postgres")) as connection:
        row = connection.execute("SELECT count(*) FROM finding WHERE kind = 'moved-without-trip'").fetchone()
    assert row is not None
    return int(row[0])


async def kinds_told(http: httpx.AsyncClient) -> set[str]:
    """Return the kinds of finding that an auditor is told of."""
    return {one["kind"] for one in (await http.get("/v1/findings")).json()["items"]}


async def test_what_a_killed_process_had_taken_is_looked_at_after_its_restart(tmp_path: Path) -> None:
    """The drive was answered as stored; the process dies before it looked; the next one finds it once."""
    data = tmp_path / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    with ExitStack() as services:
        live = services.enter_context(serving(tmp_path / "log", data=data))
        terminal, auditor = await a_desk(data)
        now = datetime.now(UTC)
        way = joined(
            standing(INSIDE, now - timedelta(hours=1), now - timedelta(minutes=20)),
            drive("T3_04_22_2021_1", now - timedelta(minutes=19), INSIDE)[::5],
        )
        async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
            answer = await send(http, terminal, wire(way))
        live.process.kill()
        live.process.wait()
        assert answer.json()["stored"] == len(way)
        assert findings(data) == 0, "it was killed before it looked"
        live = services.enter_context(serving(tmp_path / "log2", data=data))
        began = monotonic()
        headers = {"Authorization": f"Bearer {auditor}"}
        async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S, headers=headers) as http:
            # At night it is found at once that the vehicle is not at its base: that needs no look at the drive.
            while "moved-without-trip" not in await kinds_told(http):
                assert monotonic() - began < FOUND_WITHIN_S
                await asyncio.sleep(0.2)
        await asyncio.sleep(2)
        assert findings(data) == 1
