"""A phone for tests that signs: its key, its chain, and the JWS it sends, made as a browser makes them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from joserfc import jws
from joserfc.jwk import ECKey

from api.db.ledger_entry import new_id
from api.usecases.enrol_device import NewDevice, enrol_device
from domain.signing.jws import digest_of
from tests.world import World

ACTS, KEYS = "/v1/signed-acts", "/v1/device-keys"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256: (r, s) and (r, n − s) both verify."""


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Phone:
    """A phone of a person of the world with a key of its own; `seq` and `prev` go on as it signs."""

    world: World
    who: str
    device_id: UUID
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    key_id: UUID = field(default_factory=new_id)
    boot: UUID = field(default_factory=new_id)
    seq: int = 0
    prev: str | None = None
    srv: dict[str, str] | None = None

    @property
    def kid(self) -> str:
        """Return the thumbprint of its key."""
        return self.key.thumbprint()

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the public key as a browser exports it."""
        return dict(self.key.as_dict(private=False)) | {"ext": True, "key_ops": ["verify"]}

    def header(self, typ: str = "act+jws") -> dict[str, Any]:
        """Return the header that the contract asks for."""
        return {"alg": "ES256", "typ": typ, "kid": self.kid}

    def proof(self, **changes: Any) -> str:
        """Return the JWS by which it shows that it holds its key."""
        payload = {
            "v": 1,
            "bureau": self.world.bureau_id,
            "key_id": str(self.key_id),
            "device_id": str(self.device_id),
            "person_id": str(self.world[self.who].who),
            "iat": self.now_ms(),
        }
        return self.sign(payload | changes, self.header("key+jws"))

    def now_ms(self) -> int:
        """Return what its clock says."""
        return int(self.world.clock().timestamp() * 1000)

    def sign(self, payload: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Sign whatever it is given."""
        data = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return jws.serialize_compact(header or self.header(), data, self.key, algorithms=["ES256"])

    def payload(self, act: str, body: dict[str, Any], trip: UUID | None = None, **changes: Any) -> dict[str, Any]:
        """Return the payload of its next act."""
        said = {
            "v": 1,
            "bureau": self.world.bureau_id,
            "key": str(self.key_id),
            "seq": self.seq + 1,
            "prev": self.prev,
            "id": str(new_id()),
            "iat": self.now_ms(),
            "mono": self.now_ms() % 10**9,
            "boot": str(self.boot),
            "srv": self.srv,
            "act": act,
            "trip": None if trip is None else str(trip),
            "body": body,
        }
        return said | changes

    def act(self, act: str, body: dict[str, Any], trip: UUID | None = None, **changes: Any) -> str:
        """Sign its next act; the chain goes on from it."""
        said = self.payload(act, body, trip, **changes)
        signed = self.sign(said)
        self.seq, self.prev = said["seq"], digest_of(signed.rpartition(".")[0].encode())
        return signed


async def new_phone(world: World, who: str = "officer") -> Phone:
    """Enrol a phone for a person; its key is not known yet."""
    enrolled = await enrol_device(world.database, world["admin"], NewDevice(name="手机", person_id=world[who].who))
    return Phone(world, who, enrolled.device_id)


async def make_known(client: httpx.AsyncClient, phone: Phone, **changes: Any) -> httpx.Response:
    """Send a phone's key."""
    body = {
        "key_id": str(phone.key_id),
        "device_id": str(phone.device_id),
        "jwk": phone.jwk,
        "proof": phone.proof(),
    }
    return await client.post(KEYS, json=body | changes)


async def known_phone(world: World, client: httpx.AsyncClient, who: str = "officer") -> Phone:
    """Enrol a phone and its key, sent by the client of its person."""
    phone = await new_phone(world, who)
    answer = await make_known(client, phone)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()["receipt"]
    phone.srv = {"entry": receipt["entry"], "leaf": receipt["leaf"]}
    return phone


async def send_act(client: httpx.AsyncClient, signed: str | bytes, **headers: str) -> httpx.Response:
    """Send a signed act."""
    content = signed if isinstance(signed, bytes) else signed.encode()
    return await client.post(ACTS, content=content, headers={"Content-Type": "application/jose"} | headers)


def other_signature(signed: str) -> str:
    """Return the same act with the other signature that verifies: (r, n − s)."""
    head, _, signature = signed.rpartition(".")
    raw = jws_bytes(signature)
    s = _ORDER - int.from_bytes(raw[32:], "big")
    return f"{head}.{base64url(raw[:32] + s.to_bytes(32, 'big'))}"


def jws_bytes(segment: str) -> bytes:
    """Return the bytes of a segment."""
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def departure(world: World, odometer_m: int = 52_000_000, **changes: Any) -> dict[str, Any]:
    """Return the body of a departure that was made without a network."""
    return {
        "source": "offline",
        "stated_at": world.clock().isoformat(),
        "reading": {"odometer_m": odometer_m},
        "check": {"tyres": True, "lights": True, "fuel": True, "papers": True},
    } | changes


def stop(world: World, job_id: UUID, what: str = "arrive", **changes: Any) -> dict[str, Any]:
    """Return the body of a stop that was made without a network."""
    said = {"source": "offline", "stated_at": world.clock().isoformat(), "job_id": str(job_id), "what": what}
    return said | changes


def back(world: World, odometer_m: int = 52_012_000, **changes: Any) -> dict[str, Any]:
    """Return the body of a return that was made without a network."""
    said = {"source": "offline", "stated_at": world.clock().isoformat(), "reading": {"odometer_m": odometer_m}}
    return said | changes
