"""Devices 终端设备: the number that stands in a terminal's frames, the zone of its clock, and when one is silent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from domain.errors import InvalidInput

TERMINAL_NUMBER: Final = re.compile(r"[1-9][0-9]{0,19}")
"""JT/T 808-2019 §5.3.2: at most twenty digits, filled with zeros on the left."""
_TYPED: Final = str.maketrans("", "", " -")


class BadTerminalNumber(InvalidInput):
    """A terminal's number has at most 20 digits, and not all of them are zero."""

    code = "bad-terminal-number"
    zh = "终端号码最多 20 位数字，且不能全为零。"


class NoSuchZone(InvalidInput):
    """A device's zone is named as in the IANA time zone database, for example Asia/Shanghai."""

    code = "no-such-zone"
    zh = "设备时区须为 IANA 时区名称，例如 Asia/Shanghai。"


def terminal_number(typed: str) -> str:
    """Return a number as it is compared: digits, without zeros on the left, spaces or dashes.

    Raises:
        BadTerminalNumber: it is no such number.
    """
    digits = typed.translate(_TYPED).lstrip("0")
    if not digits.isascii() or TERMINAL_NUMBER.fullmatch(digits) is None:
        raise BadTerminalNumber
    return digits


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_zone(name: str) -> str:
    """Return the name of a zone there is. Raises `NoSuchZone`."""
    if name not in _zones():
        raise NoSuchZone
    return name


def silent_since(
    now: datetime, last_seen_at: datetime | None, expected_from: datetime | None, limit: timedelta
) -> datetime | None:
    """Return since when a device that should tell of itself has not; None where all is well.

    Args:
        now: the instant asked about.
        last_seen_at: when anything came from it last, if ever.
        expected_from: since when it is to be heard of (its enrolment, or the departure of the trip its person is on);
            None where nothing is expected of it.
        limit: how long it may say nothing.
    """
    if expected_from is None:
        return None
    quiet_from = expected_from if last_seen_at is None else max(last_seen_at, expected_from)
    return quiet_from if now - quiet_from > limit else None
