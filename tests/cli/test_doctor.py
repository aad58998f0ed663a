"""`zhuanche doctor`: one page that says whether all is well, for people and for programs, also while nothing runs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.authority import AUTHORITY_FOR, CERTIFICATE_FOR, own_certificate
from api.backup.erasures import Listed, ListUnreadable
from api.backup.place import Failure, name_of, note_failure
from api.cli import doctor
from api.db.database import Database
from api.db.leftover import homes_without_folder
from api.db.migrate import migrate
from api.doctor.ages import AgeNumbers, AgeWatch
from api.doctor.bureau import told_by
from api.doctor.machine import backup_of, certificates_of, counted, disks_of
from api.jobs.runner import LEADER_LOCK
from api.settings import Settings
from api.source import ip_of
from api.space import MIB, Room, Space, reserve_of
from domain.doctor.facts import Backup
from domain.doctor.verdicts import verdicts_of
from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.live import Live, serving, zhuanche
from tests.time_server import answer, time_server
from tests.world import unused_code


@pytest.fixture(scope="module")
def told_time() -> Iterator[str]:
    """Return the address of a time server that agrees with this machine."""
    with time_server(lambda asked: answer(asked, time.time())) as address:
        yield address


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    """Return a service on a database of its own, and its data folder."""
    folder = tmp_path_factory.mktemp("doctor")
    assert zhuanche("migrate", data=folder / "data").returncode == 0
    with serving(folder / "log", data=folder / "data", time_server="none") as live:
        yield live, folder / "data"


def asked(*arguments: str, **settings: Any) -> tuple[int, dict[str, Any]]:
    """Return the exit code of `zhuanche doctor --json` and what it told, by check."""
    done = zhuanche("doctor", "--json", *arguments, **settings)
    told = json.loads(done.stdout)
    assert told["well"] == (done.returncode == 0), done.stderr
    return done.returncode, {one["check"]: one for one in told["checks"]}


def seen(settings: Settings) -> dict[str, str]:
    """Return how each thing stands, as the command sees it, in this process."""
    return {one.check: one.state for one in verdicts_of(doctor.facts_of(settings))}


def test_while_the_service_runs_the_doctor_looks_at_it_from_beside(served: tuple[Live, Path], told_time: str) -> None:
    """It needs neither the lock nor a stop, and says of every thing how it stands."""
    live, data = served
    _, told = asked(data=data, port=live.port, time_server=told_time)
    states = {name: one["state"] for name, one in told.items()}
    for name in ("service", "database", "positions", "ingest", "jobs", "clock"):
        assert states[name] == "well", told[name]
    assert told["clock"]["said"]["zh"].startswith("与 127.0.0.1")
    assert live.process.poll() is None


def of_this_machine(family: socket.AddressFamily, towards: str) -> str | None:
    """Return the address that this machine has in a network, where it is in one."""
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.connect((towards, 9))  # of a datagram's socket nothing is sent by it
        return str(asked.getsockname()[0])
    return None


@pytest.mark.parametrize(
    "host",
    [
        "::1",
        "localhost",
        "0.0.0.0",  # noqa: S104 - for a moment, to answer a test
        "::",
        of_this_machine(socket.AF_INET, "192.0.2.1"),
        of_this_machine(socket.AF_INET6, "2001:db8::1"),
    ],
)
def test_wherever_the_service_listens_it_is_asked_from_where_it_answers_in_plain(
    host: str | None, tmp_path: Path
) -> None:
    """Off this machine nothing is told over plain HTTP, nor is it to who comes from its own address of a network."""
    if host is None:
        pytest.skip("this machine is in no such network")
    came: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.client_address[0])
            at_home = ip_of(self.client_address[0])
            assert at_home is not None
            self.send_response(200 if at_home.is_loopback else 403)
            self.end_headers()
            self.wfile.write(b"zhuanche_build_info 1.0")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Listener(HTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Listener((host, 0), Service) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        settings = Settings(data=tmp_path, host=host, port=listener.server_port, time_server="none")
        assert seen(settings)["service"] == "well", came
        listener.shutdown()
    assert httpx.URL(settings.address).host == host


def test_a_full_disk_and_a_wrong_clock_are_not_well_and_exit_with_one(served: tuple[Live, Path]) -> None:
    """A supervisor's timer hears of it by the exit code; people read a line a check, and what helps below."""
    live, data = served
    with time_server(lambda asked: answer(asked, time.time() + 3600)) as address:
        done = zhuanche("doctor", data=data, port=live.port, time_server=address, disk_warn_percent=0)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert any(line.startswith("well      service") for line in lines)
    assert any(line.startswith("not-well  clock") and "3600.0 s" in line for line in lines)
    disk = next(number for number, line in enumerate(lines) if line.startswith("not-well  disk"))
    assert lines[disk + 1].strip().startswith("→ Move old backups")
    assert lines[-1].startswith("Not well: ")


