"""Traccar Client 9: one position a JSON body, of the shape of flutter_background_geolocation (docs/protocols.md).

Speed is in metres a second here, -1 where it is not known; the battery's level is a fraction. The template that the
app fills is traccar/traccar-client@427a7d9 (9.7.16), lib/preferences.dart; it holds a query in a key `_`, for servers
that look for one in the body's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from api.ingest.extras import add, aside, bounded, kept, placed, tell, within
from api.ingest.fixes import Fix, Received
from api.ingest.protocol import Protocol, Read, Reply, Sent, received
from api.ingest.times import number, when

STALE_MS: Final = 60_000
"""A place this old when it is told is the last one known, not one of now."""
_OWN: Final = frozenset({
    "_", "timestamp", "coords.latitude", "coords.longitude", "coords.accuracy", "coords.speed", "coords.heading",
    "coords.altitude", "coords.floor", "mock", "uuid",
})  # fmt: skip


def claims(sent: Sent) -> bool:
    """Return whether the body is an object with a location, or at least names a device as this client does."""
    return sent.is_of("location", b"{[") or "device_id" in sent.keys


def tokens(sent: Sent) -> Iterator[str]:
    """Yield `device_id`."""
    body = sent.json
    if isinstance(body, dict) and isinstance(text := body.get("device_id"), str):
        yield text


def decode(sent: Sent, read: Read) -> Received:
    """Return the fix of a body; an event where it has no coordinates or repeats the last known ones."""
    body = sent.json
    told = body.get("location") if isinstance(body, dict) else None
    rows = [row for row in (told if isinstance(told, list) else [told]) if isinstance(row, dict)]
    found = received("traccar", sent, _battery_percent(rows[-1]) if rows else None)
    if not rows:
        unreadable = {"bytes": len(sent.body)}
        aside(found, "bad-message", "The body is no JSON that holds a location.", unreadable)
    for index, row in enumerate(bounded(found, rows)):
        _decode_one(found, index, row, read)
    return found


def _battery_percent(row: Mapping[str, Any]) -> float | None:
    battery = row.get("battery")
    level = within(number(battery.get("level")), 0, 1) if isinstance(battery, dict) else None
    return None if level is None else round(level * 100, 1)


def _decode_one(found: Received, index: int, row: Mapping[str, Any], read: Read) -> None:
    told = when(row.get("timestamp"), read.now, read.zone)
    if row.get("alarm") == "sos":
        tell(found, "sos", told)
    coords = row.get("coords")
    if not isinstance(coords, dict):
        tell(found, "heartbeat", told, row.items())
        return
    at = placed(found, (number(coords.get("latitude")), number(coords.get("longitude"))), told, row, index)
    if at is None:
        return
    if (number(row.get("age")) or 0) > STALE_MS:
        tell(found, "last-known", told, row.items())
        return
    fix = Fix(
        fixed_at=at.told.at,
        lat=at.lat,
        lon=at.lon,
        accuracy_m=within(number(coords.get("accuracy")), 0, 1e6),
        altitude_m=within(number(coords.get("altitude")), -1e6, 1e6),
        speed_mps=within(number(coords.get("speed")), 0, 10_000),
        course_deg=within(number(coords.get("heading")), 0, 360),
        mock=row.get("mock") is True,
        attributes=kept(row.items(), _OWN, told),
    )
    add(found, index, fix)


PROTOCOL: Final = Protocol(
    name="traccar", claims=claims, tokens=tokens, decode=decode, reply=Reply(unknown_status=HTTPStatus.NOT_FOUND)
)
