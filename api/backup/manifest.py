"""What a database holds, so that two of them can be compared: rows and a SHA-256 of each table, in one snapshot.

A table's hash is taken over all its rows in the order of its primary key, each as COPY writes it as text with all
columns in the order of the catalogue. Nothing of that depends on the server's version, settings or collations, so the
same rows have the same hash on a single server and on a cluster, before and after a dump, a move or an upgrade.

    with snapshot(url) as connection:
        manifest = take_manifest(connection)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

import msgspec
import psycopg
from psycopg import sql

from api.db.engine import LINE, NOTICED
from api.db.roles import BACKUP, OWNER
from api.usecases.sweep_files import BACKUP_READS

Connection = psycopg.Connection[Any]
Count = Callable[[int], None]
Columns = list[tuple[str, bool, int | None]]
"""Of a table: name, whether it has a collation, and its place in the primary key."""

FORMAT: Final = 1
"""Of the manifest; another is refused."""
WRITTEN: Final = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "search_path": "public",
}
"""How values are written, whatever the server's own settings are."""
_KEPT: Final = 'SELECT bureau_id, sha256, size_bytes FROM attachment ORDER BY bureau_id COLLATE "C", sha256 COLLATE "C"'
_ERASED: Final = {
    "withheld_file": "SELECT bureau_id, sha256 FROM withheld_file WHERE erased_at IS NOT NULL",
    "attachment_step": (
        "SELECT bureau_id, sha256 FROM attachment_step GROUP BY bureau_id, sha256 HAVING count(*) % 2 = 1"
    ),
}
"""Those that were erased, and those that nothing named, unless they came again; by the table that an older schema may
not have."""
_WHOLE: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
UNHURRIED: Final = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}
"""A dump of years takes longer than any request may, and its snapshot is held idle meanwhile."""


class TableRows(msgspec.Struct, frozen=True):
    """A table: how many rows, and the SHA-256 over all of them."""

    rows: int
    sha256: str


class LedgerHead(msgspec.Struct, frozen=True):
    """How far a bureau's ledger had come: its entries, the last one's id, and the SHA-256 over all leaves' rows."""

    entries: int
    last_entry_id: str | None
    sha256: str


class KeptFile(msgspec.Struct, frozen=True):
    """An attachment on record."""

    bureau_id: str
    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was there at one instant."""

    format: int
    product: str
    """Version of the program that took it."""
    schema: str
    """Revision of the schema."""
    server: str
    """Version of PostgreSQL."""
    taken_at: datetime
    """By the database's clock."""
    tables: dict[str, TableRows]
    ledger: dict[str, LedgerHead]
    """By bureau."""
    files: list[KeptFile]

    @property
    def rows(self) -> int:
        """Return how many rows all tables have together."""
        return sum(one.rows for one in self.tables.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """A table that is not the same in two manifests."""

    table: str
    before: TableRows | None
    after: TableRows | None

    def __str__(self) -> str:
        """Return a sentence."""
        if self.before is None or self.after is None:
            return f"table {self.table}: only one of both has it"
        if self.before.rows != self.after.rows:
            return f"table {self.table}: {self.before.rows} rows before, {self.after.rows} after"
        return f"table {self.table}: {self.after.rows} rows as before, but not all the same"


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """Yield a connection of the backup role in one read-only transaction that sees one instant until the end.

    Until then nobody drops or alters a table (who tries is told that it is busy): of a dropped one a snapshot shows no
    row any more. They are locked before the snapshot is taken, partitions with their table. Nor does a file that is on
    record in it leave the store, while the connection lasts.

    `SELECT pg_export_snapshot()` on it lets `pg_dump --snapshot` see the same. On a cluster each node has an instant
    of its own: nothing may be written meanwhile.

    Raises:
        psycopg.OperationalError: it cannot be reached, or the user may not act as the backup role.
    """
    told = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in (WRITTEN | UNHURRIED).items())
    with psycopg.connect(
        url,
        connect_timeout=10,
        application_name="zhuanche backup",
        options=f"-c role={BACKUP} {told} {NOTICED}",
        **LINE,
    ) as connection:
        tables = list(_columns(connection))
        connection.execute("SELECT pg_advisory_lock_shared(%s)", (BACKUP_READS,))
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if tables:
            named = sql.SQL(", ").join(sql.Identifier("public", name) for name in (*tables, "alembic_version"))
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(named))
        yield connection
        connection.rollback()


def take_manifest(
    connection: Connection, count: Count = lambda _: None, *, only: Mapping[str, Sequence[str]] = _WHOLE
) -> Manifest:
    """Return what the database holds, streamed: memory stays flat however many rows there are.

    Args:
        connection: from `snapshot`.
        count: is told how many rows more were read.
        only: of a table named here these columns are hashed, in this order: what an older schema had of it.

    Raises:
        psycopg.Error: a table cannot be read; by the backup role each can.
    """
    server, taken_at = _one(connection, "SELECT current_setting('server_version'), now()")
    (schema,) = _one(connection, "SELECT version_num FROM alembic_version")
    bureaus = [code for (code,) in connection.execute('SELECT bureau_id FROM bureau ORDER BY bureau_id COLLATE "C"')]
    tables: dict[str, TableRows] = {}
    ledger: dict[str, LedgerHead] = {}
    for table, columns in _columns(connection).items():
        digest = _Digest(count)
        hashed = only.get(table, [name for name, _, _ in columns])
        for bureau_id, query in _queries(connection, columns, hashed, table, bureaus).items():
            own = hashlib.sha256()
            rows = digest.read(connection, query, own)
            if table == "ledger_outbox" and bureau_id in bureaus:
                ledger[bureau_id] = LedgerHead(rows, _last_entry(connection, bureau_id), own.hexdigest())
        tables[table] = TableRows(digest.rows, digest.sha256.hexdigest())
    files = kept_files(connection)
    return Manifest(FORMAT, version("zhuanche"), schema, server.split()[0], taken_at, tables, ledger, files)


