"""The long run: everything a bureau does, while everything it runs on is struck at random.

.venv/bin/python -m tests.endure.soak [MINUTES] [--seed N] [--phones N] [--terminals N] [--write]

At the end every acknowledged fact is there once, the books balance, facts and ledger entries match both ways, memory,
file handles and connections were flat, and no request is left open.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

import httpx
import psycopg

from api.db import datafolder
from api.db.embedded import start
from api.db.migrate import migrate
from api.db.roles import INGEST, SERVICE
from tests.endure.blows import KILLS, Blows, Machine
from tests.endure.day import BOARDS, EXPORTS, Day
from tests.endure.desk import Desk, a_desk, send
from tests.endure.faults import Faults
from tests.endure.flat import LONG_S, Growth, Sample, growths, sample, told, unflat
from tests.endure.fleet import Fleet, a_fleet, rest
from tests.endure.page import measured_on, write
from tests.endure.wire import wired
from tests.live import PATIENCE_S, free_port
from tests.simulation.promises import check_desk

MINUTES = 60.0
PHONES, TERMINALS = 200, 50
TRIPS_AT_ONCE = 3
EVERY_S = 1.0
"""So often each client of the desk sends, and figures are taken."""
BETWEEN_S = (3.0, 20.0)
"""Between a blow that is over and the next one."""
BLOWS_LEAST = 4
"""So many, however long they take on a slow machine."""
KILLED_UNTIL = 0.4
"""Service and database are killed in this first part of the run: the last ones live long enough to see whether they
stay flat."""
UNLIKE_MOST = 100
"""After so many answers that are not as they should be nobody goes on asking: the run has failed, and shall end."""
DONE_WITHIN_S = 120
"""After the last blow, until each kind of work was done that was not done before."""
AT_ONCE = httpx.Limits(max_connections=32)
"""Of phones: each request walks through all connections of its client, which must not be what is measured."""
KINDS = ("note", "trip", "complaint", "signed", "photo", "fix", "batch")
DONE = (
    *("fix", "note", "trip", "complaint", "signed", "photo", "fix of a phone", "fix of a terminal", "event on a board"),
    *(f"POST {what}" for what in ("readings", "complaints", "trips", "approve", "depart", "visit-notes", "return")),
    *("POST close", "POST seal", "photo of a trip's note", *EXPORTS.values()),
)
"""What is acknowledged at least once in every run, however short: else it has shown nothing of that."""
DISK_MIB = 1_500
BUCKET = "desk"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND state <> 'idle'"
)
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@dataclass
class Lasted:
    """What a run was, and what was not as promised."""

    seconds: float
    blows: Counter[str]
    acknowledged: Counter[str]
    back_after_s: float
    """The longest time from the end of a blow until the service could do its work."""
    grown: dict[str, Growth]
    faults: Faults
    left: list[str] = field(default_factory=list)
    """What is open still, has grown, was not measured, or never came through."""
    impossible: list[str] = field(default_factory=list)
    """What could not strike on this machine."""

    @property
    def well(self) -> bool:
        """Tell whether all was as promised."""
        return not self.faults and not self.left


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Yield a small disk at the folder, or None where this account may not make one."""
    options = f"size={DISK_MIB}m,mode=0755"
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", folder], check=False, stderr=subprocess.DEVNULL
        ).returncode
    )
    try:
        yield folder if made else None
    finally:
        if made:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def settable_clock(folder: Path) -> Iterator[Callable[[timedelta], None] | None]:
    """Yield what sets the clock of the programs that are started meanwhile, or None without Debian's faketime."""
    if FAKETIME is None:
        yield None
        return
    told = folder / "offset"

    def set_by(by: timedelta) -> None:
        told.write_text(f"{by.total_seconds():+.0f}\n")
        told.chmod(0o644)

    set_by(timedelta(0))
    variables = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    before = dict(datafolder.ENVIRONMENT)
    datafolder.ENVIRONMENT.update(variables)
    try:
        with with_environment(variables):
            yield set_by
    finally:
        datafolder.ENVIRONMENT.clear()
        datafolder.ENVIRONMENT.update(before)


