"""A database goes to another server: every row arrives once, what guards it too, and no moment of the way loses one."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.backup.manifest import Manifest, differences, snapshot, take_manifest
from api.cli.progress import Bar
from api.db.database import Database
from api.db.distribute import Distributed, distribute
from api.db.migrate import migrate
from api.db.revision import DatabaseClosed, check_open, schema_of
from api.db.roles import OWNER, SERVICE
from api.jobs.runner import LEADER_LOCK
from api.move import move as moving
from api.move.faults import MoveRefused, MoveStopped
from api.move.move import check, move, place_of, reopen
from api.move.rows import APPLICATION, Tables
from api.settings import Settings
from api.told import Told
from tests.conftest import Server, keep_months
from tests.db.any_row import attempt, become
from tests.db.catalogue import append_only_faults, tenancy_faults, tenant_tables
from tests.db.nodes import empty_cluster, empty_database, unguarded_shards
from tests.db.test_work import lose_hold
from tests.live import PATIENCE_S, ZHUANCHE, environment, zhuanche
from tests.trips import closed_trip
from tests.world import HeldClock, make_world

ONE_SERVER = pytest.mark.one_server
"""Asks nothing of a cluster that another test here does not ask: to make one takes half a minute."""
SILENT = Bar(None, "", None)


def manifest_of(url: str) -> Manifest:
    """Return what a database holds."""
    with snapshot(url) as connection:
        return take_manifest(connection)


def carry(source: str, target: str, told: Told = SILENT) -> Manifest:
    """Move from one database to another."""
    return move(source, source, target, told)


async def lived_in(url: str, settings: Settings, clock: HeldClock) -> None:
    """Let a bureau work in a database: a complaint, and a trip that is over."""
    owner, service = Database(url, settings, clock, role=OWNER), Database(url, settings, clock)
    try:
        await closed_trip(await make_world(owner, service, clock))
    finally:
        await service.close()
        await owner.close()


@pytest.fixture
async def source(server: Server, settings: Settings, clock: HeldClock) -> Any:
    """Return the URL of a database on one server in which a bureau has worked."""
    with empty_database(server.superuser) as url:
        migrate(url)
        keep_months(url)
        await lived_in(url, settings, clock)
        yield url


@pytest.fixture
def target(server: Server) -> Iterator[str]:
    """Return the URL of an empty database; it spreads over the nodes where the run is on a cluster."""
    with (empty_cluster if server.distributed else empty_database)(server.superuser) as url:
        yield url


@contextmanager
def stopped_at(monkeypatch: pytest.MonkeyPatch, table: str, fault: BaseException) -> Iterator[None]:
    """Let a move end with a fault where it comes to a table."""
    copy_table = moving.copy_table

    def stop(source: Any, into: Any, name: str, *rest: Any) -> None:
        if name == table:
            raise fault
        copy_table(source, into, name, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "copy_table", stop)
        yield


async def test_every_row_arrives_with_all_that_guards_it_and_work_goes_on_there(
    source: str, target: str, settings: Settings, clock: HeldClock, server: Server
) -> None:
    """Counts and hashes of all tables are equal; numbers go on where they stood; the old database is shut and whole."""
    before = manifest_of(source)
    assert before.tables["vehicle_use"].rows == 1
    arrived = carry(source, target)
    assert differences(before, arrived) == []
    assert manifest_of(source).tables == before.tables
    with psycopg.connect(target) as connection:
        assert tenancy_faults(connection) == []
        tables = tenant_tables(connection)
        assert append_only_faults(connection, "reading") == []
        if server.distributed:
            assert [fault for table in tables for fault in unguarded_shards(connection, table)] == []
        become(connection, OWNER, next(iter(before.ledger)))
        assert attempt(connection, "UPDATE reading SET odometer_m = 1") == "ZC006"
    if server.distributed:
        assert distribute(target) == Distributed(by_bureau=(), reference=(), functions=())
    await lived_in(target, settings, clock)
    assert manifest_of(target).tables["vehicle_use"].rows == 2
    with pytest.raises(DatabaseClosed, match="was moved to"):
        carry(source, target)
    with pytest.raises(DatabaseClosed, match=r"--reopen"):
        migrate(source)
    assert reopen(source)
    assert not reopen(source)
    migrate(source)


@pytest.mark.parametrize("table", [pytest.param("bureau", marks=ONE_SERVER), "trip"])
def test_a_move_that_stopped_is_run_again_and_keeps_what_had_arrived(
    source: str, target: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the source is open and whole, and nobody works on what is half there."""
    before = manifest_of(source)
    with stopped_at(monkeypatch, table, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        carry(source, target)
    check_open(schema_of(source, OWNER))
    with pytest.raises(DatabaseClosed, match="has not arrived"):
        migrate(target)
    copied: list[str] = []
    monkeypatch.setattr(
        moving, "copy_table", lambda *asked, old=moving.copy_table: (copied.append(asked[2]), old(*asked))
    )
    assert differences(before, carry(source, target)) == []
    assert table in copied
    assert "bureau_directory" not in copied
    check_open(schema_of(target, OWNER))


@ONE_SERVER
async def test_what_was_recorded_after_a_move_stopped_comes_with_the_next_try(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: HeldClock
) -> None:
    """The source was open in between: tables that grew are filled anew, with those that lead to them."""
    with stopped_at(monkeypatch, "visit_note", KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        carry(source, target)
    await lived_in(source, settings, clock)
    before = manifest_of(source)
    assert differences(before, carry(source, target)) == []


@ONE_SERVER
def test_a_target_that_goes_away_is_told_in_a_sentence(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator reads that the old database is whole and that the move may be run again."""
    with (
        stopped_at(monkeypatch, "trip", psycopg.OperationalError("server closed the connection\nunexpectedly")),
        pytest.raises(MoveStopped, match=r"connection unexpectedly\): .* is whole, and the same move may be run again"),
    ):
        carry(source, target)
    carry(source, target)


@ONE_SERVER
def test_a_move_that_stopped_between_shutting_and_opening_is_ended_by_any_address_of_the_place(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old place is shut and the new one not open yet; the second try may spell its host otherwise."""
    say = moving.mark

    def stop(connection: Any, said: str | None) -> None:
        if said is None:
            raise KeyboardInterrupt
        say(connection, said)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "mark", stop)
        with pytest.raises(KeyboardInterrupt):
            carry(source, target)
    with pytest.raises(DatabaseClosed, match="was moved to"):
        migrate(source)
    carry(source, target.replace("&port=", "/.&port="))
    check_open(schema_of(target, OWNER))


@ONE_SERVER
def test_a_move_that_lost_its_hold_shuts_nothing(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was let in meanwhile would go on where nobody looks any more."""

    def losing(*given: Any, **options: Any) -> Manifest:
        lose_hold(source)
        return copy(*given, **options)

    copy = moving._copy
    with monkeypatch.context() as patch:
        patch.setattr(moving, "_copy", losing)
        with pytest.raises(MoveStopped, match=r"not held alone to the end.*the same move may be run again"):
            carry(source, target)
    check_open(schema_of(source, OWNER))
    carry(source, target)
    check_open(schema_of(target, OWNER))


@ONE_SERVER
def test_rows_that_arrive_otherwise_are_found(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is what lies in the new database, and the old one is left open."""
    copy_table = moving.copy_table

    def lose(old: Any, into: Any, name: str, *rest: Any) -> None:
        copy_table(old, into, name, *rest)
        if name == "calendar_day":
            into.execute("DELETE FROM calendar_day WHERE day = (SELECT min(day) FROM calendar_day)")

    monkeypatch.setattr(moving, "copy_table", lose)
    with pytest.raises(MoveStopped, match=r"table calendar_day: \d+ rows before, \d+ after"):
        carry(source, target)
    check_open(schema_of(source, OWNER))
    monkeypatch.undo()
    carry(source, target)


@ONE_SERVER
async def test_what_is_in_use_is_neither_moved_nor_overwritten(
    source: str, target: str, settings: Settings, clock: HeldClock
) -> None:
    """A service at work, a database with bureaus or of another program, and the source itself are refused."""
    with psycopg.connect(source, application_name="zhuanche live"), pytest.raises(MoveRefused, match="stop it first"):
        carry(source, target)
    with pytest.raises(MoveRefused, match="the database itself"):
        check(source, source)
    with psycopg.connect(target) as connection:
        connection.execute("CREATE TABLE accounts (name text)")
    with pytest.raises(MoveRefused, match="of another program"):
        check(source, target)
    with psycopg.connect(target) as connection:
        connection.execute("DROP TABLE accounts")
    check(source, target)
    migrate(target)
    keep_months(target)
    check(source, target)
    await lived_in(target, settings, clock)
    with pytest.raises(MoveRefused, match="bureaus of its own"):
        carry(source, target)


@ONE_SERVER
def test_no_pass_word_of_a_new_place_is_taken_from_the_command_line(tmp_path: Path) -> None:
    """Everybody on the machine sees it there; a variable shows it to nobody."""
    url = "postgresql://u:Geheim-77@127.0.0.1:1/none"
    told = zhuanche("move", "--to", url, data=tmp_path / "data")
    assert told.returncode == 2
    assert "MOVE_TO" in told.stderr
    assert "Geheim" not in told.stderr


@ONE_SERVER
def test_nobody_writes_while_rows_are_under_way(source: str, target: str) -> None:
    """Whatever the service was told, the database itself holds writers off until the move has ended."""
    refused: list[str | int] = []

    class Writing(Bar):
        def begin(self, what: str, total: int | None = None) -> None:
            super().begin(what, total)
            with psycopg.connect(source) as connection:
                connection.execute("SET lock_timeout = '50ms'")
                refused.append(attempt(connection, "UPDATE bureau SET name = name"))

    carry(source, target, Writing(None, "", None))
    assert refused == ["55P03"] * 3


@ONE_SERVER
def test_a_service_that_began_during_a_move_writes_nothing_after_it(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found the database open; what it recorded there afterwards would be lost with it."""
    began = psycopg.connect(source, application_name="zhuanche live")

    class Begins(Bar):
        def begin(self, what: str, total: int | None = None) -> None:
            super().begin(what, total)
            if what == "Comparing":
                check_open(schema_of(source, OWNER))
                monkeypatch.setattr(moving, "at_work", lambda _: 0)  # it lies between two connections just then

    monkeypatch.setattr(moving, "at_work", lambda _: 0)
    carry(source, target, Begins(None, "", None))
    monkeypatch.undo()
    become(began, SERVICE, None)
    for written in ("INSERT INTO reading DEFAULT VALUES", "INSERT INTO person DEFAULT VALUES"):
        assert attempt(began, written) == "25006"
    began.close()
    assert reopen(source)
    with psycopg.connect(source) as connection:
        connection.execute("UPDATE bureau SET name = name")


async def test_a_cluster_that_was_moved_from_refuses_writers_on_every_node(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """Whoever was let in before its end writes nothing to any shard; opened again, all is as before."""
    if not server.distributed:
        pytest.skip("asks a cluster")
    with empty_cluster(server.superuser) as cluster, empty_database(server.superuser) as single:
        migrate(cluster)
        distribute(cluster)
        keep_months(cluster)
        await lived_in(cluster, settings, clock)
        before = manifest_of(cluster)
        assert differences(before, carry(cluster, single)) == []
        code = next(iter(before.ledger))
        written = ("UPDATE bureau SET name = name", "INSERT INTO reading SELECT * FROM reading", "DELETE FROM position")
        for one in (*written, "UPDATE calendar_day SET day = day"):
            with psycopg.connect(cluster) as connection:
                become(connection, OWNER, code)
                assert attempt(connection, one) == "25006", one
        assert reopen(cluster)
        with psycopg.connect(cluster) as connection:
            become(connection, OWNER, code)
            assert attempt(connection, written[0]) == 1
            tables = tenant_tables(connection)
            assert [fault for table in tables for fault in unguarded_shards(connection, table)] == []


@ONE_SERVER
def test_a_service_that_begins_during_a_move_is_told_of_at_its_end(source: str, target: str) -> None:
    """The source is left open to it; stopped, the same move arrives."""
    begun: list[Any] = []

    class Begins(Bar):
        def begin(self, what: str, total: int | None = None) -> None:
            super().begin(what, total)
            if what == "Comparing":
                begun.append(psycopg.connect(source, application_name="zhuanche live"))

    with pytest.raises(MoveStopped, match="was started on the database meanwhile"):
        carry(source, target, Begins(None, "", None))
    check_open(schema_of(source, OWNER))
    begun[0].close()
    carry(source, target)


@ONE_SERVER
def test_a_move_beside_a_service_says_that_the_service_is_to_be_stopped(source: str, target: str) -> None:
    """A process that leads the jobs holds a lock of its own; it is no other move."""
    with psycopg.connect(source, application_name="zhuanche live") as leading:
        leading.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,))
        with pytest.raises(MoveRefused, match="stop it first"):
            carry(source, target)


@contextmanager
def locked(url: str, table: str, *, queued: bool = False) -> Iterator[None]:
    """Hold a table so that a move waits for it; `queued`, from the moment on at which the move itself lets go of it."""
    with closing(psycopg.connect(url)) as connection:
        connection.pgconn.send_query(f"BEGIN; LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE".encode())
        until_locked(url, table, granted=not queued)
        yield


def until_locked(url: str, table: str, *, granted: bool, program: str = "") -> None:
    """Wait until a program holds the lock of a table, or waits for it."""
    asked = (
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = %s::regclass"
        " AND l.mode LIKE 'Share%%' AND l.granted = %s AND a.application_name = %s)"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        until(lambda: connection.execute(asked, (table, granted, program)).fetchone() == (True,))


def until(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "what is waited for does not come"
        time.sleep(0.05)


@contextmanager
def moving_apart(source: str, target: str, data: Path) -> Iterator[Callable[[], None]]:
    """Let a move go on in a process of its own, and yield what kills it without warning before its end."""
    told = environment(database_url=source, data=data) | {"MOVE_TO": target}
    with subprocess.Popen([ZHUANCHE, "move"], env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:

        def kill() -> None:
            one.kill()
            assert one.wait() == -signal.SIGKILL, "it had ended before it was killed"

        try:
            yield kill
        finally:
            one.kill()


@ONE_SERVER
def test_a_move_killed_without_warning_is_run_again(source: str, target: str, tmp_path: Path) -> None:
    """By kill -9 once it has begun, between two tables, and before the old place is shut; then it arrives."""
    before, data = manifest_of(source), tmp_path / "data"

    def arrived() -> set[str]:
        """Return which tables are in the target after a kill; the source is whole and open."""
        check_open(schema_of(source, OWNER))
        assert manifest_of(source).tables == before.tables
        assert schema_of(target, OWNER).receives is not None
        return {name for name, rows in manifest_of(target).tables.items() if rows == before.tables[name]}

    with moving_apart(source, target, data) as kill:
        until(lambda: schema_of(target, OWNER).receives is not None)
        kill()
    assert "bureau" not in arrived()
    with psycopg.connect(target) as connection:
        last = Tables(connection).in_order[-1]
    with ExitStack() as to_last, moving_apart(source, target, data) as kill:
        to_last.enter_context(locked(target, last))
        until_locked(target, last, granted=False, program=APPLICATION)
        with locked(target, "trip", queued=True):
            to_last.close()
            until_locked(target, "trip", granted=False, program=APPLICATION)
            kill()
    assert {"bureau", "trip"} & arrived() == {"bureau"}
    with locked(source, "alembic_version"), moving_apart(source, target, data) as kill:
        until_locked(source, "alembic_version", granted=False, program=APPLICATION)
        kill()
    assert arrived() == before.tables.keys()
    done = zhuanche("move", "--to", target, database_url=source, data=data)
    assert done.returncode == 0, done.stderr
    assert f"Moved to {place_of(target)}: {before.rows} rows" in done.stdout
    assert "ZHUANCHE_DATABASE_URL" in done.stdout
    assert differences(before, manifest_of(target)) == []
