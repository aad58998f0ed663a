"""OwnTracks in HTTP mode: one JSON object a request, its kind in `_type` (docs/protocols.md).

Units: speed in km/h, battery in percent, times in seconds; an accuracy, altitude, course or speed of zero is left out
by the Android app and means "not known" (owntracks/android@25c27be, MessageLocation.kt; owntracks/ios@285f915,
OwnTracking.m). Overland has a mode of this shape that counts its seconds from 2001 (aaronpk/Overland-iOS@5f2a5be,
GLManager.m). An iPhone throws away what is answered 4xx, so nothing but a wrong identity is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.ingest.extras import add, aside, kept, placed, tell, within
from api.ingest.fixes import Fix, Received
from api.ingest.protocol import JSON, Protocol, Read, Reply, Sent, received
from api.ingest.times import FROM_2001_S, Told, number, since_2001, when

MPS_PER_KMH: Final = 1 / 3.6
_OWN: Final = frozenset({
    "_type", "_id", "lat", "lon", "tst", "acc", "alt", "vel", "cog", "tid", "image", "modeId", "qos", "retained",
})  # fmt: skip
_OVERLAND: Final = frozenset({"_type", "lat", "lon", "tst", "acc", "batt", "topic"})
"""All that Overland sends in this shape."""
_EVENTS: Final = frozenset({"transition", "lwt", "beacon"})
"""Messages that are kept as events; waypoints, cards, commands and the like are acknowledged and forgotten."""


def claims(sent: Sent) -> bool:
    """Return whether the body is an object that names its kind, or there is nothing at all: a friend was deleted."""
    return "_type" in sent.keys or (sent.is_empty and sent.door in ("", "owntracks"))


def tokens(sent: Sent) -> Iterator[str]:
    """Yield the device and the user of the query and the topic; Basic and X-Limit-U/D are looked at for all."""
    for name in ("d", "u"):
        if name in sent.parameters:
            yield sent.parameters[name]
    body = sent.json
    if isinstance(body, dict) and isinstance(topic := body.get("topic"), str):
        yield from reversed(topic.split("/")[:8])


def decode(sent: Sent, read: Read) -> Received:
    """Return the fix of a location; events of what else is worth keeping; nothing of the rest."""
    body = sent.json
    if not isinstance(body, dict):
        found = received("owntracks", sent)
        if sent.body:
            aside(found, "bad-message", "The body is no JSON object.", {"bytes": len(sent.body)})
        return found
    found = received("owntracks", sent, within(number(body.get("batt")), 0, 100))
    kind = body.get("_type")
    if kind == "location":
        _decode_location(found, body, sent, read)
    elif kind == "encrypted":
        aside(found, "encrypted", "The app encrypts what it sends, and this service has no key.", {"_type": kind})
    elif isinstance(kind, str) and kind in _EVENTS:
        tell(found, kind, when(body.get("tst"), read.now, read.zone), body.items())
    return found


def _decode_location(found: Received, body: Mapping[str, Any], sent: Sent, read: Read) -> None:
    told = _when(body, sent, read)
    at = placed(found, (number(body.get("lat")), number(body.get("lon"))), told, body, 0)
    if at is None:
        return
    if body.get("t") == "p":
        tell(found, "ping", told, body.items())
        return
    speed_kmh = _known(body, "vel", 36_000)
    fix = Fix(
        fixed_at=at.told.at,
        lat=at.lat,
        lon=at.lon,
        accuracy_m=_known(body, "acc", 1e6),
        altitude_m=within(number(body.get("alt")), -1e6, 1e6),
        speed_mps=None if speed_kmh is None else speed_kmh * MPS_PER_KMH,
        course_deg=within(number(body.get("cog")), 0, 360),
        attributes=kept(body.items(), _OWN, told),
    )
    add(found, 0, fix)


def _when(body: Mapping[str, Any], sent: Sent, read: Read) -> Told | None:
    count = number(body.get("tst"))
    if count is not None and count < FROM_2001_S and _is_overland(body, sent):
        repaired = since_2001(count, read.now)
        if repaired is not None:
            return repaired
    return when(body.get("tst"), read.now, read.zone)


def _is_overland(body: Mapping[str, Any], sent: Sent) -> bool:
    return _OVERLAND.issuperset(body) or "overland" in sent.header(b"user-agent").lower()


def _known(body: Mapping[str, Any], name: str, most: float) -> float | None:
    return within(number(body.get(name)), 0, most) or None


PROTOCOL: Final = Protocol(
    name="owntracks", claims=claims, tokens=tokens, decode=decode, reply=Reply(body=b"[]", media_type=JSON)
)
