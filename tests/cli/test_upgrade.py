"""To the next release and back: a backup first, the migrations, every row looked at, and the way back tried."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.backup.erasures import NAME, read_list
from api.backup.manifest import differences
from api.backup.write import Wanted, Written
from api.cli.progress import progress
from api.db.cluster import installed_tree
from api.db.database import Database
from api.db.migrate import migrate
from api.db.revision import UPGRADES, DatabaseClosed, check_open, mark, schema_of
from api.db.roles import OWNER
from api.db.work import alone, working
from api.files import FileStore
from api.move import upgrade as upgrading
from api.move.faults import UpgradeFailed, UpgradeRefused
from api.move.move import check
from api.settings import Settings
from api.told import Told
from tests.cli.test_commands import only_sentence
from tests.complaints import accepted_complaint
from tests.conftest import Server
from tests.db.any_row import fill
from tests.db.nodes import empty_database
from tests.db.test_migrations import HEAD
from tests.db.test_move import manifest_of
from tests.db.test_work import lose_hold
from tests.live import environment, zhuanche
from tests.world import HeldClock, make_world, unused_code

pytestmark = pytest.mark.one_server
BEFORE = "0018"
"""The schema of the last release."""


@pytest.fixture
def old(server: Server) -> Iterator[str]:
    """Return the URL of a database with the schema of the last release."""
    with empty_database(server.superuser) as url:
        migrate(url, BEFORE)
        yield url


def restored(backup: Path, url: str, folder: Path) -> None:
    """Bring a backup back by hand, as its README and docs/upgrade.md say."""
    with tarfile.open(backup) as archive:
        archive.extractall(folder, filter="data")
    dump = folder / "whole.dump"
    dump.write_bytes(b"".join(part.read_bytes() for part in sorted((folder / "database").iterdir())))
    subprocess.run(
        [installed_tree() / "bin/pg_restore", "--exit-on-error", f"--dbname={url}", dump],
        check=True,
    )


async def test_a_release_is_upgraded_and_the_way_back_brings_every_old_row(
    old: str, server: Server, settings: Settings, clock: HeldClock, tmp_path: Path
) -> None:
    """The backup that the upgrade made holds the last release's schema and rows; a list of erasures is beside it."""
    owner, service = Database(old, settings, clock, role=OWNER), Database(old, settings, clock)
    try:
        await accepted_complaint(await make_world(owner, service, clock))
    finally:
        await service.close()
        await owner.close()
    before = manifest_of(old)
    data = {"database_url": old, "data": tmp_path / "data"}
    refused = zhuanche("serve", **data, port=0)
    assert "zhuanche upgrade" in only_sentence(refused.stderr)
    planned = zhuanche("upgrade", "--dry-run", **data)
    assert planned.returncode == 0, planned.stderr
    assert f"\n{HEAD}  " in planned.stdout
    assert manifest_of(old).tables == before.tables
    done = zhuanche("upgrade", **data)
    assert done.returncode == 0, done.stderr
    assert f"went from revision {BEFORE} to {HEAD}" in done.stdout
    after = manifest_of(old)
    assert {name: after.tables[name].rows for name in before.tables} == {
        name: table.rows for name, table in before.tables.items()
    }
    again = zhuanche("upgrade", **data)
    assert again.stdout == "The database is of this release already.\n"
    (backup,) = (tmp_path / "data" / "backups").glob("zhuanche-*.tar")
    assert read_list(backup.with_name(NAME)) == []
    assert backup.with_name(NAME).exists()
    with empty_database(server.superuser) as back:
        restored(backup, back, tmp_path / "unpacked")
        assert differences(before, manifest_of(back)) == []
        assert schema_of(back, OWNER).revision == BEFORE
        migrate(back)
        assert manifest_of(back).tables == after.tables


