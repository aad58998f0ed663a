"""A database moves: the source is closed to writing, every row is copied from one snapshot, both are compared.

Interrupted at any moment, by kill -9 too, the source is whole and open as before, and the target is shut (`receives`)
until the same move is run again: tables that have arrived are kept, the others are filled anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.exc import DBAPIError

from api.backup.manifest import Manifest, differences, snapshot, take_manifest
from api.db.distribute import distribute
from api.db.migrate import migrate, waiting_steps
from api.db.revision import MOVED, RECEIVES, Schema, check_open, mark, schema_of
from api.db.roles import OWNER
from api.db.work import HoldLost, alone
from api.move.faults import MoveRefused, MoveStopped
from api.move.rows import (
    APPLICATION,
    Connection,
    Tables,
    at_work,
    connect,
    copy_table,
    empty_tables,
    make_months,
    open_to_writers,
    set_sequences,
    shut_to_writers,
)
from api.told import Told

LOCK_S: Final = 30
"""How long transactions under way may take to end before the source is closed to writing."""


def place_of(url: str) -> str:
    """Return where a database is, without anybody's pass word."""
    told = conninfo_to_dict(url)
    return f"{told.get('host') or 'this machine'}:{told.get('port') or 5432}/{told.get('dbname') or ''}"


def move(source: str, reads: str, target: str, told: Told, *, shut: bool = True) -> Manifest:
    """Move a database, and return what arrived.

    Args:
        source: URL of whoever may act as the owner there.
        reads: URL of whoever may act as the backup role there.
        target: URL of whoever may act as the owner and as the backup role there.
        told: is told how far it is.
        shut: leave the source shut with a note where it went; else as it was.

    Raises:
        MoveRefused, DatabaseHeld: nothing was done.
        MoveStopped: it can be run again.
    """
    try:
        with _closed(source) as (closing, held):
            origin = _identity(closing)
            schema = schema_of(source, OWNER)
            there = _check_target(schema, origin, target)
            _prepare(target, origin, there, schema.revision or "")
            arrived = _copy(closing, reads, target, told, resumed=there.receives is not None)
            if shut:
                held()
                _refuse_begun(closing)
                shut_to_writers(closing)
                mark(closing, f"{MOVED}{place_of(target)} ({_identity_of(target)})")
        with connect(target) as opening:
            mark(opening, None)
    except (psycopg.Error, DBAPIError, HoldLost) as fault:
        raise MoveStopped(
            f"The move stopped ({' '.join(str(fault).split())}): the database it comes from is whole, and the same move"
            " may be run again."
        ) from fault
    return arrived


def check(source: str, target: str) -> None:
    """Check what `move` checks before it begins, and change nothing.

    Raises:
        MoveRefused: it would not begin.
    """
    try:
        with _closed(source) as (closing, _):
            _check_target(schema_of(source, OWNER), _identity(closing), target)
    except psycopg.Error as fault:
        raise MoveRefused(f"A database cannot be reached or read ({' '.join(str(fault).split())}).") from fault


def reopen(url: str) -> bool:
    """Let a database that was moved from be worked on again, and tell whether it had been."""
    moved = schema_of(url, OWNER).moved_to is not None
    if moved:
        with connect(url) as connection:
            open_to_writers(connection)
            mark(connection, None)
    return moved


def _refuse_begun(closing: Connection) -> None:
    if others := at_work(closing):
        raise MoveStopped(
            f"A service was started on the database meanwhile ({', '.join(others)}): stop it, and run the same move"
            " again. The database is whole and open."
        )


@contextmanager
def _closed(source: str) -> Iterator[tuple[Connection, Callable[[], None]]]:
    """Yield a connection that keeps everybody else from writing; what it writes itself is committed at the end.

    With it comes what looks whether the database is held alone still (`alone`).

    The database is held alone besides: who began to serve it, and has not connected otherwise, is seen by that.
    """
    waiting_steps(source)
    schema = schema_of(source, OWNER)
    if schema.revision is None:
        raise MoveRefused("The database is empty: there is nothing to move.")
    if schema.upgrades is not None:
        check_open(schema)
    with alone(source, "move") as held, connect(source) as connection:
        if others := at_work(connection):
            raise MoveRefused(f"A service is at work on the database ({', '.join(others)}): stop it first.")
        connection.commit()
        tables = sql.SQL(", ").join(sql.Identifier("public", name) for name in Tables(connection).in_order)
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_S * 1000))
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(tables))
        yield connection, held