def test_before_anything_was_set_up_the_doctor_says_so_and_makes_nothing(tmp_path: Path) -> None:
    """To look is no way to begin."""
    code, told = asked(data=tmp_path / "data", port=1, time_server="none")
    assert (code, told["service"]["state"], told["jobs"]["state"]) == (1, "not-well", "not-known")
    assert "zhuanche init" in told["database"]["said"]["en"]
    assert not (tmp_path / "data").exists()


def test_while_the_service_is_down_its_database_is_looked_at_all_the_same(served: tuple[Live, Path]) -> None:
    """That nobody answers is one fault, and hides no other."""
    told = seen(Settings(data=served[1], port=1, time_server="none"))
    assert (told["service"], told["database"]) == ("not-well", "well")


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    """It lies elsewhere, and the network is down."""
    away = "postgresql://nobody@127.0.0.1:1/none"
    told = seen(Settings(data=tmp_path, port=1, time_server="none", database_url=away))
    assert (told["database"], told["positions"], told["calendar"]) == ("not-well", "not-known", "not-known")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_who_may_not_look_is_told_what_to_do_and_nothing_breaks(served: tuple[Live, Path]) -> None:
    """The service's data is closed to others: what can be asked over HTTP is, the rest says whose account to use."""
    live, data = served
    settings = Settings(data=data, port=live.port, time_server="none")
    assert doctor.facts_of(settings).database_fault is None  # and all that it needs is loaded by now
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:  # the programs themselves may lie where only root may go
        with contextlib.suppress(BaseException):
            os.setgid(65534)
            os.setuid(65534)
            os.write(writes, json.dumps(seen(settings)).encode())
        os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with os.fdopen(reads) as answer_of_child:
        told = json.loads(answer_of_child.read())
    assert (told["service"], told["jobs"], told["database"]) == ("well", "well", "not-well")


