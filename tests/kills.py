"""Kill -9 under load: the service, its database, or both, and what must be true of every request afterwards (P7).

Clients send fixes one by one and in batches, visit notes, trip requests, complaints and signed acts, and keep the
answers. After the kill all of it is sent again, byte for byte. `endure` raises where an acknowledged fact is missing or
there twice, where a repeated request is answered otherwise than the first time, or where a fact is half written.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.embedded import start
from api.db.ledger_entry import new_id
from api.db.migrate import migrate
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from api.usecases.enrol_key import NewKey, enrol_key
from tests.conftest import token_of
from tests.http.test_complaints import BODY
from tests.ledger import ledger_faults
from tests.live import PATIENCE_S, Live, serving
from tests.notes import NOTES, note_body
from tests.signing import ACTS, Phone, new_phone
from tests.trips import a_complaint_job, crew_of
from tests.world import INSIDE, HeldClock, World, make_world

BATCH = 20
CLIENTS = ("fix", "fix", "batch", "note", "note", "trip", "trip", "complaint", "complaint", "signed")
"""One after the other, each client sends one kind."""
ACKNOWLEDGED_FIRST = 40
"""So many requests are answered before the kill: the load is under way."""


class Victim(StrEnum):
    """What is killed."""

    SERVICE = "service"
    DATABASE = "database"
    BOTH = "both"


@dataclass
class Sent:
    """A request, what identifies its facts in the database, and its first answer, if one came."""

    kind: str
    path: str
    body: bytes
    headers: dict[str, str]
    seqs: range = range(0)
    note_id: str | None = None
    answer: Any = None


@dataclass
class Endured:
    """One kill: how many requests had been answered, and how many had not, when it came."""

    victim: Victim
    acknowledged: int
    unanswered: int
    back_after_s: float


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


async def send(http: httpx.AsyncClient, one: Sent) -> Any:
    """Return the answer's JSON, or None where there was none, or the service said to come again."""
    try:
        answer = await http.post(one.path, content=one.body, headers=one.headers)
    except httpx.TransportError:
        return None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert answer.json()["code"] in {"database-away", "busy"}, answer.text
        return None
    assert answer.status_code in {200, 201}, f"{one.kind}: {answer.status_code} {answer.text}"
    return answer.json()


async def client(http: httpx.AsyncClient, desk: Desk, kind: str, stop: asyncio.Event) -> None:
    """Send requests of one kind, one after the other, until told to stop."""
    while not stop.is_set():
        one = desk.next(kind)
        one.answer = await send(http, one)
        if one.answer is None:
            await asyncio.sleep(0.05)


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(3 * PATIENCE_S):
        while not await what():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)


