"""Web Push on the wire: the message encrypted for one browser, the sender vouched for by a signed token.

RFC 8291 (in RFC 8188's aes128gcm) and RFC 8292 (VAPID).

Of `cryptography` and `joserfc` alone, which the product has anyway: pywebpush 2.5 is kept up but brings aiohttp,
requests, py-vapid and six more along, http-ece was last released in August 2024. RFC 8291's own example is a test.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from domain.errors import InvalidInput

CURVE: Final = ec.SECP256R1()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256's group."""
RECORD_BYTES: Final = 4096
MESSAGE_MOST: Final = 3_000
"""Bytes of a message; every push service takes so much."""
TOKEN_LIFE: Final = timedelta(hours=12)
"""RFC 8292 allows a day."""


class BadPushKeys(InvalidInput):
    """A push subscription has a public key of 65 bytes on P-256 and a secret of 16, base64url without padding."""

    code = "bad-push-keys"
    zh = "推送订阅须含 P-256 公钥（65 字节）和 16 字节密钥，以无填充的 base64url 编码。"


def base64url(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_keys(p256dh: str, auth: str) -> None:
    """Refuse keys that nothing can be encrypted for. Raises `BadPushKeys`."""
    try:
        _point(from_base64url(p256dh))
        secret = from_base64url(auth)
    except ValueError as fault:
        raise BadPushKeys from fault
    if len(secret) != 16 or len(auth) != 22 or len(p256dh) != 87:  # noqa: PLR2004 - RFC 8291 §3.2
        raise BadPushKeys


def key_from(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the private key that a seed of 48 bytes stands for, evenly spread over the group (FIPS 186-5 A.2.1)."""
    return ec.derive_private_key(int.from_bytes(seed) % (ORDER - 1) + 1, CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """Return the uncompressed point of a key."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypted(
    message: bytes,
    p256dh: str,
    auth: str,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return a message that only the browser with these keys can read; `sender` and `salt` are fresh unless given."""
    if len(message) > MESSAGE_MOST:
        raise ValueError("a push message is at most 3,000 bytes")
    receiver = _point(from_base64url(p256dh))
    sender, salt = sender or ec.generate_private_key(CURVE), salt or secrets.token_bytes(16)
    shared = sender.exchange(ec.ECDH(), receiver)
    named = b"WebPush: info\0" + public_bytes(receiver) + public_bytes(sender)
    secret = _derived(shared, from_base64url(auth), named, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    sent = public_bytes(sender)
    header = salt + RECORD_BYTES.to_bytes(4) + len(sent).to_bytes(1) + sent
    return header + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def vouched(endpoint: str, key: ec.EllipticCurvePrivateKey, contact: str, now: datetime) -> str:
    """Return the Authorization header for a push service: who sends, and where a human is found."""
    where = urlsplit(endpoint)
    claims = {
        "aud": f"{where.scheme}://{where.netloc}",
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "sub": contact,
    }
    token = jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(key))
    return f"vapid t={token}, k={base64url(public_bytes(key))}"


def _point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """Raises ValueError for what is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
