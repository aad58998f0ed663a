"""HTTP Digest as stock Collect does it over plain http: RFC 7616 with MD5 and `qop=auth`.

Collect knows Basic only over https. Its library (rburgst/okhttp-digest@7dc57f88, `DigestAuthenticator.java`) keeps the
last challenge and signs later requests before it is asked; it tries a refused request again only where the answer says
`stale=true`. Nonces are not stored: one is a time with its HMAC. A request repeated within a nonce's life does
nothing twice, since a submission is known by its instanceID.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

REALM: Final = "zhuanche"
NONCE_LIFE_S: Final = 600
"""How long a challenge may be answered: the photos of a visit go over a slow network in that time."""
_AHEAD_S: Final = 60
"""How far the clock of another process that made the nonce may be ahead."""
_PARAMETER: Final = re.compile(r'([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_NONCE: Final = re.compile("([0-9a-f]{8,11})-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Answered:
    """What an `Authorization: Digest` header says."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    qop: str
    nc: str
    cnonce: str
    algorithm: str


class Verdict(Enum):
    """What came of checking an answer."""

    GOOD = "good"
    STALE = "stale"
    """The password is right, but the nonce is too old or another's: ask again, and say so."""
    BAD = "bad"


def ha1_of(username: str, token: str) -> str:
    """Return what is kept of a password for Digest: MD5 of `username:realm:password` (RFC 7616 §3.4.2)."""
    return _md5(f"{username}:{REALM}:{token}")


def challenge(key: bytes, now_s: float, *, stale: bool = False) -> str:
    """Return a `WWW-Authenticate` header."""
    again = ", stale=true" if stale else ""
    return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{_nonce(key, int(now_s))}"{again}'


def read_answer(header: str) -> Answered | None:
    """Return what an Authorization header says, or None where it is no Digest or lacks a part."""
    if header[:7].lower() != "digest ":
        return None
    found = {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        for name, quoted, plain in _PARAMETER.findall(header[7:])
    }
    if not {"username", "realm", "nonce", "uri", "response"} <= found.keys():
        return None
    return Answered(
        found["username"],
        found["realm"],
        found["nonce"],
        found["uri"],
        found["response"],
        found.get("qop", ""),
        found.get("nc", ""),
        found.get("cnonce", ""),
        found.get("algorithm", "MD5"),
    )


def check(answered: Answered, ha1: str, method: str, target: str, *, key: bytes, now_s: float) -> Verdict:
    """Tell whether an answer to a challenge was made by who knows the password that `ha1` was made of.

    `target` is the request's own path and query as sent: an answer made for another address opens nothing.
    """
    if answered.realm != REALM or answered.algorithm.upper() != "MD5" or answered.uri != target:
        return Verdict.BAD
    asked = _md5(f"{method}:{answered.uri}")
    if answered.qop == "auth":
        expected = _md5(f"{ha1}:{answered.nonce}:{answered.nc}:{answered.cnonce}:auth:{asked}")
    elif not answered.qop:
        # RFC 2069 compatibility, which RFC 7616 still lets a client use where it knows no qop.
        expected = _md5(f"{ha1}:{answered.nonce}:{asked}")
    else:
        return Verdict.BAD
    if not hmac.compare_digest(expected.encode(), answered.response.lower().encode()):
        return Verdict.BAD
    return Verdict.GOOD if _fresh(answered.nonce, key, now_s) else Verdict.STALE


def _nonce(key: bytes, made_s: int) -> str:
    made = f"{made_s:x}"
    return f"{made}-{hmac.new(key, made.encode(), hashlib.sha256).hexdigest()[:32]}"


def _fresh(nonce: str, key: bytes, now_s: float) -> bool:
    named = _NONCE.fullmatch(nonce)
    if named is None:
        return False
    made_s = int(named[1], 16)
    ours = hmac.compare_digest(_nonce(key, made_s), nonce)
    return ours and -_AHEAD_S <= now_s - made_s <= NONCE_LIFE_S


def _md5(words: str) -> str:
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()
