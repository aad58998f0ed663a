"""How soon a fix that is durable is seen on every open board: 200 boards of one bureau, 1,000 fixes a second."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.bench.result import Line
from tests.conftest import token_of
from tests.live import Live, serving, zhuanche
from tests.world import INSIDE, HeldClock, add_vehicle, make_world

VEHICLES = 50
BOARDS = 200
RATE = 1_000
WARM_S = 8
PROBES = 60
EVERY_S = 0.3
PATIENCE_S = 30.0


async def a_fleet(data: Path) -> tuple[list[str], list[tuple[UUID, str]], str]:
    """Make a bureau: terminals that drive on and on, one more a probe that is timed, and a board's session."""
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
        fleet = await asyncio.gather(*(one(number) for number in range(VEHICLES + PROBES)))
        session = await token_of(world, "dispatcher")
    finally:
        await service.close()
        await owner.close()
    return [token for _, token in fleet[:VEHICLES]], list(fleet[VEHICLES:]), session


class Board(asyncio.Protocol):
    """An open board that looks for one vehicle in what it is told, and does nothing else: 200 share a core here."""

    def __init__(self) -> None:
        self.wanted = b"hello"
        self.seen = asyncio.Event()
        self._end = b""

    def data_received(self, data: bytes) -> None:
        """Look for what is wanted, across the seams too."""
        if self.wanted in self._end + data:
            self.seen.set()
        self._end = data[-64:]

    def connection_lost(self, _: Exception | None) -> None:
        """A board that is gone sees nothing any more: the bench fails."""
        self.wanted = b"never"


async def open_board(port: int, session: str) -> Board:
    """Open a board."""
    transport, board = await asyncio.get_running_loop().create_connection(Board, "127.0.0.1", port)
    asked = f"Host: desk\r\nAccept: text/event-stream\r\nAuthorization: Bearer {session}\r\n\r\n"
    transport.write(f"GET /v1/live HTTP/1.1\r\n{asked}".encode())
    await asyncio.wait_for(board.seen.wait(), PATIENCE_S)
    return board


async def delays_s(live: Live, probes: list[tuple[UUID, str]], session: str) -> list[float]:
    """Open the boards, let one probe after another tell where it is, and return when each board saw it."""
    found: list[float] = []
    boards = [await open_board(live.port, session) for _ in range(BOARDS)]
    await asyncio.sleep(WARM_S)
    async with httpx.AsyncClient(base_url=live.url) as http:
        for vehicle_id, token in probes:
            for board in boards:
                board.seen.clear()
                board.wanted = str(vehicle_id).encode()
            fix = {"fixed_at": datetime.now(UTC).isoformat(), "lat": INSIDE.lat, "lon": INSIDE.lon}
            answer = await http.post(
                "/v1/positions",
                json={"datum": "WGS-84", "fixes": [fix]},
                headers={"Authorization": f"Bearer {token}"},
            )
            durable = time.monotonic()
            assert answer.json()["stored"] == 1, answer.text

            async def until_seen(board: Board, durable: float = durable) -> None:
                await asyncio.wait_for(board.seen.wait(), PATIENCE_S)
                found.append(time.monotonic() - durable)

            await asyncio.gather(*map(until_seen, boards))
            await asyncio.sleep(EVERY_S)
    return sorted(found)


def measure() -> list[Line]:
    """Time what boards see beside the load."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data, jobs="false") as live:
            fleet, probes, session = asyncio.run(a_fleet(data))
            seconds = round(2 * WARM_S + PROBES * (EVERY_S + 0.5))
            command = [sys.executable, "-m", "tests.bench.paced", str(live.port), str(RATE), str(seconds)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pace:
                assert pace.stdin is not None
                pace.stdin.write(" ".join(fleet))
                pace.stdin.close()
                found = asyncio.run(delays_s(live, probes, session))
                assert pace.stdout is not None
                rate = int(pace.stdout.read() or 0)
    p95 = found[int(len(found) * 0.95) - 1]
    return [
        Line(
            f"a marker after its fix is durable, {RATE:,} fixes/s and {BOARDS} open boards beside it",
            f"p50 {statistics.median(found):.2f} s, p95 {p95:.2f} s",
            f"{VEHICLES + PROBES} vehicles of one bureau, {rate:,} fixes/s answered; the limit is p95 of 1 s",
        )
    ]