def kept_files(connection: Connection) -> list[KeptFile]:
    """Return the attachments on record that were not erased: a whole backup has each of them."""
    erased = _erased(connection)
    return [KeptFile(*row) for row in connection.execute(_KEPT) if row[:2] not in erased]


def _erased(connection: Connection) -> set[tuple[str, str]]:
    """Return the files that are on record and were erased; an older schema knows none."""
    erased: set[tuple[str, str]] = set()
    for table, query in _ERASED.items():
        (known,) = _one(connection, f"SELECT to_regclass('{table}') IS NOT NULL")
        if known:
            erased |= set(connection.execute(query.encode()))
    return erased


def differences(before: Manifest, after: Manifest) -> list[Difference]:
    """Return the tables that are not the same, by name; empty when both hold the same rows."""
    names = sorted(before.tables.keys() | after.tables.keys())
    return [
        Difference(name, before.tables.get(name), after.tables.get(name))
        for name in names
        if before.tables.get(name) != after.tables.get(name)
    ]


class _Digest:
    """Counts and hashes the rows of a table as they come."""

    def __init__(self, count: Count) -> None:
        self.rows = 0
        self.sha256 = hashlib.sha256()
        self._count = count

    def read(self, connection: Connection, query: sql.Composed, own: Any) -> int:
        """Take in what a query returns, into a hash of its own too, and return how many rows that were."""
        rows = 0
        with connection.cursor().copy(query) as copied:
            for block in copied:
                self.sha256.update(block)
                own.update(block)
                # COPY writes a line break inside a value as \n: each line is a row.
                rows += bytes(block).count(b"\n")
        self.rows += rows
        self._count(rows)
        return rows


def _queries(
    connection: Connection, columns: Columns, hashed: Sequence[str], table: str, bureaus: list[str]
) -> dict[str, sql.Composed]:
    """Return the COPY of each bureau's rows in turn; of a table without a bureau in its key, one of all rows.

    A bureau at a time, so that its key's index serves the order, and one node of a cluster answers. Not every table has
    a foreign key to `bureau`: last come the rows, if any, of bureaus that it does not have.
    """
    keyed = sorted((place, name, collated) for name, collated, place in columns if place is not None)
    whole = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, hashed)), sql.Identifier("public", table)
    )
    by_bureau = keyed[0][1] == "bureau_id" and len(keyed) > 1
    order = sql.SQL(", ").join(
        sql.Identifier(name) + sql.SQL(' COLLATE "C"' if collated else "")
        for _, name, collated in (keyed[1:] if by_bureau else keyed)
    )
    copy = sql.SQL("COPY ({}{} ORDER BY {}) TO STDOUT")
    if not by_bureau:
        return {"": copy.format(whole, sql.SQL(""), order)}
    of_one = sql.SQL(" WHERE bureau_id = {}")
    codes = [*bureaus, *_of_none(connection, table, bureaus)]
    return {code: copy.format(whole, of_one.format(sql.Literal(code)), order) for code in codes}


def _of_none(connection: Connection, table: str, bureaus: list[str]) -> list[str]:
    """Return the bureaus that a table has rows of and that are none, by steps along its key: it is not read whole."""
    query = sql.SQL("SELECT min(bureau_id) FROM {} WHERE bureau_id > %s").format(sql.Identifier("public", table))
    found, last = [], ""
    while ((row := connection.execute(query, (last,)).fetchone()) is not None) and row[0] is not None:
        last = row[0]
        found.append(last)
    return sorted(set(found).difference(bureaus))


def _columns(connection: Connection) -> dict[str, Columns]:
    """Return the columns of every table in the order of the catalogue, Alembic's own table left out."""
    found: dict[str, Columns] = {}
    for table, *column in connection.execute(
        "SELECT c.relname, a.attname, a.attcollation <> 0, array_position(i.indkey::int2[], a.attnum)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relowner = %s::regrole AND c.relname <> 'alembic_version' ORDER BY c.relname, a.attnum",
        (OWNER,),
    ):
        name, collated, place = column
        found.setdefault(table, []).append((name, collated, place))
    return dict(sorted(found.items()))


def _one(connection: Connection, query: str) -> Any:
    return connection.execute(query.encode()).fetchone()


def _last_entry(connection: Connection, bureau_id: str) -> str | None:
    last = connection.execute(
        "SELECT entry_id::text FROM ledger_outbox WHERE bureau_id = %s ORDER BY outbox_id DESC LIMIT 1", (bureau_id,)
    ).fetchone()
    return last[0] if last else None
