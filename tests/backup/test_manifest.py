"""The manifest: what changed shows in its own table and nowhere else; the same rows are the same anywhere."""

from __future__ import annotations

import secrets
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg
import pytest
from psycopg import sql

from api.backup.manifest import Manifest, differences, snapshot, take_manifest
from api.db.migrate import migrate
from api.db.roles import BACKUP
from tests.conftest import Server
from tests.db.any_row import insert, row_for
from tests.db.catalogue import Connection, statement, tables
from tests.live import zhuanche
from tests.trips import closed_trip
from tests.world import World, unused_code

OTHERWISE = {
    "text": "{column} || '1'",
    "integer": "{column} + 1",
    "smallint": "{column} + 1",
    "bigint": "{column} + 1",
    "real": "{column} + 0.5",
    "double precision": "{column} + 0.5",
    "boolean": "NOT {column}",
    "date": "{column} + 1",
    "timestamp with time zone": "{column} + interval '1 microsecond'",
    "jsonb": "'{{\"other\": 1}}'",
    "bytea": "{column} || '1'",
    "uuid": "gen_random_uuid()",
}
"""Another value of each type."""


def product_tables(connection: Connection) -> list[str]:
    """Return the names of the product's tables."""
    return [name for name in tables(connection) if name != "alembic_version"]


@pytest.fixture(scope="module")
def copied(server: Server) -> Iterator[str]:
    """Return the URL of a migrated database of the test's own on the run's server, in which every table has a row."""
    if server.distributed:
        pytest.skip("a cluster has one database")
    name = f"manifest_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = server.superuser.replace("/zhuanche?", f"/{name}?")
    try:
        migrate(url)
        bureau_id = unused_code()
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in product_tables(connection):
                if not connection.execute(statement("SELECT 1 FROM {table} LIMIT 1", table)).fetchone():
                    insert(connection, table, row_for(connection, table, bureau_id))
        yield url
    finally:
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def manifest_of(url: str) -> Manifest:
    """Return a database's manifest."""
    with snapshot(url) as connection:
        return take_manifest(connection)


