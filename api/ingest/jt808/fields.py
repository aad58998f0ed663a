"""Fields of a body: BCD times, texts in GBK, and a reader that never reads beyond the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))
"""The zone the standard has terminals tell the time in (GMT+8)."""
TIME_BYTES: Final = 6


class Short(Exception):
    """The body ends before the field does."""


def instant(bcd: bytes, zone: tzinfo | None) -> datetime | None:
    """Return a time `YYMMDDhhmmss` in UTC, or None for what is no time."""
    digits = bcd.hex()
    if not digits.isdigit():
        return None
    year, month, day, hour, minute, second = (int(digits[i : i + 2]) for i in range(0, 12, 2))
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone or CHINA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def bcd_time(at: datetime) -> bytes:
    """Return a time as `YYMMDDhhmmss` in BCD."""
    return bytes.fromhex(at.strftime("%y%m%d%H%M%S"))


def text_of(raw: bytes) -> str:
    """Return a text in GBK without the zeros and spaces it is padded with; unreadable bytes become U+FFFD."""
    return raw.decode("gbk", "replace").replace("\0", "").strip()


class Fields:
    """Reads a body from its beginning."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes. Raises `Short`."""
        if self._at + size > len(self._body):
            raise Short
        self._at += size
        return self._body[self._at - size : self._at]

    def number(self, size: int) -> int:
        """Return the next bytes as an unsigned number. Raises `Short`."""
        return int.from_bytes(self.take(size), "big")

    def text(self, size: int) -> str:
        """Return the next bytes as a text. Raises `Short`."""
        return text_of(self.take(size))

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._body) - self._at

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)
