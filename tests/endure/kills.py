"""Kill -9 under load: the service, its database, or both, and what must be true of every request afterwards (P7).

.venv/bin/python -m tests.endure.kills [COUNT] [--power] [--write]

Clients send fixes one by one and in batches, visit notes, trip requests, complaints, signed acts and photos, and keep
the answers. After the kill all of it is sent again, byte for byte. `endure` yields what was not as promised. With
`--power` the whole machine loses its power instead, on a disk that then holds what was flushed and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from time import monotonic

import httpx

from api.db.address import running
from api.db.embedded import start
from api.db.migrate import migrate
from tests.endure.desk import CLIENTS, Desk, Sent, a_desk, client
from tests.endure.disk import Disk, lazyfs, plugged
from tests.endure.faults import Faults, whole_in
from tests.endure.page import measured_on, write
from tests.live import PATIENCE_S, Live, serving

ACKNOWLEDGED_FIRST = 40
"""So many requests are answered before the kill: the load is under way."""
ROUND = 50
"""Kills of one database; then another begins empty, so that looking through all of it takes as long each time."""
NIGHTLY = 100


class Victim(StrEnum):
    """What is killed."""

    SERVICE = "service"
    DATABASE = "database"
    BOTH = "both"
    POWER = "power"


KILLED = (Victim.SERVICE, Victim.DATABASE, Victim.BOTH)


@dataclass
class Endured:
    """One kill: how many requests had been answered, and how many had not, when it came."""

    victim: Victim
    acknowledged: int
    unanswered: int
    back_after_s: float
    faults: Faults


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(3 * PATIENCE_S):
        while not await what():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)


def postmaster(data: Path) -> int:
    """Return the number of the database's process."""
    return int((data / "postgres" / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def kill(live: Live, data: Path, victim: Victim, disk: Disk | None) -> None:
    """Kill without a word of warning; a machine without power has a disk that comes back with what was flushed."""
    database = postmaster(data)
    if disk is not None:
        live.process.send_signal(signal.SIGSTOP)  # all of a machine goes at once: it answers nobody from here on
        disk.cut()
    if victim is not Victim.SERVICE:
        with contextlib.suppress(ProcessLookupError):
            os.kill(database, signal.SIGKILL)
    if victim is not Victim.DATABASE:
        live.process.kill()
        live.process.wait()
    if disk is not None:
        disk.clear()
        disk.plug()


async def endure(folder: Path, victims: Iterable[Victim], disk: Disk | None = None) -> AsyncIterator[Endured]:
    """Yield after each kill, once everything was looked at; a disk is needed where the power is cut."""
    data = (folder if disk is None else disk.place) / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    with ExitStack() as services:
        live = services.enter_context(serving(folder / "log", data=data))
        desk = await a_desk(data)
        for number, victim in enumerate(victims, start=1):
            before, faults = len(desk.sent), Faults()
            async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
                stop = asyncio.Event()
                async with asyncio.TaskGroup() as clients:
                    for kind in CLIENTS:
                        clients.create_task(client(http, desk, kind, stop))
                    await until(lambda: answered(desk.sent[before:], ACKNOWLEDGED_FIRST))  # noqa: B023 - awaited here
                    await asyncio.sleep(number * 37 % 200 / 1000)  # at another moment each time
                    kill(live, data, victim, disk)
                    killed_at = monotonic()
                    if victim is Victim.DATABASE:
                        await until(lambda: ready(http))
                    stop.set()
            if victim is not Victim.DATABASE:
                live = services.enter_context(serving(folder / f"log{number}", data=data))
            async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
                await until(lambda: ready(http))
                back_after_s = monotonic() - killed_at
                acknowledged = sum(one.answer is not None for one in desk.sent[before:])
                await settle(http, data, desk, before, faults)
            yield Endured(victim, acknowledged, len(desk.sent) - before - acknowledged, back_after_s, faults)


async def settle(http: httpx.AsyncClient, data: Path, desk: Desk, before: int, faults: Faults) -> None:
    """Look for what was acknowledged, send all since `before` again, and look whether that is there, and no more."""
    url, whole = running(data).dsn("postgres"), whole_in(data / "files")
    faults.look(url, desk, whole, final=False)
    for one in desk.sent[before:]:
        await faults.send_again(http, desk, one)
    faults.look(url, desk, whole, final=True)


async def answered(sent: list[Sent], count: int) -> bool:
    """Tell whether so many requests have been answered."""
    return sum(one.answer is not None for one in sent) >= count


async def ready(http: httpx.AsyncClient) -> bool:
    """Tell whether the service can do its work."""
    try:
        return (await http.get("/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def figures(endured: list[Endured]) -> str:
    """Return a table of kills by victim."""
    rows = [
        "| killed | kills | acknowledged | unanswered | lost | doubled | otherwise | half written | back after, most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for victim in Victim:
        these = [one for one in endured if one.victim is victim]
        if these:
            counts = [sum(getattr(one, name) for one in these) for name in ("acknowledged", "unanswered")]
            counts += [
                len(set().union(*(getattr(one.faults, name) for one in these)))
                for name in ("lost", "doubled", "otherwise", "half")
            ]
            told = " | ".join(f"{count:,}" for count in counts)
            longest_s = max(one.back_after_s for one in these)
            rows.append(f"| {victim} | {len(these):,} | {told} | {longest_s:.1f} s |")
    return "\n".join(rows)


async def run(count: int, program: str | None) -> list[Endured]:
    """Kill so many times, or cut the power with LazyFS; say so as it goes, and return what was endured until Ctrl-C."""
    began_at, endured = monotonic(), list[Endured]()
    victims = islice(cycle(KILLED if program is None else (Victim.POWER,)), count)
    with contextlib.suppress(asyncio.CancelledError):
        while len(endured) < count:
            async for one in a_round(islice(victims, ROUND), program):
                endured.append(one)
                found = f", NOT AS PROMISED: {one.faults}" if one.faults else ""
                sys.stderr.write(
                    f"{len(endured)} of {count}, {monotonic() - began_at:.0f} s: {one.victim} killed,"
                    f" {one.acknowledged} acknowledged, back after {one.back_after_s:.1f} s{found}\n"
                )
    return endured


async def a_round(victims: Iterable[Victim], program: str | None) -> AsyncIterator[Endured]:
    """Endure the kills of one database."""
    with tempfile.TemporaryDirectory() as name, nullcontext() if program is None else plugged(program) as disk:
        async for one in endure(Path(name), victims, disk):
            yield one


def main() -> int:
    """Kill, print the table, write it into the page where asked; 1 where anything was not as promised."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("count", type=int, nargs="?", default=NIGHTLY)
    asked.add_argument("--power", action="store_true", help="cut the power of the machine; needs root and LazyFS")
    asked.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    options = asked.parse_args()
    signal.signal(signal.SIGTERM, lambda *_told: signal.raise_signal(signal.SIGINT))  # ends as by Ctrl-C
    program = lazyfs() if options.power else None
    if options.power and program is None:
        sys.stderr.write("Power is cut on a disk of LazyFS, as root: docs/reliability.md says how it is built.\n")
        return 1
    endured = asyncio.run(run(options.count, program))
    sys.stdout.write(figures(endured) + "\n")
    if options.write:
        made = f"make power POWER={len(endured)}" if options.power else f"make kills KILLS={len(endured)}"
        write(
            "Power cut" if options.power else "Killed",
            f"{measured_on()}, `{made}`.\n\n{figures(endured)}",
        )
    return int(any(one.faults for one in endured))


if __name__ == "__main__":
    sys.exit(main())
