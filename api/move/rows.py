"""All rows of a database into another of the same schema: table by table, each in a transaction of its own.

Triggers judged the rows when they were recorded, so each table's are off while it is filled, and row-level security
does not bind the owner there; both are put back in the same transaction. Foreign keys stay: tables are filled after
those they lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from api.backup.manifest import UNHURRIED, WRITTEN
from api.db.distribute import REFERENCE
from api.db.engine import LINE, NOTICED
from api.db.roles import OWNER
from api.db.work import others_at_work

Connection = psycopg.Connection[Any]
APPLICATION: Final = "zhuanche move"

_TABLES = """
SELECT c.relname::text,
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
    coalesce((SELECT array_agg(t.relname::text) FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
     WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid), '{}')
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relowner = %s::regrole AND c.relname <> 'alembic_version' ORDER BY c.relname
"""
_SEQUENCES = """
SELECT s.relname::text FROM pg_class s WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
    AND s.relowner = %s::regrole ORDER BY 1
"""
SHUT: Final = "refuse_moved"
_REFUSES = """
CREATE OR REPLACE FUNCTION refuse_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this database was moved elsewhere, and nothing is recorded here any more'
        USING ERRCODE = 'read_only_sql_transaction';
END $$
"""
_MONTHS = "SELECT month FROM position_partition_months() AS month"


def connect(url: str) -> Connection:
    """Return a connection as the owner, in whose transactions nothing is hurried.

    Raises:
        psycopg.OperationalError: it cannot be reached, or the user may not act as the owner.
    """
    told = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in (WRITTEN | UNHURRIED).items())
    options = f"-c role={OWNER} {told} {NOTICED}"
    return psycopg.connect(url, connect_timeout=10, application_name=APPLICATION, options=options, **LINE)


def at_work(connection: Connection) -> list[str]:
    """Return who is connected to the database but a move or an upgrade itself, as far as they say so."""
    return others_at_work(connection, but=(APPLICATION, "zhuanche backup"))


class Tables:
    """The tables of a schema: columns of each, and in which order they can be filled."""

    def __init__(self, connection: Connection) -> None:
        """Read the catalogue."""
        rows = connection.execute(_TABLES, (OWNER,)).fetchall()
        self.columns: Mapping[str, Sequence[str]] = {name: columns for name, columns, _ in rows}
        self._leads_to = {name: set(leads_to) for name, _, leads_to in rows}
        self.in_order = self._sorted()

    def _sorted(self) -> list[str]:
        ordered = [name for name in REFERENCE if name in self.columns]
        while len(ordered) < len(self.columns):
            # `distribute` refuses foreign keys in a circle, so each round finds one.
            ordered += [
                name for name, leads_to in self._leads_to.items() if name not in ordered and leads_to <= set(ordered)
            ]
        return ordered

    def with_followers(self, tables: Collection[str]) -> list[str]:
        """Return these tables and all whose foreign keys lead to them, in order."""
        found = set(tables)
        for name in self.in_order:
            if self._leads_to[name] & found:
                found.add(name)
        return [name for name in self.in_order if name in found]


def empty_tables(target: Connection, tables: Sequence[str]) -> None:
    """Empty tables, which no other leads to, in one transaction."""
    if not tables:
        return
    parts = target.execute(
        "SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid"
        " JOIN pg_class t ON t.oid = i.inhparent WHERE t.relname = ANY(%s) AND p.relkind = 'r'",
        (list(tables),),
    )
    guarded = [*tables, *(name for (name,) in parts)]  # a partition's own triggers do not heed what its table is told
    with target.transaction():
        for table in guarded:
            _alter(target, table, "DISABLE TRIGGER USER")
        named = sql.SQL(", ").join(sql.Identifier("public", table) for table in tables)
        target.execute(sql.SQL("TRUNCATE {}").format(named))
        for table in guarded:
            _alter(target, table, "ENABLE TRIGGER USER")


def copy_table(
    source: Connection, target: Connection, table: str, columns: Sequence[str], count: Callable[[int], None]
) -> None:
    """Fill an empty table with all rows of the source's snapshot, in one transaction; `count` is told how many came."""
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    name = sql.Identifier("public", table)
    forced = table not in REFERENCE
    with target.transaction():
        _alter(target, table, "DISABLE TRIGGER USER")
        if forced:
            _alter(target, table, "NO FORCE ROW LEVEL SECURITY")
        with (
            source.cursor().copy(sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(named, name)) as rows,
            target.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(name, named)) as into,
        ):
            for block in rows:
                into.write(block)
                count(bytes(block).count(b"\n"))
        _alter(target, table, "ENABLE TRIGGER USER")
        if forced:
            _alter(target, table, "FORCE ROW LEVEL SECURITY")


def make_months(source: Connection, target: Connection) -> None:
    """Make the partitions that the source has."""
    for (month,) in source.execute(_MONTHS).fetchall():
        target.execute("SELECT make_position_partition(%s)", (month,))


def set_sequences(source: Connection, target: Connection) -> None:
    """Let every sequence go on where the source's stands."""
    for (name,) in source.execute(_SEQUENCES, (OWNER,)).fetchall():
        stands = source.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier("public", name))
        ).fetchone()
        assert stands is not None  # noqa: S101 - a sequence has one row
        target.execute("SELECT setval(format('public.%%I', %s::text)::regclass, %s, %s)", (name, *stands))


def shut_to_writers(connection: Connection) -> None:
    """Let every table refuse whatever is written to it from the end of the transaction on, by whom it be.

    A service that began while the rows were copied looked for the mark before it was there, and looks no more. Only the
    owner may truncate; and Citus keeps a trigger that names TRUNCATE from the shards.
    """
    connection.execute(_REFUSES)
    for table in _unshut(connection, is_shut=False):
        connection.execute(
            sql.SQL(
                "CREATE TRIGGER {} BEFORE INSERT OR UPDATE OR DELETE ON {}"
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse_moved()"
            ).format(sql.Identifier(SHUT), sql.Identifier("public", table))
        )


def open_to_writers(connection: Connection) -> None:
    """Undo `shut_to_writers`."""
    for table in _unshut(connection, is_shut=True):
        connection.execute(
            sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(SHUT), sql.Identifier("public", table))
        )


def _unshut(connection: Connection, *, is_shut: bool) -> list[str]:
    shut = connection.execute(
        "SELECT c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE tgname = %s ", (SHUT,)
    ).fetchall()
    return [table for table in Tables(connection).in_order if ((table,) in shut) is is_shut]


def _alter(connection: Connection, table: str, how: LiteralString) -> None:
    connection.execute(sql.SQL("ALTER TABLE {} {}").format(sql.Identifier("public", table), sql.SQL(how)))
