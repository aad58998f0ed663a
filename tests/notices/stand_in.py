"""Services outside, for tests: a push service with a browser behind it, and whatever stands behind a webhook."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from api.notices.encrypt import base64url, from_base64url, public_bytes


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        """Its body as JSON."""
        return json.loads(self.body)


@dataclass
class StandIn:
    """An HTTP service on a real socket: answers by `statuses` in turn, then 201, each after `slow_s`."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    answer: bytes = b'{"errcode":0,"errmsg":"ok"}'
    slow_s: float = 0.0
    location: str = ""
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def address(self, path: str) -> str:
        """Return the address of a path of it."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(head[0].split(" ")[1], headers, body))
            self.arrived.set()
            await asyncio.sleep(self.slow_s)
            status = self.statuses.pop(0) if self.statuses else 201
            told = f"HTTP/1.1 {status} X\r\nContent-Length: {len(self.answer)}\r\nConnection: close\r\n"
            told += f"Location: {self.location}\r\n\r\n" if self.location else "\r\n"
            writer.write(told.encode() + self.answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def standing_in(**how: Any) -> AsyncIterator[StandIn]:
    """Yield a service on a port of its own."""
    service = StandIn(**how)
    server = await asyncio.start_server(service.take, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()


class Browser:
    """What a browser holds of a push subscription: its keys, by which it alone reads."""

    def __init__(self, endpoint: str) -> None:
        """Subscribe at an endpoint."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"sixteen bytes ok"
        self.subscription = {
            "endpoint": endpoint,
            "expirationTime": None,
            "keys": {"p256dh": base64url(public_bytes(self._key)), "auth": base64url(self._auth)},
        }

    def reads(self, asked: Asked) -> Any:
        """Return the message in a request, decrypted by what RFC 8291 and RFC 8188 say and by nothing of ours."""
        assert asked.headers["content-encoding"] == "aes128gcm"
        body = asked.body
        salt, size, named = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, sealed = body[21 : 21 + named], body[21 + named :]
        assert len(sealed) <= size
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        info = b"WebPush: info\0" + public_bytes(self._key) + sender
        secret = HKDF(SHA256(), 32, self._auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        opened = AESGCM(key).decrypt(nonce, sealed, None)
        message, _, padding = opened.rpartition(b"\x02")
        assert padding.strip(b"\0") == b""
        return json.loads(message)


def vouched_by(asked: Asked, key: str) -> dict[str, Any]:
    """Return the claims of a request's VAPID token, verified by the key that the browser subscribed with."""
    token, _, sent_key = asked.headers["authorization"].removeprefix("vapid t=").partition(", k=")
    assert sent_key == key
    raw = from_base64url(key)
    public = {"kty": "EC", "crv": "P-256", "x": base64url(raw[1:33]), "y": base64url(raw[33:])}
    return dict(jwt.decode(token, ECKey.import_key(public), algorithms=["ES256"]).claims)
