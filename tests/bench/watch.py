"""How soon what does not add up is a finding while 5,000 fixes a second arrive, and what looking out for it costs."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.bench.ingest import BATCH, CONNECTIONS, enrolled, sending
from tests.bench.load import check_wrk, load
from tests.bench.result import Line
from tests.live import Live, serving, zhuanche
from tests.world import INSIDE, HeldClock, add_vehicle, make_world

HONEST = 200
THIEVES = 100
RATE = 5_000
WARM_S = 5
EVERY_S = 0.4
PATIENCE_S = 30.0
ROUNDS = 9
TURN_S = 4


async def a_fleet(data: Path) -> tuple[list[str], list[tuple[UUID, str]]]:
    """Make a bureau with a terminal in each vehicle: tokens of honest ones, vehicles and tokens of the others."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    places = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[UUID, str]:
        async with places:
            vehicle_id = await add_vehicle(world, f"闽B{number:05}")
            made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=vehicle_id))
            return vehicle_id, made.token or ""

    try:
        world = await make_world(owner, service, clock)
        fleet = await asyncio.gather(*(one(number) for number in range(HONEST + THIEVES)))
    finally:
        await service.close()
        await owner.close()
    return [token for _, token in fleet[:HONEST]], list(fleet[HONEST:])


def parked(now: datetime) -> list[dict[str, object]]:
    """Return that a vehicle stood for five minutes."""
    return [
        {"fixed_at": (now - timedelta(seconds=s)).isoformat(), "lat": INSIDE.lat, "lon": INSIDE.lon, "speed_mps": 0}
        for s in range(300, 0, -30)
    ]


def away(now: datetime) -> list[dict[str, object]]:
    """Return that it drives off."""
    return [
        {
            "fixed_at": (now - timedelta(seconds=20 - 5 * n)).isoformat(),
            "lat": INSIDE.lat + 0.001 * (n + 1),
            "lon": INSIDE.lon,
            "speed_mps": 15,
        }
        for n in range(4)
    ]


async def delays_s(live: Live, dsn: str, thieves: list[tuple[UUID, str]]) -> list[float]:
    """Let one vehicle after another drive off, and return how long after the answer each finding was visible."""
    found: list[float] = []
    async with (
        httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http,
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
    ):

        async def tell(token: str, fixes: list[dict[str, object]]) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await http.post("/v1/positions", json={"datum": "WGS-84", "fixes": fixes}, headers=headers)
            assert answer.json()["stored"] == len(fixes), answer.text

        for _, token in thieves:
            await tell(token, parked(datetime.now(UTC)))

        async def one(number: int, vehicle_id: UUID, token: str) -> None:
            await asyncio.sleep(EVERY_S * number)
            await tell(token, away(datetime.now(UTC)))
            durable = time.monotonic()
            while time.monotonic() < durable + PATIENCE_S:
                rows = await connection.execute("SELECT 1 FROM finding WHERE vehicle_id = %s", (vehicle_id,))
                if await rows.fetchone():
                    break
                await asyncio.sleep(0.02)
            found.append(time.monotonic() - durable)

        await asyncio.gather(*(one(number, *thief) for number, thief in enumerate(thieves)))
    return sorted(found)


def delay() -> Line:
    """Time findings beside the load."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data) as live:
            honest, thieves = asyncio.run(a_fleet(data))
            seconds = round(WARM_S + EVERY_S * THIEVES + 5)
            command = [sys.executable, "-m", "tests.bench.paced", str(live.port), str(RATE), str(seconds)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pace:
                assert pace.stdin is not None
                pace.stdin.write(" ".join(honest))
                pace.stdin.close()
                time.sleep(WARM_S)
                found = asyncio.run(delays_s(live, running(data).dsn("postgres"), thieves))
                assert pace.stdout is not None
                rate = int(pace.stdout.read() or 0)
    return Line(
        f"a finding after its position is durable, {rate:,} fixes/s beside it",
        f"p50 {statistics.median(found):.2f} s, p99 {found[int(len(found) * 0.99) - 1]:.2f} s",
        f"{THIEVES} vehicles that drive off, of {HONEST + THIEVES}; the aim is p99 of 2 s",
    )


@contextmanager
def taking(*program: str) -> Iterator[tuple[int, str]]:
    """Yield the port of a service, or of one that a program of ours makes less of, and a terminal's token."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", program=program, data=data, jobs="false") as live:
            yield live.port, asyncio.run(enrolled(data))


def lost(what: str, without_it: str, batch: int, aim: str) -> Line:
    """Compare both turn about, a few seconds each, so that what else the machine does burdens both."""
    with taking() as with_it, taking(sys.executable, "-m", without_it) as without:
        bases = count(10_000_000, 10_000_000)

        def rate(of: tuple[int, str]) -> float:
            port, token = of
            sent = sending(token, batch=batch, base=next(bases))
            return load(port, sent, connections=CONNECTIONS, seconds=TURN_S).rate * batch

        pairs = [(rate(with_it), rate(without)) for _ in range(ROUNDS + 1)][1:]
    share = statistics.median(1 - one / other for one, other in pairs)
    rate_with_it = statistics.median(one for one, _ in pairs)
    return Line(
        f"ingest lost to {what}, {'single fixes' if batch == 1 else f'batches of {batch}'}",
        f"{share:.1%}",
        f"{rate_with_it:,.0f} fixes/s with it; median of {ROUNDS} pairs{aim}",
    )


def measure() -> list[Line]:
    """Return the results."""
    check_wrk()
    compared = (
        ("the watch", "tests.bench.unwatched", ", the aim is 10 %"),
        ("telling open pages, none of them open", "tests.bench.untold", ""),
    )
    return [delay(), *(lost(what, less, batch, aim) for what, less, aim in compared for batch in (1, BATCH))]
