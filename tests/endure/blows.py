"""What strikes a running service, one blow at a time, and is over after some seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import httpx

from api.db.embedded import EmbeddedServer
from tests.endure.kills import ready, until
from tests.endure.wire import Wire
from tests.live import Live, serving

LASTS_S = (1.0, 6.0)
"""How long a blow lasts that is no kill."""
JUMPS = {
    f"clock set {way} by {name}": by * sign
    for name, by in (("an hour", timedelta(hours=1)), ("a day", timedelta(days=1)), ("a year", timedelta(days=365)))
    for way, sign in (("on", 1), ("back", -1))
}
KILLS = ("service killed", "database killed", "both killed")
FREE_MIB = 4
"""What the disk of the database has left while it is full."""


@dataclass
class Machine:
    """The service, its database, its object store, and the wires between them."""

    folder: Path
    settings: dict[str, object]
    database: EmbeddedServer
    store: subprocess.Popen[bytes]
    clients: Wire
    terminals: Wire
    to_database: Wire
    to_store: Wire
    disk: Path | None
    """Where the database lies, if it is a disk of its own that may be filled."""
    set_clock: Callable[[timedelta], None] | None
    services: ExitStack
    live: Live = field(init=False)
    life: int = 0

    def serve(self) -> None:
        """Start a service, and let the wires lead to it."""
        self.life += 1
        self.live = self.services.enter_context(serving(self.folder / f"log{self.life}", **self.settings))
        self.clients.target = self.live.port

    async def mended(self) -> float:
        """Wait until the service can do its work, and return how long that took."""
        began_at = monotonic()
        async with httpx.AsyncClient(base_url=self.live.url, timeout=5) as http:
            await until(lambda: ready(http))
        return monotonic() - began_at


@dataclass
class Blows:
    """Blows drawn by a seed; each is carried out and waited for."""

    machine: Machine
    draw: random.Random

    def all(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what can strike this machine, by name."""
        machine = self.machine
        found: dict[str, Callable[[], Awaitable[None]]] = {
            "service killed": self._service,
            "database killed": self._database,
            "both killed": self._both,
            "object store stopped": self._store,
            "database cut off": lambda: self._wire(machine.to_database, machine.to_database.cut),
            "database silent": lambda: self._wire(machine.to_database, machine.to_database.hush),
            "object store cut off": lambda: self._wire(machine.to_store, machine.to_store.cut),
            "clients cut off": lambda: self._wire(machine.clients, machine.clients.cut),
            "clients silent": lambda: self._wire(machine.clients, machine.clients.hush),
            "terminals cut off": lambda: self._wire(machine.terminals, machine.terminals.cut),
        }
        if machine.disk is not None:
            found["disk full"] = self._disk
        if machine.set_clock is not None:
            found |= {name: partial(self._clock, by) for name, by in JUMPS.items()}
        return found

    def impossible(self) -> list[str]:
        """Return what cannot strike this machine."""
        no_disk = [] if self.machine.disk is not None else ["disk full"]
        return no_disk + ([] if self.machine.set_clock is not None else list(JUMPS))

    async def _lasts(self) -> None:
        await asyncio.sleep(self.draw.uniform(*LASTS_S))

    async def _service(self) -> None:
        self.machine.live.process.kill()
        await asyncio.to_thread(self.machine.live.process.wait)
        await asyncio.to_thread(self.machine.serve)

    async def _database(self) -> None:
        os.kill(self.machine.database.pid, signal.SIGKILL)

    async def _both(self) -> None:
        await self._database()
        await self._service()

    async def _store(self) -> None:
        self.machine.store.send_signal(signal.SIGSTOP)
        try:
            await self._lasts()
        finally:
            self.machine.store.send_signal(signal.SIGCONT)

    async def _wire(self, wire: Wire, strike: Callable[[], None]) -> None:
        strike()
        try:
            await self._lasts()
        finally:
            wire.mend()

    async def _disk(self) -> None:
        assert self.machine.disk is not None
        with filled(self.machine.disk, FREE_MIB):
            await self._lasts()

    async def _clock(self, by: timedelta) -> None:
        assert self.machine.set_clock is not None
        self.machine.set_clock(by)
        try:
            await self._lasts()
        finally:
            self.machine.set_clock(timedelta(0))


@contextlib.contextmanager
def filled(disk: Path, free_mib: int) -> Iterator[None]:
    """Leave so much room on a disk for a while; who writes to it may be faster."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while (room := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - (free_mib << 20)) > 0:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, room)
    try:
        yield
    finally:
        filler.unlink()