def kill(live: Live, data: Path, victim: Victim) -> None:
    """Kill without a word of warning."""
    if victim is not Victim.SERVICE:
        postmaster = int((data / "postgres" / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
    if victim is not Victim.DATABASE:
        live.process.kill()
        live.process.wait()


async def endure(folder: Path, victims: Iterable[Victim]) -> AsyncIterator[Endured]:
    """Yield after each kill, once everything was found to be as promised."""
    data = folder / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    with ExitStack() as services:
        live = services.enter_context(serving(folder / "log", data=data))
        desk = await a_desk(data)
        for number, victim in enumerate(victims, start=1):
            before = len(desk.sent)
            async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
                stop = asyncio.Event()
                async with asyncio.TaskGroup() as clients:
                    for kind in CLIENTS:
                        clients.create_task(client(http, desk, kind, stop))
                    await until(lambda: _answered(desk.sent[before:], ACKNOWLEDGED_FIRST))  # noqa: B023 - awaited here
                    await asyncio.sleep(number * 37 % 200 / 1000)  # at another moment each time
                    kill(live, data, victim)
                    killed_at = monotonic()
                    if victim is Victim.DATABASE:
                        await until(lambda: _ready(http))
                    stop.set()
            if victim is not Victim.DATABASE:
                live = services.enter_context(serving(folder / f"log{number}", data=data))
            async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
                await until(lambda: _ready(http))
                back_after_s = monotonic() - killed_at
                acknowledged = sum(one.answer is not None for one in desk.sent[before:])
                check(data, desk, final=False)
                for one in desk.sent[before:]:
                    await send_again(http, one)
                check(data, desk, final=True)
            yield Endured(victim, acknowledged, len(desk.sent) - before - acknowledged, back_after_s)


async def _answered(sent: list[Sent], count: int) -> bool:
    return sum(one.answer is not None for one in sent) >= count


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def send_again(http: httpx.AsyncClient, one: Sent) -> None:
    """Send the same bytes, with the same key: the answer is the first one, where there was one."""
    again = await send(http, one)
    assert again is not None, f"{one.kind} is not taken after the restart"
    if one.kind == "fix":
        stored = 0 if one.answer is not None else again["stored"]
        assert (again["stored"], again["stored"] + again["repeated"]) == (stored, len(one.seqs)), again
    elif one.kind == "signed":
        # What waited for an act that was cut off is judged by now.
        assert (again["outcome"], again["again"]) == ("recorded", one.answer is not None or again["again"]), again
        assert one.answer is None or again["receipt"] == one.answer["receipt"]
    elif one.answer is not None:
        assert again == one.answer
    one.answer = again


def check(data: Path, desk: Desk, *, final: bool) -> None:
    """Look for what was acknowledged, in the database itself; at last every request was, and nothing else is there."""
    with psycopg.connect(running(data).dsn("postgres")) as connection:
        found = {kind: _found(connection, desk, query) for kind, query in FACTS.items()}
        assert ledger_faults(connection) == []
    twice = {kind: [key for key, count in counts.items() if count > 1] for kind, counts in found.items()}
    assert not any(twice.values()), f"there twice: {twice}"
    wanted: dict[str, set[Any]] = {kind: set() for kind in FACTS}
    for one in desk.sent:
        if one.answer is not None:
            wanted[one.kind].update(keys_of(one))
            if one.kind == "signed" and one.answer["outcome"] == "recorded":
                wanted["note"].add(one.note_id)
    lost = {kind: keys - found[kind].keys() for kind, keys in wanted.items()}
    assert not any(lost.values()), f"acknowledged and not there: {lost}"
    if final:
        assert len(found["complaint"]) == desk.complaints
        assert {kind: set(found[kind]) for kind in ("fix", "note", "trip", "signed")} == {
            kind: wanted[kind] for kind in ("fix", "note", "trip", "signed")
        }


FACTS = {
    "fix": "SELECT source_seq, count(*) FROM position WHERE bureau_id = %s GROUP BY 1",
    "note": "SELECT note_id::text, count(*) FROM visit_note WHERE bureau_id = %s GROUP BY 1",
    "trip": "SELECT use_id::text, count(*) FROM trip WHERE bureau_id = %s GROUP BY 1",
    "signed": "SELECT act_id::text, count(*) FROM signed_act a JOIN signed_act_outcome o USING (bureau_id, digest)"
    " WHERE bureau_id = %s GROUP BY 1",
    "complaint": "SELECT complaint_id::text, count(*) FROM complaint WHERE bureau_id = %s GROUP BY 1",
}


def keys_of(one: Sent) -> Iterable[Any]:
    """Return what an acknowledged request left in the database."""
    if one.kind == "fix":
        return one.seqs
    if one.kind == "signed":
        return (one.answer["id"],) if one.answer["outcome"] == "recorded" else ()
    return (one.note_id if one.kind == "note" else one.answer[f"{one.kind}_id"],)


def _found(connection: psycopg.Connection[Any], desk: Desk, query: Any) -> dict[Any, int]:
    return dict(connection.execute(query, (desk.world.bureau_id,)).fetchall())
