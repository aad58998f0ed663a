"""The embedded PostgreSQL: real servers, real kills, as root and as a normal user."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.db.address import NoServer, running
from api.db.datafolder import DataFolder, DataFolderInUse, choose_account
from api.db.embedded import reach, start
from api.db.leftover import mark_of, server_processes
from tests.db.embedded import ROOT, STRANGER, ask, gone, keep, rights

# Starting and stopping


def test_the_first_start_makes_everything_and_the_next_ones_keep_it(data: Path) -> None:
    """Protects the promise that nothing needs to be installed, at full durability, and within a few seconds."""
    began = time.monotonic()
    with start(data) as server:
        first_s = time.monotonic() - began
        dsn = server.dsn("postgres")
        assert ask(dsn, "SELECT current_database()") == "zhuanche"
        assert ask(dsn, "SHOW server_encoding") == "UTF8"
        assert ask(dsn, "SHOW data_checksums") == "on"
        assert ask(dsn, "SHOW fsync") == "on"
        assert ask(dsn, "SHOW timezone") == "UTC"
        assert (
            ask(dsn, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'zhuanche'")
            == "bC.UTF-8"
        )
        assert ask(dsn, "SELECT '2026-10-01 00:00+08'::timestamptz AT TIME ZONE 'Asia/Shanghai'").month == 10
        keep(dsn)
    began = time.monotonic()
    with start(data) as server:
        assert time.monotonic() - began < 5
        assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42
    assert first_s < 20


def test_sockets_files_and_rights_are_closed_to_others(data: Path) -> None:
    """Protects the one lock of the design: who cannot enter the folders can neither read nor connect."""
    with start(data, durable=False) as server:
        home, account = server.folder.home, server.folder.account
        for folder in (data, home):
            assert rights(folder) & 0o007 == 0
            assert rights(folder) & 0o020 == 0
        for folder in (server.folder.pgdata, server.folder.log, server.address.socket):
            assert rights(folder) == 0o700
            assert folder.stat().st_uid == account.uid
        (listening,) = server.address.socket.glob(".s.PGSQL.5432")
        assert rights(listening) == 0o700
        assert {rights(path) for path in server.folder.log.iterdir()} == {0o600}
        assert rights(data / "zhuanche.lock") == 0o600
        assert ask(server.dsn("postgres"), "SHOW listen_addresses") == ""
        assert account.uid != 0
        if ROOT:
            said = subprocess.run(
                [server.programs["psql"], server.dsn("postgres"), "-c", "SELECT 1"],
                user=STRANGER if account.uid != STRANGER else 1,
                group=STRANGER,
                extra_groups=[],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
            assert said.returncode == 2
            assert "Permission denied" in said.stderr


def test_stopping_ends_sessions_and_leaves_no_process_socket_or_lock(data: Path) -> None:
    """Protects a clean end: fast shutdown does not wait for clients that stay, and everything is free again."""
    server = start(data, durable=False)
    stays = psycopg.connect(server.dsn("postgres"))
    pid, sockets = server.pid, server.address.socket
    server.stop()
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        stays.execute("SELECT 1")
    stays.close()
    assert gone(pid)
    assert not sockets.exists()
    assert not (server.folder.pgdata / "postmaster.pid").exists()
    DataFolder(data).close()


def test_ctrl_c_on_the_terminal_reaches_the_service_and_not_its_server(data: Path, service: Any) -> None:
    """Protects the drain: the server stays until the service has answered what it accepted, then ends with it."""
    process, said = service(data)
    assert os.getsid(said["server"]) != os.getsid(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 0
    assert gone(said["server"])


def test_settings_of_the_callers_environment_do_not_reach_the_server(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects against a PGDATA, PGPORT or TZ of the user's shell changing what is started."""
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGTZ", "America/Lima")
    monkeypatch.setenv("TZ", "America/Lima")
    with start(data, durable=False) as server:
        raw = Path(f"/proc/{server.pid}/environ").read_bytes() if not ROOT else b""
        assert b"PGDATA=/nowhere" not in raw
        with psycopg.connect(server.dsn("postgres")) as connection:
            reset = connection.execute("SELECT reset_val FROM pg_settings WHERE name = 'log_timezone'").fetchone()
        assert reset == ("UTC",)


# One service at a time, and what a killed one leaves


def test_a_second_service_on_the_same_data_is_told_plainly_and_the_first_goes_on(data: Path, service: Any) -> None:
    """Protects a running desk from an operator who starts the program twice."""
    with start(data, durable=False) as server:
        keep(server.dsn("postgres"))
        _, said = service(data)
        assert said["fault"] == "DataFolderInUse"
        assert f"process {os.getpid()}" in said["sentence"]
        assert "ZHUANCHE_DATA" in said["sentence"]
        with pytest.raises(DataFolderInUse):
            start(data, durable=False)
        assert server.alive
        assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42


def test_a_server_left_running_by_a_killed_service_is_stopped_and_started_anew(data: Path, service: Any) -> None:
    """Protects the restart after kill -9 of the service, with its sessions still open on the old server."""
    process, said = service(data)
    keep(said["dsn"])
    of_the_dead = psycopg.connect(said["dsn"])
    of_the_dead.execute("LOCK TABLE kept")
    process.kill()
    process.wait()
    assert ask(said["dsn"], "SELECT 1") == 1
    with start(data, durable=False) as server:
        assert server.pid != said["server"]
        assert gone(said["server"])
        assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42
        assert len(list(Path(tempfile.gettempdir()).glob(server.address.socket.name))) == 1
    of_the_dead.close()
    assert not Path(said["dsn"].partition("host=")[2].partition("&")[0]).exists()


