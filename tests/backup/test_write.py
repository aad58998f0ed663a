"""A backup while the service runs: one whole file or none, with all that is there, and nothing secret in clear."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from api.backup import write
from api.backup.archive import read_archive
from api.backup.beside import beside
from api.backup.encryption import decrypted, identities_of, make_key
from api.backup.faults import BackupFailed, CopyFailed
from api.backup.manifest import differences, snapshot, take_manifest
from api.backup.place import (
    FAILURE,
    GONE,
    Failure,
    Part,
    folder_of,
    note_failure,
    noted,
    outdated,
    state_of,
    taken_at,
)
from api.backup.write import Contents, Wanted, Written
from api.files import FileStore
from api.folder import FilesAway
from api.jobs.backup import due
from api.settings import Settings, secrets
from tests.backup.conftest import PNG, Place, Quiet, attach
from tests.conftest import Server
from tests.trips import closed_trip
from tests.world import World

SECRET = "a-secret-that-is-as-long-as-it-has-to-be"


async def backed_up(wanted: Wanted) -> Written:
    """Make a backup beside the loop, as a command does."""
    return await asyncio.to_thread(write.write_backup, wanted, Quiet())


def members(path: Path, key: Path | None = None) -> dict[str, bytes]:
    """Return what a backup holds, checked."""
    source = io.BytesIO(path.read_bytes())
    if key is None:
        return {member.name: b"".join(member.chunks) for member in read_archive(source)}
    with decrypted(source, identities_of(key)) as plain:
        return {member.name: b"".join(member.chunks) for member in read_archive(plain)}


def listing(dump: Path) -> str:
    """Return what pg_restore reads a dump to hold."""
    told = subprocess.run([write.program("pg_restore"), "--list", dump], check=True, capture_output=True, text=True)
    return told.stdout


async def test_everything_is_in_the_one_file(place: Place, tmp_path: Path) -> None:
    """Database, attachments and what was there at that instant; any tar opens it, and pg_restore reads the dump."""
    written = await backed_up(place.wanted(tmp_path / "to", ZHUANCHE_PORT="8123", HOME="elsewhere"))
    found = members(written.path)
    assert found[f"files/{place.kept.bureau_id}/{place.kept.sha256}"] == PNG
    assert found["settings.env"] == b"ZHUANCHE_PORT=8123\n"
    contents = msgspec.json.decode(found["manifest.json"], type=Contents)
    assert contents == written.contents
    assert place.kept in contents.database.files
    with snapshot(place.url) as connection:
        assert differences(contents.database, take_manifest(connection)) == []
    dump = tmp_path / "dump"
    dump.write_bytes(b"".join(found[name] for name in sorted(found) if name.startswith("database/")))
    assert "TABLE DATA public visit_note" in listing(dump)
    assert written.path.stat().st_mode & 0o777 == 0o600
    assert taken_at(written.path.name) == contents.database.taken_at.replace(microsecond=0)


async def test_without_a_key_nothing_secret_goes_along_and_that_is_told(place: Place, tmp_path: Path) -> None:
    """A stick is lost more easily than a machine; what is missing is named for the operator."""
    url = "postgresql://someone:hidden@elsewhere/zhuanche"
    written = await backed_up(
        place.wanted(tmp_path / "to", ZHUANCHE_VAULT_SECRET=SECRET, ZHUANCHE_OWNER_URL=url, ZHUANCHE_PORT="1")
    )
    whole = written.path.read_bytes()
    kept = (place.settings.data / "field-vault.key").read_bytes()
    assert [one for one in (SECRET.encode(), b"hidden", b"the authority's key", kept) if one in whole] == []
    assert written.contents.left_out == ["ZHUANCHE_OWNER_URL", "ZHUANCHE_VAULT_SECRET", "field-vault.key", "tls"]


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("variable", [*secrets(), "ZHUANCHE_TILES", "ZHUANCHE_GEOCODER_URL", "ZHUANCHE_FILES_URL"])
def test_no_secret_lies_in_clear_whatever_form_it_has(tmp_path: Path, variable: str, *, from_file: bool) -> None:
    """PostgreSQL takes a pass word in a query too, and other addresses have keys there; some values are no address."""
    if from_file and variable not in secrets():
        pytest.skip("only secrets are taken from files")
    settings = Settings(data=tmp_path)
    for value in (
        f"postgresql://db/zhuanche?user=owner&password={SECRET}",
        f"https://tiles.example/{{z}}?tk={SECRET}",
        f"s3://{SECRET}@bucket",
        f"postgresql://owner:a[{SECRET}@db/zhuanche",
    ):
        environ = {variable: value}
        if from_file:
            (tmp_path / "secret").write_text(f"{value}\n")
            environ = {f"{variable}_FILE": str(tmp_path / "secret")}
        clear, sealed = (beside(settings, environ, secrets=encrypted) for encrypted in (False, True))
        assert clear.settings == ""
        assert clear.left_out == (variable,)
        assert sealed.settings == f"{variable}={shlex.quote(value)}\n"
        assert sealed.left_out == ()
    plain = beside(settings, {"ZHUANCHE_GEOCODER_URL": "https://geocoder.lan/", "ZHUANCHE_PORT": "1"}, secrets=False)
    assert plain.settings == "ZHUANCHE_GEOCODER_URL=https://geocoder.lan/\nZHUANCHE_PORT=1\n"


def test_what_is_no_key_by_its_name_is_not_taken_along_and_is_named(tmp_path: Path) -> None:
    """A restore would refuse it: a name says where something is written to."""
    (tmp_path / "tls" / "below").mkdir(parents=True)
    for name in ("authority.key", ".authority.key.swp", "证书.pem", "below/one"):
        (tmp_path / "tls" / name).write_text("one")
    found = beside(Settings(data=tmp_path), {}, secrets=True)
    assert found.keys == {"tls/authority.key": b"one"}
    assert sorted(found.left_out) == ["tls/.authority.key.swp", "tls/below/one", "tls/证书.pem"]


async def test_with_a_key_everything_goes_along_and_only_that_key_opens_it(place: Place, tmp_path: Path) -> None:
    """Keys and settings come back with the record; in the file nothing can be read."""
    public = make_key(tmp_path / "key", datetime.now(UTC))
    written = await backed_up(place.wanted(tmp_path / "to", keys=(public,), ZHUANCHE_VAULT_SECRET=SECRET))
    assert written.path.name.endswith(".tar.age")
    assert SECRET.encode() not in written.path.read_bytes()
    found = members(written.path, tmp_path / "key")
    assert found["settings.env"].decode() == f"ZHUANCHE_VAULT_SECRET={SECRET}\n"
    assert found["data/field-vault.key"] == (place.settings.data / "field-vault.key").read_bytes()
    assert found["data/tls/authority.key"] == b"the authority's key"
    assert written.contents.left_out == []


async def test_what_is_recorded_meanwhile_is_in_the_next_one(
    place: Place, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dump and manifest tell of one instant, though the service went on."""
    taken = write.take_manifest

    def late(connection: Any, count: Any) -> Any:
        asyncio.run_coroutine_threadsafe(closed_trip(world), loop).result(60)
        asyncio.run_coroutine_threadsafe(attach(world, place.files, PNG + b"2"), loop).result(60)
        return taken(connection, count)

    loop = asyncio.get_running_loop()
    with snapshot(place.url) as connection:
        before = take_manifest(connection)
    monkeypatch.setattr(write, "take_manifest", late)
    written = await backed_up(place.wanted(tmp_path / "to"))
    assert differences(before, written.contents.database) == []
    with snapshot(place.url) as connection:
        assert differences(before, take_manifest(connection)) != []


