"""How fast positions are taken over HTTP, durably: as ratios to limits measured in the same run.

Needs `wrk` (Debian's package of that name) to make the load.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.bench.result import Line
from tests.live import free_port, serving, zhuanche
from tests.world import HeldClock, make_world

SECONDS = 10
CONNECTIONS = 64
BATCH = 100
SCRIPT = """
local sent = {base}
local at = "{at}"
function request()
  local fixes = {{}}
  for i = 1, {batch} do
    sent = sent + 1
    fixes[i] = string.format('{{"fixed_at":"%s","lat":25.4337,"lon":119.001,"seq":%d}}', at, sent)
  end
  local body = '{{"datum":"WGS-84","fixes":[' .. table.concat(fixes, ",") .. ']}}'
  return wrk.format("POST", "/v1/positions", {{["Authorization"] = "Bearer {token}",
    ["Content-Type"] = "application/json"}}, body)
end
"""


def load(port: int, token: str, *, batch: int, base: int) -> float:
    """Return the answers a second under load; every one of them must be a success."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        script.write(SCRIPT.format(base=base, at=at, batch=batch, token=token))
        script.flush()
        told = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script.name, f"http://127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert "Non-2xx" not in told, told
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])


def copied(dsn: str) -> float:
    """Return the fixes a second that bare binary COPY writes, in batches of the same size, each committed."""
    rows = [(f"{i}", datetime.now(UTC), i, 254_337_000, 1_190_010_000) for i in range(5_000)]
    written, until = 0, time.monotonic() + 3
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id text, at timestamptz, n bigint, lat int, lon int)")
        while time.monotonic() < until:
            with connection.transaction(), connection.cursor().copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "timestamptz", "int8", "int4", "int4"])
                for row in rows:
                    copy.write_row(row)
            written += len(rows)
        connection.execute("DROP TABLE bare")
    return written / 3


async def enrolled(data: Path) -> str:
    """Make a bureau with a terminal in its vehicle, and return the terminal's token."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=world.vehicle_id))
    finally:
        await service.close()
        await owner.close()
    return made.token or ""


def measure() -> list[Line]:
    """Return the results."""
    if shutil.which("wrk") is None:
        raise SystemExit("This benchmark needs wrk: install Debian's package of that name.")
    with tempfile.TemporaryDirectory() as folder:
        data, bare_port = Path(folder) / "data", free_port()
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        began = time.monotonic()
        with serving(Path(folder) / "log", data=data) as live:
            while httpx.get(f"{live.url}/readyz").status_code != 200:
                time.sleep(0.02)
            ready_s = time.monotonic() - began
            token = asyncio.run(enrolled(data))
            with subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(bare_port)]) as bare:
                time.sleep(2)
                limit = load(bare_port, token, batch=1, base=0)
                bare.kill()
            single = load(live.port, token, batch=1, base=10_000_000)
            batches = load(live.port, token, batch=BATCH, base=20_000_000) * BATCH
            bare_copy = copied(running(data).dsn("postgres"))
    return [
        Line("start to ready, second start", f"{ready_s:.1f} s"),
        Line(
            "single fixes over HTTP, durable",
            f"{single:,.0f}/s",
            f"{single / limit:.2f} of a bare handler ({limit:,.0f}/s)",
        ),
        Line(
            f"batches of {BATCH} over HTTP, durable",
            f"{batches:,.0f} fixes/s",
            f"{batches / bare_copy:.2f} of bare binary COPY ({bare_copy:,.0f} rows/s)",
        ),
    ]
