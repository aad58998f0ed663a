"""Every table of a bureau, asked by the catalogue: nobody sees or writes a row without saying whose, or another's."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from api.db.roles import BACKUP, INGEST, OWNER, READER, SERVICE
from api.db.tables import metadata
from tests.conftest import Server
from tests.db.any_row import a_row_in_every_table, attempt, become, insert, row_for
from tests.db.catalogue import REFERENCE, Connection, columns, statement, tables, tenancy_faults, tenant_tables
from tests.world import unused_code

DENIED = "42501"


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    """Return a superuser's connection whose transaction is rolled back."""
    with psycopg.connect(server.superuser) as opened:
        yield opened
        opened.rollback()


def test_every_table_carries_its_bureau_and_row_level_security(connection: Connection) -> None:
    """P8: bureau_id leads every key and is in every reference; security binds the owner too, and partitions."""
    assert tenancy_faults(connection) == []
    assert len(tenant_tables(connection, partitions=True)) > len(tenant_tables(connection)) > 40


def test_reference_data_is_what_is_marked_as_such_and_nothing_else(connection: Connection) -> None:
    """A table escapes tenancy only by being marked as reference data where it is defined."""
    marked = {table.name for table in metadata.sorted_tables if table.info.get("reference")}
    assert marked | {"alembic_version"} == REFERENCE
    assert {table for table in tables(connection) if "bureau_id" not in columns(connection, table)} == {
        "calendar_notice",
        "calendar_day",
        "alembic_version",
    }


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        ("CREATE TABLE fresh (bureau_id text, id uuid, PRIMARY KEY (bureau_id, id))", "row-level security is off"),
        ("CREATE TABLE fresh (id uuid PRIMARY KEY)", "bureau_id is not first in the primary key"),
        ("CREATE TABLE fresh (bureau_id text, id uuid, PRIMARY KEY (id, bureau_id))", "bureau_id is not first"),
        ("CREATE TABLE fresh (bureau_id text NOT NULL)", "there is no primary key"),
        (
            "CREATE TABLE fresh (bureau_id text, n int REFERENCES calendar_notice, PRIMARY KEY (bureau_id, n))",
            "fk_fresh_n does not carry bureau_id",
        ),
        (
            "CREATE TABLE fresh (bureau_id text PRIMARY KEY); CREATE POLICY one_bureau ON fresh USING (true)",
            "no policy holds every role to its bureau",
        ),
        ("ALTER TABLE job NO FORCE ROW LEVEL SECURITY", "does not bind the owner"),
        (
            "CREATE POLICY all_of_it ON job TO zhuanche_service USING (true)",
            "policy all_of_it is not one that is known",
        ),
        ("CREATE POLICY wide ON job TO zhuanche_reader USING (true)", "policy wide lets zhuanche_reader by"),
        ("DROP POLICY backup ON job", "a backup would leave it out"),
    ],
)
def test_a_table_that_breaks_the_rules_of_tenancy_is_told(
    connection: Connection, server: Server, made: str, fault: str
) -> None:
    """The check itself: whatever is made or taken away without its bureau does not go unnoticed."""
    if server.distributed:
        pytest.skip("the check is the same; a table made in passing is no distributed one")
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    connection.execute(made.replace("n int REFERENCES", "n int CONSTRAINT fk_fresh_n REFERENCES"))  # type: ignore[arg-type]
    assert any(fault in told for told in tenancy_faults(connection)), tenancy_faults(connection)


@pytest.mark.one_server
def test_without_a_bureau_nobody_sees_a_row_and_with_another_neither(server: Server) -> None:
    """P8: a forgotten setting, an empty one and another bureau's all show nothing, in every table and to every role."""
    bureau_id = unused_code()
    with a_row_in_every_table(server.superuser, bureau_id) as (connection, names):
        for role in (SERVICE, READER, OWNER):
            for told in (None, unused_code()):
                become(connection, role, told)
                seen = {
                    table: count
                    for table in names
                    if (count := attempt(connection, statement("SELECT bureau_id FROM {table}", table)))
                    not in (0, DENIED)
                }
                assert seen == {}, (role, told)
            connection.execute("RESET ROLE")
        become(connection, SERVICE, bureau_id)
        own = {table: attempt(connection, statement("SELECT bureau_id FROM {table}", table)) for table in names}
        assert own == dict.fromkeys(names, 1) | {"withheld_row": DENIED}


@pytest.mark.one_server
def test_without_a_bureau_or_for_another_the_service_writes_no_row(server: Server) -> None:
    """P8: what the service may insert at all, it may insert into the bureau it said and no other."""
    mine, other = unused_code(), unused_code()
    with psycopg.connect(server.superuser) as connection:
        names = [
            table
            for table in tenant_tables(connection)
            if connection.execute("SELECT has_table_privilege(%s, %s, 'INSERT')", (SERVICE, table)).fetchone()
            == (True,)
        ]
        assert len(names) > 40
        rows = {table: row_for(connection, table, other) for table in names}
        for told in (None, mine):
            become(connection, SERVICE, told)
            for table in names:
                connection.execute("SAVEPOINT one")
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                    insert(connection, table, rows[table])
                connection.execute("ROLLBACK TO SAVEPOINT one")
        connection.rollback()


def test_a_row_is_never_moved_to_another_bureau(server: Server) -> None:
    """P8: no role but the owner has any right to write the column bureau_id after the insert; the owner is held too."""
    bureau_id, other = unused_code(), unused_code()
    with a_row_in_every_table(server.superuser, bureau_id) as (connection, names):
        for role in (SERVICE, READER, INGEST, BACKUP):
            granted = [
                table
                for table in names
                if connection.execute(
                    "SELECT has_column_privilege(%s, %s, 'bureau_id', 'UPDATE')", (role, table)
                ).fetchone()
                == (True,)
            ]
            assert granted == []
        if server.distributed:
            return  # Citus refuses to change the distribution column at all, before any policy is asked
        become(connection, OWNER, bureau_id)
        for table in names:
            moved = attempt(connection, statement("UPDATE {table} SET bureau_id = %s", table), (other,))
            assert moved in (DENIED, "ZC001", "ZC006"), table
