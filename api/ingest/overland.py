"""Overland: batches of GeoJSON features, among them rows that are no fixes (docs/protocols.md).

Coordinates are longitude first, speed is in metres a second, the battery a fraction, and all but the place are
rounded to whole numbers. Rows with `action` and rows of type `trip` stand in the same list; those with `action` carry
the last known place or none (aaronpk/Overland-iOS@5f2a5be, GLManager.m). An answer other than `{"result":"ok"}` has the
whole batch sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.ingest.extras import add, aside, bounded, kept, placed, tell, within
from api.ingest.fixes import Fix, Received
from api.ingest.protocol import JSON, Protocol, Read, Reply, Sent, received
from api.ingest.times import number, when

_OWN: Final = frozenset({"timestamp", "altitude", "speed", "course", "horizontal_accuracy", "type"})


def claims(sent: Sent) -> bool:
    """Return whether the body is an object with a list of locations."""
    body = sent.json
    return isinstance(body, dict) and isinstance(body.get("locations"), list)


def tokens(sent: Sent) -> Iterator[str]:
    """Yield the access token, and the names of the device in the first row and the last."""
    yield sent.parameters.get("access_token", "")
    rows = _rows_of(sent.json)
    for row in (rows[:1], rows[-1:]):
        properties = _properties(row[0]) if row else {}
        for name in ("device_id", "unique_id"):
            if isinstance(text := properties.get(name), str):
                yield text


def decode(sent: Sent, read: Read) -> Received:
    """Return the fixes of a batch, each with its place in the list, and events of the rows that are none."""
    body = sent.json
    rows = _rows_of(body)
    last = _properties(rows[-1]) if rows else {}
    level = within(number(last.get("battery_level")), 0, 1)
    found = received("overland", sent, None if level is None else round(level * 100, 1))
    if sent.body and not claims(sent):
        aside(found, "bad-message", "The body is no JSON object with a list of locations.", {"bytes": len(sent.body)})
    for index, row in enumerate(bounded(found, rows)):
        _decode_row(found, index, row, read)
    return found


def _rows_of(body: Any) -> list[Any]:
    rows = body.get("locations") if isinstance(body, dict) else None
    return rows if isinstance(rows, list) else []


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
        attributes=kept(properties.items(), _OWN, told),
    )
    add(found, index, fix)


PROTOCOL: Final = Protocol(
    name="overland",
    claims=claims,
    tokens=tokens,
    decode=decode,
    reply=Reply(body=b'{"result":"ok"}', media_type=JSON),
)
