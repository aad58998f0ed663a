"""One fix as a device tells it, with its checks, and what becomes of those that can never count.

Nothing here knows HTTP or a database. A fix that fails a check harms no other: it is named by its index with a code,
and kept aside as it was sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec

from api.errors import NotSignedIn
from domain.errors import InvalidInput
from domain.track.fixes import AHEAD_MOST
from domain.values import Datum

Attribute = str | int | float | bool | None
Attributes = dict[str, Attribute]

FIXES_MOST: Final = 1_000
"""Fixes one request may carry."""
ATTRIBUTE_BYTES: Final = 2_000
"""What a fix may carry beside its own fields, as JSON."""
ASIDE_BYTES: Final = 4_000
"""What is kept of a fix that can never count."""
EARLIEST_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Receivers that lost count of GPS weeks or of their epoch land long before."""


class UnknownDevice(NotSignedIn):
    """No device of this service has this token, or it was revoked."""

    code = "unknown-device"
    zh = "没有使用该令牌的设备，或其令牌已被吊销。"

    def __init__(self, status: int | None = None) -> None:
        """Answer the status that the client's own protocol has for it; 401 where it has none."""
        super().__init__()
        self.status = status


class NotTold(UnknownDevice):
    """Nothing is taken from this phone before its person has read and acknowledged what is tracked."""

    code = "not-told"
    zh = "该手机的使用人尚未阅读并确认定位告知，在此之前不接收任何数据。"


class BadFixes(InvalidInput):
    """A body holds the datum and 1 to 1,000 fixes."""

    code = "bad-fixes"
    zh = "请求正文须包含坐标系（datum）以及 1 至 1000 个定位点（fixes）。"


class BadAttributes(InvalidInput):
    """What a fix carries beside its fields is more than 2,000 bytes of JSON."""

    code = "bad-attributes"
    zh = "定位点的附加属性超过 2000 字节。"


Finite = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Fix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One fix 定位点 as sent; degrees in the datum of the body it came in."""

    fixed_at: Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-23T09:00:00+08:00"])]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90, examples=[25.4337])]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180, examples=[119.0010])]
    seq: Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1, examples=[4711])] = -1
    """The device's own count of its fixes; -1 where it keeps none."""
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=1e6, examples=[5.0])] | None = None
    altitude_m: Finite | None = None
    speed_mps: Annotated[float, msgspec.Meta(ge=0, le=1e4, examples=[8.5])] | None = None
    course_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    fixed: bool = True
    """Whether the receiver had a fix; coordinates of a receiver without one never count."""
    mock: bool = False
    attributes: Attributes | None = None


class Fixes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Fixes of one device in one declared datum."""

    datum: Annotated[Datum, msgspec.Meta(examples=["WGS-84"])]
    fixes: Annotated[list[Fix], msgspec.Meta(min_length=1, max_length=FIXES_MOST)]


class _Separately(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    datum: Datum
    fixes: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=FIXES_MOST)]


class Fault(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is wrong with the fix at an index of the request; it is kept aside and need not be sent again."""

    index: int
    code: Annotated[str, msgspec.Meta(examples=["bad-place"])]
    detail: str


class Aside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fix that can never count, as it was sent."""

    reason: str
    raw: bytes

    def id_for(self, device_id: UUID) -> UUID:
        """Return a UUIDv8 made from the content, so that the same sent again is kept once."""
        return content_id(device_id.bytes, self.reason.encode(), self.raw)


def content_id(*parts: bytes) -> UUID:
    """Return a UUIDv8 (RFC 9562 §5.8) made from SHA-256 over the parts, joined by line feeds."""
    digest = hashlib.sha256(b"\n".join(parts)).digest()
    number = int.from_bytes(digest[:16], "big")
    number = (number & ~(0xF << 76)) | (8 << 76)
    return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a device tells that is no fix: an alarm, a heartbeat without a place, a power cut. It holds no place."""

    kind: Annotated[str, msgspec.Meta(examples=["power-cut"])]
    at: datetime | None = None
    """By the device's clock, where it says."""
    detail: Attributes = {}

    def id_for(self, device_id: UUID) -> UUID:
        """Return an id made from the content, so that the same sent again is kept once."""
        return content_id(device_id.bytes, msgspec.json.encode(self))


class Mileage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A terminal's own count of metres at a time: kept apart from the dashboard's readings and from the track."""

    at: datetime
    odometer_m: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_000)]


class Health(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a message says of the device itself; None where it says nothing."""

    protocol: str
    battery_percent: float | None = None
    app: str | None = None
    """The app and its version, or a terminal's model, as it names itself; at most 100 characters."""


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one request brought: fixes that may count with their indexes in the request, and those that cannot."""

    datum: Datum
    fixes: list[Fix]
    indexes: Sequence[int]
    asides: list[Aside] = []
    faults: list[Fault] = []
    events: list[Event] = []
    mileages: list[Mileage] = []
    health: Health | None = None


_OWN: Final = Health(protocol="positions")
_whole = msgspec.json.Decoder(Fixes)
_separately = msgspec.json.Decoder(_Separately)
_one = msgspec.json.Decoder(Fix)
_encode = msgspec.json.Encoder().encode
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON, or not the JSON that was asked for."""


