"""The record of years: how long its backup, its way back and its move take, and how large it is.

.venv/bin/python -m tests.endure.years [--fixes N] [--notes N] [--cluster URL] [--write]

Fixes are stored by one statement; notes come over HTTP with a photo each. All that is compared is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import httpx
import psycopg

from api.backup.place import state_of
from api.db.address import SUPERUSER, running
from tests.endure.desk import Desk, a_desk, send
from tests.endure.page import measured_on, write
from tests.live import PATIENCE_S, serving, zhuanche
from tests.notes import NOTES, note_body

FIXES = 10_000_000
NOTES_WRITTEN = 10_000
PHOTO_BYTES = 200 * 1024
AT_ONCE = 8
"""So many people write notes."""
PATIENT_S = 4 * 3_600
EVERY_S = 2
SINCE = datetime(2026, 1, 1, tzinfo=UTC)

_STORE = """
INSERT INTO position (bureau_id, device_id, fixed_at, lat_e7, lon_e7, source_seq, received_at, datum, raw_lat, raw_lon,
 accuracy_m, speed_mps, course_deg, fixed, mock, request_no)
SELECT bureau_id, device_id, fixed_at, lat_e7, lon_e7, -1, fixed_at + late, 'WGS-84', lat_e7 / 1e7, lon_e7 / 1e7,
 accuracy_m, speed_mps, course_deg, true, false, 0
FROM device, (
 SELECT %(since)s + make_interval(secs => i * %(every_s)s) AS fixed_at, make_interval(secs => 1 + 3 * random()) AS late,
  254337000 + (i %% 1000) * 900 + (400 * random())::int AS lat_e7,
  1189962000 + (i %% 777) * 700 + (400 * random())::int AS lon_e7,
  round((3 + 9 * random())::numeric, 1) AS accuracy_m, round((20 * random())::numeric, 1) AS speed_mps,
  floor(360 * random()) AS course_deg
 FROM generate_series(1, %(count)s) AS i
) AS fix WHERE bureau_id = %(bureau)s AND name = 'terminal'
"""
"""Each some metres off its line, with a delay, accuracy, speed and course drawn: what repeats itself packs too well."""


@contextlib.contextmanager
def timed(what: str, found: dict[str, str]) -> Iterator[None]:
    """Note how long a part took, the start of its process counted in."""
    began = perf_counter()
    yield
    took_s = perf_counter() - began
    found[what] = f"{took_s / 60:.1f} min" if took_s >= 100 else f"{took_s:.0f} s"
    sys.stderr.write(f"{what}: {found[what]}\n")


def fill(data: Path, url: str, fixes: int, notes: int) -> None:
    """Let a bureau have so many fixes and so many notes with photos."""
    with psycopg.connect(running(data).dsn(SUPERUSER)) as connection:
        desk = asyncio.run(a_desk(data))
        desk.photo_bytes = PHOTO_BYTES
        months = {
            (at.year, at.month) for at in (SINCE + timedelta(seconds=EVERY_S * i) for i in range(0, fixes, 10_000))
        }
        for year, month in sorted(months | {(desk.began_at.year, desk.began_at.month)}):
            connection.execute("SELECT make_position_partition(%s)", (date(year, month, 1),))
        asked = {"bureau": desk.world.bureau_id, "since": SINCE, "every_s": EVERY_S, "count": fixes}
        connection.execute(_STORE, asked)
    asyncio.run(write_notes(desk, url, notes))


async def write_notes(desk: Desk, url: str, count: int) -> None:
    """Write notes about one job, each with a photo of its own."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:

        async def writes(some: int) -> None:
            for _ in range(some):
                photo = desk.next("photo")
                assert await send(http, desk, photo) is not None, desk.unlike
                body = note_body(
                    desk.jobs[1], desk.began_at, files=[{"sha256": photo.sha256, "name": "店面.jpg", "role": "photo"}]
                )
                answer = await http.post(NOTES, json=body, headers=photo.headers | {"Content-Type": "application/json"})
                answer.raise_for_status()
                desk.sent.clear()

        async with asyncio.TaskGroup() as people:
            for no in range(AT_ONCE):
                people.create_task(writes(count // AT_ONCE + (no < count % AT_ONCE)))


def done(*command: str, **settings: object) -> str:
    """Run a command that has to end well; return what it says."""
    ended = zhuanche(*command, patience_s=PATIENT_S, **settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def run(fixes: int, notes: int, cluster: str | None) -> dict[str, str]:
    """Return what took how long."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        data, to, anew = (Path(folder) / name for name in ("data", "to", "new"))
        done("migrate", data=data)
        with serving(Path(folder) / "log", data=data) as live:
            with timed("written", found):
                fill(data, live.url, fixes, notes)
            with timed("backed up beside the service", found):
                done("backup", data=data, backup_to=to)
        path = state_of(to, datetime.now(UTC)).newest
        assert path is not None
        photos = notes * PHOTO_BYTES / 2**20
        found["size of the backup"] = f"{path.stat().st_size / 2**20:,.0f} MiB, of which photos {photos:,.0f} MiB"
        with timed("backup read and checked", found):
            done("restore", str(path), "--check", data=anew)
        with timed("restored, every row, file and ledger entry checked", found):
            done("restore", str(path), data=anew)
        if cluster is not None:
            with timed("moved to a Citus cluster on the same machine, every row compared", found):
                sys.stderr.write(done("move", "--to", cluster, data=anew))
    return found


def main() -> int:
    """Measure, print the table, write it into the page where asked."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--fixes", type=int, default=FIXES)
    asked.add_argument("--notes", type=int, default=NOTES_WRITTEN)
    asked.add_argument("--cluster", help="postgresql://… of an empty Citus coordinator; without it nothing is moved")
    asked.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    options = asked.parse_args()
    found = run(options.fixes, options.notes, options.cluster)
    rows = "".join(f"| {what} | {figure} |\n" for what, figure in found.items())
    size = f"{options.fixes:,} fixes and {options.notes:,} notes with a photo of {PHOTO_BYTES // 1024} KiB each"
    table = f"{measured_on()}, {size}.\n\n| what | took |\n|---|---|\n{rows}"
    sys.stdout.write(table)
    if options.write:
        write("The record of years", table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
