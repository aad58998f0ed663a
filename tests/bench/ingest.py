"""How fast positions are taken over HTTP, durably: as ratios to limits measured in the same run.

Needs `wrk` (Debian's package of that name) to make the load.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from api.db.address import running
from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.roles import OWNER, SERVICE
from api.ingest.columns import SIGNATURE, TRAILER, Waiting, copy_stream
from api.ingest.exchange import STAGING
from api.ingest.fixes import Attributes, Fix
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from domain.track.fixes import to_us
from domain.values import Datum
from tests.bench.load import bare, check_wrk, load
from tests.bench.result import Line
from tests.live import serving, zhuanche
from tests.world import HeldClock, make_world

CONNECTIONS = 64
BATCH = 100
ROWS = 5_000
"""Rows of one COPY: what the writer takes in one transaction at most."""
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


def sending(token: str, *, batch: int, base: int) -> str:
    """Return the script of a device that sends batches, counted from a base so that nothing comes twice."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return SCRIPT.format(base=base, at=at, batch=batch, token=token)


def copied(dsn: str, table: str, stream: bytes, rows: int) -> float:
    """Return the rows a second that bare binary COPY writes of a ready stream into a table without an index."""
    written, until = 0, time.monotonic() + 3
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE bare {table}")
        while time.monotonic() < until:
            with connection.transaction(), connection.cursor().copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(stream)
            written += rows
        connection.execute("DROP TABLE bare")
    return written / 3


def copied_whole(dsn: str, attributes: Attributes | None = None) -> float:
    """Return how fast the very rows go in that the writer stages, in batches of the size it makes at most."""
    now = datetime.now(UTC)
    fixes = [Fix(fixed_at=now, lat=25.4337, lon=119.001, seq=n, attributes=attributes) for n in range(ROWS)]
    waiting = Waiting(
        bureau_id="350302",
        device_id=new_id(),
        datum=Datum.WGS84,
        fixes=fixes,
        times=[now.timestamp()] * ROWS,
        counts=None,
    )
    columns = STAGING[STAGING.index("(") : STAGING.rindex(")") + 1]
    return copied(dsn, columns, copy_stream([waiting], to_us(now)), ROWS)


def copied_narrow(dsn: str) -> float:
    """Return how fast rows of five short columns go in."""
    row = struct.pack(">hi8siqiqiiii", 5, 8, b"00000000", 8, 0, 8, 0, 4, 254_337_000, 4, 1_190_010_000)
    stream = SIGNATURE + row * ROWS + TRAILER
    return copied(dsn, "(id text, at timestamptz, n bigint, lat int, lon int)", stream, ROWS)


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
    check_wrk()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        began = time.monotonic()
        with serving(Path(folder) / "log", data=data) as live:
            while httpx.get(f"{live.url}/readyz").status_code != 200:
                time.sleep(0.02)
            ready_s = time.monotonic() - began
            token = asyncio.run(enrolled(data))
            limits = {}
            for kind in ("litestar", "asgi"):
                with bare(kind) as port:
                    limits[kind] = load(port, sending(token, batch=1, base=0), connections=CONNECTIONS).rate
            singles = sending(token, batch=1, base=10_000_000)
            single = load(live.port, singles, connections=CONNECTIONS).rate
            hundreds = sending(token, batch=BATCH, base=20_000_000)
            batches = load(live.port, hundreds, connections=CONNECTIONS).rate * BATCH
            dsn = running(data).dsn("postgres")
            same, narrow = copied_whole(dsn), copied_narrow(dsn)
    return [
        Line("start to ready, second start", f"{ready_s:.1f} s"),
        Line(
            "single fixes over HTTP, durable",
            f"{single:,.0f}/s",
            f"{single / limits['litestar']:.2f} of a bare Litestar handler ({limits['litestar']:,.0f}/s), "
            f"{single / limits['asgi']:.2f} of a bare ASGI function ({limits['asgi']:,.0f}/s)",
        ),
        Line(
            f"batches of {BATCH} over HTTP, durable",
            f"{batches:,.0f} fixes/s",
            f"{batches / same:.2f} of bare binary COPY of the same rows ({same:,.0f}/s), "
            f"{batches / narrow:.2f} of rows of five short columns ({narrow:,.0f}/s)",
        ),
    ]
