"""Load of JT/T 808 terminals: many connections from one process, each waiting for its answer before it sends again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import xor
from struct import pack

import uvloop

from tests.terminal import CHINA, Terminal

ANSWER = 0x8001


class Reports:
    """Makes 0x0200 of one terminal, fast: each a second later and further, with mileage, signal and satellites."""

    def __init__(self, phone: str, since: datetime) -> None:
        self._phone = bytes.fromhex(phone.rjust(12, "0"))
        self._at = since.astimezone(CHINA)
        self._made = 0

    def next(self) -> bytes:
        """Return the next frame."""
        self._made += 1
        at = (self._at + timedelta(seconds=self._made)).strftime("%y%m%d%H%M%S")
        body = (
            pack(">IIIIHHH", 0, 3, 25_433_700 + self._made, 118_996_200, 12, 360, 90)
            + bytes.fromhex(at)
            + pack(">BBIBBBBBB", 1, 4, 1_000_000 + self._made, 0x30, 1, 31, 0x31, 1, 12)
        )
        raw = pack(">HH", 0x0200, len(body)) + self._phone + pack(">H", self._made & 0xFFFF) + body
        summed = raw + bytes((reduce(xor, raw),))
        return b"\x7e" + summed.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


class Caller(asyncio.Protocol):
    """A terminal that proves itself, then sends whenever it is told to or, in a closed loop, when it was answered."""

    def __init__(self, phone: str, token: str | None, since: datetime) -> None:
        self.reports = Reports(phone, since)
        self.proved = asyncio.get_running_loop().create_future()
        self.lost = False
        self.took_s: list[float] = []
        self.loops = False
        self._phone = phone
        self._token = token
        self._heard = b""
        self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who it is."""
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        if self._token is None:
            self.proved.set_result(None)
        else:
            self.transport.write(Terminal(phone=self._phone).authenticate(self._token))

    def data_received(self, data: bytes) -> None:
        """Take answers: one ends at each second 0x7E."""
        self._heard += data
        if self._heard[-1:] != b"\x7e" or len(self._heard) < 2:
            return
        heard, self._heard = self._heard, b""
        if not self.proved.done():
            told = Terminal().told(heard)
            assert (told.id, told.body[-1]) == (ANSWER, 0), told
            self.proved.set_result(None)
            return
        self.took_s.append(time.perf_counter() - self._sent_s)
        if self.loops:
            self.send()

    def send(self) -> None:
        """Send the next report."""
        self._sent_s = time.perf_counter()
        self.transport.write(self.reports.next())

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the platform hung up."""
        self.lost = True
        if not self.proved.done():
            self.proved.set_exception(ConnectionError(f"hung up on before the answer: {exc}"))


@dataclass
class Called:
    """What a load came to."""

    rate: float
    p50_ms: float
    p99_ms: float
    answers: int
    lost: int
    marks: list[float] = field(default_factory=list)


async def call(port: int, terminals: Sequence[tuple[str, str | None]], since: datetime) -> list[Caller]:
    """Return terminals that are connected and have proved themselves, fifty at a time."""
    loop, callers = asyncio.get_running_loop(), []
    for i in range(0, len(terminals), 50):
        made = [
            loop.create_connection(lambda p=phone, t=token: Caller(p, t, since), "127.0.0.1", port)
            for phone, token in terminals[i : i + 50]
        ]
        connected = [protocol for _, protocol in await asyncio.gather(*made)]
        await asyncio.gather(*(protocol.proved for protocol in connected))
        callers += connected
    return callers


def round_trips(port: int, terminals: Sequence[tuple[str, str | None]], since: datetime, seconds: float) -> Called:
    """Return how many reports a second are answered when each connection waits for its answer."""

    async def run() -> Called:
        callers = await call(port, terminals, since)
        for caller in callers:
            caller.loops = True
            caller.send()
        await asyncio.sleep(1)  # all are under way
        for caller in callers:
            caller.took_s.clear()
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        times = sorted(one for caller in callers for one in caller.took_s)
        for caller in callers:
            caller.loops = False
        await asyncio.sleep(1)
        answers = len(times)
        for caller in callers:
            caller.transport.close()
        return Called(
            answers / took,
            times[answers // 2] * 1000,
            times[answers * 99 // 100] * 1000,
            answers,
            sum(caller.lost for caller in callers),
        )

    return uvloop.run(run())


def steady(  # noqa: D417 - the rest is as above
    port: int,
    terminals: Sequence[tuple[str, str | None]],
    since: datetime,
    *,
    every_s: float,
    seconds: float,
    mark: Callable[[], float],
) -> Called:
    """Let each terminal report every so many seconds, evenly spread; `mark` is called at first and each second.

    Args:
        mark: what is measured meanwhile.
    """

    async def run() -> Called:
        callers = await call(port, terminals, since)
        marks = [mark()]
        began, sent = time.perf_counter(), 0
        next_mark = began + 1
        while (now := time.perf_counter()) - began < seconds:
            due = int((now - began) / every_s * len(callers))
            while sent < due:
                callers[sent % len(callers)].send()
                sent += 1
            if now >= next_mark:
                marks.append(mark())
                next_mark += 1
            await asyncio.sleep(0.005)
        await asyncio.sleep(1)
        times = sorted(one for caller in callers for one in caller.took_s)
        lost = sum(caller.lost for caller in callers)
        for caller in callers:
            caller.transport.close()
        count = len(times)
        return Called(count / seconds, times[count // 2] * 1000, times[count * 99 // 100] * 1000, count, lost, marks)

    return uvloop.run(run())
