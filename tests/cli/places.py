"""Places that commands are tried in: a folder with a data folder in it, and beside it the files that examples name.

Each kind is made once and copied for each trial. All lie where any account may pass through.
"""

from __future__ import annotations

import asyncio
import csv
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import psycopg
from sqlalchemy import text

import domain
from api.backup.manifest import snapshot, take_manifest
from api.db.database import Database
from api.db.datafolder import KEPT
from api.db.embedded import EmbeddedServer, start
from api.db.leftover import mark_of
from api.db.migrate import alembic_config, migrate
from api.db.revision import Schema, schema_of, steps
from api.db.roles import OWNER, SERVICE
from api.move.server import majors_of
from api.settings import Settings
from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.enrol_device import NewDevice, enrol_device
from api.usecases.erase_person_data import Wanted, erase_person_data
from api.usecases.record_reading import NewReading, record_reading
from domain.complaint.acts import Withdraw
from domain.erasure import Ground, Step
from domain.tracking_notice import VERSION
from tests.complaints import accepted_complaint
from tests.db.test_server_upgrade import OLD, make_old
from tests.live import zhuanche
from tests.retired import JUNE, MAY, bureau_of_2021, seal_all
from tests.trips import START_M
from tests.world import HeldClock, World

LOG = """2020年公务用车使用台账,,,,
出车时间,收车时间,起始公里,终止公里,司机
2020年3月1日 08:30,10:05,12000,12031,郑某
2020年3月2日 08:30,10:05,12031,12060,郑某
"""
LIST = """登记编号,登记时间,投诉人,联系电话,投诉人地址,被投诉方,被投诉方地址,诉求,投诉内容
350302202601010001,2026-01-05 09:00,林某,13800000001,某路 1 号,某店,步行街 12 号,退款,褪色
"""
BUREAU = """code = "350302"
name = "城厢区市场监督管理局"
[admin]
name = "系统管理员"
login = "admin"
[custodian]
name = "吴科长"
login = "custodian"
"""
FIXES_SENT = 20
ALWAYS_NEW = re.compile(r"\d+|[0-9a-f]{8,}")
"""What of a file's name is another each time."""
_FIRST = text("SELECT complaint_id FROM complaint WHERE bureau_id = :bureau_id ORDER BY number")


class Kind(StrEnum):
    """What a command finds."""

    DESK = "desk"
    """A bureau with a record since 2021."""
    NEW = "new"
    """Nothing yet."""
    SAVED = "saved"
    """Nothing yet, and an encrypted backup with its key."""
    OLDER = "older"
    """A database of the release before."""
    AGED = "aged"
    """A database of an older PostgreSQL, where this machine has its programs."""


BEGINS = {
    "init": Kind.NEW,
    "migrate": Kind.NEW,
    "demo": Kind.NEW,
    "restore": Kind.SAVED,
    "upgrade": Kind.OLDER,
    "upgrade-db": Kind.AGED,
}
"""Commands that are not for a desk that works."""


@dataclass
class Places:
    """The places that were made, and what the words of examples stand for in them."""

    root: Path
    instead: dict[str, str] = field(default_factory=dict)
    token: str = ""
    """Of the phone that a track is sent for."""

    def copy(self, kind: Kind, to: Path) -> Path:
        """Return a copy of a place; nothing else knows of it."""
        to.parent.mkdir(mode=0o755, exist_ok=True)
        subprocess.run(["cp", "-a", self.root / kind, to], check=True)
        return to


def make_places(root: Path) -> Places:
    """Make a place of each kind in a folder that any account may pass through."""
    root.chmod(0o755)
    places = Places(root)
    for kind in Kind:
        (root / kind).mkdir(mode=0o755)
    for kind in (Kind.DESK, Kind.OLDER, Kind.AGED, Kind.NEW):
        _put_files(root / kind)
    with start(root / Kind.DESK / "data", durable=False) as server:
        migrate(server.dsn("postgres"))
        asyncio.run(_live(places, server, root / Kind.DESK / "data"))
    older = steps(alembic_config())[-2].revision
    with start(root / Kind.OLDER / "data", durable=False) as server:
        migrate(server.dsn("postgres"), older)
    _age(root)
    _back_up(places)
    for relocated in root.glob("*/data/postgres"):
        assert not relocated.is_symlink(), "a copy of this place would work on the same database"
    return places


def _put_files(place: Path) -> None:
    (place / "bureau.toml").write_text(BUREAU)
    (place / "log.csv").write_bytes(LOG.encode("gbk"))
    (place / "complaints.csv").write_bytes(LIST.encode("gbk"))
    shutil.copy(Path(domain.__file__).with_name("calendar_data") / "2026.json", place / "notice.json")
    with (place / "drive.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Date", "Time", "LAT", "LON", "GpsSpeed", "Speed"])
        rows.writerows(
            ["11/26/2026", f"08:00:{second:02}", 25.43 + second / 10_000, 118.99, 30, 30]
            for second in range(FIXES_SENT)
        )


