"""A desk whose year is simulated: everything over HTTP, on the real database, under a clock that a test moves.

What is done may be refused: refusals are part of a year. What may never be is an answer of 500, a promise of
the promises that does not hold afterwards, or another answer than the first to what is sent again.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy.exc import OperationalError

from api.db.database import Database
from api.db.faults import DatabaseAway
from api.db.roles import OWNER
from api.jobs.all_jobs import JOBS
from api.settings import Settings
from tests.conftest import Server, token_of
from tests.ledger import facts_without_entry
from tests.simulation.clock import FiledClock
from tests.simulation.promises import Book, check_promises
from tests.simulation.served import Answered, Ask, Served
from tests.world import INSIDE, World, make_world, monday_morning

ZONE: Final = ZoneInfo("Asia/Shanghai")
SESSION: Final = timedelta(hours=6)
WITHOUT_KEY: Final = ("/approve", "/cancel", "/close")
"""Acts that take no Idempotency-Key: what was done is refused the second time."""
IN_ORDER: Final = {"tyres": True, "lights": True, "fuel": True, "papers": True}


class Desk:
    """One bureau with its service, its terminal, and what is known of them."""

    def __init__(self, server: Server, settings: Settings, folder: Path) -> None:
        """Be opened by `open`; the folder is for the clock and the service's log."""
        self._server, self._settings = server, settings
        self._stack = AsyncExitStack()
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self.clock = FiledClock(folder / "clock", monday_morning())
        self.service = Served(server, settings, folder)
        self._struck = 0
        self.book = Book()
        self.world: World

    async def open(self) -> None:
        """Set the bureau up."""
        owner = Database(self._server.owner, self._settings, self.clock, role=OWNER)
        database = Database(self._server.service, self._settings, self.clock)
        self._stack.push_async_callback(database.close)
        self._stack.push_async_callback(owner.close)
        with psycopg.connect(self._server.superuser, autocommit=True) as connection:
            connection.execute(
                "SELECT make_position_partition((%s::date + make_interval(months => n))::date)"
                " FROM generate_series(-1, 12) AS n",
                (self.clock().date(),),
            )
        self.world = await make_world(owner, database, self.clock)
        await self.service.start()
        self._stack.push_async_callback(self.service.stop)
        await self.do("driver", "POST", "/v1/readings", self._spot("handover"))
        made = await self.do("admin", "POST", "/v1/devices", {"name": "终端", "vehicle_id": str(self.world.vehicle_id)})
        self._tokens["terminal"] = made["token"], datetime.max.replace(tzinfo=UTC)

    async def close(self) -> None:
        """Let go of everything."""
        await self._stack.aclose()

    def _spot(self, occasion: str) -> dict[str, Any]:
        return {
            "vehicle_id": str(self.world.vehicle_id),
            "odometer_m": self.book.odometer_m,
            "read_at": self.clock().isoformat(),
            "obtained": "typed",
            "occasion": occasion,
        }

    async def do(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do something as a person and return the answer, with its status as `_status`.

        It is sent until it is answered, under one Idempotency-Key: `_often` tells that it was sent more than once.
        """
        headers = {"Authorization": f"Bearer {await self._token(who)}"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        answered = await self.service.answered(Ask(method, path, body, headers))
        answer = answered.answer
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""
        self.book.said.append(f"{self.clock():%m-%d %H:%M} {who} {method} {path} {answer.status_code} {code}")
        assert answer.status_code < 500, (answer.text, self.book.said[-20:])
        if self.service.struck.total() > self._struck:
            self._struck = self.service.struck.total()
            with suppress(DatabaseAway):  # the simulation's own connections were lost, too
                await self.world.database.bureaus()
        if method == "POST":
            _answered_alike(answered, path)
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if not isinstance(told, dict):
            told = {"items": told}
        self.book.acknowledge(method, path, answer.status_code, told)
        return told | {"_status": answer.status_code, "_bytes": answer.content, "_often": answered.often}

    async def _token(self, who: str) -> str:
        token, since = self._tokens.get(who, ("", self.clock() - SESSION))
        if self.clock() - since >= SESSION:
            token = await token_of(self.world, who)
            self._tokens[who] = token, self.clock()
        return token

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
        new = len(self.book.fixes) - before
        # Nobody can say beforehand whether the first of two sendings had been stored: all of it, or nothing.
        assert outcome["stored"] in ({new, 0} if outcome["_often"] else {new}), (outcome, self.book.said[-5:])

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

    async def rush(self, driven_m: int, fixes: int) -> None:
        """Let several ask at once."""
        for who in ("auditor", "dispatcher", "terminal"):
            await self._token(who)  # signed in before
        await asyncio.gather(self.read(driven_m), self.borrow(), self.complaint(), self.drive(fixes, 0, 0))

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


def _answered_alike(answered: Answered, path: str) -> None:
    """What had been answered as the blow fell is answered alike when it is sent again (P7)."""
    first, again = answered.answer, answered.again
    if again is None or path.endswith(WITHOUT_KEY):
        return
    if path == "/v1/positions":
        assert again.json()["stored"] == 0, (first.text, again.text)
        return
    assert again.status_code == first.status_code, (first.text, again.text)
    named, named_again = (
        {name: value for name, value in one.json().items() if name.endswith("_id") and name != "request_id"}
        for one in (first, again)
    )
    assert named == named_again, (first.text, again.text)
