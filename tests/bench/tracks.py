"""How fast tracks are cleaned and measured, and what ten million stored fixes cost the track of one trip."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from pyproj import Geod

from api.db.address import SUPERUSER, running
from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.queries.measures import measures_of, track_of_trip
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from domain.track.cleaning import clean
from domain.track.fixes import Fixes
from domain.track.length import measure
from tests.bench.result import Line
from tests.live import serving, zhuanche
from tests.simulation.drives import drives
from tests.tracks import driven, enrolled, told
from tests.world import INSIDE, HeldClock, World, make_world

FIXES = 1_000_000
RUNS = 5
FEW, MANY = 100_000, 10_000_000
TRIP_S, EVERY_S = 3_600, 5
LOOKS = 200

# As a fix lies there: one device after another, each as often as a phone tells, over two months.
_STORE = """
INSERT INTO position (bureau_id, device_id, fixed_at, lat_e7, lon_e7, source_seq, received_at, datum, raw_lat, raw_lon,
 accuracy_m, speed_mps, course_deg, fixed, mock, request_no)
SELECT %(bureau)s, d.id, %(since)s + make_interval(secs => i * %(every)s), 254337000 + (i %% 1000) * 900,
 1189962000 + (i %% 777) * 700, -1, %(since)s + make_interval(secs => i * %(every)s + 2), 'WGS-84', 25.4337, 118.9962,
 6, 8, 90, true, false, 0
FROM unnest(%(devices)s::uuid[]) AS d (id), generate_series(1, %(each)s) AS i
"""


def measure_tracks() -> list[Line]:
    """Return the results."""
    return [*_by_core(), *_by_stored()]


def _spoilt() -> Fixes:
    """Return a million fixes of recorded drives, one after another, with the faults of a bad month."""
    random = np.random.default_rng(12315)
    parts, so_many, now_us = [], 0, 1_795_510_800_000_000
    for number in count():
        part = drives()[number % len(drives())].fixes.copy()
        part["at_us"] += now_us - part["at_us"].min()
        now_us = int(part["at_us"].max()) + 600_000_000
        parts.append(part)
        so_many += len(part)
        if so_many >= FIXES:
            break
    fixes = np.concatenate(parts)[:FIXES]
    nowhere, wild = random.random(FIXES) < 0.002, random.random(FIXES) < 0.001
    fixes["lat"][nowhere] = fixes["lon"][nowhere] = 0.0
    fixes["lat"][wild] = random.uniform(-60, 60, wild.sum())
    fixes["lon"][wild] = random.uniform(-170, 170, wild.sum())
    # A fiftieth comes twice and an hour late.
    late = random.random(FIXES) < 0.02
    return np.concatenate([fixes, fixes[late]])


def _by_core() -> list[Line]:
    fixes = _spoilt()
    good = clean(fixes).kept
    lat, lon = np.ascontiguousarray(good["lat"]), np.ascontiguousarray(good["lon"])
    geod = Geod(ellps="WGS84")
    bare = len(good) / _fastest(lambda: geod.inv(lon[:-1], lat[:-1], lon[1:], lat[1:]))
    lines = []
    for what, act in (("cleaned", clean), ("cleaned and measured, with stops", measure)):
        rate = len(fixes) / _fastest(lambda act=act: act(fixes))  # type: ignore[misc]
        lines.append(
            Line(
                f"a track of a million recorded fixes {what}, one core",
                f"{rate / 1e6:.2f} M fixes/s",
                f"{rate / bare:.2f} of pyproj's geodesics alone ({bare / 1e6:.2f} M/s)",
            )
        )
    return lines


def _fastest(act: Callable[[], Any]) -> float:
    """Return the seconds of one core that the fastest of some runs took."""
    took = []
    for _ in range(RUNS):
        begun = process_time()
        act()
        took.append(process_time() - begun)
    return min(took)


def _by_stored() -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data):
            return asyncio.run(_looked_at(data))


async def _looked_at(data: Path) -> list[Line]:
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC).replace(microsecond=0))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        device_id = await enrolled(world)
        since = clock() - timedelta(seconds=FEW * EVERY_S)
        use_id = await driven(world, clock() - timedelta(seconds=TRIP_S), clock())
        # Also makes the partitions of the months.
        await told(world, device_id, [(since, INSIDE), (clock() - timedelta(seconds=1), INSIDE)])
        others = [new_id() for _ in range(MANY // FEW - 1)]
        few_ms = await _stored(address.dsn(SUPERUSER), world, use_id, [device_id], since)
        many_ms = await _stored(address.dsn(SUPERUSER), world, use_id, others, since)
    finally:
        await service.close()
        await owner.close()
    return [
        Line(
            f"{what} of a trip of {TRIP_S // EVERY_S} fixes, {MANY:,} stored",
            f"{many:.1f} ms",
            f"{many / few:.2f} of the same with {FEW:,} stored ({few:.1f} ms)",
        )
        for what, few, many in zip(("track", "figures, not kept,"), few_ms, many_ms, strict=True)
    ]


async def _stored(
    superuser: str, world: World, use_id: UUID, devices: list[UUID], since: datetime
) -> tuple[float, float]:
    """Store so many fixes of each device, and return how long the track of the trip then takes, and its figures."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        asked = {"bureau": world.bureau_id, "since": since, "each": FEW, "every": EVERY_S}
        for begin in range(0, len(devices), 10):
            connection.execute(_STORE, asked | {"devices": devices[begin : begin + 10]})
        connection.execute("VACUUM ANALYZE position")
        connection.execute("CHECKPOINT")
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(LOOKS):
        async with world.database.read(world.bureau_id) as reader:
            begun = perf_counter()
            assert (await track_of_trip(reader, use_id)).kept > TRIP_S // EVERY_S // 2
            took[0].append(perf_counter() - begun)
            begun = perf_counter()
            assert (await measures_of(reader, [use_id]))[use_id]
            took[1].append(perf_counter() - begun)
    # The fastest tenth: what else the machine does just then is not the database's.
    return 1000 * statistics.quantiles(took[0], n=10)[0], 1000 * statistics.quantiles(took[1], n=10)[0]
