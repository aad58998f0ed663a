"""Where the embedded server lies: paths, rights, accounts, room, versions, ports and logs."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.db import cluster, datafolder
from api.db.address import make_socket_folder
from api.db.cluster import OtherMajorVersion, PortTaken, ProgramsUnusable, ServerFailed, installed_tree, told_fault
from api.db.datafolder import DataFolder, DataFolderUnusable, NoAccount, NoSpace, choose_account
from api.db.embedded import THROWAWAY, EmbeddedServer, start, throwaway
from tests.db.embedded import ROOT, STRANGER, ask, gone, keep, rights


def test_a_data_path_longer_than_a_sockets_name_may_be_works(place: Path) -> None:
    """Protects deep home folders: 107 bytes are all that a socket's name may have, in any script."""
    data = place / ("专车" * 20) / ("a" * 100)
    assert len(os.fsencode(data)) > 200
    with start(data, durable=False) as server:
        assert ask(server.dsn("postgres"), "SELECT 1") == 1
        assert len(os.fsencode(server.address.socket / ".s.PGSQL.5432")) <= 107
        assert server.folder.home.is_relative_to(data) == (not server.folder.relocated)


def test_a_long_or_missing_tmpdir_does_not_keep_the_socket_from_a_place(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects systems whose TMPDIR has a long name: another short folder takes the socket."""
    tmp = place / ("t" * 90)
    tmp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp))
    folder = DataFolder(place / "d")
    made = make_socket_folder(folder)
    assert not made.is_relative_to(tmp)
    assert (folder.home / "socket").readlink() == made
    made.rmdir()
    folder.close()


def test_the_server_of_root_has_its_home_elsewhere_when_the_data_lies_behind_a_closed_folder(place: Path) -> None:
    """Protects the default data folder of root, below /root: that folder stays closed, and the data is found again."""
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "share" / "zhuanche"
    with start(data, durable=False, elsewhere=place / "lib") as server:
        keep(server.dsn("postgres"))
        home = server.folder.home
        assert server.folder.relocated is ROOT
    assert rights(closed) == 0o700
    with start(data, durable=False, elsewhere=place / "lib") as server:
        assert server.folder.home == home
        assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42
    if ROOT:
        assert (data / "postgres").readlink() == home
        assert home.parent == place / "lib"
        assert (home / "belongs-to").read_text() == f"{data}\n"
        shutil.rmtree(home)
        with pytest.raises(DataFolderUnusable, match=f"lay in {home}, which is gone"):
            start(data, durable=False)


def test_a_folder_that_was_there_with_something_in_it_keeps_its_rights(place: Path) -> None:
    """Protects foreign folders: naming one as the data folder does not open it to another account."""
    (place / "mine").mkdir(mode=0o700)
    (place / "mine" / "letter").write_text("private")
    with start(place / "mine", durable=False, elsewhere=place / "lib") as server:
        assert ask(server.dsn("postgres"), "SELECT 1") == 1
        assert server.folder.relocated is ROOT
    assert rights(place / "mine") == 0o700


def test_a_home_that_its_account_can_no_longer_reach_is_told(place: Path) -> None:
    """Protects against starting an empty database after somebody closed or moved the folder of a full one."""
    start(place / "data", durable=False).stop()
    (place / "moved").mkdir(mode=0o700)
    (place / "data").rename(place / "moved" / "data")
    if ROOT:
        with pytest.raises(DataFolderUnusable, match=f"{place}/moved is closed to it"):
            start(place / "moved" / "data", durable=False)
        (place / "moved").chmod(0o711)
    start(place / "moved" / "data", durable=False).stop()


def test_programs_in_a_folder_that_only_root_may_enter_are_copied_once(place: Path) -> None:
    """Protects root's private checkout: its server's account cannot execute anything there."""
    tree = place / "checkout" / "pginstall"
    shutil.copytree(installed_tree(), tree)
    (place / "checkout").chmod(0o700)
    with start(place / "data", durable=False, programs=tree) as server:
        used = server.programs.tree
        assert (used == tree) is not ROOT
        assert ask(server.dsn("postgres"), "SELECT 1") == 1
    made_at = used.stat().st_mtime_ns
    with start(place / "data", durable=False, programs=tree) as server:
        assert server.programs.tree == used
        assert used.stat().st_mtime_ns == made_at


def test_a_normal_user_runs_the_server_as_himself(place: Path, service: Any) -> None:
    """Protects the ordinary case; under a root that tests, the service itself becomes a normal user."""
    tree = place / "pginstall"
    shutil.copytree(installed_tree(), tree)
    home = place / "home"
    home.mkdir(mode=0o700)
    uid = STRANGER if ROOT else os.geteuid()
    os.chown(home, uid, uid if ROOT else -1)
    process, said = service(home / "data", uid if ROOT else None, programs=str(tree))
    assert "fault" not in said, said
    assert Path(f"/proc/{said['server']}").stat().st_uid == uid
    assert ask(said["dsn"], "SELECT 1") == 1
    assert (home / "data" / "postgres" / "pgdata").stat().st_uid == uid
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    if ROOT:
        with start(home / "data", durable=False, programs=tree, elsewhere=place / "lib") as server:
            assert server.folder.account.uid == uid


def test_a_folder_that_cannot_be_written_is_told_by_name(place: Path, service: Any) -> None:
    """Protects an operator from a traceback when the data folder is not his to write."""
    (place / "file").write_text("not a folder")
    with pytest.raises(DataFolderUnusable, match=f"The data folder {place}/file/data cannot be used"):
        start(place / "file" / "data")
    locked = place / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    _, said = service(locked / "data", STRANGER if ROOT else None)
    assert said["fault"] == "DataFolderUnusable"
    assert "Permission denied" in said["sentence"]


def test_a_cluster_of_another_user_is_told(place: Path, service: Any) -> None:
    """Protects against a puzzle after the service was once run as somebody else."""
    pgdata = place / "data" / "postgres" / "pgdata"
    pgdata.mkdir(parents=True)
    if ROOT:
        os.chown(place / "data", STRANGER, STRANGER)
        _, said = service(place / "data", STRANGER)
        assert said["fault"] == "DataFolderUnusable"
        assert "belongs to the user number 0" in said["sentence"]
    else:
        assert choose_account(pgdata).uid == os.geteuid()


def test_root_without_any_account_to_run_the_server_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects root on a bare system: no account is created behind his back."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(datafolder, "ACCOUNTS", ("no-such-account",))
    with pytest.raises(NoAccount, match=r"does not run as root.*no-such-account"):
        choose_account(place / "none")


def test_root_never_gives_away_what_somebody_put_in_the_way(place: Path) -> None:
    """Protects root's files from a link planted under the name of a folder that is to be handed over."""
    folder = DataFolder(place / "data")
    (place / "treasure").mkdir()
    (place / "trap").symlink_to(place / "treasure")
    owner = (place / "treasure").stat().st_uid
    with pytest.raises(DataFolderUnusable, match="is in the way"):
        folder.own(place / "trap")
    assert (place / "treasure").stat().st_uid == owner
    folder.close()


def test_no_room_for_initdb_is_told_and_nothing_half_made_stays(data: Path, service: Any) -> None:
    """Protects the first start on a full disk: after room was made, the same command works."""
    _, said = service(data, file_size_limit=200_000)
    assert said["fault"] == "NoSpace", said
    assert "no room" in said["sentence"]
    assert str(data) in said["sentence"]
    assert not list((data / "postgres").resolve().glob("pgdata*"))
    with start(data, durable=False) as server:
        assert server.alive


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('initdb: error: could not write to file "base/1/1": No space left on device', NoSpace),
        ("initdb: error: could not create directory: Disk quota exceeded", NoSpace),
        ("FATAL: could not open file: Read-only file system", DataFolderUnusable),
        ("LOG: could not bind IPv4 address: Permission denied\nFATAL: could not create any TCP/IP sockets", PortTaken),
        ("FATAL: something new", ServerFailed),
        ("", ServerFailed),
    ],
)
def test_what_postgresql_says_is_told_by_its_kind(said: str, fault: type[Exception], place: Path) -> None:
    """Protects the sentence an operator sees: room, rights, port, or PostgreSQL's own words."""
    told = told_fault(said, place, "The database could not be made")
    assert type(told) is fault
    assert str(told).startswith("The database could not be made")