async def test_an_attachment_that_the_store_lost_is_named_and_keeps_no_backup_from_being_made(
    place: Place, world: World, tmp_path: Path
) -> None:
    """Neither is a file taken along that is not the one on record."""
    gone, other = await attach(world, place.files, PNG + b"gone"), await attach(world, place.files, PNG + b"other")
    paths = {path.name: path for path in (place.settings.data / "files").rglob("*") if path.is_file()}
    paths[gone.sha256].unlink()
    paths[other.sha256].write_bytes(PNG)
    written = await backed_up(place.wanted(tmp_path / "to"))
    mine = [one for one in written.contents.gone if one.bureau_id == world.bureau_id]
    assert sorted(mine, key=lambda one: one.sha256) == sorted([gone, other], key=lambda one: one.sha256)
    assert f"files/{place.kept.bureau_id}/{place.kept.sha256}" in members(written.path)


async def test_a_store_that_hiccups_is_asked_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand photos one may fail on the way, at its first answer or in its midst: the backup is made."""
    monkeypatch.setattr(write, "AGAIN_S", (0.0, 0.0))
    reads, failed = FileStore.read, []

    async def hiccup(self: FileStore, bureau_id: str, sha256: str) -> Any:
        if not failed:
            failed.append("at once")
            raise FilesAway
        whole = await reads(self, bureau_id, sha256)
        if len(failed) > 1:
            return whole

        async def half() -> Any:
            async for chunk in whole:
                yield bytes(chunk)[:3]
                failed.append("midst")
                raise FilesAway

        return half()

    monkeypatch.setattr(FileStore, "read", hiccup)
    written = await backed_up(place.wanted(tmp_path / "to"))
    assert failed == ["at once", "midst"]
    assert members(written.path)[f"files/{place.kept.bureau_id}/{place.kept.sha256}"] == PNG


async def test_a_store_that_does_not_answer_is_told_and_makes_no_backup(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its attachments it would count as one; the sentence names the first that could not be read."""
    monkeypatch.setattr(write, "AGAIN_S", (0.0, 0.0))
    tries: list[str] = []

    async def away(_: FileStore, bureau_id: str, sha256: str) -> Any:
        tries.append(f"{bureau_id} {sha256}")
        raise FilesAway from ConnectionError("connection reset by peer")

    monkeypatch.setattr(FileStore, "read", away)
    with pytest.raises(BackupFailed, match=r"asked 3 times: connection reset by peer\.$") as told:
        await backed_up(place.wanted(tmp_path / "to"))
    assert len(tries) == 3
    assert tries[0] in str(told.value)
    assert list((tmp_path / "to").iterdir()) == []


