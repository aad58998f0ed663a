"""A JT/T 808 terminal for tests: builds its frames by the standard's tables, sharing no code with the product."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.terminals.server import Terminals
from domain.values import Point
from tests.conftest import SignIn
from tests.phones import enrol
from tests.world import World

CHINA = timezone(timedelta(hours=8))
POSITIONED = 0b10
ACC = 0b01


def u8(*values: int) -> bytes:
    """Return bytes."""
    return bytes(values)


def u16(*values: int) -> bytes:
    """Return big-endian words."""
    return b"".join(value.to_bytes(2, "big") for value in values)


def u32(*values: int) -> bytes:
    """Return big-endian double words."""
    return b"".join(value.to_bytes(4, "big") for value in values)


def bcd(digits: str, size: int) -> bytes:
    """Return digits, zeros before them, two a byte."""
    return bytes.fromhex(digits.rjust(2 * size, "0"))


def padded(text: str, size: int) -> bytes:
    """Return a text in GBK with zeros behind it."""
    return text.encode("gbk").ljust(size, b"\0")


def sum_of(raw: bytes) -> int:
    """Return the checksum, byte by byte."""
    total = 0
    for byte in raw:
        total ^= byte
    return total


def wire(raw: bytes, *, spoil_sum: int = 0) -> bytes:
    """Return a frame for the wire: checksum, escapes, delimiters."""
    sent = bytearray(b"\x7e")
    for byte in [*raw, sum_of(raw) ^ spoil_sum]:
        if byte == 0x7E:
            sent += b"\x7d\x02"
        elif byte == 0x7D:
            sent += b"\x7d\x01"
        else:
            sent.append(byte)
    return bytes(sent + b"\x7e")


def unwire(frame: bytes) -> bytes:
    """Return what a frame holds between its delimiters and before its checksum."""
    assert frame[0] == frame[-1] == 0x7E
    held, escape = bytearray(), False
    for byte in frame[1:-1]:
        if escape:
            held.append({1: 0x7D, 2: 0x7E}[byte])
            escape = False
        elif byte == 0x7D:
            escape = True
        else:
            held.append(byte)
    assert sum_of(held) == 0, "the platform's checksum is wrong"
    return bytes(held[:-1])


@dataclass(frozen=True)
class Told:
    """A message of the platform, taken apart."""

    id: int
    phone: str
    serial: int
    body: bytes


@dataclass
class Terminal:
    """What a terminal says; `serial` counts its messages."""

    phone: str = "013900000001"
    year: int = 2013
    serial: int = 0

    def frame(self, message_id: int, body: bytes = b"", **how: int) -> bytes:
        """Return a message, with the next serial or the one named."""
        return wire(self.raw(message_id, body, **how), spoil_sum=how.get("spoil_sum", 0))

    def raw(self, message_id: int, body: bytes = b"", **how: int) -> bytes:
        """Return a message unescaped and without checksum; `total` and `index` make it a package."""
        serial = how["serial"] if "serial" in how else self._next()
        attributes = how.get("length", len(body)) | how.get("encryption", 0) << 10
        package = b""
        if "total" in how:
            attributes |= 1 << 13
            package = u16(how["total"], how["index"])
        if self.year == 2019:
            attributes |= 1 << 14
            return u16(message_id, attributes) + u8(1) + bcd(self.phone, 10) + u16(serial) + package + body
        return u16(message_id, attributes) + bcd(self.phone, 6) + u16(serial) + package + body

    def packages(self, message_id: int, body: bytes, size: int) -> list[bytes]:
        """Return a message cut into packages of a size."""
        parts = [body[i : i + size] for i in range(0, len(body), size)]
        return [self.frame(message_id, part, total=len(parts), index=i) for i, part in enumerate(parts, 1)]

    def register(self, terminal_id: str, plate: str, *, color: int = 1, maker: str = "70111") -> bytes:
        """Return 0x0100 in the form of the terminal's year."""
        sizes = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}[self.year]
        texts = (maker, "BSJ-A6", terminal_id)
        body = u16(35, 302) + b"".join(padded(text, size) for text, size in zip(texts, sizes, strict=True))
        return self.frame(0x0100, body + u8(color) + plate.encode("gbk"))

    def authenticate(self, code: str, software: str = "v2.0.0") -> bytes:
        """Return 0x0102 in the form of the terminal's year."""
        if self.year == 2019:
            return self.frame(
                0x0102, u8(len(code)) + code.encode() + padded("123456789012345", 15) + padded(software, 20)
            )
        return self.frame(0x0102, code.encode())

    def heartbeat(self) -> bytes:
        """Return 0x0002."""
        return self.frame(0x0002)

    def location(self, at: datetime, place: Point, **report: object) -> bytes:
        """Return 0x0200."""
        return self.frame(0x0200, location(at, place, **report))  # type: ignore[arg-type]

    def told(self, frame: bytes) -> Told:
        """Return a frame of the platform, taken apart."""
        held = unwire(frame)
        attributes = int.from_bytes(held[2:4], "big")
        begins = 5 if attributes >> 14 & 1 else 4
        size = 10 if attributes >> 14 & 1 else 6
        body = held[begins + size + 2 :]
        assert len(body) == attributes & 0x3FF
        return Told(
            int.from_bytes(held[:2], "big"),
            held[begins : begins + size].hex(),
            int.from_bytes(held[begins + size : begins + size + 2], "big"),
            body,
        )

    def _next(self) -> int:
        serial, self.serial = self.serial, (self.serial + 1) % 65536
        return serial


