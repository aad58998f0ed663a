"""Overland: batches of GeoJSON features, among them rows that are no fixes (docs/protocols.md).

Coordinates are longitude first, speed is in metres a second, the battery a fraction, and all but the place are
rounded to whole numbers. Rows with `action` and rows of type `trip` stand in the same list; those with `action` carry
the last known place or none (aaronpk/Overland-iOS@5f2a5be, GLManager.m). An answer other than `{"result":"ok"}` has the
whole batch sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec

from api.ingest.extras import add, aside, bounded, kept, placed, tell, within
from api.ingest.fixes import UNREADABLE, Attributes, Fix, Received
from api.ingest.protocol import JSON, Protocol, Read, Reply, Sent, received
from api.ingest.times import TIME_REPAIR, mended, number, when

_OWN: Final = frozenset({"timestamp", "altitude", "speed", "course", "horizontal_accuracy", "type"})


Word = Annotated[str, msgspec.Meta(max_length=21)]
"""Too short to hold a token."""


class _Geometry(msgspec.Struct, gc=False):
    coordinates: tuple[Annotated[float, msgspec.Meta(ge=-180, le=180)], Annotated[float, msgspec.Meta(ge=-90, le=90)]]


class _PlainProperties(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What the app says of a fix with its settings as they come; any other key is read one by one."""

    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    altitude: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] | None = None
    speed: Annotated[float, msgspec.Meta(ge=-1, le=10_000)] | None = None
    course: Annotated[float, msgspec.Meta(ge=-1, le=360)] | None = None
    horizontal_accuracy: Annotated[float, msgspec.Meta(ge=-1, le=1e6)] | None = None
    vertical_accuracy: float | None = None
    speed_accuracy: float | None = None
    course_accuracy: float | None = None
    motion: Annotated[list[Word], msgspec.Meta(max_length=4)] = []
    battery_state: Annotated[Word, msgspec.Meta(min_length=1)] | None = None
    battery_level: float | None = None
    wifi: Any = None
    device_id: Any = None
    unique_id: Any = None


class _PlainRow(msgspec.Struct, gc=False):
    geometry: _Geometry
    properties: _PlainProperties


UNKNOWN: Final = -1
"""What the app sends for an accuracy, a speed or a course that it does not know."""
_KEPT: Final = (
    "vertical_accuracy",
    "speed_accuracy",
    "course_accuracy",
    "battery_state",
    "battery_level",
)
_beside: Final = attrgetter(*_KEPT)
_RAW_ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_PLAIN_ROW: Final = msgspec.json.Decoder(_PlainRow)
_PLAIN_ROWS: Final = msgspec.json.Decoder(list[_PlainRow])


def claims(sent: Sent) -> bool:
    """Return whether the body is an object with a list of locations, or the app asks without one who it speaks to."""
    return sent.is_of("locations", b"[") or (sent.is_empty and "overland" in sent.header(b"user-agent").lower())


def tokens(sent: Sent) -> Iterator[str]:
    """Yield the access token, and the names of the device in the first row and the last."""
    yield sent.parameters.get("access_token", "")
    rows = _rows_of(sent)
    for raw in (*rows[:1], *rows[-1:]):
        properties = _properties(_read(raw))
        for name in ("device_id", "unique_id"):
            if isinstance(text := properties.get(name), str):
                yield text


def decode(sent: Sent, read: Read) -> Received:
    """Return the fixes of a batch, each with its place in the list, and events of the rows that are none."""
    if sent.is_of("locations", b"["):
        try:
            return _of_plain(sent, _PLAIN_ROWS.decode(sent.keys["locations"]), read)
        except UNREADABLE:
            pass  # row by row then
    rows = _rows_of(sent)
    found = received("overland", sent, _percent(_properties(_read(rows[-1])).get("battery_level")) if rows else None)
    if sent.body and not claims(sent):
        aside(found, "bad-message", "The body is no JSON object with a list of locations.", {"bytes": len(sent.body)})
    for index, raw in enumerate(bounded(found, rows)):
        try:
            plain = _PLAIN_ROW.decode(raw)
        except UNREADABLE:
            _decode_row(found, index, _read(raw), read)
        else:
            add(found, index, _plain_fix(plain, read.now))
    return found


def _of_plain(sent: Sent, rows: list[_PlainRow], read: Read) -> Received:
    """Return a batch whose rows are all in order, as nearly all batches are."""
    found = received("overland", sent, _percent(rows[-1].properties.battery_level) if rows else None)
    for index, row in enumerate(bounded(found, rows)):
        add(found, index, _plain_fix(row, read.now))
    return found


def _percent(level: object) -> float | None:
    """Return a battery's level, which the app tells as a fraction."""
    known = within(number(level), 0, 1)
    return None if known is None else round(known * 100, 1)


def _rows_of(sent: Sent) -> list[Any]:
    return list(_RAW_ROWS.decode(sent.keys["locations"])) if sent.is_of("locations", b"[") else []


def _read(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except UNREADABLE:
        return None


def _plain_fix(row: _PlainRow, now: datetime) -> Fix:
    """Return the fix of a row that is in order: a sixth of the time of reading it key by key."""
    properties = row.properties
    told = mended(properties.timestamp, now)
    lon, lat = row.geometry.coordinates
    attributes: Attributes = {
        name: value
        for name, value in zip(_KEPT, _beside(properties), strict=True)
        if value is not None and value != UNKNOWN
    }
    if properties.motion:
        attributes["motion"] = ",".join(properties.motion)
    if told.repair is not None:
        attributes[TIME_REPAIR] = told.repair.value
    return Fix(
        fixed_at=told.at,
        lat=lat,
        lon=lon,
        accuracy_m=_from_zero(properties.horizontal_accuracy),
        altitude_m=properties.altitude,
        speed_mps=_from_zero(properties.speed),
        course_deg=_from_zero(properties.course),
        attributes=attributes or None,
    )


def _from_zero(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None


def _properties(row: Any) -> Mapping[str, Any]:
    properties = row.get("properties") if isinstance(row, dict) else None
    return properties if isinstance(properties, dict) else {}


def _decode_row(found: Received, index: int, row: Any, read: Read) -> None:
    properties = _properties(row)
    told = when(properties.get("timestamp"), read.now, read.zone)
    action = properties.get("action")
    if isinstance(action, str):
        tell(found, "visit" if action == "visit" else "action", told, properties.items())
        return
    if properties.get("type") == "trip":
        tell(found, "trip", told, properties.items())
        return
    geometry = row.get("geometry") if isinstance(row, dict) else None
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    lon, lat = place[:2] if isinstance(place, list) and len(place) >= 2 else (None, None)  # noqa: PLR2004 - a pair
    sent = row if isinstance(row, dict) else {"row": row}
    at = placed(found, (number(lat), number(lon)), told, sent, index)
    if at is None:
        return
    fix = Fix(
        fixed_at=at.told.at,
        lat=at.lat,
        lon=at.lon,
        accuracy_m=within(number(properties.get("horizontal_accuracy")), 0, 1e6),
        altitude_m=within(number(properties.get("altitude")), -1e6, 1e6),
        speed_mps=within(number(properties.get("speed")), 0, 10_000),
        course_deg=within(number(properties.get("course")), 0, 360),
        attributes=kept(((name, value) for name, value in properties.items() if value != UNKNOWN), _OWN, told),
    )
    add(found, index, fix)


PROTOCOL: Final = Protocol(
    name="overland",
    claims=claims,
    tokens=tokens,
    decode=decode,
    reply=Reply(body=b'{"result":"ok"}', media_type=JSON),
)
