"""Checks what a device signed: ES256 over the bytes as they came, whatever a header says."""

from __future__ import annotations

from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from domain.errors import InvalidInput
from domain.signing.jws import ALGORITHM, BadSignature, Flaw, TakenApart

MEMBERS: Final = ("crv", "kty", "x", "y")
"""What a public key on P-256 consists of (RFC 7518 §6.2.1), and its thumbprint is made of (RFC 7638 §3.2)."""


class BadKey(InvalidInput):
    """A device's key is a public one on the curve P-256, as a JWK (RFC 7517)."""

    code = "bad-key"
    zh = "设备密钥须为 P-256 曲线上的公钥，以 JWK（RFC 7517）表示。"


def public_key(jwk: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Return a public key's four members and its thumbprint.

    Raises:
        BadKey: it is no point of the curve, or written in another way than the one way there is.
    """
    named = {name: jwk[name] for name in MEMBERS}
    if (named["kty"], named["crv"]) != ("EC", "P-256"):
        raise BadKey
    try:
        key = ECKey.import_key(named)
        members = {name: str(value) for name, value in key.as_dict(private=False).items() if name in MEMBERS}
    except (JoseError, ValueError, TypeError) as fault:
        raise BadKey from fault
    if members != named:
        raise BadKey
    return members, key.thumbprint()


def check_signature(signed: TakenApart, jwk: dict[str, Any]) -> None:
    """Check that the key of this JWK signed. Raises `BadSignature`."""
    try:
        jws.deserialize_compact(signed.text, ECKey.import_key(jwk), algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError) as fault:
        raise BadSignature(Flaw.SIGNATURE) from fault