def location(
    at: datetime,
    place: Point,
    *,
    status: int = POSITIONED | ACC,
    alarms: int = 0,
    altitude: int = 12,
    speed_tenths: int = 306,
    course: int = 90,
    odometer_tenths: int | None = None,
    items: bytes = b"",
    zone: timezone = CHINA,
) -> bytes:
    """Return a body of 0x0200; `odometer_tenths` in tenths of a kilometre becomes the item 01."""
    if place.lat < 0:
        status |= 0b100
    if place.lon < 0:
        status |= 0b1000
    mileage = u8(1, 4) + u32(odometer_tenths) if odometer_tenths is not None else b""
    return (
        u32(alarms, status, round(abs(place.lat) * 1e6), round(abs(place.lon) * 1e6))
        + u16(altitude, speed_tenths, course)
        + bcd(at.astimezone(zone).strftime("%y%m%d%H%M%S"), 6)
        + mileage
        + items
    )


def batch(bodies: list[bytes], *, kind: int = 1) -> bytes:
    """Return a body of 0x0704: 0 as they came, 1 kept while out of reach."""
    return u16(len(bodies)) + u8(kind) + b"".join(u16(len(body)) + body for body in bodies)


class Line:
    """A terminal's connection to the platform."""

    def __init__(self, terminal: Terminal, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.terminal = terminal
        self.reader = reader
        self.writer = writer

    async def send(self, *frames: bytes) -> None:
        """Send bytes."""
        self.writer.write(b"".join(frames))
        await self.writer.drain()

    async def hear(self, within_s: float = 10) -> Told:
        """Return the next message of the platform."""
        async with asyncio.timeout(within_s):
            assert await self.reader.readexactly(1) == b"\x7e"
            return self.terminal.told(b"\x7e" + await self.reader.readuntil(b"\x7e"))

    async def say(self, frame: bytes) -> Told:
        """Send a frame and return what is answered."""
        await self.send(frame)
        return await self.hear()

    async def ended(self, within_s: float = 10) -> bool:
        """Return whether the platform ended the connection within this time; what else it says is passed over."""
        try:
            async with asyncio.timeout(within_s):
                while await self.reader.read(1000):
                    continue
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    async def silent(self, for_s: float = 0.2) -> bool:
        """Return whether the platform says nothing for a while."""
        try:
            async with asyncio.timeout(for_s):
                await self.reader.readexactly(1)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def dial(terminals: Terminals, terminal: Terminal) -> Line:
    """Connect a terminal."""
    return Line(terminal, *await asyncio.open_connection("127.0.0.1", terminals.port))


async def on_file(signed_in: SignIn, world: World, **configuration: str) -> tuple[UUID, str, Terminal]:
    """Enrol a terminal of the world's vehicle with a phone number of its own; return its id, token and itself."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    terminal = Terminal(phone=f"13{secrets.randbelow(10**9):09}")
    wanted = {"name": "车载终端", "terminal_phone": terminal.phone} | configuration
    admin = await signed_in("admin")
    answer = await admin.post(f"/v1/devices/{device_id}/configure", json=wanted)
    assert answer.status_code == 204, answer.text
    return device_id, token, terminal


async def kept(world: World, table: str, order: str = "received_at") -> list[dict[str, Any]]:
    """Return what a table holds of the bureau."""
    async with world.database.read(world.bureau_id) as reader:
        query = text(f"SELECT * FROM {table} WHERE bureau_id = :b ORDER BY {order}")
        return [dict(row._mapping) for row in await reader.execute(query, {"b": world.bureau_id})]
