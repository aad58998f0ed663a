"""What a terminal is told: answers and commands as whole frames."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import pack
from typing import Final

from api.ingest.jt808 import words
from api.ingest.jt808.fields import bcd_time
from api.ingest.jt808.frames import BODY_MOST, escaped
from api.ingest.jt808.message import VERSIONED, Message
from api.ingest.jt808.packages import Missing

TEXT_MOST: Final = 240
"""Characters of a text, two bytes each in GBK: the standard of 2011 has terminals show 499 bytes."""
VERSION: Final = 1
SHOWN: Final = 0b1100
"""Text flags: on the display, and read out."""
NOTICE: Final = 1
"""Kind of a text (2019): a notice."""


class Address:
    """How frames to a terminal are headed: with its number as it sent it, in its own version, counted on."""

    def __init__(self, message: Message) -> None:
        """Answer whoever sent `message`."""
        self._phone = message.phone
        self.versioned = message.versioned
        self.serial = 0
        """Serial of the next frame."""

    def is_of(self, message: Message) -> bool:
        """Return whether a message came from who is answered here, in the same version."""
        return (message.phone, message.versioned) == (self._phone, self.versioned)

    def frame(self, message_id: int, body: bytes) -> bytes:
        """Return a whole frame with the next serial. A body longer than a frame takes is a fault of the program."""
        if len(body) > BODY_MOST:
            raise AssertionError("a body of more than 1,023 bytes")
        version = bytes((VERSION,)) if self.versioned else b""
        attributes = len(body) | (VERSIONED if self.versioned else 0)
        header = pack(">HH", message_id, attributes) + version + self._phone + pack(">H", self.serial)
        self.serial = (self.serial + 1) & 0xFFFF
        return escaped(header + body)

    def answer(self, message_id: int, serial: int, result: int) -> bytes:
        """Return 0x8001: what became of a message."""
        return self.frame(words.ANSWER, pack(">HHB", serial, message_id, result))

    def registered(self, serial: int, result: int, code: str = "") -> bytes:
        """Return 0x8100: the result of a registration, with the code where it is good."""
        return self.frame(words.REGISTERED, pack(">HB", serial, result) + code.encode("ascii"))

    def time(self, now: datetime) -> bytes:
        """Return 0x8004: the time, in UTC (yezhihao/jt808-server@309beff0 T8004)."""
        return self.frame(words.TIME, bcd_time(now.astimezone(UTC)))

    def time_vendor(self, now: datetime) -> bytes:
        """Return 0x8109: the time in UTC with the year as a number (traccar@9e5c458a Jt808ProtocolDecoder)."""
        at = now.astimezone(UTC)
        return self.frame(
            words.TIME_VENDOR, pack(">HBBBBBB", at.year, at.month, at.day, at.hour, at.minute, at.second, 0)
        )

    def ask_packages(self, missing: Missing) -> bytes:
        """Return 0x8003: ask for missing packages; their count is a byte in 2013, two in 2019."""
        count = pack(">H" if self.versioned else ">B", len(missing.indexes))
        return self.frame(
            words.ASK_PACKAGES,
            pack(">H", missing.first_serial) + count + pack(f">{len(missing.indexes)}H", *missing.indexes),
        )

    def set_parameter(self, parameter: int, value: int) -> bytes:
        """Return 0x8103 with one parameter of four bytes."""
        return self.frame(words.SET_PARAMETERS, pack(">BIBI", 1, parameter, 4, value))

    def locate(self) -> bytes:
        """Return 0x8201: ask where the vehicle is."""
        return self.frame(words.LOCATE, b"")

    def text(self, text: str) -> bytes:
        """Return 0x8300: a text to show and read out; what GBK lacks becomes a question mark."""
        kind = bytes((SHOWN, NOTICE)) if self.versioned else bytes((SHOWN,))
        return self.frame(words.TEXT, kind + text[:TEXT_MOST].encode("gbk", "replace"))
