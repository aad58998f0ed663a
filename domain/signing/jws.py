"""A compact JWS (RFC 7515) taken apart, before anything in it is believed.

The algorithm is never the header's to choose: a key signs by ES256 (RFC 7518 §3.4) and by nothing else. A header has
exactly three members, so that `crit`, `b64` or a key of the sender's own find no door. Everything is compared by the
SHA-256 of what was signed and never by the signature: (r, s) and (r, n − s) both verify.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import InvalidInput
from domain.values import Named

ALGORITHM: Final = "ES256"
MOST_BYTES: Final = 262_144
"""The longest a JWS may be; a note of 40,000 characters fits twice."""
_SEGMENT: Final = re.compile(rb"[A-Za-z0-9_-]+")


class Flaw(Named):
    """What is wrong with a signature; the words are for people."""

    MALFORMED = "malformed", "不是紧凑格式的 JWS", "it is no compact JWS"
    ALGORITHM = "algorithm", "签名算法不是该密钥允许的 ES256", "its algorithm is not the one its key allows, ES256"
    HEADER = "header", "头部须恰为 alg、typ、kid 三项", "its header must have exactly alg, typ and kid"
    UNKNOWN_KEY = "unknown-key", "本局没有登记此密钥", "no such key is enrolled in this bureau"
    SIGNATURE = "signature", "签名与内容不符", "the signature is not of these bytes"
    PAYLOAD = "payload", "内容不符合约定的格式", "its content does not have the form that was agreed on"
    OTHER_BUREAU = "other-bureau", "内容属于另一个局", "its content is of another bureau"
    OTHER_KEY = "other-key", "内容所称的密钥不是签名的密钥", "its content names another key than the one that signed"


class BadSignature(InvalidInput):
    """This is not signed as a device of this bureau signs, so nothing was recorded."""

    code = "bad-signature"
    zh = "签名不符合本局设备的签名要求，没有记录任何内容。"

    def __init__(self, flaw: Flaw, **detail: Any) -> None:
        """Keep what is wrong as `why` of the detail."""
        super().__init__(None, why=flaw.value, **detail)
        self.flaw = flaw

    def detail_in(self, language: str) -> dict[str, Any]:
        """Return what is wrong, with its sentence in that language."""
        return self.detail | {"sentence": self.flaw.zh if language == "zh" else self.flaw.en}


@dataclass(frozen=True, slots=True)
class TakenApart:
    """A JWS whose form is right; whether its signature is, only its key can tell."""

    text: str
    kid: str
    """The thumbprint (RFC 7638) of the key that is said to have signed."""
    payload: bytes
    digest: str
    """SHA-256 of `header.payload`, base64url: the name of what was signed."""


def take_apart(data: bytes, typ: str) -> TakenApart:
    """Return the parts of a compact JWS of that type.

    Raises:
        BadSignature: it is none, or its header is not exactly `{"alg": "ES256", "typ": typ, "kid": …}`.
    """
    parts = data.split(b".")
    if len(data) > MOST_BYTES or len(parts) != 3 or not all(map(_SEGMENT.fullmatch, parts)):  # noqa: PLR2004 - RFC 7515 §3.1
        raise BadSignature(Flaw.MALFORMED)
    header = untwinned(_decoded(parts[0]), Flaw.MALFORMED)
    if not isinstance(header, dict):
        raise BadSignature(Flaw.MALFORMED)
    if header.get("alg") != ALGORITHM:
        raise BadSignature(Flaw.ALGORITHM)
    kid = header.get("kid")
    if header.keys() != {"alg", "typ", "kid"} or header["typ"] != typ or not isinstance(kid, str):
        raise BadSignature(Flaw.HEADER)
    return TakenApart(data.decode("ascii"), kid, _decoded(parts[1]), digest_of(parts[0] + b"." + parts[1]))


def digest_of(signed: bytes) -> str:
    """Return the SHA-256 of bytes as base64url without padding."""
    return urlsafe_b64encode(hashlib.sha256(signed).digest()).rstrip(b"=").decode("ascii")


def digest_bytes(digest: str) -> bytes:
    """Return the bytes that a digest spells."""
    return urlsafe_b64decode(digest + "=" * (-len(digest) % 4))


def untwinned(data: bytes, flaw: Flaw) -> Any:
    """Return the value that JSON spells, if no object in it names a member twice: readers disagree about which counts.

    Raises:
        BadSignature: with that flaw; it is no JSON, or ambiguous.
    """
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise BadSignature(flaw, what=str(fault)[:200]) from fault


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) != len(members):
        raise ValueError("a member stands twice")
    return made


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _decoded(segment: bytes) -> bytes:
    try:
        decoded = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError as fault:
        raise BadSignature(Flaw.MALFORMED) from fault
    # The last character may carry bits that stand for nothing: only one spelling is taken.
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise BadSignature(Flaw.MALFORMED)
    return decoded
