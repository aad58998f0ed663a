"""A restore brings everything back, checked, or nothing; and the record says that it was rolled back."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from api.backup import read as reading
from api.backup import restore as restoring
from api.backup.archive import ArchiveWriter, read_archive
from api.backup.encryption import make_key
from api.backup.faults import BackupDamaged, RestoreFailed, RestoreRefused, WrongKey
from api.backup.manifest import differences, snapshot, take_manifest
from api.backup.read import Checked, check_backup
from api.backup.restore import SETTINGS, Into, restore
from api.backup.write import Contents, Wanted, Written, write_backup
from api.cli.connections import Connections, check_schema
from api.db.database import Database
from api.db.faults import DiskFull
from api.db.migrate import alembic_config, migrate
from api.db.revision import RESTORING, UnknownSchema, schema_of, steps
from api.db.roles import OWNER
from api.db.work import WORK_LOCK, DatabaseHeld
from api.files import FileStore
from api.settings import Settings
from api.vault import Vault
from tests.backup.conftest import PNG, Quiet, an_empty_database, attach, brought
from tests.conftest import Server, token_of
from tests.db.test_work import lose_hold
from tests.ledger import ledger_faults
from tests.trips import closed_trip
from tests.world import HeldClock, World, make_world, monday_morning


@dataclass(frozen=True)
class Source:
    """A record, and a backup of it, encrypted or not."""

    url: str
    settings: Settings
    world: World
    plain: Written
    encrypted: Written
    key: Path

    @property
    def files(self) -> FileStore:
        """Return its attachments."""
        return FileStore.of(self.settings)


@pytest.fixture(scope="module")
async def source(server: Server, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Source]:
    """Return a database of its own with a trip and an attachment, backed up in both ways."""
    if server.distributed:
        pytest.skip("a cluster is backed up by its own tools")
    folder, clock = tmp_path_factory.mktemp("source"), HeldClock(monday_morning())
    own = replace(settings, data=folder / "data")
    with an_empty_database(server) as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute("SELECT make_position_partition(%s::date)", (clock().date(),))
        owner, service = Database(url, own, clock, role=OWNER), Database(url, own, clock)
        world = await make_world(owner, service, clock)
        await closed_trip(world)
        await attach(world, FileStore.of(own), PNG)
        await token_of(world, "officer")
        Vault.of(own).push_key()
        key = folder / "key"
        wanted = Wanted(url, own, FileStore.of(own), {"ZHUANCHE_PORT": "8123"}, folder / "to")
        plain = await asyncio.to_thread(write_backup, wanted, Quiet())
        public = make_key(key, datetime.now(UTC))
        sealed = await asyncio.to_thread(write_backup, replace(wanted, keys=(public,)), Quiet())
        yield Source(url, own, world, plain, sealed, key)
        await service.close()
        await owner.close()


def nothing_in(into: Into) -> bool:
    """Tell whether a place is as empty as before."""
    with psycopg.connect(into.owner_url) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'S', 'v') UNION ALL"
            " SELECT 1 FROM pg_namespace WHERE nspname = %s",
            (RESTORING,),
        ).fetchone()
    return found is None and [path for path in into.settings.data.rglob("*") if path.is_file()] == []


def rewritten(path: Path, to: Path, **changed: bytes | None) -> Path:
    """Write a backup anew with other members and sums that fit them, as somebody who makes one up would."""
    target = io.BytesIO()
    archive = ArchiveWriter(target, 0)
    for member in read_archive(io.BytesIO(path.read_bytes())):
        content = changed.get(member.name.partition("/")[0].partition(".")[0], b"".join(member.chunks))
        if content is not None:
            archive.add_bytes(member.name, content)
    archive.finish()
    to.write_bytes(target.getvalue())
    return to


def with_manifest(source: Source, to: Path, change: Any) -> Path:
    """Write a backup anew whose manifest says something else."""
    contents = change(source.plain.contents)
    return rewritten(source.plain.path, to, manifest=msgspec.json.encode(contents))


def test_both_kinds_of_backup_are_read_whole(source: Source) -> None:
    """What `--check` says is what was written."""
    assert check_backup(source.plain.path, None).sha256 == source.plain.sha256
    checked = check_backup(source.encrypted.path, source.key)
    assert checked.contents == source.encrypted.contents


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_everything_comes_back_and_the_record_says_so(source: Source, into: Into, *, is_encrypted: bool) -> None:
    """Rows, attachments, keys; each bureau's ledger notes from when to when it was rolled back, and from what."""
    written = source.encrypted if is_encrypted else source.plain
    restored = await brought(written.path, into, source.key if is_encrypted else None)
    told = written.contents.database
    assert restored.ledger.entries == told.tables["ledger_payload"].rows
    with snapshot(into.owner_url) as connection:
        changed = [one.table for one in differences(told, take_manifest(connection))]
    assert changed == ["ledger_outbox", "ledger_payload", "restore", "sign_in_session"]
    (kept,) = told.files
    assert b"".join([bytes(chunk) async for chunk in await into.files.read(kept.bureau_id, kept.sha256)]) == PNG
    assert (into.settings.data / SETTINGS).read_text() == "ZHUANCHE_PORT=8123\n"
    vault = into.settings.data / "field-vault.key"
    assert vault.exists() is is_encrypted
    assert not is_encrypted or vault.read_bytes() == (source.settings.data / vault.name).read_bytes()
    check_schema(Connections(into.owner_url, into.owner_url, into.owner_url))
    with psycopg.connect(into.owner_url) as connection:
        assert ledger_faults(connection) == []
        (row,) = connection.execute(
            "SELECT r.bureau_id, taken_at, backup_sha256, entries, last_entry_id::text, leaves_sha256, kind"
            " FROM restore r JOIN ledger_payload p USING (bureau_id, entry_id)"
        ).fetchall()
        open_sessions = connection.execute("SELECT count(*) FROM sign_in_session WHERE revoked_at IS NULL").fetchone()
    head = told.ledger[source.world.bureau_id]
    assert row == (
        source.world.bureau_id, told.taken_at, written.sha256, head.entries, head.last_entry_id, head.sha256,
        "record-restored",
    )  # fmt: skip
    assert open_sessions == (0,)


