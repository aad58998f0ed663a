"""Phones' decoders: whatever bytes come, what comes out of them can be written, is bounded, and tells no token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from api.ingest.columns import Waiting, copy_stream
from api.ingest.devices import bureau_and_digest
from api.ingest.extras import IN_EVENTS, NEVER_KEPT, ROWS_MOST, tells_token
from api.ingest.fixes import ASIDE_BYTES, ATTRIBUTE_BYTES, Kept, Received, attributes_json, detail_json, times_of
from api.ingest.protocol import APP_LENGTH, Protocol, Read, Sent, tokens
from api.ingest.protocols import protocol_of
from api.ingest.times import Repair

NOW: Final = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
READS: Final = (Read(now=NOW), Read(now=NOW, zone=ZoneInfo("Asia/Shanghai")))
DEVICE: Final = UUID(int=0)
KEPT: Final = Kept(months=frozenset({(2026, 11), (2026, 10)}), run_from_s=0.0, run_until_s=2**33)
EXTRAS: Final = {"time_repair": {str(one) for one in Repair}}


def sent_of(data: bytes) -> Sent:
    """Return a request made of bytes: a line each for content type, query, Authorization and agent, then the body."""
    kind, query, authorization, agent, body = (data.split(b"\n", 4) + [b""] * 5)[:5]
    headers = {b"authorization": authorization, b"user-agent": agent, b"x-limit-d": agent}
    return Sent(content_type=kind.decode("latin-1"), query=query, headers=headers, body=body)


def bytes_of(sent: Sent) -> bytes:
    """Return the bytes that `sent_of` makes a request of."""
    lines = (sent.content_type.encode(), sent.query, sent.headers.get(b"authorization", b""))
    return b"\n".join([*lines, sent.headers.get(b"user-agent", b""), sent.body])


def protocol(of: Protocol) -> Callable[[bytes], None]:
    """Return the target of one protocol, which must bear requests that are not its own."""

    def target(data: bytes) -> None:
        sent = sent_of(data)
        list(of.tokens(sent))
        for read in READS:
            check(of.decode(sent, read))

    return target


def door(data: bytes) -> None:
    """Choose the protocol as the door does, look for tokens, and decode."""
    sent = sent_of(data)
    chosen = protocol_of(sent)
    for text in tokens(sent, chosen):
        bureau_and_digest(text)
    check(chosen.decode(sent, READS[0]))


def check(received: Received) -> None:
    """Raise where something came out that cannot be written, has no bounds, or should not be kept."""
    assert len(received.fixes) == len(received.indexes)
    assert len(received.fixes) + len(received.asides) + len(received.events) <= 3 * ROWS_MOST
    assert received.mileages == []
    assert received.health is not None
    assert len(received.health.app or "") <= APP_LENGTH
    for aside in received.asides:
        assert len(aside.raw) <= ASIDE_BYTES
        aside.id_for(DEVICE)
        if len(aside.raw) < ASIDE_BYTES:
            check_kept(msgspec.json.decode(aside.raw))
    for event in received.events:
        assert event.kind == event.kind.lower()
        assert event.at is None or event.at.tzinfo is UTC
        assert event.detail.keys() <= IN_EVENTS
        check_kept(event.detail)
        detail_json(event.detail)
        event.id_for(DEVICE)
    for fix in received.fixes:
        assert len(attributes_json(fix.attributes)) <= ATTRIBUTE_BYTES
        marks = dict(fix.attributes or {})
        assert marks.pop("time_repair", "gps-week") in EXTRAS["time_repair"]
        check_kept(marks)
        # Field by field as `/v1/positions` checks what it is sent.
        msgspec.json.decode(msgspec.json.encode(fix), type=type(fix))
    writable(received)


def writable(received: Received) -> None:
    """Make the very bytes of the COPY."""
    left, times = times_of(received, KEPT, NOW)
    waiting = Waiting(
        bureau_id="350302", device_id=DEVICE, datum=left.datum, fixes=left.fixes, times=times, counts=None
    )
    copy_stream([waiting], 0)


def check_kept(value: Any) -> None:
    """Raise where a token, or a name that is never kept, stands in what is kept."""
    for text in texts(value):
        assert not tells_token(text), text
    for name in names(value):
        assert name.lower().replace("_", "").replace("-", "") not in NEVER_KEPT, name


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, names included."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def names(value: Any) -> Iterator[str]:
    """Yield every name in a JSON value."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from names(item)
