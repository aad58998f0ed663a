"""One connection of a terminal: who it is, what it says, what it is told.

Messages are taken in the order they came. Those that tell of the vehicle are gathered while more of them are there
already, written, and answered after the commit, so nothing is acknowledged that is not durable. What cannot be
written is not answered: the terminal sends it again. While a batch is being written nothing more is read, which is
all the back-pressure there is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from api.clock import Clock
from api.db.faults import Busy, DatabaseAway
from api.ingest.devices import KnownDevice
from api.ingest.fixes import Event, Received
from api.ingest.jt808 import words
from api.ingest.jt808.fields import Fields, Short
from api.ingest.jt808.frames import Frames
from api.ingest.jt808.identity import Authentication, Registration, read_authentication, read_registration
from api.ingest.jt808.message import BadFrame, Message, phone_of, read_message
from api.ingest.jt808.packages import Packages, Room
from api.ingest.jt808.replies import Address
from api.ingest.jt808.report import Alarms, Report
from api.terminals.bounds import Bounds, TerminalStats
from api.usecases.register_terminal import Proof

log = structlog.get_logger()

READ_BYTES: Final = 16 * 1024
PAUSE_S: Final = 1.0
"""How long a terminal is not read from after what it sent could not be written."""
UNWRITTEN_BYTES: Final = 8 * 1024
"""Answers that may wait in the socket's buffer before a terminal that does not read is waited for."""
CLOSED: Final = "closed"
"""Why a connection ends that its terminal closes."""
TELLS: Final = frozenset(
    {words.HEARTBEAT, words.LOCATION, words.LOCATIONS, words.LOCATIONS_VENDOR, words.DRIVER_CARD, words.LOCATED}
)
"""Messages that are written before they are answered."""


class Platform(Protocol):
    """What a session asks of the service behind it."""

    bounds: Bounds
    clock: Clock
    stats: TerminalStats
    room: Room

    async def register(self, registration: Registration) -> tuple[int, str]:
        """Return the result of a registration and the code."""

    async def prove(self, authentication: Authentication) -> tuple[KnownDevice, Proof] | None:
        """Return whose code it is."""

    async def put(self, device: KnownDevice, received: Received) -> object:
        """Return when it is durable."""

    async def proved(self, session: Session) -> None:
        """Take note that a session has proved whose it is."""

    async def answered(self, session: Session, command_id: UUID, failure: str | None) -> None:
        """Take note of what became of a command."""


class Ended(Exception):
    """The connection is to end, and why."""


@dataclass(slots=True)
class _Turn:
    """What is gathered to be written and answered together."""

    report: Report
    answers: list[tuple[Message, int]] = field(default_factory=list)
    located: list[int] = field(default_factory=list)
    """Serials of the position queries that were answered."""


