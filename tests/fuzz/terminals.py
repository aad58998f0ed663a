"""JT/T 808: whatever a terminal sends, what comes of it can be written, is bounded, and is answered in whole frames."""

from __future__ import annotations

import contextlib
from datetime import UTC
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from api.ingest.fixes import ASIDE_BYTES, ATTRIBUTE_BYTES, attributes_json, detail_json
from api.ingest.jt808 import location, words
from api.ingest.jt808.fields import Short
from api.ingest.jt808.frames import FRAME_MOST, Frames
from api.ingest.jt808.identity import read_authentication, read_registration
from api.ingest.jt808.message import BadFrame, Message, phone_of, read_message
from api.ingest.jt808.packages import TERMINAL_BYTES, Packages, Room
from api.ingest.jt808.replies import Address
from api.ingest.jt808.report import Report
from tests.fuzz.phones import DEVICE, NOW, writable
from tests.terminal import Terminal

ZONES: Final = (None, ZoneInfo("America/New_York"))
EVENTS: Final = {*words.ALARMS.values(), "no-fix", "driver-card"}
STATIONS: Final = {f"item_{item:02x}" for item in location.STATIONS}
KINDS: Final = (0x0200, 0x0704, 0x0210, 0x0702, 0x0100, 0x0102, 0x0002, 0x0001)


def stream(data: bytes) -> None:
    """Take bytes as a connection's: the first says how large the pieces are in which they come."""
    size, frames, room = 1 + data[0] if data else 1, Frames(), Room()
    packages, report = Packages(room), Report(None, NOW)
    for at in range(1, len(data), size):
        for piece in frames.feed(data[at : at + size]):
            assert len(piece) <= FRAME_MOST
            try:
                message = read_message(piece)
            except BadFrame:
                continue
            if message.total:
                try:
                    whole = packages.add(message, 0.0)
                except ValueError:
                    continue
                if whole is None:
                    continue
                message = whole[0]
            take(message, report)
        assert len(frames._rest) <= FRAME_MOST
    assert room.taken <= TERMINAL_BYTES
    for missing in packages.due(1e9):
        Address(Message(id=0, phone=bytes(6), serial=0, body=b"")).ask_packages(missing)
    packages.clear()
    assert room.taken == 0
    check_all(report)


def body(data: bytes) -> None:
    """Take bytes as a body: the first says of which message, and whether its header is that of 2019."""
    first = data[0] if data else 0
    message = Message(
        id=KINDS[first % len(KINDS)],
        phone=bytes(10 if first & 0x80 else 6),
        serial=first,
        body=data[1:],
        versioned=bool(first & 0x80),
    )
    for zone in ZONES:
        report = Report(zone, NOW)
        take(message, report)
        check_all(report)


def take(message: Message, report: Report) -> None:
    """Read a message as a session does, and answer it."""
    phone_of(message.phone)
    result = report.add(message)
    for read in (read_registration, read_authentication):
        try:
            read(message)
        except Short:
            continue
    with contextlib.suppress(Short):
        report.add_location(message.body)
    told = Terminal().told(Address(message).answer(message.id, message.serial, result))
    assert told.body[-1] == result


def check_all(report: Report) -> None:
    """Raise where something came out that cannot be written, or has no bounds."""
    for received in report.received():
        assert len(received.fixes) == len(received.indexes)
        assert all(len(aside.raw) <= ASIDE_BYTES for aside in received.asides)
        assert all(0 <= one.odometer_m <= 9_999_999_000 for one in received.mileages)
        for event in received.events:
            assert event.kind in EVENTS
            assert event.at is None or event.at.tzinfo is UTC
            detail_json(event.detail)
            event.id_for(DEVICE)
        for fix in received.fixes:
            assert len(attributes_json(fix.attributes)) <= ATTRIBUTE_BYTES
            assert not STATIONS & set(fix.attributes or {})
            # Field by field as `/v1/positions` checks what it is sent.
            msgspec.json.decode(msgspec.json.encode(fix), type=type(fix))
        writable(received)