async def test_a_place_that_is_not_empty_is_refused_and_stays_as_it_is(source: Source, into: Into) -> None:
    """Nothing is ever restored over a record, or over anybody else's tables."""
    with psycopg.connect(into.owner_url) as connection:
        connection.execute("CREATE TABLE somebody_elses (one int)")
    with pytest.raises(RestoreRefused, match=r"not empty: it has public\.somebody_elses"):
        await brought(source.plain.path, into)
    with psycopg.connect(into.owner_url) as connection:
        connection.execute("SELECT one FROM somebody_elses")
        assert connection.execute("SELECT to_regnamespace(%s)", (RESTORING,)).fetchone() == (None,)


async def test_a_key_of_the_data_folder_is_not_overwritten(source: Source, into: Into) -> None:
    """What waits on phones is sealed by the one that is there."""
    into.settings.data.mkdir(exist_ok=True)
    kept = into.settings.data / "field-vault.key"
    kept.write_bytes(b"another")
    with pytest.raises(RestoreFailed, match=r"field-vault\.key is there already"):
        await brought(source.encrypted.path, into, source.key)
    assert kept.read_bytes() == b"another"
    kept.unlink()
    assert nothing_in(into)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_a_damaged_backup_is_refused_before_anything_is_touched(
    source: Source, into: Into, tmp_path: Path, place: float, *, is_encrypted: bool
) -> None:
    """Cut short, or one byte altered: the file is read to its end first."""
    path, key = (source.encrypted.path, source.key) if is_encrypted else (source.plain.path, None)
    whole, damaged = path.read_bytes(), tmp_path / path.name
    at = int(len(whole) * place)
    for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
        damaged.write_bytes(content)
        with pytest.raises((BackupDamaged, WrongKey)):
            await brought(damaged, into, key)
    assert nothing_in(into)


async def test_without_its_key_it_is_not_opened(source: Source, into: Into, tmp_path: Path) -> None:
    """None, another, a file that is none; and a backup that is not there."""
    make_key(tmp_path / "other", datetime.now(UTC))
    with pytest.raises(WrongKey, match="--key"):
        await brought(source.encrypted.path, into)
    with pytest.raises(WrongKey, match="another key"):
        await brought(source.encrypted.path, into, tmp_path / "other")
    with pytest.raises(RestoreRefused, match="cannot be read"):
        await brought(tmp_path / "nowhere", into)
    assert nothing_in(into)


