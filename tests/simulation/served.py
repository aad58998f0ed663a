"""The service that a simulated year is played on: a process of its own, killed and started again.

Whoever asks while it is struck sends the same again, byte for byte and under the same key, until there is an answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter, deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from api.settings import Settings
from tests.conftest import Server
from tests.live import PATIENCE_S, environment, free_port
from tests.simulation.service import started

TRIES: Final = 20
CUT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class Disaster(StrEnum):
    """What is struck: a process by kill -9, or every connection between the two."""

    SERVICE = "service"
    DATABASE = "database"
    BOTH = "both"
    CONNECTIONS = "connections"


@dataclass(frozen=True, slots=True)
class Blow:
    """A disaster that falls on the request after so many others: so long after it was sent, or (None) before it is."""

    what: Disaster
    requests: int
    after_s: float | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that is sent until it is answered."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request; `again` is that to its repetition, where the first answer came as the blow fell."""

    answer: httpx.Response
    again: httpx.Response | None
    often: bool
    """It was sent more than once."""


class Served:
    """The service, its database, and what is to strike them."""

    def __init__(self, server: Server, settings: Settings, folder: Path) -> None:
        """Be started by `start`, under the clock in the folder."""
        assert server.embedded is not None
        self._server, self._embedded, self._settings, self._folder = server, server.embedded, settings, folder
        self._process: ForkServerProcess
        self._http: httpx.AsyncClient
        self._clients = AsyncExitStack()
        self._up = asyncio.Event()
        self._blows: deque[Blow] = deque()
        self._requests = 0
        """So many since the last blow fell."""
        self.struck: Counter[tuple[Disaster, bool]] = Counter()
        """How often each disaster struck, and whether that was amid a request."""

    async def start(self) -> None:
        """Start the service."""
        await self._serve()
        self._up.set()

    async def stop(self) -> None:
        """Tell the service to stop, as its supervisor would."""
        await self._clients.aclose()
        self._process.terminate()
        await asyncio.to_thread(self._process.join, PATIENCE_S)
        assert self._process.exitcode == 0, "it was told to stop"

    async def _serve(self) -> None:
        port = free_port()
        settings = {
            "data": self._settings.data,
            "service_url": self._server.service,
            "ingest_url": self._server.ingest,
            "jobs": "false",
            "port": port,
        }
        self._process = await asyncio.to_thread(started, self._folder / "clock", environment(**settings))
        http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S)
        self._http = await self._clients.enter_async_context(http)
        await self._until_ready()

    async def _until_ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await self._ready():
                assert self._process.is_alive(), "it ended by itself"
                await asyncio.sleep(0.02)

    def expect(self, blow: Blow) -> None:
        """Let a blow fall, after those that have not fallen yet."""
        self._blows.append(blow)

    async def answered(self, ask: Ask) -> Answered:
        """Send a request until it is answered; a blow may fall before it or on it."""
        blow = self._falling()
        if blow is not None and blow.after_s is None:
            await self._strike(blow)
            blow = None
        if blow is not None:
            first, _ = await asyncio.gather(self._send(ask), self._strike(blow))
        else:
            first = await self._send(ask)
            if first is not None:
                return Answered(first, None, often=False)
        for _ in range(TRIES):
            await self._mended()
            again = await self._send(ask)
            if again is not None:
                return Answered(again, None, often=True) if first is None else Answered(first, again, often=True)
        raise AssertionError(f"{ask} is not answered any more")

    def _falling(self) -> Blow | None:
        """Return the blow whose turn it is, if it is."""
        self._requests += 1
        if not self._blows or self._requests <= self._blows[0].requests:
            return None
        self._requests = 0
        return self._blows.popleft()

    async def _send(self, ask: Ask) -> httpx.Response | None:
        """Return the answer, or None where none came or it was to come again."""
        try:
            answer = await self._http.request(ask.method, ask.path, json=ask.body, headers=ask.headers)
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            assert answer.json()["code"] in {"database-away", "busy"}, answer.text
            return None
        return answer

    async def _mended(self) -> None:
        """Wait until what was struck is there again: nothing else may leave a request without an answer."""
        assert self.struck, "no answer, and nothing was struck"
        await self._up.wait()
        await asyncio.sleep(0.02)

    async def _strike(self, blow: Blow) -> None:
        if blow.after_s is not None:
            await asyncio.sleep(blow.after_s)
        self._up.clear()
        self.struck[blow.what, blow.after_s is not None] += 1
        await asyncio.to_thread(self._kill, blow.what)
        if blow.what in (Disaster.SERVICE, Disaster.BOTH):
            await self._serve()
        else:
            await self._until_ready()
        self._up.set()

    def _kill(self, what: Disaster) -> None:
        """Kill without a word of warning; the database is started again at once."""
        if what is Disaster.CONNECTIONS:
            with psycopg.connect(self._server.superuser, autocommit=True) as connection:
                connection.execute(CUT)
        if what in (Disaster.DATABASE, Disaster.BOTH):
            os.kill(self._embedded.pid, signal.SIGKILL)
        if what in (Disaster.SERVICE, Disaster.BOTH):
            self._process.kill()
            self._process.join()
        if what in (Disaster.DATABASE, Disaster.BOTH):
            while not self._embedded.revive():
                time.sleep(0.005)  # it has not ended yet

    async def _ready(self) -> bool:
        try:
            return (await self._http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
