"""Who works on a database shares it; a move, an upgrade or a restore has it alone, and both say who is in the way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from api.db import work
from api.db.migrate import migrate
from api.db.revision import MOVED, mark
from api.db.work import WORK_LOCK, DatabaseHeld, alone, working
from tests.cli.test_commands import only_sentence
from tests.cli.test_serve import eventually
from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.live import PATIENCE_S, serving, zhuanche

pytestmark = pytest.mark.one_server
HOLDERS = """
FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted AND mode = 'ShareLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


def holders(url: str) -> set[int]:
    """Return the server's processes that share the lock of a database."""
    with psycopg.connect(url) as connection:
        return {pid for (pid,) in connection.execute(f"SELECT pid {HOLDERS}", (WORK_LOCK,))}


def took(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the database could be taken alone, cut off whoever was first again."""
    connection.execute(f"SELECT pg_terminate_backend(pid) {HOLDERS}", (WORK_LOCK,))
    (is_mine,) = connection.execute("SELECT pg_try_advisory_lock(%s)", (WORK_LOCK,)).fetchone() or (False,)
    return bool(is_mine)


def cut(url: str) -> None:
    """End the connections of who shares it, as a network or a server that is started anew does."""
    with psycopg.connect(url) as connection:
        gone = {
            pid for (pid, _) in connection.execute(f"SELECT pid, pg_terminate_backend(pid) {HOLDERS}", (WORK_LOCK,))
        }
    eventually(lambda: not gone & holders(url))


def lose_hold(url: str) -> None:
    """End the connection of who has it alone, as an administrator or a pooler does."""
    ends = f"SELECT pid, pg_terminate_backend(pid) {HOLDERS}".replace("ShareLock", "ExclusiveLock")
    with psycopg.connect(url, autocommit=True) as connection:
        assert len(connection.execute(ends, (WORK_LOCK,)).fetchall()) == 1
        eventually(lambda: connection.execute(ends, (WORK_LOCK,)).fetchone() is None)


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """Return the URL of a database of this release's schema."""
    with empty_database(server.superuser) as one:
        migrate(one)
        yield one


def test_many_work_on_a_database_and_none_while_one_has_it_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second is told who was first: command, process and machine."""
    monkeypatch.setattr(work, "PATIENCE_S", 1)
    me = rf"\(process {os.getpid()} on "
    both = f"worked on by zhuanche seal {me}.*, zhuanche serve {me}.*stop that"
    with working(url, "seal"), working(url, "serve"), pytest.raises(DatabaseHeld, match=both):
        alone(url, "move").__enter__()
    with alone(url, "move"):
        with pytest.raises(DatabaseHeld, match=f"held by zhuanche move {me}.*wait until"):
            working(url, "serve").__enter__()
        with pytest.raises(DatabaseHeld, match=f"worked on by zhuanche move {me}"):
            alone(url, "upgrade").__enter__()
    with working(url, "serve"):
        assert len(holders(url)) == 1
    eventually(lambda: not holders(url))


def test_a_command_and_a_service_are_refused_at_the_door_of_a_database_that_one_has_alone(
    url: str, tmp_path: Path
) -> None:
    """They look before they connect otherwise, so that nothing is written between the look and the lock."""
    with alone(url, "upgrade"):
        for command in (["serve"], ["seal", "350302"]):
            refused = zhuanche(*command, database_url=url, data=tmp_path, port=0)
            assert refused.returncode == 1, command
            assert f"held by zhuanche upgrade (process {os.getpid()} on " in only_sentence(refused.stderr)


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_service_that_lost_its_lock_takes_it_again(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch, *, is_migrated: bool
) -> None:
    """A server that is started anew ends no service, and leaves none unseen; nor does a demo that migrated first."""
    monkeypatch.setattr(work, "LOOK_EVERY_S", 0.05)
    ended: list[str] = []
    with contextlib.ExitStack() as stack:
        if not is_migrated:
            url = stack.enter_context(empty_database(server.superuser))
        stack.enter_context(working(url, "serve", ended.append))
        migrate(url)
        cut(url)
        eventually(lambda: len(holders(url)) == 1)
    assert ended == []


def test_a_service_that_comes_back_to_a_newer_schema_ends(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was cut off for longer than an upgrade took: its release may not know what it would write to."""
    monkeypatch.setattr(work, "LOOK_EVERY_S", 0.05)
    ended: list[str] = []
    with working(url, "serve", ended.append):
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'newer'")
        cut(url)
        eventually(lambda: bool(ended))
    assert ended == ["The database was upgraded meanwhile: start the service of its release."]


def test_a_service_that_lost_its_lock_outwaits_who_is_refused_to_have_it_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade that others stand in the way of ends no service by having waited."""
    monkeypatch.setattr(work, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(work, "PATIENCE_S", 2)
    ended: list[str] = []
    refused: list[DatabaseHeld] = []

    def upgrade() -> None:
        try:
            alone(url, "upgrade").__enter__()
        except DatabaseHeld as fault:
            refused.append(fault)

    def waits(connection: psycopg.Connection[Any]) -> bool:
        return connection.execute(WAITS, (WORK_LOCK,)).fetchone() is not None

    with psycopg.connect(url, autocommit=True) as look, working(url, "seal"), working(url, "serve", ended.append):
        waiting = Thread(target=upgrade)
        waiting.start()
        eventually(lambda: waits(look))
        look.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'zhuanche serve%'"
        )
        waiting.join()
        eventually(lambda: len(holders(url)) == 2)
    assert len(refused) == 1
    assert ended == []


@pytest.mark.parametrize("is_shut", [False, True])
def test_a_service_ends_where_the_database_was_taken_from_it(url: str, tmp_path: Path, *, is_shut: bool) -> None:
    """It was cut off; meanwhile a move has taken the database, or shut it: what it wrote would be lost."""
    with serving(tmp_path / "log", database_url=url, data=tmp_path / "data") as live:
        if is_shut:
            with psycopg.connect(url) as connection:
                mark(connection, f"{MOVED}db.lan:5432/zhuanche")
            cut(url)
        else:
            with psycopg.connect(url, autocommit=True) as connection:
                eventually(lambda: took(connection))
                assert live.process.wait(PATIENCE_S) == 1
        assert live.process.wait(PATIENCE_S) == 1
    said = live.log.read_text()
    assert ("This database was moved to db.lan:5432/zhuanche" if is_shut else "The database is held by") in said
    assert "zhuanche: the service ended." in said