def test_what_was_committed_is_there_after_service_and_server_are_killed_together(data: Path, service: Any) -> None:
    """Protects acknowledged facts against a crash of both, with the stale pid file it leaves."""
    process, said = service(data)
    keep(said["dsn"])
    process.kill()
    process.wait()
    os.kill(said["server"], signal.SIGKILL)
    with start(data, durable=False) as server:
        assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42


def test_sessions_that_outlive_a_killed_server_are_ended_before_the_next_starts(data: Path, service: Any) -> None:
    """Protects the files from a session still at work in a server that was killed alone."""
    process, said = service(data)
    keep(said["dsn"])
    with contextlib.closing(psycopg.connect(said["dsn"])) as busy:
        query = "DO $$ DECLARE x numeric := 0; BEGIN LOOP x := x + 1; END LOOP; END $$"
        busy.pgconn.send_query(query.encode())
        worker = busy.info.backend_pid
        process.kill()
        process.wait()
        os.kill(said["server"], signal.SIGKILL)
        assert gone(said["server"])
        assert Path(f"/proc/{worker}").exists()
        with start(data, durable=False) as server:
            assert gone(worker)
            assert ask(server.dsn("postgres"), "SELECT n FROM kept") == 42


def test_a_server_that_dies_under_a_living_service_comes_back_at_the_same_address(data: Path) -> None:
    """Protects the promise that the service recovers by itself when the database goes away."""
    with start(data, durable=False) as server:
        server.supervise(pause_s=0.05)
        keep(server.dsn("postgres"))
        died = server.pid
        os.kill(died, signal.SIGKILL)
        until = time.monotonic() + 15
        value = None
        while value is None and time.monotonic() < until:
            with contextlib.suppress(psycopg.OperationalError):
                value = ask(server.dsn("postgres"), "SELECT n FROM kept")
            time.sleep(0.02)
        assert value == 42
        assert server.pid != died
        assert server.revive() is False
    assert server.revive() is False
    assert not server.alive


def test_a_stale_pid_file_with_a_number_nobody_has_is_passed_over(data: Path) -> None:
    """Protects the start after a crash of the machine."""
    start(data, durable=False).stop()
    short = subprocess.Popen(["true"])
    short.wait()
    write_pid_file(data, short.pid)
    with start(data, durable=False) as server:
        assert server.alive


def test_a_stale_pid_file_whose_number_another_process_has_now_is_passed_over(data: Path) -> None:
    """Protects the start after a reboot, when the old number belongs to a bystander, who is left alone."""
    start(data, durable=False).stop()
    account = choose_account((data / "postgres" / "pgdata").resolve())
    bystander = account.spawn(["sleep", "60"], subprocess.DEVNULL)
    write_pid_file(data, bystander.pid)
    with start(data, durable=False) as server:
        assert server.alive
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def write_pid_file(data: Path, pid: int) -> None:
    """Write the pid file that a server of another time would have left."""
    pgdata = (data / "postgres" / "pgdata").resolve()
    file = pgdata / "postmaster.pid"
    file.write_text(f"{pid}\n{pgdata}\n1795533929\n5432\n/tmp/gone\n\n  2146336        34\nready   \n")
    os.chown(file, pgdata.stat().st_uid, pgdata.stat().st_gid)


def test_a_server_started_by_hand_on_the_same_data_is_left_alone_and_told(data: Path) -> None:
    """Protects against two servers on the same files when an operator repairs something by hand."""
    with start(data, durable=False) as server:
        folder, programs = server.folder, server.programs
    sockets = folder.own(data.parent / "s")
    by_hand = folder.account.spawn(
        [programs["postgres"], "-D", folder.pgdata, "-c", "listen_addresses=", "-k", sockets], subprocess.DEVNULL
    )
    until = time.monotonic() + 10
    while not (sockets / ".s.PGSQL.5432").exists() and time.monotonic() < until:
        time.sleep(0.02)
    with pytest.raises(DataFolderInUse, match=f"did not start \\(process {by_hand.pid}\\)"):
        start(data, durable=False)
    assert by_hand.poll() is None
    by_hand.send_signal(signal.SIGINT)
    assert by_hand.wait(20) == 0


def test_no_other_users_process_passes_for_a_server_by_its_name(data: Path) -> None:
    """Protects bystanders: a process is ended only if it runs as the server's account and carries the mark."""
    folder = DataFolder(data)
    mark = mark_of(folder.pgdata)
    impostor = subprocess.Popen(["sleep", "60"], executable=shutil.which("sleep"), env={})
    named = subprocess.Popen([f"postgres: {mark}: checkpointer", "60"], executable=shutil.which("sleep"))
    time.sleep(0.1)
    own = folder.account.uid == os.geteuid()
    assert server_processes(mark, folder.account.uid) == ([named.pid] if own else [])
    for process in (impostor, named):
        process.kill()
        process.wait()
    folder.close()


def test_other_commands_reach_the_running_server_or_start_one_for_the_while(data: Path, service: Any) -> None:
    """Protects `zhuanche user` and its like, which must work with and without a running service."""
    with reach(data) as address:
        keep(address.dsn("postgres"))
        pid_alone = ask(address.dsn("postgres"), "SELECT pg_backend_pid()")
    assert pid_alone
    with pytest.raises(NoServer):
        running(data)
    _, said = service(data)
    with reach(data) as address:
        assert address.dsn("postgres") == said["dsn"]
        assert ask(address.dsn("postgres"), "SELECT n FROM kept") == 42
    assert ask(said["dsn"], "SELECT 1") == 1


# Places


# Faults of making and starting


# TCP


# Logs and throwaways
