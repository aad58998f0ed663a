"""What a message carries beside a fix's own fields: kept while there is room, but never what tells of other people.

Lists of Wi-Fi and cell stations say where somebody's home or neighbours are, and the token opens the door: neither is
kept, with a good fix as little as with one that is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Any, Final

import msgspec

from api.ingest.fixes import ATTRIBUTE_BYTES, EARLIEST_AT, Attribute, Attributes, Event, Fix, Received, set_aside
from api.ingest.protocol import LIKE_TOKEN, TOKEN_LENGTH
from api.ingest.times import TIME_REPAIR, Told

NEVER_KEPT: Final = frozenset({
    "wifi", "wifis", "wifiaccesspoints", "ssid", "bssid", "cell", "cells", "celltowers", "imei", "aid", "ser",
    "id", "deviceid", "uniqueid", "accesstoken", "token", "key", "u", "d", "topic", "notificationtoken",
    TIME_REPAIR.replace("_", ""),
})  # fmt: skip
"""Keys whose values are dropped: other people's stations, serial numbers, and where tokens stand. In lower case and
without what joins words, since one client writes `wifi_access_points` and the next `wifiAccessPoints`."""
IN_EVENTS: Final = frozenset({
    "action", "activity.type", "alarm", "batt", "battery.is_charging", "battery.level", "battery_level",
    "battery_state", "bs", "charge", "conn", "event", "ignition", "is_moving", "m", "mode", "motion", "t", "distance",
    "duration", "stopped_automatically", "trigger",
})  # fmt: skip
"""What is kept of a message that is no fix: the device's state, never where it is or what a person named a place."""
KEYS_MOST: Final = 100
DEPTH_MOST: Final = 3
ROWS_MOST: Final = 5_000
"""Positions of one message; the clients send 1,000 at most."""
LISTS: Final = frozenset({"motion", "motionactivities"})
"""Lists of words that are kept as one text."""
_LIST_MOST: Final = 5
_INTEGER_END: Final = 2**63
_LATEST_AT: Final = datetime(2200, 1, 1, tzinfo=UTC)
_NAME_LENGTH: Final = 100
_ROOM_FOR_REPAIR: Final = 40
"""Bytes left for how a time was repaired."""


def kept(pairs: Iterable[tuple[str, Any]], own: frozenset[str], told: Told | None = None) -> Attributes | None:
    """Return what is kept of a message as attributes of its fix; None for nothing.

    Args:
        pairs: names and values; nested objects are flattened to `activity.type`, lists are left out.
        own: names that have fields of their own.
        told: when the fix was made; how its time was repaired is kept too.
    """
    attributes: Attributes = {}
    _gather(attributes, pairs, own)
    if attributes and len(encoded := msgspec.json.encode(attributes)) > ATTRIBUTE_BYTES - _ROOM_FOR_REPAIR:
        attributes = _while_there_is_room(attributes, len(encoded))
    if told is not None and told.repair is not None:
        attributes[TIME_REPAIR] = told.repair.value
    return attributes or None


def _while_there_is_room(attributes: Attributes, size: int) -> Attributes:
    """Leave out the longest until the rest fits."""
    sizes = {name: len(msgspec.json.encode({name: value})) for name, value in attributes.items()}
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if size <= ATTRIBUTE_BYTES - _ROOM_FOR_REPAIR:
            break
        size -= sizes[name] - 1
        del attributes[name]
    return attributes


def _gather(
    into: Attributes, pairs: Iterable[tuple[str, Any]], own: frozenset[str], prefix: str = "", depth: int = 0
) -> None:
    for name, value in islice(pairs, KEYS_MOST):
        if value is None or value in ("", []) or not _may_be_kept(name):
            continue
        whole = prefix + name if prefix else name
        if whole in own:
            continue
        if isinstance(value, dict):
            if depth < DEPTH_MOST:
                _gather(into, value.items(), own, whole + ".", depth + 1)
        elif name in LISTS and isinstance(value, list):
            into[whole] = _words(value)
        elif _keepable(value):
            into[whole] = value