async def test_an_attachment_whose_size_is_wrong_on_record_goes_along(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its SHA-256 says that it is the one."""
    taken = write.take_manifest

    def wrong(*asked: Any) -> Any:
        manifest = taken(*asked)
        files = [msgspec.structs.replace(one, size_bytes=one.size_bytes + 1) for one in manifest.files]
        return msgspec.structs.replace(manifest, files=files)

    monkeypatch.setattr(write, "take_manifest", wrong)
    written = await backed_up(place.wanted(tmp_path / "to"))
    assert members(written.path)[f"files/{place.kept.bureau_id}/{place.kept.sha256}"] == PNG


async def test_a_disk_that_is_not_mounted_is_not_made_up_for(place: Place, tmp_path: Path) -> None:
    """Backups would fill the disk that it is mounted on, and nobody would know."""
    with pytest.raises(BackupFailed, match=r"cannot be written to .*mounted/backups: No such file"):
        await backed_up(place.wanted(tmp_path / "mounted" / "backups"))
    assert not (tmp_path / "mounted").exists()
    own = replace(place.settings, data=tmp_path / "own" / "data")
    await backed_up(replace(place.wanted(own.data / "backups"), settings=own))


async def test_no_older_backup_is_deleted_as_long_as_attachments_are_lost_that_nobody_gave_up(
    place: Place, world: World, tmp_path: Path
) -> None:
    """A store that is not mounted, or photos that are gone, empty no backup of what it held: not on any later day."""
    folder = tmp_path / "to"
    other = await attach(world, place.files, PNG + b"other")
    (kept_at,), (other_at,) = ([*place.settings.data.rglob(one.sha256)] for one in (place.kept, other))

    async def lost(accept: int | None = None) -> tuple[list[str], tuple[str, ...]]:
        written = await backed_up(replace(place.wanted(folder, keep=1), accept_gone=accept))
        written.path.unlink()  # the next may be of the same second, and overwrites none
        return [one.sha256 for one in written.lost], written.dropped

    elsewhere, _ = await lost()  # what other tests of the run keep
    assert await lost(len(elsewhere)) == ([], ())
    old = [f"zhuanche-20260101T00000{number}Z.tar" for number in range(3)]
    for name in old:
        (folder / name).touch()
    kept_at.rename(tmp_path / "kept")
    assert [await lost(), await lost(), await lost(2)] == [([place.kept.sha256], ())] * 3
    (tmp_path / "kept").rename(kept_at)
    other_at.rename(tmp_path / "other")
    assert await lost() == ([other.sha256], ())
    assert await lost(1) == ([], tuple(old[:2]))
    assert await lost() == ([], ())
    (tmp_path / "other").rename(other_at)
    assert await lost() == ([], ())
    other_at.unlink()
    assert await lost() == ([other.sha256], ())
    (folder / GONE).write_text("7")  # as an older release left it: which ones, nobody knows
    assert len((await lost())[0]) == len(elsewhere) + 1


class FullDisk:
    """A file on a disk with room for so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        """Write while there is room."""
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("is_encrypted", [False, True])
@pytest.mark.parametrize("room", [0, 3_000, 100_000])
async def test_a_full_disk_leaves_no_backup_and_nothing_of_one(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, *, is_encrypted: bool
) -> None:
    """One sentence, and the room is free again."""
    begin = Part.__init__

    def full(self: Part, folder: Path, file: Any, path: Path) -> None:
        begin(self, folder, FullDisk(file, room), path)  # type: ignore[arg-type]

    monkeypatch.setattr(Part, "__init__", full)
    keys = (make_key(tmp_path / "key", datetime.now(UTC)),) if is_encrypted else ()
    with pytest.raises(BackupFailed, match="no room"):
        await backed_up(place.wanted(tmp_path / "to", keys=keys))
    assert list((tmp_path / "to").iterdir()) == []


async def test_the_room_that_the_service_needs_is_left_to_it(place: Place, tmp_path: Path) -> None:
    """A backup onto the service's own disk ends before the service would have to refuse what is recorded."""
    needs_all = replace(place.wanted(tmp_path / "to"), settings=replace(place.settings, disk_reserve_mib=1 << 40))
    with pytest.raises(BackupFailed, match="kept free for the service"):
        await backed_up(needs_all)
    assert list((tmp_path / "to").iterdir()) == []


async def test_a_dump_that_fails_is_no_backup(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pg_dump said is told, without anybody's pass word."""
    monkeypatch.setattr(write, "BACKUP", "nobody_of_that_name")
    with pytest.raises(BackupFailed, match="nobody_of_that_name"):
        await backed_up(place.wanted(tmp_path / "to"))
    assert list((tmp_path / "to").iterdir()) == []


async def test_nothing_is_overwritten_and_what_killed_runs_left_is_cleared(place: Place, tmp_path: Path) -> None:
    """A file of that name stays; a part that no process holds goes."""
    folder = tmp_path / "to"
    folder.mkdir()
    (folder / ".zhuanche-00000000.part").write_bytes(b"left by a killed one")
    written = await backed_up(place.wanted(folder / "mine.tar"))
    assert [path.name for path in folder.iterdir()] == ["mine.tar"]
    with pytest.raises(BackupFailed, match="not overwritten"):
        await backed_up(place.wanted(written.path))


async def test_a_folder_with_a_dot_in_its_name_is_a_folder(place: Place, tmp_path: Path) -> None:
    """Taken for a file, it would hold one backup for all time, and every next one would fail."""
    written = await backed_up(place.wanted(tmp_path / "disk.2026"))
    assert written.path.parent == tmp_path / "disk.2026"


def test_the_newest_are_kept_and_one_of_each_of_twelve_months() -> None:
    """What was wrong for three weeks before anyone noticed is still found unharmed; other files are left alone."""
    days = [f"zhuanche-2026{month:02}{day:02}T020000Z.tar" for month in range(1, 13) for day in (1, 10, 28)]
    days += ["zhuanche-20251231T020000Z.tar.age", "zhuanche-20251130T020000Z.tar"]
    dropped = outdated(
        [*days, "last-failure.json", "notes.txt", ".zhuanche-1.part"], 4, datetime(2026, 12, 28, tzinfo=UTC)
    )
    kept = sorted(set(days) - set(dropped))
    assert kept == sorted(
        {name for name in days if name[13:17] >= "1128" and name[9:13] == "2026"}
        | {name for name in days if name[15:17] == "28" and name[9:13] == "2026"}
    )


def test_a_backup_named_under_a_clock_ahead_ends_no_others(tmp_path: Path) -> None:
    """The clock was a year ahead for one backup: the days after it are backed up all the same, and it goes first."""
    now = datetime(2026, 11, 27, 3, tzinfo=UTC)
    ahead, last = "zhuanche-20271126T180000Z.tar", "zhuanche-20261125T180000Z.tar"
    for name in (ahead, last):
        (tmp_path / name).touch()
    state = state_of(tmp_path, now)
    assert state.taken_at == taken_at(last)
    assert due(state, now, 2)
    november = [f"zhuanche-202611{day:02}T180000Z.tar" for day in range(1, 26)]
    assert ahead not in outdated([ahead, *november], 26, now)
    assert outdated([ahead, "zhuanche-20271125T180000Z.tar", *november], 2, now)[0] == "zhuanche-20271125T180000Z.tar"
    assert november[-2:] == [name for name in november if name not in outdated([ahead, *november], 2, now)]


async def test_rotation_deletes_only_after_the_new_one_is_whole(place: Place, tmp_path: Path) -> None:
    """Three of this month are there and two are to be kept."""
    folder = tmp_path / "to"
    folder.mkdir()
    now = datetime.now(UTC)
    old = [f"zhuanche-{now:%Y%m}{day:02}T000000Z.tar" for day in (1, 2, 3)]
    for name in old:
        (folder / name).write_bytes(b"an older one")
    elsewhere = (await backed_up(place.wanted(tmp_path / "first.tar"))).lost  # what other tests of the run keep
    written = await backed_up(replace(place.wanted(folder, keep=2), accept_gone=len(elsewhere)))
    assert list(written.dropped) == sorted({*old, written.path.name})[:2]
    assert written.path.exists()


def test_how_it_stands_is_told_to_others(tmp_path: Path) -> None:
    """The newest whole one, and why the last try failed until one succeeds."""
    assert state_of(tmp_path / "nowhere", datetime.now(UTC)).newest is None
    with pytest.raises(BackupFailed), noted(tmp_path, lambda: datetime(2026, 11, 26, tzinfo=UTC)):
        raise BackupFailed("no room")
    (tmp_path / "zhuanche-20261125T020000Z.tar").touch()
    (tmp_path / "zhuanche-20261124T020000Z.tar.age").touch()
    state = state_of(tmp_path, datetime(2026, 11, 26, tzinfo=UTC))
    assert state.taken_at == datetime(2026, 11, 25, 2, tzinfo=UTC)
    assert state.failure == Failure(datetime(2026, 11, 26, tzinfo=UTC), "no room")
    assert ((tmp_path / FAILURE).stat().st_mode & 0o777) == 0o600
    with pytest.raises(CopyFailed), noted(tmp_path):
        raise CopyFailed("no line")
    told = state_of(tmp_path, datetime(2026, 11, 26, tzinfo=UTC)).failure
    assert told is not None
    assert told.is_copy
    (tmp_path / FAILURE).write_bytes(b'{"at":')
    (tmp_path / "zhuanche-20261399T000000Z.tar").touch()  # of no day that there is
    half = state_of(tmp_path, datetime(2026, 11, 26, tzinfo=UTC))
    assert half.failure is not None
    assert half.taken_at == state.taken_at
    with noted(tmp_path):
        pass
    assert state_of(tmp_path, datetime(2026, 11, 26, tzinfo=UTC)).failure is None
    note_failure(tmp_path / "nowhere", state.failure)
    assert folder_of(Settings(data=tmp_path)) == tmp_path / "backups"


async def test_a_cluster_is_left_to_its_own_tools(server: Server, settings: Settings, tmp_path: Path) -> None:
    """A backup that no restore takes would be found out on the worst day."""
    if not server.distributed:
        pytest.skip("a single server is backed up")
    own = replace(settings, data=tmp_path / "data")
    with pytest.raises(BackupFailed, match="Citus cluster"):
        await backed_up(Wanted(server.superuser, own, FileStore.of(own), {}, tmp_path / "to"))
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize("change", ["DROP TABLE position_y2020m02", "ALTER TABLE person ADD COLUMN more int"])
async def test_no_table_is_dropped_or_altered_between_the_dump_and_the_manifest(
    place: Place, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A snapshot does not see a dropped table: the dump would hold rows of which the manifest says nothing."""
    refused: list[Exception] = []
    taken = write.take_manifest

    def meanwhile(connection: Any, count: Any) -> Any:
        with psycopg.connect(place.url, autocommit=True) as other:
            other.execute("SET lock_timeout = 200")
            with pytest.raises(psycopg.errors.LockNotAvailable) as fault:
                other.execute(change.encode())
            refused.append(fault.value)
        return taken(connection, count)

    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute("SELECT make_position_partition('2020-02-01')")
    monkeypatch.setattr(write, "take_manifest", meanwhile)
    await backed_up(place.wanted(tmp_path / "to"))
    assert len(refused) == 1