def decode_fixes(body: bytes) -> Received:
    """Decode a body of `/v1/positions`: at once when every fix is good, else fix by fix.

    Raises:
        BadFixes: the body is not JSON, or not a datum with 1 to 1,000 fixes.
    """
    try:
        sent = _whole.decode(body)
    except UNREADABLE:
        return _decode_separately(body)
    for fix in sent.fixes:
        if fix.attributes is not None:
            return _decode_separately(body)
    return Received(datum=sent.datum, fixes=sent.fixes, indexes=range(len(sent.fixes)), health=_OWN)


def _decode_separately(body: bytes) -> Received:
    try:
        sent = _separately.decode(body)
    except UNREADABLE as fault:
        raise BadFixes(str(fault)[:300]) from fault
    received = Received(datum=sent.datum, fixes=[], indexes=(indexes := []), health=_OWN)
    for index, raw in enumerate(sent.fixes):
        try:
            fix = _one.decode(raw)
            attributes_json(fix.attributes)
        except (*UNREADABLE, BadAttributes) as fault:
            set_aside(received, index, _code_of(fault), str(fault), bytes(raw))
        else:
            received.fixes.append(fix)
            indexes.append(index)
    return received


def set_aside(received: Received, index: int, code: str, detail: str, raw: bytes) -> None:
    """Name a fix that can never count by its index, and keep it as it was sent."""
    received.faults.append(Fault(index=index, code=code, detail=detail[:300]))
    received.asides.append(Aside(reason=code, raw=raw[:ASIDE_BYTES]))


def _code_of(fault: Exception) -> str:
    if isinstance(fault, BadAttributes):
        return fault.code
    message = str(fault)
    for field, code in (("lat`", "bad-place"), ("lon`", "bad-place"), ("fixed_at`", "bad-time")):
        if field in message:
            return code
    return BadAttributes.code if "attributes" in message else "bad-fix"


def attributes_json(attributes: Attributes | None) -> bytes:
    """Return what a fix carries beside its fields as JSON that PostgreSQL takes; empty for nothing.

    Raises:
        BadAttributes: it is too long.
    """
    if not attributes:
        return b""
    encoded = _encode(attributes)
    if _NUL in encoded:
        encoded = _encode(_without_nul(attributes))
    if len(encoded) > ATTRIBUTE_BYTES:
        raise BadAttributes(most_bytes=ATTRIBUTE_BYTES)
    return encoded


def detail_json(detail: Attributes) -> str:
    """Return an event's detail as JSON that PostgreSQL takes; of one that is too long, what is said first."""
    plain = _without_nul(detail)
    while len(encoded := msgspec.json.encode(plain)) > ATTRIBUTE_BYTES:
        plain.popitem()
    return encoded.decode()


_NUL: Final = b"\\u0000"
"""How JSON writes it; PostgreSQL keeps texts without it only."""


def _without_nul(attributes: Attributes) -> Attributes:
    return {
        key.replace("\0", ""): value.replace("\0", "") if isinstance(value, str) else value
        for key, value in attributes.items()
    }


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The months positions are kept for: fix times within them, and not far ahead of now, may count."""

    months: frozenset[tuple[int, int]]
    run_from_s: float
    run_until_s: float
    """The unbroken run of months around now, in seconds since 1970: a fix within it needs no closer look."""


def times_of(received: Received, kept: Kept, now: datetime) -> tuple[Received, list[float]]:
    """Return the request without fixes of an impossible time, and the others' times in seconds since 1970."""
    times = [fix.fixed_at.timestamp() for fix in received.fixes]
    latest_s = now.timestamp() + AHEAD_MOST.total_seconds()
    if not times or (kept.run_from_s <= min(times) and max(times) < min(kept.run_until_s, latest_s)):
        return received, times
    left = Received(
        datum=received.datum,
        fixes=[],
        indexes=(indexes := []),
        asides=list(received.asides),
        faults=list(received.faults),
        events=received.events,
        mileages=received.mileages,
        health=received.health,
    )
    good: list[float] = []
    for index, fix, at_s in zip(received.indexes, received.fixes, times, strict=True):
        if at_s < EARLIEST_AT.timestamp():
            fault = ("far-past", "The fix is older than any that is kept.")
        elif at_s > latest_s:
            fault = ("far-future", "The fix lies more than a day ahead of the service's clock.")
        elif fix.fixed_at.astimezone(UTC).timetuple()[:2] not in kept.months:  # within the calendar by now
            fault = ("month-not-kept", "Positions of this month are not kept any more, or not yet.")
        else:
            left.fixes.append(fix)
            indexes.append(index)
            good.append(at_s)
            continue
        set_aside(left, index, *fault, msgspec.json.encode(fix))
    return left, good