async def test_who_migrates_a_record_is_told_that_no_backup_is_made(
    old: str, settings: Settings, clock: HeldClock, tmp_path: Path
) -> None:
    """It is done all the same: whoever runs it may have made one. Where nothing is recorded there is nothing to say."""
    owner, service = Database(old, settings, clock, role=OWNER), Database(old, settings, clock)
    try:
        await make_world(owner, service, clock)
    finally:
        await service.close()
        await owner.close()
    for told in ("zhuanche upgrade", ""):
        done = zhuanche("migrate", database_url=old, data=tmp_path)
        assert (done.returncode, told in done.stderr, bool(done.stderr)) == (0, True, bool(told)), done.stderr


def test_to_migrate_an_empty_database_needs_no_backup(server: Server, tmp_path: Path) -> None:
    """The first start is told nothing that frightens."""
    with empty_database(server.superuser) as url:
        migrate(url, BEFORE)
        done = zhuanche("migrate", database_url=url, data=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def upgraded(url: str, data: Path) -> None:
    """Upgrade a database, its backups in a data folder."""
    mine = Settings(data=data)
    wanted = Wanted(url, mine, FileStore.of(mine), os.environ, data / "backups")
    with progress("") as bar:
        upgrading.upgrade(url, url, wanted, bar, lambda _: None)


def test_nothing_is_upgraded_under_a_service_that_works(old: str, tmp_path: Path) -> None:
    """What it recorded after the backup would be lost on the way back."""
    with psycopg.connect(old, application_name="zhuanche live"):
        refused = zhuanche("upgrade", database_url=old, data=tmp_path)
    assert refused.returncode == 1
    assert "stop it first" in only_sentence(refused.stderr)
    assert schema_of(old, OWNER).revision == BEFORE
    assert not (tmp_path / "backups").exists()


def test_a_place_without_a_database_has_nothing_to_upgrade(tmp_path: Path) -> None:
    """No database is made by asking."""
    refused = zhuanche("upgrade", data=tmp_path / "data")
    assert refused.returncode == 1
    assert "zhuanche init" in only_sentence(refused.stderr)
    assert not (tmp_path / "data").exists()


def test_who_serves_the_database_is_named(old: str, tmp_path: Path) -> None:
    """Before it has connected otherwise, and though another machine serves it."""
    with working(old, "serve"):
        refused = zhuanche("upgrade", database_url=old, data=tmp_path)
    assert refused.returncode == 1
    assert f"worked on by zhuanche serve (process {os.getpid()} on " in only_sentence(refused.stderr)
    assert schema_of(old, OWNER).upgrades is None


def test_an_upgrade_that_has_nothing_to_migrate_writes_nothing_while_another_has_the_database_alone(
    server: Server, tmp_path: Path
) -> None:
    """It enters the holiday notices of its release, which a move or a restore under way would lose."""
    with empty_database(server.superuser) as url:
        migrate(url)
        with alone(url, "move"):
            refused = zhuanche("upgrade", database_url=url, data=tmp_path)
        assert refused.returncode == 1
        assert "held by zhuanche move" in only_sentence(refused.stderr)
        assert (
            zhuanche("upgrade", database_url=url, data=tmp_path).stdout == "The database is of this release already.\n"
        )


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (
            "DELETE FROM reading",
            r"table reading has 0 rows, and had 1\. Nobody works .*; go back .* The backup made before is .*\.tar",
        ),
        ("UPDATE refusal SET recorded_at = now()", "rows of table refusal are not what they were"),
        (
            "ALTER TABLE reading ADD COLUMN more text DEFAULT 'x'; UPDATE reading SET read_at = now()",
            "rows of table reading are not what they were",
        ),
    ],
    ids=["lost", "changed", "changed-as-a-column-came"],
)
def test_a_migration_that_loses_or_changes_rows_keeps_everybody_from_serving(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, told: str
) -> None:
    """No release is served on a record that is not whole, whoever starts it anew and how often the upgrade is run."""
    fill(old, unused_code())

    def harmful(url: str, *, shut: bool) -> None:
        migrate(url, shut=shut)
        with psycopg.connect(url) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(harm.encode())

    monkeypatch.setattr(upgrading, "migrate", harmful)
    with pytest.raises(UpgradeFailed, match=told):
        upgraded(old, tmp_path)
    data = {"database_url": old, "data": tmp_path}
    refused = zhuanche("serve", **data, port=0)
    assert refused.returncode == 1
    assert "run `zhuanche upgrade` again" in only_sentence(refused.stderr)
    for closed in (partial(migrate, old), partial(check, old, "postgresql://127.0.0.1:1/none")):
        with pytest.raises(DatabaseClosed, match="run `zhuanche upgrade` again"):
            closed()
    again = zhuanche("upgrade", **data)
    assert again.returncode == 1
    assert re.search(told, only_sentence(again.stderr))
    assert len(list((tmp_path / "backups").glob("zhuanche-*.tar"))) == 1


