"""P6: what was recorded stays as recorded. Every such table, by its mark; every way to change a row, by every role."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from api.db.roles import INGEST, OWNER, READER, SERVICE
from api.db.tables import metadata
from tests.conftest import Server
from tests.db.any_row import a_row_in_every_table, attempt, become
from tests.db.catalogue import Connection, append_only_faults, columns, statement, tables
from tests.world import unused_code

pytestmark = pytest.mark.one_server

DENIED = "42501"
REFUSED = "ZC006"
MARKED = sorted(table.name for table in metadata.sorted_tables if table.info.get("append_only"))

ATTACKS = (
    "UPDATE {table} SET bureau_id = bureau_id",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
)


@pytest.fixture(scope="module")
def attacked(server: Server) -> Iterator[tuple[Connection, str]]:
    """Return a connection that sees one row of a bureau in every table."""
    bureau_id = unused_code()
    with a_row_in_every_table(server.superuser, bureau_id) as (connection, _):
        yield connection, bureau_id


def test_what_the_promise_names_is_marked() -> None:
    """P6: the mark is not forgotten where the promise names the table."""
    named = {
        "position", "reading", "visit_note", "attachment", "refusal", "decision", "setting_change", "dedication_order",
        "role_grant", "delegation", "examination", "driving_licence", "duty_shift", "ledger_payload", "ledger_outbox",
    }  # fmt: skip
    assert named <= set(MARKED)


@pytest.mark.parametrize("table", MARKED)
def test_no_grant_and_no_missing_trigger_lets_a_fact_be_changed(attacked: tuple[Connection, str], table: str) -> None:
    """P6: held twice, by grant and by trigger."""
    connection, _ = attacked
    connection.execute("RESET ROLE")
    assert append_only_faults(connection, table) == []


@pytest.mark.parametrize("attack", ATTACKS, ids=["update", "delete", "truncate"])
@pytest.mark.parametrize("table", MARKED)
def test_a_fact_is_changed_by_nobody(attacked: tuple[Connection, str], table: str, attack: str) -> None:
    """P6: the service is denied, and the owner, who owns the table, meets the trigger."""
    connection, bureau_id = attacked
    for role in (SERVICE, INGEST, READER):
        become(connection, role, bureau_id)
        assert attempt(connection, statement(attack, table)) == DENIED, role
    connection.execute("RESET ROLE")
    become(connection, OWNER, bureau_id)
    attack = attack.replace("bureau_id = bureau_id", "{column} = {column}")
    answer = attempt(connection, statement(attack, table, column=_last_column(connection, table)))
    assert answer == REFUSED
    connection.execute("RESET ROLE")


def test_a_partition_addressed_by_its_own_name_is_no_way_round(attacked: tuple[Connection, str]) -> None:
    """P6: positions are refused by their partition as by their table."""
    connection, bureau_id = attacked
    connection.execute("RESET ROLE")
    partitions = sorted(set(tables(connection, partitions=True)) - set(tables(connection)))
    held = [
        partition
        for partition in partitions
        if attempt(connection, statement("SELECT 1 FROM {table} WHERE bureau_id = %s", partition), (bureau_id,)) == 1
    ]
    assert len(held) == 1
    for attack in ("SELECT bureau_id FROM {table}", "UPDATE {table} SET mock = mock", *ATTACKS[1:]):
        become(connection, SERVICE, bureau_id)
        assert attempt(connection, statement(attack, held[0])) == DENIED
        connection.execute("RESET ROLE")
        if not attack.startswith("SELECT"):
            become(connection, OWNER, bureau_id)
            assert attempt(connection, statement(attack, held[0])) == REFUSED
            connection.execute("RESET ROLE")


def test_an_upsert_does_not_change_a_fact(attacked: tuple[Connection, str]) -> None:
    """P6: INSERT … ON CONFLICT DO UPDATE needs the right to update."""
    connection, bureau_id = attacked
    become(connection, SERVICE, bureau_id)
    upsert = (
        "INSERT INTO ledger_outbox (bureau_id, entry_id, leaf, recorded_at)"
        " SELECT bureau_id, entry_id, leaf, recorded_at FROM ledger_outbox"
        " ON CONFLICT (bureau_id, entry_id) DO UPDATE SET leaf = 'x'"
    )
    assert attempt(connection, upsert) == DENIED
    connection.execute("RESET ROLE")


def _last_column(connection: Connection, table: str) -> psycopg.sql.Identifier:
    return psycopg.sql.Identifier(columns(connection, table)[-1])
