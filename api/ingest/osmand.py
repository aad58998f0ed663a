"""The OsmAnd protocol as phones speak it: one position in a query or a form, everything text (docs/protocols.md).

Traccar Client up to 8 puts everything into the query of a POST, 10 into a form body (its SDK can also send a JSON list
of such positions: traccar/traccar-client-sdk@c74aba6, HttpUploader.kt). Pure: text in, a fix, an event or the reason
why it can never count out. A client that gets anything but 2xx keeps its point and sends it again, so only an unknown
device is refused; what else is wrong is kept aside and acknowledged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from api.ingest.extras import add, aside, bounded, kept, placed, tell, within
from api.ingest.fixes import Attribute, Fix, Received
from api.ingest.protocol import FORM, JSON, Protocol, Read, Reply, Sent, received
from api.ingest.times import number, when

MPS_PER_KNOT: Final = 1852 / 3600
SHAPE: Final = frozenset({"id", "deviceid", "lat", "location"})
"""A message of this protocol has one of these."""
_OWN: Final = frozenset({"lat", "lon", "location", "timestamp", "valid", "mock"})
_LIMITS: Final = {
    "accuracy": (0, 1e6),
    "altitude": (-1e6, 1e6),
    "speed": (0, 10_000),
    "bearing": (0, 360),
    "heading": (0, 360),
}
_KINDS: Final = ("", FORM, JSON)
"""What a body is declared as by those who send one; any other is read all the same, if it can be."""
_TRUE: Final = ("true", "1")
_WORDS: Final = {"true": True, "false": False}
_PLAIN: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
TEXTS: Final = frozenset({"driverUniqueId"})
"""Values that look like numbers and are none."""


def claims(sent: Sent) -> bool:
    """Return whether there are parameters of this protocol, or a JSON list or object of them."""
    if sent.is_json:
        return any(_flat_message(one) for one in _messages_of(sent.json))
    return not SHAPE.isdisjoint(sent.parameters)


def tokens(sent: Sent) -> Iterator[str]:
    """Yield `id` and `deviceid`."""
    of = next(iter(_messages_of(sent.json)), {}) if sent.is_json else {}
    for given in (sent.parameters, of):
        for name in ("id", "deviceid"):
            if isinstance(text := given.get(name), str):
                yield text


def decode(sent: Sent, read: Read) -> Received:
    """Return the fixes of a message; an event for one without a place."""
    messages = _messages_of(sent.json) if sent.is_json else [sent.parameters]
    found = received("osmand", sent, within(number(messages[-1].get("batt")), 0, 100) if messages else None)
    if sent.content_type not in _KINDS and not claims(sent):
        aside(found, "bad-message", "The body is neither a form nor JSON.", {"bytes": len(sent.body)})
        return found
    for index, given in enumerate(bounded(found, messages)):
        _decode_one(found, index, given, read)
    return found


def _messages_of(body: Any) -> list[Mapping[str, Any]]:
    return [one for one in (body if isinstance(body, list) else [body]) if isinstance(one, dict)]


def _flat_message(given: Mapping[str, Any]) -> bool:
    return "lat" in given or isinstance(given.get("location"), str)


def _decode_one(found: Received, index: int, given: Mapping[str, Any], read: Read) -> None:
    lat, lon = given.get("lat"), given.get("lon")
    if lat is None and isinstance(both := given.get("location"), str):
        lat, _, lon = both.partition(",")
    told = when(given.get("timestamp"), read.now, read.zone)
    if given.get("alarm") == "sos":
        tell(found, "sos", told)
    if lat in (None, "") and lon in (None, ""):
        tell(found, "heartbeat", told, _extras(given, {}))
        return
    at = placed(found, (number(lat), number(lon)), told, given, index)
    if at is None:
        return
    if not _is(given.get("valid"), otherwise=True):
        tell(found, "no-fix", told, _extras(given, {}))
        return
    fields = {name: _limited(given, name) for name in _LIMITS if name in given}
    speed_knots, course = fields.get("speed"), fields.get("bearing")
    fix = Fix(
        fixed_at=at.told.at,
        lat=at.lat,
        lon=at.lon,
        accuracy_m=fields.get("accuracy"),
        altitude_m=fields.get("altitude"),
        speed_mps=None if speed_knots is None else speed_knots * MPS_PER_KNOT,
        course_deg=fields.get("heading") if course is None else course,
        mock=_is(given.get("mock"), otherwise=False),
        attributes=kept(_extras(given, fields), _OWN, told),
    )
    add(found, index, fix)


def _limited(given: Mapping[str, Any], name: str) -> float | None:
    return within(number(given.get(name)), *_LIMITS[name])


def _is(value: object, *, otherwise: bool) -> bool:
    return otherwise if value is None else str(value).lower() in _TRUE


def _extras(given: Mapping[str, Any], fields: Mapping[str, float | None]) -> Iterator[tuple[str, Any]]:
    """Yield what has no field of its own, and what a field could not take."""
    for name, value in given.items():
        if fields.get(name) is None and name not in _OWN:
            yield name, value_of(value) if isinstance(value, str) and name not in TEXTS else value


def value_of(text: str) -> Attribute:
    """Return what a text means: a number where it is written like one, true or false, or the text itself."""
    read = number(text)
    if read is None or not _PLAIN.fullmatch(text):
        return _WORDS.get(text.lower(), text)
    return int(text) if text.lstrip("-").isdigit() and abs(read) < 2**53 else read


PROTOCOL: Final = Protocol(
    name="osmand", claims=claims, tokens=tokens, decode=decode, reply=Reply(unknown_status=HTTPStatus.BAD_REQUEST)
)