def test_a_cluster_half_made_by_a_killed_start_is_made_anew(data: Path) -> None:
    """Protects the start after power went in the midst of initdb."""
    folder = DataFolder(data)
    making = folder.own(folder.home / "pgdata.new")
    (making / "PG_VERSION").write_text("17\n")
    folder.close()
    with start(data, durable=False) as server:
        assert server.alive
        assert not making.exists()


def test_a_folder_of_another_major_version_is_refused_before_anything_touches_it(data: Path) -> None:
    """Protects the data of an older or newer release: refused plainly, and usable again by the right one."""
    start(data, durable=False).stop()
    version = (data / "postgres" / "pgdata" / "PG_VERSION").resolve()
    before = {path: path.stat().st_mtime_ns for path in version.parent.rglob("*")}
    for other in ("16\n", "18\n"):
        version.write_text(other)
        with pytest.raises(OtherMajorVersion, match=f"PostgreSQL {other.strip()}, this release brings 17"):
            start(data, durable=False)
    version.write_text("17\n")
    assert {path for path in before if path.stat().st_mtime_ns != before[path]} == {version}
    with start(data, durable=False) as server:
        assert server.alive


def test_a_system_without_time_zones_gets_them_from_the_package(data: Path, service: Any) -> None:
    """Protects bare images, where the server would know neither UTC nor Asia/Shanghai."""
    _, said = service(data, zones=str(data.parent / "none"))
    assert ask(said["dsn"], "SHOW timezone") == "UTC"
    zones = (data / "postgres" / "zoneinfo").resolve()
    shutil.copy(zones / "Asia" / "Shanghai", zones / "Only_here")
    (zones / "Only_here").chmod(0o644)
    noon = "SELECT extract(hour FROM '2026-10-01 12:00+00'::timestamptz AT TIME ZONE 'Only_here')::int"
    assert ask(said["dsn"], noon) == 20


