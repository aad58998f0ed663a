"""How long the statement of a vehicle's month takes whose trips left 150,000 fixes."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import psycopg

from api.db.address import SUPERUSER, running
from api.db.database import Database, UnitOfWork
from api.db.roles import OWNER, SERVICE
from api.print.statement_files import StatementFormat
from api.settings import Settings
from api.usecases.print_statement import print_statement
from api.usecases.refresh_measures import refresh_measures
from api.usecases.seal_month import seal_month
from api.usecases.show_statement import show_statement
from tests.bench.result import Line
from tests.live import serving, zhuanche
from tests.tracks import enrolled, told
from tests.trips import closed_trip
from tests.world import INSIDE, HeldClock, World, make_world

TRIPS, EACH = 150, 1_000
LOOKS = 20
LIMIT_S = 0.5
FIRST = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
OVER = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
NOVEMBER = FIRST.date().replace(day=1)

# Out and back at 8 m/s, a fix every 3.6 s of the hour that a trip takes.
_DRIVE = """
INSERT INTO position (bureau_id, device_id, fixed_at, lat_e7, lon_e7, source_seq, received_at, datum, raw_lat, raw_lon,
 accuracy_m, speed_mps, course_deg, fixed, mock, request_no)
SELECT u.bureau_id, %(device)s, u.actual_from + make_interval(secs => i * 3.6),
 254337000 + least(i, %(each)s - i) * 2600, 1189962000, -1, u.actual_from + make_interval(secs => i * 3.6 + 2),
 'WGS-84', 25.4337, 118.9962, 6, 8, 90, true, false, 0
FROM vehicle_use u, generate_series(0, %(each)s - 1) AS i WHERE u.bureau_id = %(bureau)s AND u.use_id = ANY(%(uses)s)
"""


def measure_statement() -> list[Line]:
    """Return the results."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data):
            return asyncio.run(_stated(data))


async def _stated(data: Path) -> list[Line]:
    address, settings, clock = running(data), Settings(data=data), HeldClock(FIRST)
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        device_id = await enrolled(world)
        await told(world, device_id, [(FIRST, INSIDE)])
        uses = [await closed_trip(world) for _ in range(TRIPS)]
        clock.at = OVER
        with psycopg.connect(address.dsn(SUPERUSER), autocommit=True) as connection:
            asked = {"device": device_id, "each": EACH, "bureau": world.bureau_id, "uses": uses}
            stored = connection.execute(_DRIVE, asked).rowcount
            connection.execute("VACUUM ANALYZE")
        assert stored == TRIPS * EACH
        return await _looked_at(world, uses)
    finally:
        await service.close()
        await owner.close()


async def _looked_at(world: World, uses: list[UUID]) -> list[Line]:
    anew_s = await _median(world, 3)

    async def keep(uow: UnitOfWork) -> int:
        return await refresh_measures(uow, uses)

    assert await world.database.write(world["admin"], keep) == TRIPS
    kept_s = await _median(world, LOOKS)
    shown = await show_statement(world.database, world["auditor"], world.vehicle_id, NOVEMBER)
    assert shown.told["totals"]["trips"] == TRIPS
    assert shown.told["totals"]["track_m"] > 0
    begun = perf_counter()
    await print_statement(shown, StatementFormat.PDF, "zh", world.clock() + timedelta(hours=1))
    paper_s = perf_counter() - begun
    begun = perf_counter()
    await seal_month(world.database, world["custodian"], world.vehicle_id, NOVEMBER)
    seal_s = perf_counter() - begun
    of = f"a month of {TRIPS} trips and {TRIPS * EACH:,} fixes"
    return [
        Line(f"statement of {of}, tracks kept", f"p50 {kept_s:.2f} s", f"{kept_s / LIMIT_S:.2f} of {LIMIT_S} s"),
        Line(
            f"statement of {of}, every track measured anew",
            f"p50 {anew_s:.2f} s",
            f"{anew_s / LIMIT_S:.2f} of {LIMIT_S} s",
        ),
        Line("the same sealed, its sums added up again in the database", f"{seal_s:.2f} s"),
        Line("its PDF", f"{paper_s:.2f} s"),
    ]


async def _median(world: World, looks: int) -> float:
    took = []
    for _ in range(looks):
        begun = perf_counter()
        await show_statement(world.database, world["auditor"], world.vehicle_id, NOVEMBER)
        took.append(perf_counter() - begun)
    return statistics.median(took)