async def _live(places: Places, server: EmbeddedServer, data: Path) -> None:
    """Let a bureau work since 2021: what of it is over may be sealed, retired and erased, what is not may not."""
    with psycopg.connect(server.dsn("postgres")) as connection:
        for month in (MAY, JUNE, datetime.now(UTC).date().replace(day=1)):
            connection.execute("SELECT make_position_partition(%s)", (month,))
    settings, clock = Settings(data=data, time_server="none"), HeldClock(datetime(2021, 5, 1, tzinfo=UTC))
    async with AsyncExitStack() as closed:
        owner = Database(server.dsn("postgres"), settings, clock, role=OWNER)
        service = Database(server.dsn(SERVICE), settings, clock)
        for database in (owner, service):
            closed.push_async_callback(database.close)
        world, _, terminal = await bureau_of_2021(owner, service, clock)
        await _complaints(world, owner)
        clock.at = datetime(2021, 7, 1, tzinfo=UTC)
        await seal_all(world)
        clock.at = datetime.now(UTC) - timedelta(days=40)
        read = NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M + 20_000, read_at=clock(), occasion="spot")
        await record_reading(service, world["driver"], read)
        clock.at = datetime.now(UTC) - timedelta(minutes=1)
        new = NewDevice(name="手机", person_id=world["driver"].person_id)
        phone = await enrol_device(service, world["admin"], new)
        await acknowledge_tracking(service, world["driver"], phone.device_id, VERSION, "signed-in")
    places.token = phone.token or ""
    places.instead |= {
        "350302": world.bureau_id,
        "01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f": str(terminal),
        "2026-11": f"{date(2021, 8, 1):%Y-%m}",
    }


async def _complaints(world: World, owner: Database) -> None:
    """Let the first complaint be over with its trip, and the data of the second one be restricted."""
    async with world.database.read(world.bureau_id) as reader:
        first = (await reader.rows(_FIRST, {"bureau_id": world.bureau_id}))[0][0]
    await act_on_complaint(world.database, world["dispatcher"], first, Withdraw)
    second = await accepted_complaint(world)
    await act_on_complaint(world.database, world["dispatcher"], second, Withdraw)
    ground = Ground("purpose-achieved")
    wanted = Wanted(
        number="2021-000002",
        step=Step.RESTRICTED,
        ground=ground,
        decided_by="desk_chief",
        confirmed_by="custodian",
    )
    await erase_person_data(owner, world.bureau_id, wanted, "root", dry_run=False)


def _age(root: Path) -> None:
    data = root / Kind.AGED / "data"
    if not (OLD / "bin" / "postgres").exists():
        shutil.rmtree(root / Kind.AGED)
        shutil.copytree(root / Kind.DESK, root / Kind.AGED, symlinks=True)
        return
    make_old(data)
    with start(data, programs=OLD, durable=False) as server:
        migrate(server.dsn("postgres"))


def _back_up(places: Places) -> None:
    """Make a key and a backup of the desk, as an operator does."""
    saved = places.root / Kind.SAVED
    made = zhuanche("backup-key", str(saved / "backup.key"))
    assert made.returncode == 0, made.stderr
    public = made.stdout.strip()
    backup = saved / "zhuanche-20261126T020000Z.tar.age"
    done = zhuanche("backup", "--to", str(backup), "--for", public, data=places.root / Kind.DESK / "data")
    assert done.returncode == 0, done.stderr
    (saved / "backup.key").chmod(0o644)
    backup.chmod(0o644)
    places.instead |= {"age1…": public, "/media/stick": "stick"}


@dataclass(frozen=True)
class State:
    """What a place holds: rows and SHA-256 by table, the names of files, and what the database says of itself."""

    tables: dict[str, tuple[int, str]]
    names: frozenset[str]
    revision: str | None = None
    is_moved: bool = False

    @property
    def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {name: rows for name, (rows, _) in self.tables.items()}


def give(place: Path, user: str) -> None:
    """Let a place with all in it be another account's."""
    if place.exists():
        subprocess.run(["chown", "-R", f"{user}:", place], check=True)


@contextmanager
def filled(place: Path, left_mib: int) -> Iterator[None]:
    """Leave so much room on the place's disk for a while."""
    filler = place.parent / "filler"
    found = os.statvfs(place)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - left_mib * 1024 * 1024)
    try:
        yield
    finally:
        filler.unlink()


def tables_of(url: str) -> dict[str, tuple[int, str]]:
    """Return rows and SHA-256 of each table of a database."""
    with snapshot(url) as looked:
        return {name: (rows.rows, rows.sha256) for name, rows in take_manifest(looked).tables.items()}


def state_of(place: Path, data: Path | None = None) -> State:
    """Return what a place holds; of a database that is not whole yet, nothing."""
    data, tables, schema = data or place / "data", dict[str, tuple[int, str]](), Schema(None, None)
    majors = majors_of(data)
    if majors.there == majors.brought:
        with start(data, durable=False) as server, psycopg.connect(server.dsn("postgres")) as connection:
            known = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
            # Early migrations were before the role that reads all.
            with suppress(psycopg.errors.InsufficientPrivilege):
                if known == (True,):
                    schema = schema_of(server.dsn("postgres"), OWNER)
                    tables = tables_of(server.dsn("postgres"))
    names = set()
    for one in place.rglob("*"):
        parts = one.relative_to(place).parts
        kept = parts[0] == "data" and len(parts) > 1 and (parts[1] == "postgres" or parts[1].startswith(KEPT))
        if one.is_file() and not kept and parts[0] != "tmp":
            names.add(ALWAYS_NEW.sub("#", "/".join(parts)))
    known_names = frozenset(names - {"data/zhuanche.lock"})
    return State(tables, known_names, schema.revision, schema.moved_to is not None)


def running_on(data: Path) -> list[str]:
    """Return the command lines of processes of a data folder's server."""
    mark, found = mark_of((data / "postgres").resolve() / "pgdata"), []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line[:100])
    return found
