"""How fast JT/T 808 reports are answered, durably, over 500 connections; and what 2,000 connections take."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.roles import INGEST, OWNER, SERVICE
from api.settings import Settings
from api.usecases.configure_device import Configuration, configure_device
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.bench.line_load import round_trips, steady
from tests.bench.result import Line
from tests.live import PATIENCE_S, Live, free_port, serving, zhuanche
from tests.world import HeldClock, add_vehicle, make_world

CONNECTIONS = 500
MANY = 2_000
SECONDS = 10
EVERY_S = 5.0
STEADY_S = 30


async def on_file(data: Path, count: int, *, strictness: str = "strict") -> list[tuple[str, str]]:
    """Make a bureau with so many terminals, each in a vehicle of its own, and return phone number and token of each."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    ingest = Database(address.dsn(INGEST), settings, clock, role=INGEST)
    world = await make_world(owner, service, clock)
    admin, places = world["admin"], asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, str]:
        async with places:
            vehicle_id = await add_vehicle(world, f"闽B{number:05}", dedicated=False)
            new = NewDevice(name=f"terminal {number}", vehicle_id=vehicle_id)
            made = await enrol_device(service, admin, new)
            phone = f"{world.bureau_id}{number:05}"
            wanted = Configuration(name=new.name, terminal_phone=phone, strictness=strictness)  # type: ignore[arg-type]
            await configure_device(service, ingest, admin, made.device_id, wanted)
            return phone, made.token or ""

    try:
        return list(await asyncio.gather(*(one(number) for number in range(count))))
    finally:
        for database in (owner, service, ingest):
            await database.close()


@contextmanager
def live(folder: Path) -> Iterator[tuple[Live, int]]:
    """Yield a service and its port for terminals."""
    migrated = zhuanche("migrate", data=folder / "data")
    assert migrated.returncode == 0, migrated.stderr
    port = free_port()
    with serving(folder / "log", data=folder / "data", jt808_port=port, jt808_host="127.0.0.1") as service:
        while httpx.get(f"{service.url}/readyz").status_code != 200:
            time.sleep(0.02)
        yield service, port


@contextmanager
def bare() -> Iterator[int]:
    """Yield the port of a server that only decodes and answers."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "tests.bench.bare_terminals", str(port)]) as process:
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.kill()


def resident_mib(pid: int) -> float:
    """Return how much memory a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def stored(data: Path) -> int:
    """Return how many positions there are."""
    with psycopg.connect(running(data).dsn("postgres")) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM position")
        return int(count)


def measure() -> list[Line]:
    """Return the results."""
    with tempfile.TemporaryDirectory() as name:
        folder, since = Path(name), datetime.now(UTC) - timedelta(days=1)
        with live(folder) as (service, port):
            terminals: list[tuple[str, str | None]] = [*asyncio.run(on_file(folder / "data", MANY))]
            with bare() as bare_port:
                unproved = [(phone, None) for phone, _ in terminals[:CONNECTIONS]]
                limit = round_trips(bare_port, unproved, since, SECONDS)
            called = round_trips(port, terminals[:CONNECTIONS], since, SECONDS)
            assert called.lost == 0
            assert stored(folder / "data") >= called.answers, "an answered report is not there"
            idle = resident_mib(service.process.pid)
            since += timedelta(hours=12)
            many = steady(
                port,
                terminals,
                since,
                every_s=EVERY_S,
                seconds=STEADY_S,
                mark=lambda: resident_mib(service.process.pid),
            )
            assert many.lost == 0
    return [
        Line(
            f"JT/T 808 reports answered over {CONNECTIONS} connections, durable",
            f"{called.rate:,.0f}/s, p50 {called.p50_ms:.0f} ms, p99 {called.p99_ms:.0f} ms",
            f"{called.rate / limit.rate:.2f} of a bare server that only decodes and answers ({limit.rate:,.0f}/s)",
        ),
        Line(
            f"{MANY:,} terminals at once, a report every {EVERY_S:.0f} s each",
            f"{many.rate:,.0f}/s, p50 {many.p50_ms:.0f} ms, p99 {many.p99_ms:.0f} ms",
            f"{many.marks[0] - idle:+.0f} MiB once connected, {many.marks[-1] - many.marks[0]:+.0f} MiB in the"
            f" {STEADY_S} s after (peak {max(many.marks):.0f} MiB)",
        ),
    ]
