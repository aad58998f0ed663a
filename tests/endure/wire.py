"""A stretch of network between two programs of this machine, which can be cut or left without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK = 65_536


class Wire:
    """Takes connections at `port` and hands them on to `target`: another port of this machine, or a socket."""

    def __init__(self, target: int | Path) -> None:
        self.target = target
        self.port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self.held = asyncio.Event()
        """Set once something came that is held back."""
        self._is_cut = False
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """Return how many ends of connections are open."""
        return len(self._ends)

    def cut(self) -> None:
        """Break every connection, and take none."""
        self._is_cut = True
        for end in self._ends:
            end.transport.abort()

    def hush(self) -> None:
        """Hand nothing on, and say nothing of it."""
        self._flows.clear()

    def mend(self) -> None:
        """Be whole again: what was held is handed on."""
        self._is_cut = False
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        self._ends.add(writer)
        try:
            await self._flows.wait()
            if not self._is_cut:
                await self._join(reader, writer)
        except OSError:
            pass  # one side is gone: so is the connection
        finally:
            self._ends.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self.target, Path):
            far_reader, far_writer = await asyncio.open_unix_connection(self.target)
        else:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._ends.add(far_writer)
        ways = [asyncio.create_task(self._hand_on(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._ends.discard(far_writer)
            far_writer.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK):
            if not self._flows.is_set():
                self.held.set()
            await self._flows.wait()
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def wired(target: int | Path) -> AsyncIterator[Wire]:
    """Yield a wire to a port or a socket of this machine."""
    wire = Wire(target)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.mend()
        wire.cut()
        while wire.connections:  # noqa: ASYNC110 - each ends by itself, having been cut
            await asyncio.sleep(0.01)
