"""How fast visit notes are taken over HTTP, durably, by many officers' phones at once."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from tests.bench.load import bare, check_wrk, load
from tests.bench.result import Line
from tests.live import serving, zhuanche
from tests.notes import NOTES, note_body
from tests.tracks import enrolled, told
from tests.trips import a_complaint_job, departed_trip
from tests.world import INSIDE, PASSWORD, HeldClock, make_world

CONNECTIONS = 32
SCRIPT = """
math.randomseed({seed})
function request()
  local id = string.format("0193a0c4-%04x-7%03x-8%03x-%06x%06x", math.random(0, 65535), math.random(0, 4095),
    math.random(0, 4095), math.random(0, 16777215), math.random(0, 16777215))
  return wrk.format("POST", "{address}", {{["Authorization"] = "Bearer {token}",
    ["Content-Type"] = "application/json"}}, '{{"note_id":"' .. id .. '",{rest}')
end
"""


@dataclass(frozen=True)
class Visit:
    """Who writes notes, and what of a note's JSON follows its id."""

    login: dict[str, str]
    rest: str


async def a_visit(data: Path) -> Visit:
    """Make a bureau whose vehicle is out with a job, its terminal speaking, and a note that could be written there."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        job_id, now = await a_complaint_job(world), clock()
        await departed_trip(world, job_ids=(job_id,), planned_from=now, planned_until=now + timedelta(hours=2))
        terminal = await enrolled(world)
        await told(world, terminal, ((now + timedelta(seconds=10 * i), INSIDE) for i in range(-20, 20)))
    finally:
        await service.close()
        await owner.close()
    body = note_body(job_id, now)
    del body["note_id"]
    login = {"bureau_id": world.bureau_id, "login": "officer", "password": PASSWORD}
    return Visit(login, json.dumps(body, ensure_ascii=False)[1:])


def measure_notes() -> list[Line]:
    """Return the results."""
    check_wrk()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data) as live:
            visit = asyncio.run(a_visit(data))
            token = httpx.post(f"{live.url}/v1/session", json=visit.login, timeout=30).json()["token"]
            sending = {"address": NOTES, "token": token, "rest": visit.rest}
            with bare("litestar") as port:
                limit = load(port, SCRIPT.format(seed=1, **sending), connections=CONNECTIONS)
            load(live.port, SCRIPT.format(seed=2, **sending), connections=CONNECTIONS, seconds=2)
            notes = load(live.port, SCRIPT.format(seed=3, **sending), connections=CONNECTIONS)
    return [
        Line(
            f"visit notes over HTTP, durable, {CONNECTIONS} at once",
            f"{notes.rate:,.0f}/s, p99 {notes.p99_ms:.1f} ms",
            f"{notes.rate / limit.rate:.2f} of a bare Litestar handler ({limit.rate:,.0f}/s)",
        )
    ]