class Session:
    """A connection, from its first byte to its last."""

    def __init__(
        self, platform: Platform, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """Serve what comes from the address `peer`."""
        self.peer = peer
        self._platform = platform
        self._reader = reader
        self._writer = writer
        self._frames = Frames()
        self._packages = Packages(platform.room)
        self._alarms = Alarms()
        self._address: Address | None = None
        self._sent: dict[int, tuple[UUID, bool]] = {}
        """Commands by the serial they were sent with, and whether their answer is a position."""
        self._bad_in_row = 0
        self._bad_kept = 0
        self._bad_told: set[str] = set()
        self._unproved_messages = 0
        self._software = ""
        self._why = CLOSED
        self.device: KnownDevice | None = None
        self.proof: Proof | None = None
        self.began_s = self.heard_s = monotonic()
        self._writing_since_s: float | None = None

    async def run(self) -> str:
        """Serve the connection to its end and return why it ended."""
        try:
            while data := await self._reader.read(READ_BYTES):
                self.heard_s = monotonic()
                await self._take(self._frames.feed(data))
                self._check_junk()
        except Ended as end:
            self._why = str(end)
        except (ConnectionError, TimeoutError, OSError):
            self._why = "lost" if self._why == CLOSED else self._why
        finally:
            self._packages.clear()
        return self._why

    def end(self, why: str) -> None:
        """End the connection now; what is being written goes on to its end, unanswered."""
        if self._why == CLOSED:
            self._why = why
        self._writer.transport.abort()

    def check(self, now_s: float) -> None:
        """End the connection if it has been silent, unproved or unread for too long; ask for missing packages."""
        bounds = self._platform.bounds
        if self.device is None and now_s - self.began_s > bounds.prove_s:
            self.end("not-proved")
        elif now_s - self.heard_s > bounds.idle_s:
            self.end("idle")
        elif self._writing_since_s is not None and now_s - self._writing_since_s > bounds.write_s:
            self.end("not-reading")
        elif self._address is not None:
            for missing in self._packages.due(now_s):
                self._writer.write(self._address.ask_packages(missing))

    async def tell(
        self,
        command_id: UUID,
        frame: Callable[[Address], bytes],
        mark: Callable[[int], Awaitable[bool]],
        *,
        position: bool,
    ) -> None:
        """Send a command once `mark` has recorded its serial; `position`: it is answered by a position."""
        if self._address is None:
            return
        while len(self._sent) >= self._platform.bounds.commands:
            del self._sent[next(iter(self._sent))]  # so many are open of no terminal: it never answered this one
        serial = self._address.serial
        sent = frame(self._address)
        if await mark(serial):
            self._sent[serial] = (command_id, position)
            self._writer.write(sent)  # not waited for: one that does not read must not hold up the others' commands

    def has_sent(self, command_id: UUID) -> bool:
        """Return whether a command was sent on this connection and is not answered yet."""
        return any(sent == command_id for sent, _ in self._sent.values())

    def _check_junk(self) -> None:
        if self.device is None and self._frames.junk_bytes > self._platform.bounds.junk_bytes:
            raise Ended("junk")

    async def _take(self, pieces: Sequence[bytes]) -> None:
        """Take what came, in its order."""
        turn = self._turn()
        for piece in pieces:
            if self._why != CLOSED:
                raise Ended(self._why)  # it was ended while we wrote: what came after counts no more
            self._platform.stats.frames += 1
            message = self._read(piece, turn.report)
            if message is not None:
                turn = await self._handle(message, turn)
            if turn.report.weight >= self._platform.bounds.report_weight:
                turn = await self._finish(turn)
        await self._finish(turn)

    def _turn(self) -> _Turn:
        zone = self.device.zone if self.device is not None else None
        return _Turn(Report(zone, self._platform.clock(), self._alarms, self._software))

    def _read(self, piece: bytes, report: Report) -> Message | None:
        """Return the message of a frame, or None for one that does not count; what is wrong with it is counted."""
        try:
            message = read_message(piece)
        except BadFrame:
            self._bad("bad-frame", piece, report, counts=False)
            return None
        strict = self.device.strict if self.device is not None else message.id not in words.IDENTITY
        if message.encrypted:
            self._bad("encrypted", piece, report, counts=False)
            return None
        for fault in message.faults:
            self._bad(fault, piece, report, counts=not strict)
        if message.faults and strict:
            return None
        self._bad_in_row = 0
        return message

    def _bad(self, code: str, piece: bytes, report: Report, *, counts: bool) -> None:
        """Count a bad frame; keep it aside unless its message counts all the same; tell the first of its kind."""
        bounds = self._platform.bounds
        self._platform.stats.bad_frames[code] += 1
        if not counts:
            self._bad_in_row += 1
        if self._bad_in_row > bounds.bad_frames:
            raise Ended("bad-frames")
        if self.device is None:
            self._unproved()
            return
        if not counts and self._bad_kept < bounds.kept_bad_frames:
            self._bad_kept += 1
            report.set_aside(code, "The frame is not as the standard has it.", piece)
        else:
            report.count(code)
        if code not in self._bad_told:
            self._bad_told.add(code)
            report.add_event(Event(kind="bad-frame", at=self._platform.clock(), detail={"code": code}))

    def _unproved(self) -> None:
        self._unproved_messages += 1
        if self._unproved_messages > self._platform.bounds.unproved_messages:
            raise Ended("not-proved")

    async def _handle(self, message: Message, turn: _Turn) -> _Turn:
        """Take a message; return the turn that the next one joins."""
        if message.id in words.IDENTITY:
            await self._finish(turn)
            await self._identify(message)
            return self._turn()
        if self.device is None or self.proof is None or self.proof.phone != phone_of(message.phone):
            self._unproved()
            await self._send(Address(message).answer(message.id, message.serial, words.FAILED))
            return turn
        if message.total and message.id in TELLS:
            return await self._package(message, turn)
        if message.id in TELLS:
            self._report(message, [message], turn)
        else:
            if message.id == words.SIGN_OFF:
                turn.report.add_event(Event(kind="signed-off", at=self._platform.clock()))
            turn.answers.append((message, words.OK))
        return turn

    async def _package(self, part: Message, turn: _Turn) -> _Turn:
        """Put a package to the others; the whole message is taken as if it had come at once, each package answered."""
        if self._packages.is_finished(part):
            turn.answers.append((part, words.OK))
            return turn
        try:
            whole = self._packages.add(part, monotonic())
        except ValueError:
            turn.answers.append((part, words.BAD_MESSAGE))
            return turn
        if whole is not None:
            message, serials = whole
            self._report(message, [msgspec.structs.replace(part, serial=serial, body=b"") for serial in serials], turn)
        return turn

    def _report(self, message: Message, answered: Sequence[Message], turn: _Turn) -> None:
        if message.id == words.LOCATED:
            try:
                fields = Fields(message.body)
                serial = fields.number(2)
                turn.report.add_location(fields.rest())
            except Short:
                turn.report.set_aside("bad-message", "The body ends too early.", message.body)
            else:
                turn.located.append(serial)
            return
        result = turn.report.add(message)
        turn.answers.extend((one, result) for one in answered)

    async def _finish(self, turn: _Turn) -> _Turn:
        """Write what was gathered, then answer it; return the next turn."""
        if self.device is None:
            return self._turn()
        if any(message.id in TELLS for message, _ in turn.answers) or turn.report.weight or turn.located:
            try:
                for received in turn.report.received():
                    await self._platform.put(self.device, received)
            except (Busy, DatabaseAway):
                self._platform.stats.unwritten += len(turn.answers)
                self._packages.forget_finished()
                await asyncio.sleep(PAUSE_S)
                return self._turn()
            self._alarms = turn.report.alarms
        for serial in turn.located:
            await self._command_answered(serial, None, located=True)
        await self._answer(turn.answers)
        return self._turn()

    async def _answer(self, answers: Sequence[tuple[Message, int]]) -> None:
        frames: list[bytes] = []
        for message, result in answers:
            if message.id == words.TERMINAL_ANSWER:
                await self._terminal_answer(message)
            elif (frame := self._reply(message, result)) is not None:
                frames.append(frame)
        if frames:
            await self._send(b"".join(frames))
        if any(message.id == words.SIGN_OFF for message, _ in answers):
            raise Ended("signed-off")

    def _reply(self, message: Message, result: int) -> bytes | None:
        address = self._address or Address(message)
        now: datetime = self._platform.clock()
        if message.id == words.ASK_TIME:
            return address.time(now)
        if message.id == words.ASK_TIME_VENDOR:
            return address.time_vendor(now)
        if message.id not in TELLS and message.id not in words.DROPPED and message.id != words.SIGN_OFF:
            result = words.UNSUPPORTED
        return address.answer(message.id, message.serial, result)

    async def _terminal_answer(self, message: Message) -> None:
        """Take 0x0001: what a terminal did with a command."""
        try:
            fields = Fields(message.body)
            serial, _, result = fields.number(2), fields.number(2), fields.number(1)
        except Short:
            return
        failure = {words.OK: None, words.BAD_MESSAGE: "bad-message", words.UNSUPPORTED: "unsupported"}
        await self._command_answered(serial, failure.get(result, "refused"), located=False)

    async def _command_answered(self, serial: int, failure: str | None, *, located: bool) -> None:
        command_id, position = self._sent.get(serial, (None, False))
        if command_id is None or (position and failure is None and not located):
            return  # a terminal that says it will tell its position has not told it yet
        del self._sent[serial]
        await self._platform.answered(self, command_id, failure)

    async def _identify(self, message: Message) -> None:
        self._unproved()
        address = self._addressed(message)
        try:
            if message.id == words.REGISTER:
                result, code = await self._platform.register(read_registration(message))
                await self._send(address.registered(message.serial, result, code))
                return
            authentication = read_authentication(message)
            found = await self._platform.prove(authentication)
        except Short:
            await self._send(address.answer(message.id, message.serial, words.BAD_MESSAGE))
            return
        except (Busy, DatabaseAway):
            await asyncio.sleep(PAUSE_S)  # not answered: it is sent again
            return
        if found is None:
            await self._send(address.answer(message.id, message.serial, words.FAILED))
            return
        if self.device is not None and self.device.device_id != found[0].device_id:
            raise Ended("another-terminal")
        self.device, self.proof = found
        self._address = address
        self._software = authentication.software
        self._unproved_messages = 0
        await self._platform.proved(self)
        await self._send(address.answer(message.id, message.serial, words.OK))

    def _addressed(self, message: Message) -> Address:
        """Return how a message of identity is answered: a terminal's serials go on, whatever it says again."""
        known = self._address
        address = known if known is not None and known.is_of(message) else Address(message)
        if self.device is None:
            self._address = address
        return address

    async def _send(self, frames: bytes) -> None:
        self._writer.write(frames)
        if self._writer.transport.get_write_buffer_size() > UNWRITTEN_BYTES:
            self._writing_since_s = monotonic()
            try:
                await self._writer.drain()
            finally:
                self._writing_since_s = None

    async def close(self) -> None:
        """Close the connection in order."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
