"""A bureau that clients send to, and everything they sent with the first answer that came, if one did."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from api.db.address import running
from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from api.usecases.enrol_key import NewKey, enrol_key
from tests.conftest import token_of
from tests.http.test_complaints import BODY
from tests.notes import NOTES, note_body
from tests.objects import JPEG
from tests.signing import ACTS, Phone, new_phone
from tests.trips import a_complaint_job, crew_of
from tests.world import INSIDE, HeldClock, World, make_world

BATCH = 20
CLIENTS = ("fix", "fix", "batch", "note", "note", "trip", "trip", "complaint", "complaint", "signed", "photo")
"""One after the other, each client sends one kind."""
PHOTO_BYTES = 40_000
AWAY = frozenset({"database-away", "busy", "no-space", "files-away"})
"""Codes of a 503 that say: come again."""


@dataclass
class Sent:
    """A request, what identifies its facts in the database, and its first answer, if one came."""

    kind: str
    path: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"
    seqs: range = range(0)
    note_id: str | None = None
    sha256: str | None = None
    answer: Any = None


@dataclass
class Desk:
    """A bureau that clients send to."""

    world: World
    device: str
    people: dict[str, str]
    """Name → token."""
    phone: Phone
    """It signs on whether or not there was an answer, as a phone without a network does."""
    jobs: tuple[UUID, UUID]
    """One to ask for trips, and one to write notes about: its first note finishes it."""
    began_at: datetime
    sent: list[Sent] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    """Answers that are none of a request as it should be."""
    photo_bytes: int = PHOTO_BYTES
    fixes: int = 0
    complaints: int = 2
    """Complaints that must be there: those of the jobs were registered before any kill."""

    def next(self, kind: str) -> Sent:
        """Return a request that was not sent before."""
        made: Sent = getattr(self, f"_{kind}")()
        made.headers.setdefault("Content-Type", "application/json")
        self.sent.append(made)
        return made

    def _fix(self, count: int = 1) -> Sent:
        seqs = range(self.fixes, self.fixes + count)
        self.fixes += count
        at = self.began_at.isoformat()
        fixes = [{"fixed_at": at, "lat": INSIDE.lat, "lon": INSIDE.lon, "seq": seq} for seq in seqs]
        body = json.dumps({"datum": "WGS-84", "fixes": fixes}).encode()
        return Sent("fix", "/v1/positions", body, {"Authorization": f"Bearer {self.device}"}, seqs=seqs)

    def _batch(self) -> Sent:
        return self._fix(BATCH)

    def _note(self) -> Sent:
        body = note_body(self.jobs[1], self.began_at)
        return Sent("note", NOTES, json.dumps(body).encode(), self._as("officer"), note_id=body["note_id"])

    def _trip(self) -> Sent:
        body = {
            "vehicle_id": str(self.world.vehicle_id),
            "job_ids": [str(self.jobs[0])],
            "planned_from": (self.began_at + timedelta(hours=2)).isoformat(),
            "planned_until": (self.began_at + timedelta(hours=4)).isoformat(),
            "crew": [{"person_id": str(who), "seat": seat.value} for who, seat in crew_of(self.world)],
        }
        return Sent("trip", "/v1/trips", json.dumps(body).encode(), self._as("dispatcher") | _once())

    def _complaint(self) -> Sent:
        self.complaints += 1
        return Sent("complaint", "/v1/complaints", json.dumps(BODY).encode(), self._as("dispatcher") | _once())

    def _signed(self) -> Sent:
        body = note_body(self.jobs[1], self.began_at)
        signed = self.phone.act("note", body).encode()
        headers = self._as("officer") | {"Content-Type": "application/jose"}
        return Sent("signed", ACTS, signed, headers, note_id=body["note_id"])

    def _photo(self) -> Sent:
        body = JPEG + secrets.token_bytes(self.photo_bytes - len(JPEG))
        sha256 = hashlib.sha256(body).hexdigest()
        headers = self._as("officer") | {"Content-Type": "image/jpeg"}
        return Sent("photo", f"/v1/attachments/{sha256}", body, headers, method="PUT", sha256=sha256)

    def _as(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.people[who]}"}


def _once() -> dict[str, str]:
    return {"Idempotency-Key": str(new_id())}


async def a_desk(data: Path) -> Desk:
    """Make a bureau in the database of a running service."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=world.vehicle_id))
        people = {who: await token_of(world, who) for who in ("officer", "dispatcher")}
        jobs = await a_complaint_job(world), await a_complaint_job(world)
        phone = await new_phone(world)
        key = NewKey(key_id=phone.key_id, device_id=phone.device_id, jwk=phone.jwk, proof=phone.proof())
        await enrol_key(service, world["officer"], key)
        return Desk(world, made.token or "", people, phone, jobs, clock())
    finally:
        await service.close()
        await owner.close()


async def send(http: httpx.AsyncClient, desk: Desk, one: Sent) -> Any:
    """Return the answer's JSON, or None where there was none, or the service said to come again."""
    try:
        answer = await http.request(one.method, one.path, content=one.body, headers=one.headers)
    except httpx.TransportError:
        return None
    if answer.status_code not in {httpx.codes.OK, httpx.codes.CREATED}:
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or answer.json()["code"] not in AWAY:
            desk.unlike.append(f"{one.kind}: {answer.status_code} {answer.text}")
        return None
    return answer.json()


async def client(http: httpx.AsyncClient, desk: Desk, kind: str, stop: asyncio.Event) -> None:
    """Send requests of one kind, one after the other, until told to stop."""
    while not stop.is_set():
        one = desk.next(kind)
        one.answer = await send(http, desk, one)
        if one.answer is None:
            await asyncio.sleep(0.05)
