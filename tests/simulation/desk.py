"""A desk whose year is simulated: everything over HTTP, on the real database, under a clock that a test moves.

What is done may be refused: refusals are part of a year. What may never be is an answer of 500, and a promise of
the promises that does not hold afterwards.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psycopg
from litestar import Litestar
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.db.database import Database
from api.db.faults import DatabaseAway
from api.db.roles import OWNER
from api.jobs.all_jobs import JOBS
from api.settings import Settings
from tests.conftest import Server, running, token_of
from tests.ledger import facts_without_entry
from tests.simulation.promises import Book, check_promises
from tests.world import INSIDE, HeldClock, World, make_world, monday_morning

ZONE: Final = ZoneInfo("Asia/Shanghai")
SESSION: Final = timedelta(hours=6)
IN_ORDER: Final = {"tyres": True, "lights": True, "fuel": True, "papers": True}


class Desk:
    """One bureau with its application, its terminal, and what is known of both."""

    def __init__(self, server: Server, settings: Settings) -> None:
        """Be opened by `open`."""
        self._server, self._settings = server, settings
        self._stack = AsyncExitStack()
        self._clients: dict[str, tuple[httpx.AsyncClient, datetime]] = {}
        self.clock = HeldClock(monday_morning())
        self.book = Book()
        self.world: World
        self._app: Litestar
        self._terminal = ""

    async def open(self) -> None:
        """Set the bureau up."""
        owner = Database(self._server.owner, self._settings, self.clock, role=OWNER)
        service = Database(self._server.service, self._settings, self.clock)
        self._stack.push_async_callback(service.close)
        self._stack.push_async_callback(owner.close)
        with psycopg.connect(self._server.superuser, autocommit=True) as connection:
            connection.execute(
                "SELECT make_position_partition((%s::date + make_interval(months => n))::date)"
                " FROM generate_series(-1, 12) AS n",
                (self.clock().date(),),
            )
        self._app = create_app(self._settings, self._server.service, self._server.ingest, self.clock)
        await self._stack.enter_async_context(running(self._app))
        self.world = await make_world(owner, service, self.clock)
        await self.do("driver", "POST", "/v1/readings", self._spot("handover"))
        made = await self.do("admin", "POST", "/v1/devices", {"name": "终端", "vehicle_id": str(self.world.vehicle_id)})
        self._terminal = made["token"]

    async def close(self) -> None:
        """Let go of everything."""
        for client, _ in self._clients.values():
            await client.aclose()
        await self._stack.aclose()

    def _spot(self, occasion: str) -> dict[str, Any]:
        return {
            "vehicle_id": str(self.world.vehicle_id),
            "odometer_m": self.book.odometer_m,
            "read_at": self.clock().isoformat(),
            "obtained": "typed",
            "occasion": occasion,
        }

    async def do(
        self, who: str, method: str, path: str, body: Any = None, *, key: str | None = None, away: bool = False
    ) -> dict[str, Any]:
        """Do something as a person and return the answer, with its status as `_status`.

        Args:
            who: the person, or the terminal.
            method: of the request.
            path: of the request.
            body: JSON.
            key: an Idempotency-Key.
            away: the database may be away just then: 503 is an answer too.
        """
        client = await self._client(who)
        headers = {"Idempotency-Key": key} if key else {}
        answer = await client.request(method, path, json=body, headers=headers)
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""
        self.book.said.append(f"{self.clock():%m-%d %H:%M} {who} {method} {path} {answer.status_code} {code}")
        assert answer.status_code < 500 or (away and answer.status_code == 503), (answer.text, self.book.said[-20:])
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if not isinstance(told, dict):
            told = {"items": told}
        if told.get("code") == "refused":
            self.book.refused += 1
        return told | {"_status": answer.status_code, "_bytes": answer.content}

    async def _client(self, who: str) -> httpx.AsyncClient:
        known = self._clients.get(who)
        if known is not None and self.clock() - known[1] < SESSION:
            return known[0]
        if known is not None:
            await known[0].aclose()
        token = self._terminal if who == "terminal" else await token_of(self.world, who)
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {token}"}
        client = httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers)
        self._clients[who] = client, self.clock()
        return client

    # What people do.

    async def complaint(self) -> str | None:
        """Register and accept a complaint with a job, and return the job's id."""
        window_from = self.clock() + timedelta(minutes=30)
        made = await self.do(
            "dispatcher",
            "POST",
            "/v1/complaints",
            {
                "source": "counter",
                "accept": True,
                "complainant": {"name": "林某", "telephone": "13800000001", "address": "霞林街道"},
                "respondent": {"name": "某服装店", "address": "文献步行街 12 号"},
                "claim": "退款",
                "facts": "褪色",
                "job": {
                    "site": {
                        "name": "某服装店",
                        "address": "文献步行街 12 号",
                        "lat": INSIDE.lat,
                        "lon": INSIDE.lon,
                        "datum": "WGS-84",
                    },
                    "window": {
                        "start_at": window_from.isoformat(),
                        "end_at": (window_from + timedelta(days=3)).isoformat(),
                    },
                },
            },
        )
        assert made["_status"] == 201, made
        jobs = await self.do("dispatcher", "GET", f"/v1/jobs?complaint_id={made['complaint_id']}")
        return jobs["items"][0]["job_id"] if jobs["items"] else None

    async def ask(self, jobs: int, ahead_min: int, approve: bool) -> None:  # noqa: FBT001 - drawn
        """Ask for a trip with so many jobs; with none it is refused, and the refusal kept."""
        job_ids = [job for _ in range(jobs) if (job := await self.complaint())]
        starts = self.clock() + timedelta(minutes=ahead_min)
        crew = [
            {"person_id": str(self.world["officer"].who), "seat": "officer"},
            {"person_id": str(self.world["driver"].who), "seat": "driver"},
        ]
        made = await self.do(
            "dispatcher",
            "POST",
            "/v1/trips",
            {
                "vehicle_id": str(self.world.vehicle_id),
                "planned_from": starts.isoformat(),
                "planned_until": (starts + timedelta(hours=3)).isoformat(),
                "job_ids": job_ids,
                "crew": crew,
            },
        )
        if made["_status"] != 201 or not approve:
            return
        given = await self.do("custodian", "POST", f"/v1/trips/{made['trip_id']}/approve", {})
        if given["_status"] == 200:
            self.book.approved.append(made["trip_id"])

    async def depart(self, offline: bool) -> None:  # noqa: FBT001 - drawn
        """Let the next approved trip depart, at once or as a phone without a network told it later."""
        if self.book.open_trip is not None or not self.book.approved:
            return
        trip_id = self.book.approved.pop(0)
        trip = await self.do("officer", "GET", f"/v1/trips/{trip_id}")
        self.clock.at = max(self.clock(), datetime.fromisoformat(trip["planned_from"]))
        body: dict[str, Any] = {"check": IN_ORDER, "reading": {"odometer_m": self.book.odometer_m}}
        if offline:
            body |= {"source": "offline", "stated_at": self.clock().isoformat()}
            self.clock.advance(minutes=20)
        left = await self.do("driver", "POST", f"/v1/trips/{trip_id}/depart", body)
        if left["_status"] == 200 and left["trip"]["state"] == "departed":
            self.book.open_trip = trip_id

    async def trip(self, jobs: int, offline: bool, driven_m: int, fixes: int) -> None:  # noqa: FBT001 - drawn
        """Let a whole trip happen."""
        await self.ask(jobs, 10, True)
        await self.depart(offline)
        self.clock.advance(minutes=40)
        if fixes:
            await self.drive(fixes, 0, 0)
        await self.come_back(driven_m, True)

    async def drive(self, fixes: int, east: int, late_min: int) -> None:
        """Let the terminal tell a stretch, up to hours late."""
        at = self.clock()
        told = [
            {
                "fixed_at": (at - timedelta(seconds=10 * (fixes - n))).isoformat(),
                "lat": round(INSIDE.lat + n * 2e-4, 7),
                "lon": round(INSIDE.lon + east * 1e-4, 7),
            }
            for n in range(fixes)
        ]
        self.clock.advance(minutes=late_min)
        await self._tell(told)

    async def again(self, fixes: int) -> None:
        """Let the terminal send again what it sent before."""
        known = sorted(self.book.fixes)[-fixes:]
        if known:
            await self._tell([{"fixed_at": at, "lat": lat / 1e7, "lon": lon / 1e7} for at, lat, lon in known])

    async def _tell(self, told: list[dict[str, Any]]) -> None:
        outcome = await self.do("terminal", "POST", "/v1/positions", {"datum": "WGS-84", "fixes": told})
        assert outcome["_status"] == 200, outcome
        before = len(self.book.fixes)
        self.book.fixes |= {
            (datetime.fromisoformat(one["fixed_at"]).isoformat(), round(one["lat"] * 1e7), round(one["lon"] * 1e7))
            for one in told
        }
        assert outcome["stored"] == len(self.book.fixes) - before, (outcome, self.book.said[-5:])

    async def come_back(self, driven_m: int, close: bool) -> None:  # noqa: FBT001 - drawn
        """Let the vehicle come back after so many metres."""
        if self.book.open_trip is None:
            return
        self.clock.advance(minutes=40)
        self.book.odometer_m += driven_m
        body = {"reading": {"odometer_m": self.book.odometer_m}}
        back = await self.do("driver", "POST", f"/v1/trips/{self.book.open_trip}/return", body)
        if back["_status"] == 200:
            if close:
                await self.do("dispatcher", "POST", f"/v1/trips/{self.book.open_trip}/close", {})
            self.book.open_trip = None

    async def fuel(self, driven_m: int, litres: int) -> None:
        """Let the vehicle be fuelled."""
        starts = self.clock() + timedelta(minutes=5)
        order = {
            "vehicle_id": str(self.world.vehicle_id),
            "upkeep": "fuel",
            "driver_id": str(self.world["driver"].who),
            "planned_from": starts.isoformat(),
            "planned_until": (starts + timedelta(hours=1)).isoformat(),
            "place": "中石化城厢加油站",
            "place_reason": "定点单位停业",
            "reason": "油量不足",
        }
        made = await self.do("desk_chief", "POST", "/v1/upkeep-orders", order)
        if made["_status"] != 201:
            return
        path = f"/v1/upkeep-orders/{made['use_id']}"
        self.clock.advance(minutes=5)
        reading = {"reading": {"odometer_m": self.book.odometer_m}}
        if (await self.do("driver", "POST", f"{path}/depart", reading))["_status"] != 200:
            await self.do("desk_chief", "POST", f"{path}/cancel", {"reason": "不去了"})
            return
        self.clock.advance(minutes=20)
        self.book.odometer_m += driven_m
        await self.do("driver", "POST", f"{path}/return", {"reading": {"odometer_m": self.book.odometer_m}})
        pump: dict[str, Any] = {"cost_fen": litres * 780, "fuel_ml": litres * 1000, "document_no": "发票 1"}
        pump |= {"odometer_m": self.book.odometer_m, "incurred_at": self.clock().isoformat()}
        await self.do("desk_chief", "POST", f"{path}/close", pump)

    async def read(self, driven_m: int) -> None:
        """Let the auditor read the odometer; what was driven since belongs to nobody."""
        self.book.odometer_m += driven_m
        await self.do("auditor", "POST", "/v1/readings", self._spot("spot") | {"obtained": "third-party"})

    async def correct(self, by_m: int) -> None:
        """Correct the newest reading; the rule may refuse it."""
        listed = await self.do("driver", "GET", f"/v1/readings?vehicle_id={self.world.vehicle_id}&limit=1")
        newest = listed["items"][0]
        right_m = max(0, newest["odometer_m"] + by_m)
        body = {"odometer_m": right_m, "obtained": "typed", "reason": "看错一位"}
        made = await self.do("desk_chief", "POST", f"/v1/readings/{newest['reading_id']}/corrections", body)
        if made["_status"] == 201:
            self.book.odometer_m = max(self.book.odometer_m + by_m, right_m)

    async def borrow(self) -> None:
        """Somebody wants to borrow the vehicle: refused, and the refusal kept."""
        body = {"vehicle_id": str(self.world.vehicle_id), "borrower": "某科室", "reason": "开会"}
        answer = await self.do("dispatcher", "POST", "/v1/borrow-requests", body)
        assert answer["_status"] >= 400, answer

    async def seal(self) -> None:
        """Seal what is over and not sealed."""
        month = min(self.book.seals, default=self.clock().date()).replace(day=1)
        while month in self.book.seals:
            month = (month + timedelta(days=32)).replace(day=1)
        if not self.book.seals:
            month = monday_morning().date().replace(day=1)
        path = f"/v1/vehicles/{self.world.vehicle_id}/months/{month:%Y-%m}"
        made = await self.do("custodian", "POST", f"{path}/seal")
        if made["_status"] in (200, 201):
            told = await self.do("auditor", "GET", f"{path}/statement?format=json")
            self.book.seals[month] = told["_bytes"]

    async def work_behind(self) -> None:
        """Let every background job run once; one whose connection was lost is run again, as the runner would."""
        for job in JOBS:
            try:
                await job.run(self.world.database)
            except (OperationalError, DatabaseAway):
                await job.run(self.world.database)

    async def answer_findings(self) -> None:
        """Let the custodian explain every finding, and the auditor accept it."""
        for finding in (await self.do("auditor", "GET", "/v1/findings?explained=false&limit=100"))["items"]:
            path = f"/v1/findings/{finding['finding_id']}"
            said = await self.do("custodian", "POST", f"{path}/explain", {"text": "情况属实，已提醒。"})
            if said["_status"] == 200:
                await self.do("auditor", "POST", f"{path}/rule", {"verb": "accept", "text": "认可。"})

    async def renew_papers(self) -> None:
        """Enter what the rule asks for, as of today, once a quarter."""
        today = self.clock().astimezone(ZONE).date()
        if self.book.renewed_on is not None and today - self.book.renewed_on < timedelta(days=90):
            return
        self.book.renewed_on = today
        until = (today + timedelta(days=200)).isoformat()
        for kind in ("inspection", "insurance"):
            paper = {"kind": kind, "document_no": f"{kind} {today}", "valid_from": today.isoformat()}
            path = f"/v1/vehicles/{self.world.vehicle_id}/papers"
            assert (await self.do("admin", "POST", path, paper | {"valid_until": until}))["_status"] == 201
        for who in ("officer", "driver"):
            sat = {"person_id": str(self.world[who].who), "taken_on": today.isoformat(), "passed": True}
            await self.do("desk_chief", "POST", "/v1/examinations", sat | {"valid_until": until, "examiner": "考核组"})

    async def struck(self, driven_m: int) -> None:
        """Lose every connection to the database in the middle of an act, and do the act again."""
        self.book.odometer_m += driven_m
        body, key = self._spot("spot") | {"obtained": "third-party"}, uuid4().hex

        await self._client("auditor")  # signed in before

        async def strike() -> None:
            await asyncio.sleep(0.004)
            with psycopg.connect(self._server.superuser, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                )

        first, _ = await asyncio.gather(self.do("auditor", "POST", "/v1/readings", body, key=key, away=True), strike())
        second = await self.do("auditor", "POST", "/v1/readings", body, key=key, away=True)
        if second["_status"] == 503:
            second = await self.do("auditor", "POST", "/v1/readings", body, key=key)
        with suppress(DatabaseAway):  # the simulation's own connections were lost, too
            await self.world.database.bureaus()
        if first["_status"] == 201:
            assert second.get("reading_id") == first["reading_id"], (first, second)

    def check(self) -> None:
        """Look past the service whether every promise holds."""
        check_promises(self._server.superuser, self.world.bureau_id, self.book)

    def next_morning(self, days: int) -> None:
        """Go on to half past eight, so many days later."""
        later = self.clock().astimezone(ZONE) + timedelta(days=days)
        self.clock.at = later.replace(hour=8, minute=30).astimezone(UTC)

    def check_ledger(self) -> None:
        """No fact of the year stands without its entry."""
        with psycopg.connect(self._server.superuser) as connection:
            assert not [what for code, what in facts_without_entry(connection) if code == self.world.bureau_id]
