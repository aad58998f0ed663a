"""Mutated frames against the live server: it stays alive, answers the others meanwhile, and its memory is flat.

.venv/bin/python -m tests.bench.mutated [COUNT] [SEED]

Some terminals of lenient devices send what is almost a message, in chunks that end with a good heartbeat, whose answer
is waited for; who is hung up on connects again. One terminal of a strict device sends good reports all the while.
SIGINT ends it early, with its figures.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvloop

from domain.values import Point
from tests.bench.line_load import Reports
from tests.bench.terminals import live, on_file, resident_mib
from tests.terminal import Terminal, batch, bcd, location, padded, sum_of, u8, u16

COUNT = 10_000_000
SENDERS = 8
CHUNK = 200
REGISTERS = 0.2
"""Share of chunks with a registration: each is looked up and costs as much as a chunk."""
PATIENCE_S = 60
MARK_S = 5.0
PLACE = Point(25.4337, 118.9962)
HEADER = 12


@dataclass
class Tally:
    """What has happened so far."""

    sent: int = 0
    reconnected: int = 0
    good: list[float] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)


def originals(terminal: Terminal, at: datetime) -> list[bytes]:
    """Return messages of every kind, unescaped and without checksum."""
    items = bytes.fromhex("01040012d68702020190030201320402000125040000000530011f31010ce1020102eb03010203")
    reports = [location(at + timedelta(seconds=i), PLACE, items=items, alarms=i << 5) for i in range(5)]
    card = (
        u8(1) + bcd("261123090000", 6) + u8(0, 4) + "张三".encode("gbk") + padded("350302", 20) + u8(2) + b"ab\0\0\0\0"
    )
    return [
        terminal.raw(0x0200, reports[0]),
        terminal.raw(0x0200, reports[1]),
        terminal.raw(0x0704, batch(reports)),
        terminal.raw(0x0210, b"".join(u8(len(one)) + one for one in reports)),
        terminal.raw(0x0702, card),
        terminal.raw(0x0201, u16(7) + reports[2]),
        terminal.raw(0x0001, u16(1, 0x8103) + u8(0)),
        terminal.raw(0x0704, batch(reports)[:90], total=2, index=1),
        terminal.raw(0x0704, batch(reports)[90:], total=2, index=2),
        terminal.raw(0x0900, b"\xf0transparent"),
        terminal.raw(0x0002),
    ]


PLATE = "闽B12345".encode("gbk")


def mutated(rng: random.Random, raw: bytes) -> bytes:
    """Return a frame for the wire of a message in which something was changed."""
    changed = bytearray(raw)
    begins = 0 if rng.random() < 0.2 or len(raw) == HEADER else HEADER
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(begins, max(begins + 1, len(changed)))
        kind = rng.randrange(6)
        if kind == 0:
            changed[place : place + 1] = bytes((rng.randrange(256),))
        elif kind == 1:
            changed[place : place + 1] = bytes((rng.choice((0, 0x7D, 0x7E, 0x7F, 0x80, 0xFF)),))
        elif kind == 2:
            del changed[place : place + rng.randint(1, 12)]
        elif kind == 3:
            changed[place:place] = rng.randbytes(rng.randint(1, 12))
        elif kind == 4:
            changed[place:place] = changed[place : place + rng.randint(1, 40)]
        else:
            del changed[place:]
    if rng.random() < 0.8 and len(changed) >= HEADER:  # most have the length of what they are now
        size = max(0, len(changed) - HEADER - (4 if changed[2] & 0x20 else 0))
        changed[2:4] = u16(int.from_bytes(changed[2:4], "big") & 0xFC00 | size & 0x3FF)
    summed = bytes(changed) + bytes((sum_of(changed),))
    fate = rng.random()
    if fate < 0.05:
        summed = summed[:-1] + bytes((rng.randrange(256),))
    if fate > 0.95:
        return b"\x7e" + summed + b"\x7e"  # nothing escaped
    return b"\x7e" + summed.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


class Sender:
    """One connection of mutated frames; opened anew whenever the platform hangs up."""

    def __init__(self, port: int, phone: str, token: str, rng: random.Random) -> None:
        self._port, self._token, self._rng = port, token, rng
        self._terminal = Terminal(phone=phone)
        self._originals = originals(self._terminal, datetime.now(UTC) - timedelta(hours=1))
        self._registration = self._terminal.raw(0x0100, bytes(37) + PLATE)

    async def run(self, tally: Tally, enough: Callable[[], bool]) -> None:
        """Send until it is enough."""
        while not enough():
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(self._terminal.authenticate(self._token))
                await reader.readuntil(b"\x7e\x80\x01")
                while not enough():
                    await self._chunk(reader, writer)
                    tally.sent += CHUNK
            except (ConnectionError, asyncio.IncompleteReadError):
                tally.sent += CHUNK // 2
                tally.reconnected += 1
            finally:
                writer.close()

    async def _chunk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rng = self._rng
        serial = rng.randrange(0x7D) << 8 | rng.randrange(0x7D)  # neither byte is escaped in the answer
        frames = [mutated(rng, rng.choice(self._originals)) for _ in range(CHUNK)]
        if rng.random() < REGISTERS:
            frames[0] = mutated(rng, self._registration)
        writer.write(b"".join([*frames, self._terminal.frame(0x0002, serial=serial)]))
        wanted = u16(serial, 0x0002)
        async with asyncio.timeout(PATIENCE_S):  # a hang is a failure
            while wanted not in await reader.readuntil(b"\x7e"):
                continue


async def good(port: int, phone: str, token: str, tally: Tally, done: asyncio.Event) -> None:
    """Send a good report every 0.2 s on one connection, each answered well."""
    terminal, reports = Terminal(phone=phone), Reports(phone, datetime.now(UTC) - timedelta(days=2))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frame = terminal.authenticate(token)
    while not done.is_set():
        began = time.perf_counter()
        writer.write(frame)
        async with asyncio.timeout(PATIENCE_S):
            await reader.readexactly(1)
            told = terminal.told(b"\x7e" + await reader.readuntil(b"\x7e"))
        assert told.body[-1] == 0, told
        tally.good.append(time.perf_counter() - began)
        frame = reports.next()
        await asyncio.sleep(0.2)
    writer.close()


async def attack(
    port: int, lenient: list[tuple[str, str]], strict: tuple[str, str], *, pid: int, count: int, seed: int
) -> Tally:
    """Send the frames and return what happened."""
    tally, done = Tally(), asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            tally.marks.append(resident_mib(pid))
            if len(tally.marks) % 12 == 1:
                sys.stdout.write(f"{tally.sent:,} sent, {tally.reconnected:,} reconnected, {tally.marks[-1]:.0f} MiB\n")
                sys.stdout.flush()
            await asyncio.sleep(MARK_S)

    def enough() -> None:
        nonlocal count
        count = 0

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, enough)
    watching = [asyncio.create_task(watch()), asyncio.create_task(good(port, *strict, tally, done))]
    senders = [
        Sender(port, phone, token, random.Random(seed * 1000 + number)).run(tally, lambda: tally.sent >= count)  # noqa: S311 - repeatable
        for number, (phone, token) in enumerate(lenient)
    ]
    await asyncio.gather(*senders)
    done.set()
    await asyncio.gather(*watching)
    return tally


def main() -> None:
    """Attack a server of our own and say how it bore it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)  # noqa: S311
    sys.stdout.write(f"seed {seed}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with live(folder) as (service, port):
            lenient = asyncio.run(on_file(folder / "data", SENDERS, strictness="lenient"))
            (strict,) = asyncio.run(on_file(folder / "data", 1))
            began = time.monotonic()
            tally = uvloop.run(attack(port, lenient, strict, pid=service.process.pid, count=count, seed=seed))
            took = time.monotonic() - began
            assert httpx.get(f"{service.url}/readyz").status_code == 200
            assert "terminal-fault" not in service.log.read_text(), "a frame was met by a fault of our own"
            metrics = httpx.get(f"{service.url}/metrics").text
    good_ms = sorted(one * 1000 for one in tally.good)
    tenth = max(1, len(tally.marks) // 10)
    steady, last = tally.marks[tenth : 2 * tenth], tally.marks[-tenth:]
    sys.stdout.write(
        "".join(f"{line}\n" for line in metrics.splitlines() if line.startswith("zhuanche_terminal"))
        + f"{tally.sent:,} frames in {took:,.0f} s ({tally.sent / took:,.0f}/s), {tally.reconnected:,} reconnections\n"
        f"memory: {tally.marks[0]:.0f} MiB at first, {sum(steady) / len(steady):.0f} MiB in the second tenth,"
        f" {sum(last) / len(last):.0f} MiB in the last, {max(tally.marks):.0f} MiB at most\n"
        f"meanwhile {len(good_ms):,} good reports answered, p50 {good_ms[len(good_ms) // 2]:.0f} ms,"
        f" p99 {good_ms[len(good_ms) * 99 // 100]:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
