"""The server for terminals: takes connections within bounds, knows who is connected, and ends what must end.

One terminal has one connection, over all processes: each tells the others whom it has, by NOTIFY. What changes a
device ends or renews its connection in every process within a second, by the channel the devices' cache listens on.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final
from uuid import UUID

import psycopg
import structlog

from api.clock import Clock
from api.db.database import Database
from api.db.engine import LINE
from api.db.faults import Busy, DatabaseAway
from api.ingest.devices import KnownDevice
from api.ingest.door import Door
from api.ingest.fixes import Event, Received
from api.ingest.jt808.identity import Authentication, Registration
from api.ingest.jt808.packages import Room
from api.settings import Settings
from api.source import source_of
from api.terminals.bounds import Bounds, TerminalStats
from api.terminals.commands import Commands
from api.terminals.session import Session
from api.terminals.tls import renew, tls_of
from api.usecases.command_terminal import CHANNEL as COMMANDED
from api.usecases.register_terminal import CONNECTED, Proof, prove_terminal, register_terminal, still_proven
from domain.values import Datum

log = structlog.get_logger()

BACKLOG: Final = 1024
BUFFER_BYTES: Final = 8 * 1024
"""What is read ahead of one terminal, and what may wait to be sent to it, before either is paused."""
SWEEP_S: Final = 1.0
"""How often all connections are looked over."""
DEAF_S: Final = 1.0
HANDSHAKE_S: Final = 10.0
KEEPALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}
"""A peer that is gone is noticed after two minutes, though neither side has anything to say."""


class Terminals:
    """The connections of a process, and the service behind them."""

    def __init__(self, door: Door, database: Database, url: str, settings: Settings, clock: Clock) -> None:
        """Write through `door`; listen on a connection to `url`."""
        self._door = door
        self._database = database
        self._url = url
        self._settings = settings
        self._process = secrets.token_hex(8)
        self._sessions: set[Session] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._connected: dict[UUID, Session] = {}
        self._unproved: Counter[str] = Counter()
        self._changed: set[str | None] = set()
        self._changes = 0
        """Counts what changed, so that a proof begun before is looked at again."""
        self._look_at_proofs = asyncio.Event()
        self._look_for_commands = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._commands = Commands(database, clock)
        self.clock = clock
        self.bounds = Bounds()
        self.stats = TerminalStats()
        self.room = Room()

    @property
    def port(self) -> int | None:
        """Return the port that is listened at, or None while none is."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else None

    @property
    def connected(self) -> int:
        """Return how many terminals have proved themselves and are connected."""
        return len(self._connected)

    @property
    def unproved(self) -> int:
        """Return how many connections have not proved whose they are."""
        return len(self._sessions) - len(self._connected)

    async def start(self) -> None:
        """Begin to listen, where a port is set."""
        if self._settings.jt808_port is None:
            return
        self._door.devices.on_change.append(self._change)
        runs = (self._sweep, self._follow, self._send, self._listen)
        self._tasks = [asyncio.create_task(self._for_ever(run)) for run in runs]
        tls = tls_of(self._settings)
        if tls is not None:
            self._tasks.append(asyncio.create_task(renew(tls, self._settings)))
        self._server = await asyncio.start_server(
            self._take,
            self._settings.jt808_host,
            self._settings.jt808_port,
            limit=BUFFER_BYTES,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_S if tls is not None else None,
        )

    async def stop(self) -> None:
        """Take no more connections and end those there are; what they sent is written to its end by the door."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in list(self._sessions):
            session.end("stopping")
        if self._serving:
            await asyncio.wait(self._serving, timeout=self.bounds.write_s)
        self._server = None

    async def register(self, registration: Registration) -> tuple[int, str]:
        """Return the result of a registration and the code."""
        return await register_terminal(self._database, self._door.ingest, registration)

    async def prove(self, authentication: Authentication) -> tuple[KnownDevice, Proof] | None:
        """Return whose code it is."""
        changes = self._changes
        found = await prove_terminal(self._database, authentication, self._process)
        if found is not None and self._changes != changes:
            self._change(found[0].bureau_id)  # perhaps of this one, which nobody knew to be connected
        return found

    async def put(self, device: KnownDevice, received: Received) -> object:
        """Return when what a terminal told is durable."""
        return await self._door.writer.put(device, received)

    async def proved(self, session: Session) -> None:
        """Let a session be the one of its terminal; another of the same ends, and that is an event."""
        if session.device is None:
            raise AssertionError("a session that has proved nothing")
        other = self._connected.get(session.device.device_id)
        if other is session:
            return  # it proved itself once more
        self._connected[session.device.device_id] = session
        self._unproved[session.peer] -= 1
        if other is not None:
            other.end("second-connection")
            await self._second(session.device)
        self._look(session.device.bureau_id)  # last: it hears that it is let in before it hears a command

    async def answered(self, session: Session, command_id: UUID, failure: str | None) -> None:
        """Take note of what became of a command."""
        if session.device is not None:
            await self._commands.ended(session.device.bureau_id, command_id, failure)

    async def _second(self, device: KnownDevice) -> None:
        event = Event(kind="second-connection", at=self.clock())
        received = Received(datum=Datum.WGS84, fixes=[], indexes=[], events=[event])
        with contextlib.suppress(Busy, DatabaseAway):
            await self._door.writer.put(device, received)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection up, or end it at once where there are too many."""
        peer = source_of(str((writer.get_extra_info("peername") or ("",))[0]))
        self.stats.connections += 1
        if len(self._sessions) >= self.bounds.connections or self._unproved[peer] >= self.bounds.unproved_of_address:
            self.stats.ended["full"] += 1
            writer.transport.abort()
            return
        keep_alive(writer.get_extra_info("socket"))
        writer.transport.set_write_buffer_limits(high=BUFFER_BYTES)
        session = Session(self, reader, writer, peer)
        self._sessions.add(session)
        self._unproved[peer] += 1
        task = asyncio.create_task(self._serve(session, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, session: Session, writer: asyncio.StreamWriter) -> None:
        try:
            why = await session.run()
            self.stats.ended[why] += 1
            await session.close()
        except Exception as fault:
            self.stats.ended["fault"] += 1
            log.exception("terminal-fault", kind=type(fault).__name__)
            writer.transport.abort()
        finally:
            self._forget(session)

    def _forget(self, session: Session) -> None:
        self._sessions.discard(session)
        if session.device is None:
            self._unproved[session.peer] -= 1
        elif self._connected.get(session.device.device_id) is session:
            del self._connected[session.device.device_id]
        if self._unproved[session.peer] <= 0:
            del self._unproved[session.peer]

    async def _for_ever(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run what must go on as long as the service does: whatever ends it, it begins anew."""
        while True:
            try:
                await run()
            except (Busy, DatabaseAway, psycopg.Error) as fault:
                log.warning("terminals-deaf", kind=type(fault).__name__)
            except Exception as fault:
                log.exception("terminals-fault", kind=type(fault).__name__)
            await asyncio.sleep(DEAF_S)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now_s = monotonic()
            for session in list(self._sessions):
                session.check(now_s)

    def _change(self, bureau_id: str | None) -> None:
        self._changes += 1
        self._changed.add(bureau_id)
        self._look_at_proofs.set()

    def _look(self, bureau_id: str) -> None:
        self._commands.look(bureau_id)
        self._look_for_commands.set()

    async def _follow(self) -> None:
        """Follow what changed of devices; what cannot be looked up is looked up again."""
        while True:
            await self._look_at_proofs.wait()
            self._look_at_proofs.clear()
            try:
                await self._check_proofs()
            except Exception:
                self._look_at_proofs.set()
                raise

    async def _send(self) -> None:
        """Send commands; what cannot be looked up is looked up again. They hold up no revocation."""
        while True:
            await self._look_for_commands.wait()
            self._look_for_commands.clear()
            try:
                await self._commands.send(self._connected.values())
            except Exception:
                self._look_for_commands.set()
                raise

    async def _check_proofs(self) -> None:
        changed, self._changed = self._changed, set()
        by_bureau: dict[str, dict[UUID, Proof]] = {}
        for device_id, session in self._connected.items():
            device = session.device
            if device is not None and session.proof is not None and not changed.isdisjoint((None, device.bureau_id)):
                by_bureau.setdefault(device.bureau_id, {})[device_id] = session.proof
        try:
            while by_bureau:
                named, proofs = next(iter(by_bureau.items()))
                self._apply(proofs, await still_proven(self._database, named, proofs))
                del by_bureau[named]
        finally:
            self._changed.update(by_bureau)  # what could not be looked up

    def _apply(self, proofs: dict[UUID, Proof], known: dict[UUID, KnownDevice]) -> None:
        for device_id, proof in proofs.items():
            session = self._connected.get(device_id)
            if session is None or session.proof != proof:
                continue
            if device_id in known:
                session.device = known[device_id]
            else:
                session.end("revoked")

    async def _listen(self) -> None:
        """Hear of commands, and of terminals that have proved themselves to another process."""
        async with await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="zhuanche terminals", **LINE
        ) as connection:
            await connection.execute(f"LISTEN {COMMANDED}")
            await connection.execute(f"LISTEN {CONNECTED}")
            self._look_everywhere()
            async for notice in connection.notifies():
                await self._heard(notice.channel, notice.payload)

    def _look_everywhere(self) -> None:
        for session in self._connected.values():
            if session.device is not None:
                self._look(session.device.bureau_id)

    async def _heard(self, channel: str, payload: str) -> None:
        if channel == COMMANDED:
            self._look(payload)
            return
        _, device_id, process = payload.split()
        session = self._connected.get(UUID(device_id))
        if process != self._process and session is not None and session.device is not None:
            session.end("second-connection")
            await self._second(session.device)


def keep_alive(connection: socket.socket) -> None:
    """Let the system notice a peer that is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