def _keepable(value: object) -> bool:
    if isinstance(value, str):
        return not tells_token(value)
    return isinstance(value, (bool, int, float)) and _is_plain(value)


@lru_cache(maxsize=1024)
def _may_be_kept(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return len(name) <= _NAME_LENGTH and plain not in NEVER_KEPT and not tells_token(name)


def _is_plain(value: float) -> bool:
    """Return whether JSON has a number for it that others read, too."""
    return isfinite(value) if isinstance(value, float) else -_INTEGER_END <= value < _INTEGER_END


def _words(listed: list[Any]) -> str:
    words = [one for one in listed[:_LIST_MOST] if isinstance(one, str) and not tells_token(one)]
    return ",".join(words)[:_NAME_LENGTH]


def tells_token(text: str) -> bool:
    """Return whether a device's token may stand in a text."""
    return len(text) >= TOKEN_LENGTH and LIKE_TOKEN.search(text) is not None


def aside(received: Received, code: str, detail: str, sent: Mapping[str, Any], index: int = 0) -> None:
    """Set a message aside, as it was sent but for what is never kept."""
    set_aside(received, index, code, detail, msgspec.json.encode(clean(sent)))


def clean(value: Any, depth: int = 0) -> Any:
    """Return a JSON value without what is never kept."""
    if isinstance(value, Mapping):
        if depth > DEPTH_MOST:
            return None
        return {name: clean(item, depth + 1) for name, item in value.items() if _may_be_kept(name)}
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value[:KEYS_MOST]] if depth <= DEPTH_MOST else None
    if isinstance(value, str):
        return None if tells_token(value) else value
    return value if not isinstance(value, (int, float)) or _is_plain(value) else None


def bounded(received: Received, rows: list[Any]) -> list[Any]:
    """Return no more rows than a message may hold; what is beyond is told."""
    if len(rows) > ROWS_MOST:
        aside(received, "too-many", f"One message holds {ROWS_MOST} positions at most.", {"rows": len(rows)}, ROWS_MOST)
    return rows[:ROWS_MOST]


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A place on earth and a time."""

    lat: float
    lon: float
    told: Told


def placed(
    received: Received, place: tuple[float | None, float | None], told: Told | None, sent: Mapping[str, Any], index: int
) -> Placed | None:
    """Return where (latitude, longitude) and when; None where the message was set aside with what is wrong."""
    lat, lon = place
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004 - degrees
        aside(received, "bad-place", "Latitude and longitude are no place on earth.", sent, index)
        return None
    if told is None:
        aside(received, "bad-time", "The time is neither seconds, milliseconds nor ISO 8601.", sent, index)
        return None
    return Placed(lat, lon, told)


def add(received: Received, index: int, fix: Fix) -> None:
    """Add a fix with its index in the request."""
    received.fixes.append(fix)
    received.indexes.append(index)  # type: ignore[attr-defined]  # a list: `api.ingest.protocol.received` made it


def tell(received: Received, kind: str, told: Told | None, pairs: Iterable[tuple[str, Any]] = ()) -> None:
    """Add an event with those of its values that tell of the device itself and of no place."""
    every: Attributes = {}
    _gather(every, pairs, frozenset())
    detail = {name: value for name, value in every.items() if name in IN_EVENTS and _short(value)}
    at = told.at if told is not None and EARLIEST_AT <= told.at <= _LATEST_AT else None
    received.events.append(Event(kind=kind, at=at, detail=detail))


def _short(value: Attribute) -> bool:
    return not isinstance(value, str) or 0 < len(value) <= _NAME_LENGTH


def within(value: float | None, least: float, most: float) -> float | None:
    """Return a number that lies between two others, or None."""
    return value if value is not None and least <= value <= most else None
