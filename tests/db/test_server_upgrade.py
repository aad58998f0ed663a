"""PostgreSQL's next major version: the old server beside the new one, every row compared, the old home kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.backup.manifest import differences
from api.cli.progress import Bar
from api.db.cluster import OtherMajorVersion
from api.db.datafolder import DataFolder, DataFolderInUse, DataFolderUnusable
from api.db.embedded import start
from api.db.migrate import migrate
from api.move import server as upgrading
from api.move.faults import ServerNotUpgraded
from api.move.server import confirm, majors_of, upgrade_server
from api.settings import Settings
from tests.cli.follow import blocks_of, follow
from tests.conftest import keep_months
from tests.db.test_move import lived_in, manifest_of, stopped_at
from tests.world import HeldClock

OLD = Path("/usr/lib/postgresql/15")
SILENT = Bar(None, "", None)

pytestmark = [
    pytest.mark.one_server,
    pytest.mark.skipif(not (OLD / "bin" / "postgres").exists(), reason="PostgreSQL 15 is not on this machine"),
]


def make_old(data: Path) -> None:
    """Make an empty cluster of PostgreSQL 15 in a data folder, as a release that brought it would have."""
    folder = DataFolder(data)
    try:
        folder.own(folder.pgdata)
        options = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync")
        status, said = folder.account.run([OLD / "bin/initdb", f"--pgdata={folder.pgdata}", *options], 120)
        assert status == 0, said
    finally:
        folder.close()


@contextmanager
def of_old(data: Path) -> Iterator[str]:
    """Yield the URL of the database, served by the old server."""
    with start(data, programs=OLD, durable=False) as server:
        yield server.dsn("postgres")


@pytest.fixture
async def lived(data: Path, settings: Settings, clock: HeldClock) -> Any:
    """Return a data folder of PostgreSQL 15 in which a bureau has worked."""
    make_old(data)
    with of_old(data) as url:
        migrate(url)
        keep_months(url)
        await lived_in(url, settings, clock)
    return data


def upgraded(data: Path) -> Any:
    """Upgrade with nothing flushed to the disk."""
    return upgrade_server(data, OLD, SILENT, durable=False)


async def test_the_database_goes_to_the_next_major_version_and_the_old_one_is_kept_until_confirmed(
    lived: Path, settings: Settings, clock: HeldClock
) -> None:
    """All rows come over; work goes on; whoever is not content puts the old home back, which is as it was."""
    with of_old(lived) as url:
        before = manifest_of(url)
    with pytest.raises(OtherMajorVersion, match="zhuanche upgrade-db"):
        start(lived)
    assert majors_of(lived).there == "15"
    arrived = upgraded(lived)
    assert differences(before, arrived) == []
    assert majors_of(lived).there == majors_of(lived).brought
    with start(lived, durable=False) as server:
        await lived_in(server.dsn("postgres"), settings, clock)
        assert manifest_of(server.dsn("postgres")).tables["trip"].rows == 2
    (lived / "postgres").rename(lived / "aside")
    (lived / "postgres-15").rename(lived / "postgres")
    with of_old(lived) as url:
        assert manifest_of(url).tables == before.tables
    (lived / "postgres").rename(lived / "postgres-15")
    (lived / "aside").rename(lived / "postgres")
    assert confirm(lived) == [lived / "postgres-15"]
    assert confirm(lived) == []
    with pytest.raises(ServerNotUpgraded, match="already"):
        upgraded(lived)


async def test_an_upgrade_that_was_killed_goes_on_where_it_was(lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the midst of the rows, and between the two renames, when no database has its place."""
    with of_old(lived) as url:
        before = manifest_of(url)
    with stopped_at(monkeypatch, "trip", KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        upgraded(lived)
    with of_old(lived) as url:
        assert manifest_of(url).tables == before.tables
    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "_put_in_place", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            upgraded(lived)
    with pytest.raises(DataFolderUnusable, match="upgrade-db` again"):
        start(lived)
    assert upgrade_server(lived, None, SILENT) is None
    with start(lived, durable=False) as server:
        assert manifest_of(server.dsn("postgres")).tables == before.tables


async def test_an_upgrade_that_was_killed_goes_on_in_the_room_that_it_has_taken_already(
    lived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another such copy would have no room: what lies there is used or thrown away."""
    with stopped_at(monkeypatch, "trip", KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        upgraded(lived)
    taken = sum(path.stat().st_size for path in (lived / "postgres").resolve().rglob("*") if path.is_file())
    usage = shutil.disk_usage(lived)._replace(free=taken)  # less than 1.2 times the old database
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    upgraded(lived)
    assert majors_of(lived).there == majors_of(lived).brought


def _interrupted(_: Path) -> None:
    raise KeyboardInterrupt


def test_what_cannot_be_upgraded_is_told_before_anything_is_touched(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No programs, programs of another version, no room, no database, a service that runs."""
    with pytest.raises(ServerNotUpgraded, match="programs of PostgreSQL 15 with --from"):
        upgrade_server(lived, None, SILENT)
    with pytest.raises(ServerNotUpgraded, match="no embedded database"):
        upgrade_server(tmp_path, OLD, SILENT)
    with pytest.raises(ServerNotUpgraded, match="nothing is deleted"):
        confirm(lived)
    with of_old(lived), pytest.raises(DataFolderInUse):
        upgraded(lived)
    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "LEAST_FREE", 1e9)
        with pytest.raises(ServerNotUpgraded, match="GiB are free"):
            upgraded(lived)
    assert majors_of(lived).there == "15"


def test_the_page_is_followed_from_one_major_version_to_the_other(data: Path, project: Path, tmp_path: Path) -> None:
    """From PostgreSQL 15, which no release brought, to that of this one."""
    make_old(data)
    with of_old(data) as url:
        migrate(url)
    page = blocks_of(project / "docs" / "upgrade.md", "PostgreSQL's next major version")
    follow(page, tmp_path / "home", data=data)
    assert majors_of(data).there == majors_of(data).brought