def _identity(connection: Connection) -> str:
    return str(_one(connection, "SELECT system_identifier || '/' || current_database() FROM pg_control_system()"))


def _identity_of(url: str) -> str:
    """Return what a database is called wherever it is asked from: the same one has several addresses."""
    with psycopg.connect(url, connect_timeout=10, application_name=APPLICATION) as connection:
        return _identity(connection)


def _check_target(source: Schema, origin: str, target: str) -> Schema:
    """Return what the target says of itself, after checking that nothing of anybody's is there."""
    with psycopg.connect(target, connect_timeout=10, application_name=APPLICATION) as connection:
        if _identity(connection) == origin:
            raise MoveRefused("That is the database itself: name another one.")
        foreign = _one(
            connection,
            "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
            " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        )
        if foreign and not _one(connection, "SELECT to_regclass('alembic_version') IS NOT NULL"):
            raise MoveRefused(f"{place_of(target)} is not empty: it has tables of another program.")
    waiting_steps(target)
    schema = schema_of(target, OWNER)
    if schema.receives is None:
        check_open(source)
        _check_unused(target, schema)
    elif schema.receives != origin:
        raise MoveRefused(f"{place_of(target)} receives another database ({schema.receives}).")
    elif source.moved_to is not None and not source.moved_to.endswith(f" ({_identity_of(target)})"):
        check_open(source)
    return schema


def _check_unused(target: str, schema: Schema) -> None:
    check_open(schema)
    if schema.revision is None:
        return
    with connect(target) as connection:
        has_directory = _one(connection, "SELECT to_regclass('bureau_directory') IS NOT NULL")
        if has_directory and _one(connection, "SELECT EXISTS (SELECT FROM bureau_directory)"):
            raise MoveRefused(f"{place_of(target)} is not empty: it has bureaus of its own.")


def _prepare(target: str, origin: str, there: Schema, revision: str) -> None:
    """Bring the target to the source's schema, older than this release's though it may be, and shut it."""
    migrate(target, revision, shut=True)
    reached = schema_of(target, OWNER).revision
    if reached != revision:
        raise MoveRefused(
            f"The schema at {place_of(target)} is at revision {reached}, and that of the database at {revision}: run"
            " `zhuanche upgrade` first, or name an empty place."
        )
    if there.receives is None:
        with connect(target) as connection:
            mark(connection, RECEIVES + origin)
    with psycopg.connect(target, connect_timeout=10, application_name=APPLICATION) as connection:
        cluster = _one(connection, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
    if cluster:
        distribute(target)


def _copy(closing: Connection, reads: str, target: str, told: Told, *, resumed: bool) -> Manifest:
    tables = Tables(closing)
    with snapshot(reads) as source, connect(target) as into:
        into.autocommit = True
        if _one(into, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"):
            into.execute("SET citus.multi_shard_modify_mode = 'sequential'")
        told.begin("Reading")
        before = take_manifest(source, told.advance)
        wanted = list(tables.in_order)
        if resumed:
            told.begin("Looking at what has arrived", before.rows)
            there = _manifest(target, told)
            wanted = tables.with_followers([one.table for one in differences(before, there)])
        empty_tables(into, wanted)
        make_months(closing, into)
        told.begin("Copying", sum(before.tables[table].rows for table in wanted))
        for table in wanted:
            copy_table(source, into, table, tables.columns[table], told.advance)
        set_sequences(closing, into)
        told.begin("Comparing", before.rows)
        after = _manifest(target, told)
        if unlike := differences(before, after):
            raise MoveStopped(
                f"What arrived is not what was there: {unlike[0]}. The database it comes from is whole and open."
            )
        into.execute("ANALYZE")
    return after


def _manifest(url: str, told: Told) -> Manifest:
    with snapshot(url) as connection:
        return take_manifest(connection, told.advance)


def _one(connection: Connection, query: str, *parameters: object) -> object:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None