def test_programs_that_do_not_run_are_told(data: Path, place: Path) -> None:
    """Protects against a wheel of another machine or a disk mounted noexec."""
    tree = place / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "postgres").write_text("not a program")
    with pytest.raises(ProgramsUnusable, match="noexec"):
        start(data, programs=tree)
    assert not (data / "postgres" / "pgdata").exists()


def test_tcp_is_open_on_this_machine_only_and_by_password(data: Path) -> None:
    """Protects the data from every local user when a port is opened for a reporting tool."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start(data, durable=False, port=port) as server:
        ask(server.dsn("postgres"), "SELECT 1")
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE reports LOGIN")
        dsn = server.tcp_dsn("reports")
        assert ask(dsn, "SELECT current_user") == "reports"
        assert server.tcp_dsn("reports") == dsn
        assert ask(dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert rights(data / "database-passwords.json") == 0o600
        with pytest.raises(psycopg.OperationalError, match="password"):
            ask(f"postgresql://postgres:wrong@127.0.0.1:{port}/zhuanche", "SELECT 1")
        with pytest.raises(ServerFailed, match="no role nobody_here"):
            server.tcp_dsn("nobody_here")
    with start(data, durable=False, port=port) as server:
        assert server.tcp_dsn("reports") == dsn
        assert ask(dsn, "SELECT 1") == 1
    with start(data, durable=False) as server, pytest.raises(ServerFailed, match="without a TCP port"):
        server.tcp_dsn("reports")


def test_a_used_port_is_told_and_leaves_nothing_running(data: Path) -> None:
    """Protects against a start that half succeeds: the next one, on a free port or none, works."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port}: the port is not free"):
            start(data, durable=False, port=port)
    with start(data, durable=False) as server:
        assert server.alive


def test_the_servers_log_holds_the_error_and_no_personal_data(data: Path) -> None:
    """Protects consumers: a telephone number in a duplicate row must not reach a log file."""
    with start(data, durable=False) as server, psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE consumer (telephone text PRIMARY KEY)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO consumer VALUES (%s)", ("13859451234",))
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0 AS a13859451234")
    logs = "".join(path.read_text() for path in server.folder.log.iterdir())
    assert "ERROR:  duplicate key value violates unique constraint" in logs
    assert "23505" in logs
    assert "13859451234" not in logs


def test_only_the_newest_logs_are_kept(data: Path) -> None:
    """Protects the disk of a desk that nobody looks after."""
    start(data, durable=False).stop()
    logs = (data / "postgres" / "log").resolve()
    for day in range(1, 31):
        (logs / f"postgres-202601{day:02}-000000.log").write_text("old")
    start(data, durable=False).stop()
    kept = sorted(path.name for path in logs.iterdir())
    assert len(kept) <= 22
    assert "postgres-20260101-000000.log" not in kept
    assert "postgres-20260130-000000.log" in kept


def test_a_throwaway_server_leaves_nothing_and_clears_what_a_killed_one_left(service: Any) -> None:
    """Protects developers' machines from servers and folders of test runs that were killed."""
    killed = Path(tempfile.gettempdir()).resolve() / f"{THROWAWAY}{secrets.token_hex(4)}"
    process, said = service(killed)
    process.kill()
    process.wait()
    os.utime(killed, (0, 0))
    with throwaway() as server:
        assert isinstance(server, EmbeddedServer)
        assert ask(server.dsn("postgres"), "SHOW fsync") == "off"
        assert ask(server.dsn("postgres"), "SHOW synchronous_commit") == "on"
        assert gone(said["server"])
        assert not killed.exists()
        left = (server.folder.path, server.folder.home, server.address.socket)
    assert [path for path in left if path.exists()] == []


def test_the_built_in_place_of_time_zones_stands_in_the_program_once() -> None:
    """Protects the copy for bare systems when a new release of the wheel is taken in."""
    assert (installed_tree() / "bin" / "postgres").read_bytes().count(cluster.BUILT_IN_ZONES) == 1
