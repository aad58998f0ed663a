"""A rolling restart: two services behind a proxy are told to stop and started anew, one after the other, under load.

The proxy is the plainest there is: it hands each connection on to one of the services in turn, and to the other where
one does not listen. It repeats nothing: a request that was cut off is sent again by whoever made it, byte for byte.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api.db.embedded import start
from api.db.migrate import migrate
from tests.endure.desk import CLIENTS, Desk, a_desk, send
from tests.endure.faults import Faults
from tests.endure.kills import answered, ready, settle, until
from tests.live import PATIENCE_S, Live, serving

KINDS = tuple(dict.fromkeys(CLIENTS))
"""One client of each kind of request."""
PAUSE_S = 0.03
"""Of a client after each request: a service that starts needs the processor too."""
AGAIN_S = 0.2
"""After so long what got no answer is sent once more; phones and forms wait longer."""
ANSWERED_BETWEEN = 40
"""So many requests are answered before the next service is told to stop."""


@dataclass
class Rolled:
    """What a round of restarts came to."""

    acknowledged: int
    cut: Counter[str]
    """Requests of each client that got no answer, and were sent again."""
    waited: int
    """Those that got none the second time."""
    codes: list[int]
    """Exit codes of the services that were told to stop."""
    faults: Faults


@dataclass
class Proxy:
    """Hands connections on to the ports that it is told, in turn."""

    ports: list[int]
    _turn: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Yield the address; whatever is open at the end is cut off."""
        server = await asyncio.start_server(self._hand_on, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        ends = [writer]
        try:
            there = await self._service()
            if there is not None:
                ends.append(there[1])
                await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
        finally:
            for end in ends:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._open.discard(task)

    async def _service(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.ports:
            self._turn += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.ports[self._turn % len(self.ports)])
        return None


async def _client(http: httpx.AsyncClient, desk: Desk, kind: str, cut: Counter[str], stop: asyncio.Event) -> None:
    while not stop.is_set():
        one = desk.next(kind)
        one.answer = await send(http, desk, one)
        if one.answer is None:
            cut[kind] += 1
            await asyncio.sleep(AGAIN_S)
            one.answer = await send(http, desk, one)
        await asyncio.sleep(PAUSE_S)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    writer.close()


async def roll(folder: Path, rounds: int) -> Rolled:
    """Restart both services so many times under load, and look at every request afterwards."""
    data = folder / "data"
    with start(data, durable=False) as server, ExitStack() as services:
        migrate(server.dsn("postgres"))

        def another(name: str) -> Live:
            told = {"data": data, "database_url": server.dsn("postgres")}
            return services.enter_context(serving(folder / f"log-{name}", **told))

        lives = list(await asyncio.gather(*(asyncio.to_thread(another, name) for name in ("one", "two"))))
        proxy, codes, cut, faults = Proxy([live.port for live in lives]), list[int](), Counter[str](), Faults()
        desk = await a_desk(data)
        async with proxy.listening() as address, httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as http:
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as clients:
                for kind in KINDS:
                    clients.create_task(_client(http, desk, kind, cut, stop))
                for number in range(2 * rounds):
                    before, which = len(desk.sent), number % 2
                    await until(lambda: answered(desk.sent[before:], ANSWERED_BETWEEN))  # noqa: B023 - awaited here
                    codes.append(await asyncio.to_thread(lives[which].stop))
                    lives[which] = await asyncio.to_thread(another, f"{number}")
                    proxy.ports[which] = lives[which].port
                await until(lambda: answered(desk.sent[before:], ANSWERED_BETWEEN))
                stop.set()
            await until(lambda: ready(http))
            acknowledged = sum(one.answer is not None for one in desk.sent)
            await settle(http, data, desk, 0, faults)
        return Rolled(acknowledged, cut, len(desk.sent) - acknowledged, codes, faults)