async def test_a_file_that_changes_after_it_was_checked_leaves_nothing(
    source: Source, into: Into, tmp_path: Path
) -> None:
    """It is checked again as it is restored; what it had brought by then is taken away."""
    path = tmp_path / "backup.tar"
    path.write_bytes(source.plain.path.read_bytes())
    checked = check_backup(path, None)
    whole = path.read_bytes()
    at = whole.index(PNG) + 100
    path.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    with pytest.raises((RestoreFailed, BackupDamaged)):
        await asyncio.to_thread(restore, checked, None, into, Quiet())
    path.write_bytes(whole[: at - 200])
    with pytest.raises(BackupDamaged, match="cut short"):
        await asyncio.to_thread(restore, checked, None, into, Quiet())
    assert nothing_in(into)


def more_notes(contents: Contents) -> Contents:
    """Say that there was one visit note more."""
    database = contents.database
    row = msgspec.structs.replace(database.tables["person"], rows=database.tables["person"].rows + 1)
    tables = database.tables | {"person": row}
    return msgspec.structs.replace(contents, database=msgspec.structs.replace(database, tables=tables))


def newer(contents: Contents) -> Contents:
    """Say that a newer release made it."""
    database = msgspec.structs.replace(contents.database, schema="9999", product="9.9")
    return msgspec.structs.replace(contents, database=database)


async def test_rows_that_are_not_those_of_the_manifest_are_told_by_their_table(
    source: Source, into: Into, tmp_path: Path
) -> None:
    """A backup put together of two, its sums made to fit."""
    path = with_manifest(source, tmp_path / "made-up.tar", more_notes)
    rows = source.plain.contents.database.tables["person"].rows
    with pytest.raises(RestoreFailed, match=f"table person: {rows + 1} rows before, {rows} after"):
        await brought(path, into)
    assert nothing_in(into)


async def test_an_attachment_that_is_another_is_told(source: Source, into: Into, tmp_path: Path) -> None:
    """Its name is its SHA-256, whatever the sums say; one that is missing is told too."""
    (kept,) = source.plain.contents.database.files
    with pytest.raises(BackupDamaged, match=f"files/{kept.bureau_id}/{kept.sha256} has the SHA-256"):
        await brought(rewritten(source.plain.path, tmp_path / "other.tar", files=PNG + b"other"), into)
    with pytest.raises(BackupDamaged, match="in its manifest only"):
        await brought(rewritten(source.plain.path, tmp_path / "missing.tar", files=None), into)
    assert nothing_in(into)


def with_members(path: Path, to: Path, before: str, *names: str) -> Path:
    """Write a backup anew with more members before the first one of that kind, and sums that fit."""
    target = io.BytesIO()
    archive, more = ArchiveWriter(target, 0), list(names)
    for member in read_archive(io.BytesIO(path.read_bytes())):
        if member.name.startswith(before):
            while more:
                archive.add_bytes(more.pop(0), b"made up")
        archive.add(member.name, member.size, member.chunks)
    archive.finish()
    to.write_bytes(target.getvalue())
    return to


@pytest.mark.parametrize(
    "name",
    [
        "data/../outside",
        "data//nowhere/outside",
        "data/tls/../../outside",
        "data/tls/.hidden",
        "data/tls/a/b",
        "data/zhuanche.lock",
        "data/database-passwords.json",
        "data/postgres/pgdata/postgresql.auto.conf",
        "data/field-vault.key\n",
        "../outside",
        "something",
    ],
)
async def test_a_backup_writes_to_no_place_of_which_it_may_be_made_up(
    source: Source, into: Into, tmp_path: Path, name: str
) -> None:
    """Whoever sends one in does not choose what is written on the machine that restores it, as root perhaps."""
    path = with_members(source.plain.path, tmp_path / "made-up.tar", "database/", name)
    with pytest.raises(BackupDamaged, match="no backup has a member"):
        await brought(path, into)
    whole = Checked(path, source.plain.sha256, source.plain.contents)
    with pytest.raises(BackupDamaged, match="no backup has a member"):  # nor as it is read the second time
        await asyncio.to_thread(restore, whole, None, into, Quiet())
    assert not (tmp_path / "outside").exists()
    assert nothing_in(into)


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ("database/", ("settings.env",)),
        ("database/", ("data/tls/a", "data/tls/a")),
        ("manifest", ("manifest.json",)),
        ("manifest", ("database/000002",)),
        ("database/", ("database/000002",)),
        ("database/", ("database/000001",)),
        ("database/", ("manifest.json",)),
        ("manifest", ("data/tls/a",)),
    ],
)
async def test_what_comes_twice_or_out_of_its_order_is_no_backup(
    source: Source, into: Into, tmp_path: Path, before: str, names: tuple[str, ...]
) -> None:
    """What is checked is what is used: of two members of one name it could be the other."""
    with pytest.raises(BackupDamaged, match=r"no backup has a member|where part"):
        await brought(with_members(source.plain.path, tmp_path / "made-up.tar", before, *names), into)
    assert nothing_in(into)