async def test_a_list_of_erasures_that_another_account_keeps_is_not_known(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not read it is not told that nothing was undone."""

    def closed(path: Path) -> list[Listed]:
        raise ListUnreadable(str(path)) from PermissionError()

    monkeypatch.setattr("api.doctor.bureau.read_list", closed)
    assert [one.erasures_undone for one in (await told_by(database, [unused_code()], tmp_path)).bureaus] == [None]


def test_a_home_that_no_data_folder_leads_to_is_found(tmp_path: Path) -> None:
    """One that is led to, one that was made to be thrown away, and what is no home, are none."""
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    for name in ("used", "lost", "moved", "thrown"):
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "belongs-to").write_text(f"{data if name in ('used', 'moved') else tmp_path / 'gone'}\n")
    (elsewhere / "thrown" / "throwaway").touch()
    (elsewhere / "a file").write_text("")
    data.mkdir()
    (data / "postgres").symlink_to(elsewhere / "used")
    found = homes_without_folder(elsewhere)
    assert found == [(elsewhere / "lost", str(tmp_path / "gone")), (elsewhere / "moved", str(data))]
    assert homes_without_folder(tmp_path / "none") == []


def test_the_newest_backup_is_found_where_the_settings_have_them(tmp_path: Path) -> None:
    """None, a whole one, and one after which a try failed."""
    settings = Settings(data=tmp_path, backup_to=tmp_path / "disk", backup_copy="s3://desk")
    assert backup_of(settings) == Backup(str(tmp_path / "disk"), None)
    taken_at = datetime(2026, 11, 26, 2, tzinfo=UTC)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / name_of(taken_at, is_encrypted=True)).touch()
    assert backup_of(settings) == Backup(str(tmp_path / "disk"), taken_at)
    note_failure(tmp_path / "disk", Failure(taken_at, "no room"))
    assert backup_of(settings) == Backup(str(tmp_path / "disk"), taken_at, "no room")


def test_a_small_disk_for_uploads_is_full_where_the_service_stops_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A /tmp of 64 MiB never has 512 MiB free; the service reserves a tenth of it, and so the doctor says."""
    settings = Settings(data=tmp_path, files_url="s3://desk/files")
    room = Room(tmp_path, ("incoming",), 60 * MIB, 64 * MIB, 6)
    monkeypatch.setattr("api.doctor.machine.rooms_of", lambda _: [room])
    (disk,) = disks_of(settings)
    assert disk.reserve_bytes == room.total_bytes // 10
    known = Space.of(settings)
    known.rooms = [room]
    assert not known.short


def test_backups_on_the_disk_of_the_data_are_told_of_unless_copies_go_elsewhere(tmp_path: Path) -> None:
    """The disk that dies takes both; so does a stick that is not mounted, whose folder is the machine's own."""
    settings = Settings(data=tmp_path / "data", backup_to=tmp_path / "to", files_url="s3://desk/files")
    for folder in (settings.data, tmp_path / "to"):
        folder.mkdir()
    told = backup_of(settings)
    assert told is not None
    assert told.is_beside_data
    other = Path("/dev/shm")  # noqa: S108 - a disk of its own wherever there is one, and nothing is written there
    if other.is_dir() and other.stat().st_dev != tmp_path.stat().st_dev:
        told = backup_of(replace(settings, backup_to=other))
        assert told is not None
        assert not told.is_beside_data
    told = backup_of(replace(settings, backup_copy="s3://desk"))
    assert told is not None
    assert not told.is_beside_data


def test_the_end_of_a_certificate_is_read_from_its_file(tmp_path: Path) -> None:
    """Of the service's own, of one that is named, and of one that is no certificate."""
    now = datetime.now(UTC)
    settings = Settings(data=tmp_path, https_port=8443)
    files = own_certificate(settings, now)
    (own,) = certificates_of(settings)
    assert own.own
    assert own.until is not None
    assert timedelta(days=815) < own.until - now < timedelta(days=821)
    assert own.authority_until is not None
    assert own.authority_until - now > timedelta(days=25 * 365 - 1)
    (tmp_path / "broken.pem").write_text("no certificate")
    other = Settings(
        data=tmp_path,
        https_port=8443,
        certificate=files.certificate,
        jt808_port=808,
        jt808_certificate=tmp_path / "broken.pem",
    )
    assert [(one.serves, one.own, one.until is None) for one in certificates_of(other)] == [
        ("HTTPS", False, False),
        ("JT/T 808", False, True),
    ]


def test_what_the_service_counts_is_summed_up_and_jobs_are_told_apart() -> None:
    """From Prometheus's text format, as the command reads it over HTTP and the page from memory."""
    text = (
        "# TYPE zhuanche_job_failures counter\n"
        'zhuanche_job_failures_total{job="forget"} 2.0\n'
        'zhuanche_job_failures_total{job="absences"} 1.0\n'
        'zhuanche_build_info{version="0.9"} 1.0\n'
    )
    told = counted(text)
    assert (told.numbers["zhuanche_job_failures_total"], told.failed_jobs) == (3.0, {"forget": 2.0, "absences": 1.0})
    assert (told.release, counted("").release) == ("0.9", None)


@pytest.mark.one_server
async def test_whether_anybody_does_background_work_is_asked_of_the_database(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    """Of several processes, on whatever machine, one does it; where each was told not to, nobody does."""
    with empty_database(server.superuser) as url:
        migrate(url)
        database = Database(url, settings)

        async def led() -> bool:
            return (await told_by(database, [], tmp_path)).jobs_led

        try:
            assert not await led()
            async with await psycopg.AsyncConnection.connect(url) as leader:
                await leader.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
                assert await led()
            assert not await led()
        finally:
            await database.close()


async def test_the_disk_of_backups_is_watched_and_keeps_nothing_from_being_recorded(tmp_path: Path) -> None:
    """It fills up unseen otherwise: a new backup is written before old ones go."""
    settings = Settings(data=tmp_path, backup_to=tmp_path, disk_warn_percent=0)
    assert any("backups" in disk.holds for disk in disks_of(settings))
    assert not any("backups" in disk.holds for disk in disks_of(replace(settings, backup_to=None)))
    assert reserve_of(Room(tmp_path, ("backups",), 0, MIB, 100), MIB) == 0
    space = Space.of_backups(settings)
    await space.look()
    assert ([room.holds for room in space.rooms], space.warned, space.short) == ([("backups",)], True, False)
    none = Space.of_backups(replace(settings, backup_to=None))
    await none.look()
    assert (none.rooms, none.warned) == ([], False)


def test_how_old_the_newest_backup_is_and_when_certificates_end_is_counted(tmp_path: Path) -> None:
    """For an alert: none is endlessly old, and of another PostgreSQL without backups by the service nothing is said."""
    now = datetime.now(UTC).replace(microsecond=0)
    settings = Settings(data=tmp_path, https_port=8443)

    def counts(settings: Settings) -> tuple[dict[str, float], AgeWatch]:
        ages = AgeWatch(settings, lambda: now)
        ages.look()
        samples = [one for family in AgeNumbers(ages).collect() for one in family.samples]
        return {one.labels.get("serves", one.name): one.value for one in samples}, ages

    own_certificate(settings, now)
    told, ages = counts(settings)
    assert (told["zhuanche_backup_age_seconds"], ages.is_overdue) == (float("inf"), True)
    assert told["HTTPS"] == (now + CERTIFICATE_FOR).timestamp()
    assert told["authority"] == (now + AUTHORITY_FOR).timestamp()
    (tmp_path / "backups").mkdir()
    for hours, is_overdue in ((37, True), (36, False)):
        (tmp_path / "backups" / name_of(now - timedelta(hours=hours), is_encrypted=False)).touch()
        told, ages = counts(settings)
        assert (told["zhuanche_backup_age_seconds"], ages.is_overdue) == (hours * 3600, is_overdue)
    told, ages = counts(Settings(data=tmp_path / "other", database_url="postgresql://elsewhere"))
    assert (told, ages.is_overdue) == ({}, False)