def alter_a_row(connection: Connection, table: str) -> bool:
    """Change one value of one row so that the table's checks still hold; tell whether there was one."""
    columns = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''"
        " AND attname <> 'bureau_id' ORDER BY attnum DESC",
        (f"public.{table}",),
    ).fetchall()
    for name, kind in columns:
        if kind not in OTHERWISE:
            continue
        connection.execute("SAVEPOINT before")
        value = sql.SQL(OTHERWISE[kind]).format(column=sql.Identifier(name))
        one = statement("(SELECT ctid FROM {table} WHERE {c} IS NOT NULL LIMIT 1)", table, c=sql.Identifier(name))
        try:
            changed = connection.execute(
                statement("UPDATE {table} SET {c} = {v} WHERE ctid = ", table, c=sql.Identifier(name), v=value) + one
            )
        except psycopg.Error:
            connection.execute("ROLLBACK TO SAVEPOINT before")
            continue
        if changed.rowcount == 1:
            return True
    return False


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """Let a superuser's transaction be read as a snapshot of the backup role is, and then go on."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(BACKUP)))
    connection.execute("SET LOCAL timezone = 'UTC'")
    yield
    connection.execute("RESET ROLE")


def test_one_altered_row_in_any_table_changes_exactly_that_tables_hash(copied: str) -> None:
    """Whatever is changed behind the product's back is told by the table it is in.

    Tables are altered in sets that tell any two apart (by each binary digit of their numbers, set and not set): fewer
    manifests than one a table, and a hash that hung on another table would be in a set that does not have that one.
    """
    before = manifest_of(copied)
    names = list(before.tables)
    sets = [
        {name for number, name in enumerate(names) if bool(number >> digit & 1) is on}
        for digit in range(len(names).bit_length())
        for on in (True, False)
    ]
    with psycopg.connect(copied) as connection:
        for altered in sets:
            connection.execute("SAVEPOINT whole")
            connection.execute("SET LOCAL session_replication_role = replica")
            assert [name for name in sorted(altered) if not alter_a_row(connection, name)] == []
            with reading(connection):
                found = differences(before, take_manifest(connection))
            assert {one.table for one in found} == altered
            assert all("not all the same" in str(one) for one in found)
            connection.execute("ROLLBACK TO SAVEPOINT whole")
        with reading(connection):
            assert differences(before, take_manifest(connection)) == []


def test_a_row_that_is_gone_is_counted(copied: str) -> None:
    """The sentence says of which table, and how many."""
    before = manifest_of(copied)
    with psycopg.connect(copied) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM visit_note")
        with reading(connection):
            (told,) = differences(before, take_manifest(connection))
        connection.rollback()
    assert str(told) == "table visit_note: 1 rows before, 0 after"


def test_rows_of_a_bureau_that_is_none_are_counted_too(copied: str) -> None:
    """Positions have no foreign key to it: a backup has such rows, and its manifest says so."""
    before = manifest_of(copied)
    with psycopg.connect(copied) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM bureau")
        with reading(connection):
            found = differences(before, take_manifest(connection))
        assert [one.table for one in found] == ["bureau"]
        connection.execute("DELETE FROM position")
        with reading(connection):
            found = differences(before, take_manifest(connection))
        assert [one.table for one in found] == ["bureau", "position"]
        connection.rollback()


def test_no_table_is_read_twice(copied: str) -> None:
    """A daily backup reads ten years of positions once: rows of bureaus that are none are looked for along the key."""
    with psycopg.connect(copied) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO refusal SELECT (jsonb_populate_record(one, jsonb_build_object('refusal_id',"
            " gen_random_uuid()))).* FROM (SELECT refusal AS one FROM refusal LIMIT 1) r, generate_series(1, 2000)"
        )
        with reading(connection):
            connection.execute("SET LOCAL enable_seqscan = off")
            connection.execute("SET LOCAL enable_bitmapscan = off")
            rows = take_manifest(connection).tables["refusal"].rows
        (read,) = connection.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'refusal'"
        ).fetchone() or (0,)
        connection.rollback()
    assert rows > 2_000
    assert rows <= read < rows + 100


@pytest.mark.one_server  # on a cluster other tests write meanwhile
async def test_every_row_of_every_bureau_is_counted(server: Server, world: World) -> None:
    """Row-level security is forced, tables are read a bureau at a time, and none is forgotten."""
    await closed_trip(world)
    manifest = manifest_of(server.superuser)
    with psycopg.connect(server.superuser) as connection:
        counted = {
            name: connection.execute(statement("SELECT count(*) FROM {table}", name)).fetchone()
            for name in product_tables(connection)
        }
    assert {name: (one.rows,) for name, one in manifest.tables.items()} == counted
    assert manifest.ledger[world.bureau_id].entries > 0
    assert manifest.rows == sum(one.rows for one in manifest.tables.values())


async def test_what_is_written_meanwhile_is_not_in_the_snapshot(server: Server, world: World) -> None:
    """The dump and the manifest tell of one instant, however long both take."""
    if server.distributed:
        pytest.skip("each node of a cluster has an instant of its own")
    with snapshot(server.superuser) as connection:
        before = take_manifest(connection)
        await closed_trip(world)
        assert differences(before, take_manifest(connection)) == []
    assert "vehicle_use" in [one.table for one in differences(before, manifest_of(server.superuser))]


def test_memory_stays_flat_however_many_rows_there_are(copied: str) -> None:
    """Ten years of positions do not fit into the machine in the cupboard."""
    with psycopg.connect(copied) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO calendar_day (day, year, name, working)"
            " SELECT date '2100-01-01' + n, 2100, repeat('假', 300), false FROM generate_series(1, 20000) n"
        )
    tracemalloc.start()
    try:
        manifest = manifest_of(copied)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert manifest.tables["calendar_day"].rows > 20_000
    assert most < 4_000_000


def test_a_server_that_is_set_otherwise_has_the_same_manifest(copied: str) -> None:
    """Zone, date style and where rows lie make no difference."""
    before = manifest_of(copied)
    with psycopg.connect(copied, autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        for setting in (
            "timezone = 'Asia/Shanghai'",
            "datestyle = 'German'",
            "bytea_output = 'escape'",
            "extra_float_digits = -3",
        ):
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET ").format(sql.Identifier(name)) + sql.SQL(setting)  # type: ignore[arg-type]
            )
        connection.execute("VACUUM FULL")  # rows lie elsewhere
    assert differences(before, manifest_of(copied)) == []


def test_the_manifest_is_printed_for_whoever_compares_by_hand(copied: str) -> None:
    """The command prints what the module takes, as JSON on stdout and nothing else."""
    told = zhuanche("manifest", database_url=copied)
    assert told.returncode == 0, told.stderr
    assert differences(msgspec.json.decode(told.stdout, type=Manifest), manifest_of(copied)) == []