def test_a_column_that_a_release_adds_is_no_change_of_what_was_there(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings and the ledger gain one, filled by a default: all is well."""
    fill(old, unused_code())

    def adding(url: str, *, shut: bool) -> None:
        migrate(url, shut=shut)
        with psycopg.connect(url) as connection:
            for table in ("reading", "ledger_payload"):
                connection.execute(f"ALTER TABLE {table} ADD COLUMN more text DEFAULT 'x'".encode())

    monkeypatch.setattr(upgrading, "migrate", adding)
    upgraded(old, tmp_path)
    check_open(schema_of(old, OWNER))


def test_a_migration_that_fails_leaves_the_database_open_where_none_was_run(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old release goes on; a second run begins anew, with a backup of what it has recorded since."""

    def failing(url: str, *, shut: bool) -> None:
        assert shut
        assert schema_of(url, OWNER).upgrades is not None
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1 / 0")

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "migrate", failing)
        with pytest.raises(UpgradeFailed, match=r"division by zero.* no migration was run\. The backup .*\.tar"):
            upgraded(old, tmp_path)
    check_open(schema_of(old, OWNER))
    assert zhuanche("upgrade", "--to", tmp_path / "second", database_url=old, data=tmp_path).returncode == 0


@pytest.mark.parametrize(("step", "is_begun"), [("migrate", False), ("_manifest", True)])
def test_an_upgrade_killed_at_work_is_gone_on_with(old: str, tmp_path: Path, step: str, *, is_begun: bool) -> None:
    """By kill -9 before the migrations or before the comparison: the next run does both, and only then all is well."""
    fill(old, unused_code())
    data = {"database_url": old, "data": tmp_path}
    program = (  # fmt: skip
        "import os, api.cli.command_line, api.move.upgrade as work;"
        f" work.{step} = lambda *_, **__: os.kill(os.getpid(), 9); api.cli.command_line.main()"
    )
    gone = ("--accept-gone", "1")  # the attachment that `fill` puts on record has no file; it is given up once
    killed = subprocess.run([sys.executable, "-c", program, "upgrade", *gone], env=environment(**data), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert schema_of(old, OWNER).revision == (HEAD if is_begun else BEFORE)
    with pytest.raises(DatabaseClosed, match="zhuanche upgrade"):
        check_open(schema_of(old, OWNER))
    planned = zhuanche("upgrade", "--dry-run", **data)
    assert (f"An upgrade from revision {BEFORE} was begun" in planned.stdout) is is_begun
    if is_begun:
        with psycopg.connect(old) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            kept = connection.execute("DELETE FROM reading RETURNING *").fetchone()
        lost = zhuanche("upgrade", **data)
        assert lost.returncode == 1
        assert "table reading has 0 rows, and had 1" in lost.stderr
        with psycopg.connect(old) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            places = ", ".join(["%s"] * len(kept or ()))
            connection.execute(f"INSERT INTO reading VALUES ({places})".encode(), kept)
    done = zhuanche("upgrade", **data)
    assert done.returncode == 0, done.stderr
    assert f"from revision {BEFORE} to {HEAD}; every row is there" in done.stdout
    assert len(list((tmp_path / "backups").glob("*.tar"))) == (1 if is_begun else 2)
    check_open(schema_of(old, OWNER))
    assert zhuanche("upgrade", **data).stdout == "The database is of this release already.\n"


def test_a_service_that_began_during_the_backup_is_told_of_before_a_migration(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of an older release holds no lock; what it records would be lost on the way back."""
    write_backup, began = upgrading.write_backup, []

    def write(wanted: Wanted, told: Told) -> Written:
        written = write_backup(wanted, told)
        began.append(psycopg.connect(old, application_name="zhuanche live"))
        return written

    monkeypatch.setattr(upgrading, "write_backup", write)
    with pytest.raises(UpgradeRefused, match=r"\(zhuanche live.*\): stop it first\. The backup made before is"):
        upgraded(old, tmp_path)
    began[0].close()
    check_open(schema_of(old, OWNER))
    assert schema_of(old, OWNER).revision == BEFORE


@pytest.mark.parametrize(
    ("step", "fault", "told", "is_open"),
    [
        ("write_backup", UpgradeRefused, r"No migration was run\. The backup made before is", True),
        ("migrate", UpgradeFailed, r"nobody works on the database until then\. The backup made before is", False),
    ],
)
def test_an_upgrade_that_lost_its_hold_finds_nothing_missed_by_mistake(
    old: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: str,
    fault: type[Exception],
    told: str,
    is_open: bool,
) -> None:
    """What others, let in meanwhile, have recorded would else be told as rows that are not what they were."""
    does = getattr(upgrading, step)

    def losing(*given: Any, **options: Any) -> Any:
        done = does(*given, **options)
        lose_hold(old)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, step, losing)
        with pytest.raises(fault, match=rf"not held alone to the end.*{told}"):
            upgraded(old, tmp_path)
    assert (schema_of(old, OWNER).upgrades is None) is is_open
    assert zhuanche("upgrade", "--to", tmp_path / "second", database_url=old, data=tmp_path).returncode == 0


@pytest.mark.parametrize("more", [{"later": 1}, None], ids=["of-a-later-release", "unreadable"])
def test_the_note_of_an_upgrade_is_read_by_another_release_or_told(
    old: str, tmp_path: Path, more: dict[str, int] | None
) -> None:
    """It was interrupted, and a newer release installed: that goes on with it, or says where the backup is."""
    note = json.dumps(
        {"revision": "0017", "backup": "/media/b.tar", "tables": {}, "guarded": {}} | more if more else {}
    )
    with psycopg.connect(old) as connection:
        mark(connection, UPGRADES + note)
    told = zhuanche("upgrade", "--dry-run", database_url=old, data=tmp_path)
    if more:
        assert "An upgrade from revision 0017 was begun. The backup made before is /media/b.tar." in told.stdout
    else:
        assert told.returncode == 1
        assert "the release that began it, or go back (docs/upgrade.md). Its backup is in" in only_sentence(told.stderr)


def test_what_the_backup_lacks_is_told_before_anything_is_migrated(old: str, tmp_path: Path) -> None:
    """It is all that the way back has: keys that were left out, and a store of attachments that is not there."""
    fill(old, unused_code())
    (tmp_path / "field-vault.key").write_bytes(b"key")
    data = {"database_url": old, "data": tmp_path}
    refused = zhuanche("upgrade", **data)
    assert refused.returncode == 1
    assert "Not encrypted, so left out: ZHUANCHE_DATABASE_URL, field-vault.key." in refused.stderr
    assert "1 attachments on record are not in the store any more" in refused.stderr
    assert "is ZHUANCHE_FILES_URL given" in refused.stderr
    for more in ((), ("--accept-gone", "2")):  # nor is it a matter of the first time, or of any number
        again = zhuanche("upgrade", *more, **data)
        assert again.returncode == 1
        assert "no migration is run. Where they are lost for good, `zhuanche upgrade --accept-gone 1`" in again.stderr
    assert schema_of(old, OWNER).revision == BEFORE
    assert zhuanche("upgrade", "--accept-gone", "1", **data).returncode == 0
    assert zhuanche("backup", **data).returncode == 0
    elsewhere = zhuanche("backup", "--to", tmp_path / "elsewhere", **data)
    assert "`zhuanche backup --accept-gone 1` gives them up" in elsewhere.stderr
    assert zhuanche("backup", "--to", tmp_path / "elsewhere", "--accept-gone", "1", **data).returncode == 0