async def test_what_is_held_in_memory_has_an_end(source: Source, into: Into, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member of terabytes that says it is the settings."""
    monkeypatch.setattr(reading, "HELD", 100)
    with pytest.raises(BackupDamaged, match="is said to have"):
        await brought(source.plain.path, into)
    assert nothing_in(into)


async def test_the_backup_of_a_newer_release_is_refused_and_says_which(
    source: Source, into: Into, tmp_path: Path
) -> None:
    """This program could not know what its columns mean."""
    with pytest.raises(RestoreRefused, match=r"zhuanche 9\.9 with schema 9999"):
        await brought(with_manifest(source, tmp_path / "newer.tar", newer), into)
    with pytest.raises(BackupDamaged, match="no manifest"):
        await brought(rewritten(source.plain.path, tmp_path / "none.tar", manifest=None), into)
    with pytest.raises(RestoreRefused, match="format 2"):
        await brought(rewritten(source.plain.path, tmp_path / "two.tar", manifest=b'{"format": 2}'), into)
    assert nothing_in(into)


@pytest.mark.parametrize("back", [1, 2, 3, 9])
async def test_the_backup_of_an_older_release_is_restored_and_migrated(
    server: Server, into: Into, tmp_path: Path, back: int
) -> None:
    """It is checked as it was, whatever tables its schema has, and then brought to this release's."""
    head, before = steps(alembic_config())[-1], steps(alembic_config())[-1 - back]
    with an_empty_database(server) as old:
        migrate(old, before.revision)
        own = replace(into.settings, data=tmp_path / "old")
        written = await asyncio.to_thread(
            write_backup, Wanted(old, own, FileStore.of(own), {}, tmp_path / "to"), Quiet()
        )
    await brought(written.path, into)
    assert written.contents.database.schema == before.revision
    assert schema_of(into.owner_url, OWNER).revision == head.revision


async def test_a_ledger_that_was_altered_is_told_by_its_entry(source: Source, into: Into, tmp_path: Path) -> None:
    """Whoever alters the database before it is backed up, or makes a backup up, does not fit the commitments."""
    with psycopg.connect(source.url) as connection:
        connection.execute("SET session_replication_role = replica")
        (entry_id, kept) = connection.execute(
            "SELECT entry_id, facts FROM ledger_payload ORDER BY entry_id LIMIT 1"
        ).fetchone() or (None, b"")
        connection.execute("UPDATE ledger_payload SET facts = %s WHERE entry_id = %s", (kept + b" ", entry_id))
    try:
        wanted = Wanted(source.url, source.settings, source.files, {}, tmp_path / "to")
        written = await asyncio.to_thread(write_backup, wanted, Quiet())
    finally:
        with psycopg.connect(source.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE ledger_payload SET facts = %s WHERE entry_id = %s", (kept, entry_id))
    with pytest.raises(RestoreFailed, match=f"1 of .* entry {entry_id} of bureau .* facts are not what its leaf"):
        await brought(written.path, into)
    assert nothing_in(into)
    restored = await brought(written.path, into, even_altered=True)
    assert restored.ledger.faults == 1
    with psycopg.connect(into.owner_url) as connection:
        assert connection.execute("SELECT ledger_faults FROM restore").fetchone() == (1,)


class Away(BaseException):
    """The operator pressed Ctrl-C, or the process was ended."""


@pytest.mark.parametrize("step", ["_put_back", "_check", "migrate", "_record"])
async def test_interrupted_anywhere_nothing_is_left(
    source: Source, into: Into, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A restore that did not come to its end is none."""

    def interrupt(*_: Any, **__: Any) -> Any:
        raise Away

    monkeypatch.setattr(restoring, step, interrupt)
    with pytest.raises(Away):
        await brought(source.encrypted.path, into, source.key)
    assert nothing_in(into)


async def test_a_full_disk_leaves_nothing(source: Source, into: Into, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither attachments nor rows stay."""

    async def full(*_: Any, **__: Any) -> Any:
        raise DiskFull

    monkeypatch.setattr(FileStore, "take", full)
    with pytest.raises(RestoreFailed, match="no room"):
        await brought(source.plain.path, into)
    assert nothing_in(into)


async def test_what_a_killed_restore_left_is_used_by_nobody_and_the_next_one_begins_anew(
    source: Source, into: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database holds a mark until all is checked."""
    monkeypatch.setattr(restoring, "_take_away", lambda *_: None)
    monkeypatch.setattr(restoring, "_check", lambda *_, **__: os.fspath(None))  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        await brought(source.plain.path, into)
    monkeypatch.undo()
    with pytest.raises(UnknownSchema, match="did not come to its end"):
        check_schema(Connections(into.owner_url, into.owner_url, into.owner_url))
    with pytest.raises(UnknownSchema, match="did not come to its end"):
        migrate(into.owner_url)
    await brought(source.plain.path, into)
    check_schema(Connections(into.owner_url, into.owner_url, into.owner_url))


async def test_a_restore_that_lost_its_hold_is_used_by_nobody_until_it_is_run_again(
    source: Source, into: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another restore may have begun anew: nothing of it is taken away, and nothing is taken for whole."""
    finish = restoring._finish
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_finish", lambda *given: (finish(*given), lose_hold(into.owner_url)))
        with pytest.raises(RestoreFailed, match=r"not held alone to the end.*run the same restore again"):
            await brought(source.plain.path, into)
    with pytest.raises(UnknownSchema, match="zhuanche restore"):
        schema_of(into.owner_url, OWNER)
    await brought(source.plain.path, into)
    assert schema_of(into.owner_url, OWNER).revision == steps(alembic_config())[-1].revision


async def test_a_restore_that_fails_after_it_lost_its_hold_takes_nothing_away(
    source: Source, into: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one has restored into the place meanwhile, and what was recorded there since is nobody's to drop."""

    def fails(*_given: Any) -> None:
        lose_hold(into.owner_url)
        with psycopg.connect(into.owner_url) as other:
            other.execute(f"DROP SCHEMA {RESTORING}")
        raise RestoreFailed("cut off")

    monkeypatch.setattr(restoring, "_finish", fails)
    with pytest.raises(RestoreFailed, match="cut off"):
        await brought(source.plain.path, into)
    with psycopg.connect(into.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM trip").fetchone() == (1,)


async def test_a_rehearsal_that_fails_changes_nothing_in_the_database_beside_it(
    server: Server, source: Source, into: Into, tmp_path: Path
) -> None:
    """The roles are those of all databases of a server; what they may do in another is left to them."""
    privileges = (
        "SELECT has_database_privilege('zhuanche_owner', datname, 'CREATE'),"
        " has_database_privilege('zhuanche_owner', datname, 'TEMPORARY') FROM pg_database WHERE datname = 'zhuanche'"
    )
    with pytest.raises(RestoreFailed, match="table person"):
        await brought(with_manifest(source, tmp_path / "made-up.tar", more_notes), into)
    with psycopg.connect(server.superuser) as connection:
        assert connection.execute(privileges).fetchone() == (True, True)
    assert nothing_in(into)


async def test_of_two_restores_into_one_database_one_is_refused(
    source: Source, into: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one would find the first one's tables."""
    with psycopg.connect(into.owner_url, autocommit=True) as other:
        monkeypatch.setattr("api.db.work.PATIENCE_S", 1)
        other.execute("SELECT pg_advisory_lock(%s)", (WORK_LOCK,))
        with pytest.raises(DatabaseHeld, match="worked on by"):
            await brought(source.plain.path, into)
    assert nothing_in(into)