@contextmanager
def with_environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for the programs that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def object_store(log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield an S3 server with one bucket, a process of its own, and its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            for _ in range(int(PATIENCE_S / 0.2)):
                with suppress(httpx.TransportError):
                    httpx.put(f"http://127.0.0.1:{port}/{BUCKET}").raise_for_status()
                    break
            yield process, port
        finally:
            process.kill()


@asynccontextmanager
async def a_machine(folder: Path) -> AsyncIterator[Machine]:
    """Yield a running service with all it stands on."""
    async with AsyncExitStack() as stack:
        disk_folder = folder / "disk"
        disk_folder.mkdir(mode=0o755)
        disk = stack.enter_context(small_disk(disk_folder))
        store, store_port = stack.enter_context(object_store(folder / "store.log"))
        set_clock = stack.enter_context(settable_clock(folder))
        database_port = free_port()
        database = stack.enter_context(start(disk_folder / "data", port=database_port))
        database.supervise()
        migrate(database.dsn("postgres"))
        terminals_port = free_port()
        wires = [
            await stack.enter_async_context(wired(port)) for port in (0, terminals_port, database_port, store_port)
        ]
        stack.enter_context(
            with_environment(
                {
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{wires[3].port}",
                    "AWS_ALLOW_HTTP": "true",
                    "AWS_ACCESS_KEY_ID": "desk",
                    "AWS_SECRET_ACCESS_KEY": "not a secret",
                    "AWS_REGION": "us-east-1",
                }
            )
        )
        settings: dict[str, object] = {
            "data": folder / "service",
            "service_url": database.tcp_dsn(SERVICE).replace(f":{database_port}/", f":{wires[2].port}/"),
            "ingest_url": database.tcp_dsn(INGEST).replace(f":{database_port}/", f":{wires[2].port}/"),
            "files_url": f"s3://{BUCKET}/photos",
            "files_timeout_s": 5,
            "jt808_port": terminals_port,
            "jt808_host": "127.0.0.1",
            "time_server": "none",
            "disk_reserve_mib": 64,
        }
        services = ExitStack()
        # In a thread: a service that stops says good-bye to its database over the wire, which is this loop's.
        stack.push_async_callback(asyncio.to_thread, services.close)
        machine = Machine(folder, settings, database, store, *wires, disk, set_clock, services)
        await asyncio.to_thread(machine.serve)
        yield machine


async def clients_of(http: httpx.AsyncClient, desk: Desk, kind: str, stop: asyncio.Event) -> None:
    """Send requests of one kind, each until it is answered."""
    while not stop.is_set() and len(desk.unlike) < UNLIKE_MOST:
        one = desk.next(kind)
        while one.answer is None and len(desk.unlike) < UNLIKE_MOST:
            one.answer = await send(http, desk, one)
            if one.answer is None:
                await asyncio.sleep(0.5)
        await rest(stop, EVERY_S)


async def sampled(machine: Machine, samples: list[Sample], stop: asyncio.Event) -> None:
    """Take figures all along; while the database is struck there are none."""
    began_at, url = monotonic(), machine.database.dsn("postgres")

    def connections() -> int:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(CONNECTED).fetchone()
        return row[0] if row else 0

    while not stop.is_set():
        with suppress(OSError, IndexError, psycopg.Error):  # one of them is struck
            pids = machine.live.process.pid, machine.database.pid
            samples.append(await asyncio.to_thread(sample, monotonic() - began_at, *pids, connections))
        await rest(stop, EVERY_S)


async def struck(strikes: Blows, seconds: float) -> tuple[Counter[str], float]:
    """Strike again and again, each blow once before any comes twice; return how often, and the longest way back."""
    blows, draw, longest_s = strikes.all(), strikes.draw, 0.0
    counts = Counter(dict.fromkeys(blows, 0))
    began_at, waiting = monotonic(), list[str]()
    while (gone := (monotonic() - began_at) / seconds) < 1 or counts.total() < BLOWS_LEAST:
        await asyncio.sleep(min(draw.uniform(*BETWEEN_S), seconds / len(blows) / 3))
        may = [name for name in blows if gone < KILLED_UNTIL or name not in KILLS]
        waiting = [name for name in waiting if name in may] or draw.sample(may, len(may))
        if gone < KILLED_UNTIL:
            waiting.sort(key=lambda name: name not in KILLS)
        name = waiting.pop(0)
        sys.stderr.write(f"{monotonic() - began_at:.0f} s: {name}\n")
        await blows[name]()
        counts[name] += 1
        longest_s = max(longest_s, await strikes.machine.mended())
    return counts, longest_s


async def soak(folder: Path, seconds: float, *, phones: int, terminals: int, seed: int) -> Lasted:
    """Run, strike, and look."""
    draw, stop, samples = random.Random(seed), asyncio.Event(), list[Sample]()  # noqa: S311 - to be drawn again
    async with a_machine(folder) as machine:
        data = folder / "disk" / "data"
        desk, fleet = await a_desk(data), await a_fleet(data, phones, terminals)
        url = f"http://127.0.0.1:{machine.clients.port}"
        async with (
            httpx.AsyncClient(base_url=url, timeout=30) as http,
            httpx.AsyncClient(base_url=url, timeout=30, limits=AT_ONCE) as of_phones,
        ):
            day, strikes = Day(fleet, http, stop), Blows(machine, draw)
            sys.stderr.write(f"{phones} phones and {terminals} terminals begin\n")
            async with asyncio.TaskGroup() as all_of_it:
                work = [
                    fleet.send(of_phones, lambda: machine.terminals.port, stop),
                    *(clients_of(http, desk, kind, stop) for kind in KINDS),
                    *(day.trips(vehicle_id) for vehicle_id in fleet.vehicles[:TRIPS_AT_ONCE]),
                    day.seals(fleet.vehicles[TRIPS_AT_ONCE:], max(EVERY_S, seconds / 3 / terminals)),
                    day.exports(fleet.vehicles[0]),
                    *(day.board(number) for number in range(BOARDS)),
                    sampled(machine, samples, stop),
                ]
                for one in work:
                    all_of_it.create_task(one)
                blows, back_after_s = await struck(strikes, seconds)
                before = list(day.heard)
                await asyncio.sleep(10)
                undone = await undone_of(desk, fleet, day)
                stop.set()
                sys.stderr.write("struck no more: what is under way is answered, and looked at\n")
            deaf = [number for number in range(BOARDS) if day.heard[number] == before[number]]
            acknowledged = acknowledged_of(desk, fleet, day)
            faults = await looked(http, machine, desk, fleet, day)
        left = [f"board {number} hears nothing any more" for number in deaf] + await still_open(machine)
    left += [f"not one {what} came through" for what in undone]
    if seconds >= LONG_S:
        left += [f"not once: {name}" for name, count in blows.items() if not count]
    grown = growths(samples)
    left += unflat(grown, seconds)
    return Lasted(seconds, blows, acknowledged, back_after_s, grown, faults, left, strikes.impossible())


def acknowledged_of(desk: Desk, fleet: Fleet, day: Day) -> Counter[str]:
    """Return how often what was acknowledged up to now."""
    found = Counter(one.kind for one in desk.sent if one.answer is not None) + day.done
    for device in fleet.devices:
        found[f"fix of a {'phone' if device.terminal is None else 'terminal'}"] += len(device.acknowledged)
    found["event on a board"] = sum(day.heard)
    return found


async def undone_of(desk: Desk, fleet: Fleet, day: Day) -> list[str]:
    """Wait until each kind of work was done once, and return what was not all the same."""
    for _ in range(DONE_WITHIN_S):
        done = acknowledged_of(desk, fleet, day)
        if all(done[one] for one in DONE):
            break
        await asyncio.sleep(1)
    return [one for one in DONE if not done[one]]


async def looked(http: httpx.AsyncClient, machine: Machine, desk: Desk, fleet: Fleet, day: Day) -> Faults:
    """Hold everything that was acknowledged against the database and the store."""
    url, faults, store = machine.database.dsn("postgres"), Faults(), machine.to_store.target

    def whole(bureau_id: str, sha256: str) -> bool:
        got = httpx.get(f"http://127.0.0.1:{store}/{BUCKET}/photos/{bureau_id}/{sha256[:2]}/{sha256}")
        return got.is_success and hashlib.sha256(got.content).hexdigest() == sha256

    for one in desk.sent if len(desk.unlike) < UNLIKE_MOST else ():
        await faults.send_again(http, desk, one)
    await asyncio.to_thread(faults.look, url, desk, whole, final=True)
    lost, doubled = fleet.look(url)
    faults.lost |= lost | day.look(url)
    faults.lost |= {f"photo {one} is not whole" for one in day.photos if not whole(fleet.world.bureau_id, one)}
    faults.doubled |= doubled
    faults.otherwise.update(fleet.unlike)
    check_desk(url, fleet.world.bureau_id, day.book)
    return faults


async def still_open(machine: Machine) -> list[str]:
    """Return what is not over though nobody asks for anything any more."""
    for _ in range(50):
        await asyncio.sleep(0.2)
        async with httpx.AsyncClient(base_url=machine.live.url) as http:
            numbers = (await http.get("/metrics")).text
        with psycopg.connect(machine.database.dsn("postgres")) as connection:
            row = connection.execute(OPEN).fetchone()
        found = [f"{row[0]} statements or transactions"] if row and row[0] else []
        for name in ("zhuanche_ingest_waiting_fixes", "zhuanche_live_pages", "zhuanche_terminals_connected"):
            value = re.search(rf"^{name} (\S+)$", numbers, re.MULTILINE)
            if value is None or float(value[1]):
                found.append(f"{name} {value and value[1]}")
        if not found:
            break
    return found


def figures(lasted: Lasted) -> str:
    """Return tables of what was acknowledged, what struck, and what was found."""
    faults = lasted.faults
    rows = [
        "| acknowledged | |\n|---|---|",
        *(f"| {what} | {count:,} |" for what, count in sorted(lasted.acknowledged.items())),
        "\n| struck | times |\n|---|---|",
        *(f"| {what} | {count} |" for what, count in sorted(lasted.blows.items())),
        *(f"| {what} | not possible on this machine |" for what in lasted.impossible),
        "\n| found | |\n|---|---|",
        f"| lost | {len(faults.lost)} |",
        f"| doubled | {len(faults.doubled)} |",
        f"| answered otherwise | {len(faults.otherwise)} |",
        f"| half written | {len(faults.half)} |",
        f"| longest time from the end of a blow until the service could work | {lasted.back_after_s:.1f} s |",
        *told(lasted.grown, lasted.seconds),
        f"| left open, grown, not measured, not done or deaf | {', '.join(lasted.left) or 'nothing'} |",
    ]
    return "\n".join(rows)


def main() -> int:
    """Run, print the figures, write them into the page where asked; 1 where anything was not as promised."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("minutes", type=float, nargs="?", default=MINUTES)
    asked.add_argument("--seed", type=int, default=12315)
    asked.add_argument("--phones", type=int, default=PHONES)
    asked.add_argument("--terminals", type=int, default=TERMINALS)
    asked.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    options = asked.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing that was mounted or started is left behind
    with tempfile.TemporaryDirectory(prefix="zhuanche-soak-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        how_many = {"phones": options.phones, "terminals": options.terminals}
        lasted = asyncio.run(soak(folder, options.minutes * 60, seed=options.seed, **how_many))
    tables = figures(lasted)
    sys.stdout.write(tables + "\n")
    if lasted.faults:
        sys.stdout.write(f"\nNot as promised: {lasted.faults}\n")
    if options.write:
        made = f"{measured_on()}, `make soak SOAK={options.minutes:g}`, seed {options.seed}"
        write("The long run", f"{made}, {options.phones} phones, {options.terminals} terminals.\n\n{tables}")
    return int(not lasted.well)


if __name__ == "__main__":
    sys.exit(main())
