"""The OsmAnd protocol as phones speak it: one position in a query or a form, everything text (docs/positions.md).

Pure: text in, a fix or the reason why it can never count out. A client that gets anything but 2xx keeps its point
and sends it again, so only an unknown device is refused; what else is wrong is kept aside and acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from api.ingest.fixes import (
    ATTRIBUTE_BYTES,
    Attribute,
    Attributes,
    Fix,
    Received,
    UnknownDevice,
    set_aside,
)
from domain.values import Datum

PARAMETERS_MOST: Final = 100
"""Parameters of one message; the stock clients send about ten."""
MPS_PER_KNOT: Final = 1852 / 3600
_SECONDS_END: Final = 2**31 - 1
"""From here on a number counts milliseconds, as the protocol's own server has it."""
_OWN: Final = frozenset({"id", "deviceid", "lat", "lon", "location", "timestamp", "valid", "mock"})
_TRUE: Final = ("true", "1")
_FALSE: Final = ("false", "0")


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a phone sent: its token, and the parameters by name."""

    token: str
    parameters: Mapping[str, str]


def read_message(query: bytes, form: bytes = b"") -> Message:
    """Merge the query and a form body and find whose message it is.

    Raises:
        UnknownDevice: there is no `id`, or the text is no list of parameters.
    """
    parameters: dict[str, str] = {}
    for part in (query, form):
        if part:
            try:
                pairs = parse_qsl(
                    part.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=PARAMETERS_MOST
                )
            except ValueError as fault:
                raise UnknownDevice from fault
            parameters.update(pairs)
    token = parameters.get("id") or parameters.get("deviceid")
    if not token:
        raise UnknownDevice
    return Message(token=token, parameters=parameters)


def decode_message(message: Message, now: datetime) -> Received:
    """Return the fix of a message; none for a heartbeat without a place."""
    received = Received(datum=Datum.WGS84, fixes=[], indexes=(0,))
    given = message.parameters
    lat_text, lon_text = given.get("lat"), given.get("lon")
    if "location" in given and lat_text is None:
        lat_text, _, lon_text = given["location"].partition(",")
    if not lat_text and not lon_text:
        return received
    lat, lon = number(lat_text), number(lon_text)
    at = instant(given.get("timestamp"), now)
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 - degrees
        _aside(received, "bad-place", "Latitude and longitude are no place on earth.", given)
    elif at is None:
        _aside(received, "bad-time", "The timestamp is neither seconds, milliseconds nor ISO 8601.", given)
    else:
        speed_knots = _within(given.get("speed"), 0, 10_000)
        received.fixes.append(
            Fix(
                fixed_at=at,
                lat=lat,
                lon=lon,
                accuracy_m=_within(given.get("accuracy"), 0, 1e6),
                altitude_m=_within(given.get("altitude"), -1e6, 1e6),
                speed_mps=None if speed_knots is None else speed_knots * MPS_PER_KNOT,
                course_deg=_within(given.get("bearing") or given.get("heading"), 0, 360),
                fixed=given.get("valid", "true").lower() in _TRUE,
                mock=given.get("mock", "false").lower() in _TRUE,
                attributes=_attributes(given),
            )
        )
    return received


def instant(text: str | None, now: datetime) -> datetime | None:
    """Return the time a client means, `now` where it sends none, None where it cannot be read.

    Seconds, milliseconds, ISO 8601, or `yyyy-MM-dd HH:mm:ss`. A time without an offset is UTC: what is meant is the
    server's zone by the letter of the protocol and UTC by what clients send.
    """
    if not text:
        return now
    count = number(text)
    try:
        if count is not None:
            return datetime.fromtimestamp(count if count < _SECONDS_END else count / 1000, UTC)
        read = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def number(text: str | None) -> float | None:
    """Return a finite number, or None."""
    try:
        read = float(text or "")
    except ValueError:
        return None
    return read if isfinite(read) else None


def _within(text: str | None, least: float, most: float) -> float | None:
    read = number(text)
    return read if read is not None and least <= read <= most else None


def _attributes(given: Mapping[str, str]) -> Attributes | None:
    """Keep what has no field of its own, and what a field could not take, while there is room."""
    fields = {
        "accuracy": (0, 1e6),
        "altitude": (-1e6, 1e6),
        "speed": (0, 10_000),
        "bearing": (0, 360),
        "heading": (0, 360),
    }
    kept: Attributes = {}
    room = ATTRIBUTE_BYTES // 2
    for name, text in given.items():
        if name in _OWN or (name in fields and _within(text, *fields[name]) is not None):
            continue
        # JSON escapes a character to six bytes at most; half of the room is left for quotes and the like.
        room -= 6 * (len(name) + len(text)) if not (name + text).isascii() else len(name) + len(text) + 6
        if room < 0:
            break
        kept[name] = _value(text)
    return kept or None


def _value(text: str) -> Attribute:
    read = number(text)
    if read is not None and "_" not in text:
        return int(read) if read.is_integer() and abs(read) < 2**53 and text.lstrip("-").isdigit() else read
    return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text


def _aside(received: Received, code: str, detail: str, given: Mapping[str, str]) -> None:
    sent = {name: text for name, text in given.items() if name not in ("id", "deviceid")}
    set_aside(received, 0, code, detail, msgspec.json.encode(sent))
