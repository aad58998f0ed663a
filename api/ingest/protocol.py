"""What a protocol of phones is: who claims a request, where its token may stand, what it means, how it is answered.

A decoder is pure: what was sent in, fixes and events out. It has a file of its own, and a line in
`api.ingest.protocols` registers it.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec

from api.ingest.fixes import UNREADABLE, Health, Received
from domain.values import Datum

PARAMETERS_MOST: Final = 200
"""Parameters of one message; the stock clients send up to thirty."""
APP_LENGTH: Final = 100
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
LIKE_TOKEN: Final = re.compile(r"[0-9oil]{6}[- ]?(?:[0-9a-z]{4}[- ]?){3}[0-9a-z]{4}", re.IGNORECASE)
"""What looks like a device token in the midst of other text, as typed: six digits, sixteen letters, or look-alikes."""
TOKEN_LENGTH: Final = 22
"""A text shorter than this holds no token."""


_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Sent(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A request as it arrived. `dict=True` holds what is read out of it once and asked for by several."""

    door: str = ""
    """The protocol that the address names (`/in/overland`), if it names one."""
    typed: str = ""
    """What stands in the address as its user typed it (`/in/{token}`)."""
    query: bytes = b""
    """The query string as sent."""
    content_type: str = ""
    """Lower case, without parameters; empty where there is none."""
    headers: Mapping[bytes, bytes] = {}
    """By lower-case name."""
    body: bytes = b""

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the query, and of a form body over them; empty for text that is no list of such."""
        merged: dict[str, str] = {}
        for part in (self.query, b"" if self.is_json else self.body):
            if part:
                try:
                    pairs = parse_qsl(
                        part.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=PARAMETERS_MOST
                    )
                except ValueError:
                    return {}
                merged.update(pairs)
        return merged

    @cached_property
    def is_json(self) -> bool:
        """Return whether the body, if any, is to be read as JSON: some clients send one without saying so."""
        if not self.body:
            return False
        return self.content_type == JSON or (self.content_type != FORM and self.body[:1] in (b"{", b"["))

    @cached_property
    def json(self) -> Any:
        """Return the body as JSON, or None where it is none."""
        if not self.is_json:
            return None
        try:
            return msgspec.json.decode(self.body)
        except UNREADABLE:
            return None

    @cached_property
    def keys(self) -> Mapping[str, msgspec.Raw]:
        """Return what stands at the top of a JSON object, unread: enough to tell its shape. Empty for no object."""
        if not self.is_json or self.body.lstrip(b" \t\r\n")[:1] != b"{":
            return {}
        try:
            return _KEYS.decode(self.body)
        except UNREADABLE:
            return {}

    def is_of(self, key: str, kinds: bytes) -> bool:
        """Return whether a JSON object has a key whose value begins with one of some bytes, as `[` for a list."""
        raw = self.keys.get(key)
        return raw is not None and memoryview(raw)[0] in kinds

    @property
    def is_empty(self) -> bool:
        """Return whether there is neither a query nor a body."""
        return not self.query and not self.body

    def header(self, name: bytes) -> str:
        """Return a header's text, or an empty one."""
        return self.headers.get(name, b"").decode("latin-1")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a decoder knows beside the request: the time, and the zone the device's clock is set to, if that is told."""

    now: datetime
    zone: ZoneInfo | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How a client wants to be told that all it sent is safe, and that it is not known here."""

    body: bytes = b""
    media_type: str = "text/plain"
    unknown_status: int = 401
    """For a token that is nobody's: what this client takes as a wrong identity."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """One shape in which phones send positions."""

    name: str
    claims: Callable[[Sent], bool]
    """Whether a request has this shape."""
    tokens: Callable[[Sent], Iterable[str]]
    """Every text of this shape that its user may have typed the token into, likeliest first."""
    decode: Callable[[Sent, Read], Received]
    """What it means. Raises nothing: what can never count is set aside."""
    reply: Reply


def tokens(sent: Sent, protocol: Protocol) -> Iterator[str]:
    """Yield every text of a request that its user may have typed the token into, likeliest first."""
    if sent.typed:
        yield sent.typed
    authorization = sent.header(b"authorization")
    if authorization:
        yield from _of_authorization(authorization)
    yield from protocol.tokens(sent)
    for name in (b"x-limit-u", b"x-limit-d"):
        if name in sent.headers:
            yield sent.header(name)
    for text in sent.parameters.values():
        if len(text) >= TOKEN_LENGTH:
            yield text


def _of_authorization(authorization: str) -> Iterator[str]:
    """Yield a Bearer, and both halves of Basic; Overland in OwnTracks mode sends `Basic TOKEN:` as it stands."""
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        yield rest
    elif scheme.lower() == "basic":
        yield rest.rstrip(":")
        try:
            user, _, password = b64decode(rest + "==", validate=False).decode("utf-8", "replace").partition(":")
        except (binascii.Error, ValueError):
            return
        yield user
        yield password


def received(protocol: str, sent: Sent, battery_percent: float | None = None) -> Received:
    """Return what a decoder fills: nothing yet but what the request says of the device."""
    app = sent.header(b"user-agent")[:APP_LENGTH] or None
    return Received(
        datum=Datum.WGS84,
        fixes=[],
        indexes=[],
        health=Health(protocol=protocol, battery_percent=battery_percent, app=app),
    )
