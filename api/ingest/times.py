"""When a device means a fix was made: every way clients write a time, and the three ways clocks are known to be wrong.

A repaired time is marked on the fix (`TIME_REPAIR`), so that whoever weighs it sees that the device said otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from api.ingest.fixes import EARLIEST_AT
from domain.track.fixes import AHEAD_MOST

TIME_REPAIR: Final = "time_repair"
"""The attribute of a fix that names how its time was repaired."""
SECONDS_END: Final = 2**31 - 1
"""From here on a number counts milliseconds, as Traccar's server has it."""
FROM_2001_S: Final = 978_307_200
"""Seconds from 1970 to 2001, where Apple's clocks begin."""
GPS_WEEKS: Final = timedelta(weeks=1024)
"""A receiver that counts weeks in ten bits is off by this, or by twice this."""
REPAIRED_WITHIN: Final = timedelta(days=366)
"""A repaired time lies this long before now at most: a guess that lands elsewhere is none."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Repair(StrEnum):
    """How a time was repaired."""

    EPOCH_2001 = "epoch-2001"
    """Seconds since 2001 were sent as seconds since 1970."""
    GPS_WEEK = "gps-week"
    """The receiver's count of weeks had run over."""
    DEVICE_ZONE = "device-zone"
    """It had no offset, and was read in the zone that is set for the device."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """A time, and how it was repaired if it was."""

    at: datetime
    repair: Repair | None = None


def when(value: object, now: datetime, zone: ZoneInfo | None = None) -> Told | None:
    """Return the time a client means; `now` where it sends none, None where it cannot be read.

    Seconds or milliseconds since 1970 as a number or a text, ISO 8601 with or without a colon in its offset, or
    `yyyy-MM-dd HH:mm:ss`. A time without an offset is read in the device's zone, where one is set, and else in UTC:
    what is meant is the server's zone by the letter of the OsmAnd protocol, and UTC by what clients send.
    """
    if value is None or value == "":
        return Told(now)
    count = number(value)
    if count is not None:
        at = from_epoch(count)
    elif isinstance(value, str):
        at = _from_text(value.strip())
    else:
        return None
    if at is None:
        return None
    in_zone = at.tzinfo is None and zone is not None
    try:
        at = at.replace(tzinfo=at.tzinfo or zone or UTC).astimezone(UTC)
    except OverflowError:
        return None
    return Told(at, Repair.DEVICE_ZONE) if in_zone else mended(at, now)


def mended(at: datetime, now: datetime) -> Told:
    """Return a time with its GPS weeks put right, where that brings it to within the year before now."""
    if EARLIEST_AT <= at <= now + AHEAD_MOST:
        return Told(at)
    step = GPS_WEEKS if at < now else -GPS_WEEKS
    for times in (1, 2):
        try:
            moved = at + times * step
        except OverflowError:
            break
        if now - REPAIRED_WITHIN <= moved <= now:
            return Told(moved, Repair.GPS_WEEK)
    return Told(at)


def since_2001(count: float, now: datetime) -> Told | None:
    """Return a count of seconds since 2001 as the time it means, or None where it cannot mean one of late."""
    at = from_epoch(count + FROM_2001_S) if count < FROM_2001_S else None
    return Told(at, Repair.EPOCH_2001) if at and now - REPAIRED_WITHIN <= at <= now + AHEAD_MOST else None


def from_epoch(count: float) -> datetime | None:
    """Return seconds or milliseconds since 1970 as a time; None beyond the years of the calendar."""
    try:
        if count < SECONDS_END:
            return datetime.fromtimestamp(count, UTC)
        return _EPOCH + timedelta(milliseconds=count)
    except (ValueError, OverflowError, OSError):
        return None


def number(value: object) -> float | None:
    """Return a finite number, sent as such or as text, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and (not value or "_" in value):
        return None  # Python reads 1_000 as a number, nobody else does
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if isfinite(read) else None


def _from_text(text: str) -> datetime | None:
    if "T" in text:
        text = text.replace(" ", "+")  # an offset's plus that nobody escaped
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
