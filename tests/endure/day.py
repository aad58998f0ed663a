"""A desk's day over and over: trips with notes and photos, seals, exports and boards, while everything is struck.

Whoever gets no answer sends the same again. Acts without a key that are refused the second time had been done.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from tests.endure.desk import AWAY, PHOTO_BYTES
from tests.endure.fleet import Fleet, rest
from tests.notes import NOTES, note_body
from tests.objects import JPEG
from tests.simulation.desk import IN_ORDER, WITHOUT_KEY
from tests.simulation.promises import Book
from tests.sse import page
from tests.world import INSIDE

DONE = {"approve": "approved", "close": "closed"}
"""What an act without a key leaves its trip in."""
SITE = {"name": "某服装店", "address": "文献步行街 12 号", "lat": INSIDE.lat, "lon": INSIDE.lon, "datum": "WGS-84"}
EXPORTS = {"log": "log exported", "order.pdf": "order printed", "statement": "statement exported"}
"""What is fetched, by the end of its path."""
PAUSE_S = 1.0
BOARDS = 3
MONTHS = 3
"""So many months of a vehicle are sealed."""


@dataclass
class Day:
    """What people of the fleet's bureau do, and what they were told of it."""

    fleet: Fleet
    http: httpx.AsyncClient
    stop: asyncio.Event
    book: Book = field(default_factory=Book)
    photos: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    sealed: set[tuple[str, str]] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    """How often what was acknowledged."""
    heard: list[int] = field(default_factory=lambda: [0] * BOARDS)
    """Events that each board heard."""
    last_trip: str | None = None

    async def ask(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask as a person until there is an answer, and return its JSON with its status as `_status`."""
        headers = {"Authorization": f"Bearer {self.fleet.people[who]}"}
        given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        tries = 0
        while (answer := await self._answer(method, path, headers, given)) is None:
            tries += 1
            await asyncio.sleep(0.5)
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        told = told if isinstance(told, dict) else {"items": told}
        what = _what(method, path)
        if tries and answer.status_code == httpx.codes.CONFLICT and path.endswith(WITHOUT_KEY):
            trip = await self.ask(who, "GET", path.rpartition("/")[0])
            if trip["state"] == DONE[path.rpartition("/")[2]]:
                self.book.acknowledge(method, path, 200, trip)
                self.done[what] += 1
                return trip | {"_status": 200}
        if answer.is_success:
            self.done[what] += 1
        else:
            self.fleet.unlike.append(f"{who} {method} {path}: {answer.status_code} {answer.text}")
        self.book.acknowledge(method, path, answer.status_code, told)
        return told | {"_status": answer.status_code}

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], given: dict[str, Any]
    ) -> httpx.Response | None:
        """Return an answer, or None where there was none, or it was to come again."""
        try:
            answer = await self.http.request(method, path, headers=headers, **given)
        except httpx.TransportError:
            return None
        away = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and answer.json()["code"] in AWAY
        return None if away else answer

    async def trips(self, vehicle_id: UUID) -> None:
        """Let one trip follow the other, with a note and its photo."""
        odometer_m = 52_000_000
        spot = {"vehicle_id": str(vehicle_id), "odometer_m": odometer_m, "obtained": "typed", "occasion": "handover"}
        await self.ask("driver", "POST", "/v1/readings", spot | {"read_at": datetime.now(UTC).isoformat()})
        while not self.stop.is_set():
            odometer_m = await self._trip(vehicle_id, odometer_m)
            await rest(self.stop, PAUSE_S)

    async def _trip(self, vehicle_id: UUID, odometer_m: int) -> int:
        now, world = datetime.now(UTC), self.fleet.world
        window = {"start_at": now.isoformat(), "end_at": (now + timedelta(hours=3)).isoformat()}
        complaint = {
            "source": "counter",
            "accept": True,
            "complainant": {"name": "林某", "telephone": "13800000001", "address": "霞林街道"},
            "respondent": {"name": "某服装店", "address": "文献步行街 12 号"},
            "claim": "退款",
            "facts": "褪色",
            "job": {"site": SITE, "window": window},
        }
        made = await self.ask("dispatcher", "POST", "/v1/complaints", complaint)
        if "complaint_id" not in made:
            return odometer_m
        jobs = await self.ask("dispatcher", "GET", f"/v1/jobs?complaint_id={made['complaint_id']}")
        job_id = jobs["items"][0]["job_id"]
        asked = {
            "vehicle_id": str(vehicle_id),
            "job_ids": [job_id],
            "planned_from": (now + timedelta(seconds=1)).isoformat(),
            "planned_until": (now + timedelta(hours=2)).isoformat(),
            "crew": [
                {"person_id": str(world["officer"].who), "seat": "officer"},
                {"person_id": str(world["driver"].who), "seat": "driver"},
            ],
        }
        trip = await self.ask("dispatcher", "POST", "/v1/trips", asked)
        if "trip_id" not in trip:
            return odometer_m
        path = f"/v1/trips/{trip['trip_id']}"
        await self.ask("custodian", "POST", f"{path}/approve", {})
        self.last_trip = path
        left = {"check": IN_ORDER, "reading": {"odometer_m": odometer_m}}
        await self.ask("driver", "POST", f"{path}/depart", left)
        await self._note(UUID(job_id), trip["trip_id"])
        odometer_m += 1_000 * (1 + secrets.randbelow(9))
        await self.ask("driver", "POST", f"{path}/return", {"reading": {"odometer_m": odometer_m}})
        await self.ask("dispatcher", "POST", f"{path}/close", {})
        return odometer_m

    async def _note(self, job_id: UUID, trip_id: str) -> None:
        photo = JPEG + secrets.token_bytes(PHOTO_BYTES)
        sha256 = hashlib.sha256(photo).hexdigest()
        if (await self.ask("officer", "PUT", f"/v1/attachments/{sha256}", photo))["_status"] in (200, 201):
            self.photos.add(sha256)
        body = note_body(
            job_id, datetime.now(UTC), trip_id=trip_id, files=[{"sha256": sha256, "name": "店面.jpg", "role": "photo"}]
        )
        if (await self.ask("officer", "POST", NOTES, body))["_status"] in (200, 201):
            self.notes.add(body["note_id"])

    async def seals(self, vehicles: Sequence[UUID], every_s: float) -> None:
        """Seal the months that are over of one vehicle after the other."""
        months = [f"{first:%Y-%m}" for first in reversed(_months_over())]
        read_at = f"{months[0]}-15T09:00:00+08:00"
        for vehicle_id in vehicles:
            spot = {"vehicle_id": str(vehicle_id), "odometer_m": 1_000, "obtained": "typed", "occasion": "handover"}
            await self.ask("driver", "POST", "/v1/readings", spot | {"read_at": read_at})
            for month in months:
                path = f"/v1/vehicles/{vehicle_id}/months/{month}"
                if (await self.ask("custodian", "POST", f"{path}/seal"))["_status"] in (200, 201):
                    self.sealed.add((str(vehicle_id), month))
                await rest(self.stop, every_s)
                if self.stop.is_set():
                    return

    async def exports(self, vehicle_id: UUID) -> None:
        """Fetch the log, orders and statements in every form."""
        month = f"{datetime.now(UTC):%Y-%m}"
        for form in cycle(("json", "csv", "xlsx")):
            if self.stop.is_set():
                return
            await self.ask("auditor", "GET", f"/v1/vehicles/{vehicle_id}/log?month={month}&format={form}")
            if self.last_trip is not None:
                await self.ask("dispatcher", "GET", f"{self.last_trip}/order.pdf")
            if self.sealed:
                sealed_id, sealed = min(self.sealed)
                await self.ask("auditor", "GET", f"/v1/vehicles/{sealed_id}/months/{sealed}/statement?format=pdf")
            await rest(self.stop, PAUSE_S)

    async def board(self, number: int) -> None:
        """Keep a board open, and open it again when its stream has ended."""
        while not self.stop.is_set():
            # A service that is away, or a page that is not greeted in time: a browser tries again.
            with suppress(httpx.TransportError, AssertionError):
                async with page(self.http, self.fleet.people["dispatcher"]) as opened:
                    while not opened.ended and not self.stop.is_set():
                        before = len(opened.events)
                        await rest(self.stop, PAUSE_S)
                        self.heard[number] += len(opened.events) - before
            await rest(self.stop, PAUSE_S / 2)

    def look(self, url: str) -> set[str]:
        """Return what was acknowledged and is not there."""
        of = (self.fleet.world.bureau_id,)
        with psycopg.connect(url) as connection:
            query = "SELECT note_id::text FROM visit_note WHERE bureau_id = %s"
            notes = {row[0] for row in connection.execute(query, of)}
            photos = {row[0] for row in connection.execute("SELECT sha256 FROM attachment WHERE bureau_id = %s", of)}
            query = "SELECT vehicle_id::text, to_char(month, 'YYYY-MM') FROM month_seal WHERE bureau_id = %s"
            sealed = {(row[0], row[1]) for row in connection.execute(query, of)}
        return (
            {f"note {one}" for one in self.notes - notes}
            | {f"photo {one}" for one in self.photos - photos}
            | {f"seal {one}" for one in self.sealed - sealed}
        )


def _what(method: str, path: str) -> str:
    """Return what a request is called in the figures."""
    name = path.partition("?")[0].rpartition("/")[2]
    if method == "POST":
        return f"POST {name}"
    return "photo of a trip's note" if method == "PUT" else EXPORTS.get(name, "page fetched")


def _months_over() -> list[date]:
    """Return the first days of the months that are over, the newest first."""
    found, first = list[date](), datetime.now(UTC).date().replace(day=1)
    while len(found) < MONTHS:
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found
