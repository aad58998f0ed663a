"""What each database role may do, asked of the catalogue and tried."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from api.db.roles import ALL_ROLES, BACKUP, INGEST, OWNER, READER, SERVICE
from api.db.tables import metadata
from tests.conftest import Server
from tests.db.any_row import attempt, become
from tests.db.catalogue import Connection, columns, tables
from tests.world import unused_code

DENIED = "42501"


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    """Return a superuser's connection whose transaction is rolled back."""
    with psycopg.connect(server.superuser) as opened:
        yield opened
        opened.rollback()


def privileges(connection: Connection, role: str) -> dict[str, dict[str, set[str]]]:
    """Return table → privilege → columns, for every right a role has on a table."""
    found: dict[str, dict[str, set[str]]] = {}
    for table in tables(connection, partitions=True):
        for privilege in ("SELECT", "INSERT", "UPDATE", "REFERENCES"):
            held = {
                column
                for column in columns(connection, table)
                if connection.execute(
                    "SELECT has_column_privilege(%s, %s, %s, %s)", (role, f"public.{table}", column, privilege)
                ).fetchone()
                == (True,)
            }
            if held:
                found.setdefault(table, {})[privilege] = held
        for privilege in ("DELETE", "TRUNCATE", "TRIGGER"):
            if connection.execute(
                "SELECT has_table_privilege(%s, %s, %s)", (role, f"public.{table}", privilege)
            ).fetchone() == (True,):
                found.setdefault(table, {})[privilege] = set()
    return found


def test_no_role_is_more_than_it_seems(connection: Connection) -> None:
    """P4: no superuser, none makes roles or databases, escapes row-level security, becomes another."""
    for role in ALL_ROLES:
        attributes = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
            " WHERE rolname = %s",
            (role,),
        ).fetchone()
        assert attributes == (False,) * 5, role
        others = [
            other
            for other in ALL_ROLES
            if other != role
            and connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (role, other)).fetchone() == (True,)
        ]
        assert others == [], role


def test_only_the_owner_owns_anything(connection: Connection) -> None:
    """P4, P6: who owns a table may drop its triggers, so the service owns no table, function, schema or type."""
    owned = list(
        connection.execute(
            "SELECT relname::text, relowner::regrole::text FROM pg_class WHERE relpersistence <> 't' AND relowner IN"
            " (SELECT oid FROM pg_roles WHERE rolname LIKE 'zhuanche\\_%%' AND rolname <> %s)"
            " UNION ALL SELECT proname::text, proowner::regrole::text FROM pg_proc"
            " WHERE proowner IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'zhuanche\\_%%' AND rolname <> %s)",
            (OWNER, OWNER),
        )
    )
    assert owned == []


@pytest.mark.parametrize("role", [SERVICE, INGEST, READER, BACKUP])
@pytest.mark.parametrize(
    "command",
    [
        "CREATE TABLE public.mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE vehicle_use DISABLE TRIGGER use_rule",
        "ALTER TABLE vehicle_use DISABLE TRIGGER ALL",
        "ALTER TABLE refusal DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE refusal NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY one_bureau ON refusal",
        "DROP TRIGGER refuse_change ON refusal",
        "DROP TABLE refusal",
        "ALTER TABLE vehicle_use DROP CONSTRAINT ex_vehicle_use_planned",
        "CREATE OR REPLACE FUNCTION use_faults(u vehicle_use) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
        "CREATE TRIGGER mine BEFORE INSERT ON trip FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE RULE mine AS ON INSERT TO refusal DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "TRUNCATE vehicle_use CASCADE",
        "TRUNCATE complaint CASCADE",
        "TRUNCATE sign_in_session",
        "GRANT UPDATE ON refusal TO PUBLIC",
        "COPY refusal FROM PROGRAM 'true'",
    ],
)
def test_none_but_the_owner_unmakes_what_holds_the_promises(connection: Connection, role: str, command: str) -> None:
    """P4, P6: no table of one's own, no trigger switched off, no policy dropped, no rule replaced, nothing emptied."""
    become(connection, role, unused_code())
    if command.startswith("GRANT"):
        # PostgreSQL answers a grant without the right to it with a warning, so look whether it had an effect.
        connection.execute("SAVEPOINT one")
        try:
            connection.execute(command)  # type: ignore[arg-type]
        except psycopg.errors.InsufficientPrivilege:
            connection.execute("ROLLBACK TO SAVEPOINT one")
        assert "UPDATE" not in privileges(connection, role).get("refusal", {})
        return
    assert attempt(connection, command) == DENIED


@pytest.mark.parametrize("role", [SERVICE, INGEST, READER, BACKUP])
def test_nobody_signed_in_as_a_role_becomes_the_owner(server: Server, role: str) -> None:
    """P4: the owner's rights are not one SET ROLE away."""
    url = {SERVICE: server.service, INGEST: server.ingest, READER: server.reader, BACKUP: server.superuser}[role]
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT session_user").fetchone() != (role,):
            connection.execute(f"SET SESSION AUTHORIZATION {role}")
        for wanted in {OWNER, *ALL_ROLES} - {role}:
            assert attempt(connection, f"SET ROLE {wanted}") == DENIED


@pytest.mark.parametrize("role", [SERVICE, READER, BACKUP])
def test_the_rule_cannot_be_shown_a_table_of_ones_own(connection: Connection, role: str) -> None:
    """P1: a temporary table called `complaint` would be found before the real one; none can be made."""
    become(connection, role, unused_code())
    assert attempt(connection, "CREATE TEMP TABLE complaint (bureau_id text, complaint_id uuid, state text)") == DENIED


def test_every_function_of_ours_looks_for_tables_in_its_own_schema_first(connection: Connection) -> None:
    """P1: the path a caller sets does not reach the rule, and temporary tables come last."""
    loose = [
        name
        for name, config in connection.execute(
            "SELECT proname::text, proconfig FROM pg_proc WHERE proowner = %s::regrole AND prokind = 'f'", (OWNER,)
        )
        if "search_path=public, pg_temp" not in (config or [])
    ]
    assert loose == []


def test_only_partition_making_runs_with_the_owners_rights(connection: Connection) -> None:
    """P4: a function that runs as its owner is a door; there are two, narrow, and not for everyone."""
    doors = dict(
        connection.execute(
            "SELECT proname::text, has_function_privilege('zhuanche_reader', oid, 'EXECUTE') FROM pg_proc"
            " WHERE prosecdef AND pronamespace = 'public'::regnamespace AND proowner = %s::regrole",
            (OWNER,),
        ).fetchall()
    )
    assert doors == {"make_position_partition": False, "position_partition_months": False}


def test_the_ingest_role_inserts_what_devices_tell_and_nothing_else(connection: Connection) -> None:
    """P4, P8: it serves all bureaus, so it counts, finds whose a terminal's number is, and reads back no fix."""
    fixes, days = set(columns(connection, "position")), set(columns(connection, "device_day"))
    assert privileges(connection, INGEST) == {
        "position": {"INSERT": fixes, "SELECT": {"request_no"}},
        "position_held": {"INSERT": fixes, "SELECT": {"request_no"}},
        "position_aside": {"INSERT": set(columns(connection, "position_aside"))},
        "device_event": {"INSERT": set(columns(connection, "device_event"))},
        "terminal_reading": {"INSERT": set(columns(connection, "terminal_reading"))},
        "device_day": {"INSERT": days, "SELECT": days, "UPDATE": days - {"bureau_id", "device_id", "day"}},
        "device": {"SELECT": {"bureau_id", "device_id", "terminal_phone", "revoked_at"}},
    }


@pytest.mark.parametrize("role", [READER, BACKUP])
def test_who_only_reads_writes_nothing(connection: Connection, role: str) -> None:
    """P6: reporting and backup have SELECT alone."""
    held = privileges(connection, role)
    assert {privilege for rights in held.values() for privilege in rights} == {"SELECT"}


def test_the_reader_sees_no_secret(connection: Connection) -> None:
    """Reporting reads neither what opens a door nor what an erasure must reach."""
    held = privileges(connection, READER)
    assert not held.keys() & {"sign_in_session", "idempotency_key", "position_held"}
    assert not held["person"]["SELECT"] & {"password_hash"}
    assert not held["device"]["SELECT"] & {"token_sha256"}
    assert held["ledger_payload"]["SELECT"] == {"bureau_id", "entry_id", "kind", "erased_at"}


def test_the_service_deletes_only_what_is_no_fact(connection: Connection) -> None:
    """P6: sessions, keys, fixes held or aside, counts, old accesses go; nothing else does, and nothing is emptied."""
    held = privileges(connection, SERVICE)
    assert {table for table, rights in held.items() if "DELETE" in rights} == {
        "sign_in_session",
        "idempotency_key",
        "position_held",
        "position_aside",
        "device_day",
        "personal_access",
        "file_to_drop",
    }
    assert not [table for table, rights in held.items() if rights.keys() & {"TRUNCATE", "TRIGGER", "REFERENCES"}]


def test_the_service_never_reaches_a_partition_but_through_its_parent(connection: Connection) -> None:
    """P6, P8: a partition has the parent's policy and triggers, and no grant of its own to anyone who serves."""
    partitions = set(tables(connection, partitions=True)) - set(tables(connection))
    assert len(partitions) >= 6
    for role in (SERVICE, INGEST, READER):
        assert not privileges(connection, role).keys() & partitions


def test_facts_are_never_updated_by_the_service(connection: Connection) -> None:
    """P6: the columns the service may update are those of tables that carry a state, never a fact's."""
    held = privileges(connection, SERVICE)
    updated = {table for table, rights in held.items() if "UPDATE" in rights}
    facts = {table.name for table in metadata.sorted_tables if table.info.get("append_only")}
    assert updated & facts == set()
    assert "bureau_id" not in set().union(*(held[table]["UPDATE"] for table in updated))


def test_only_the_owner_says_that_the_record_was_restored(connection: Connection) -> None:
    """Who runs the service could explain away what is missing; it may read such a row and write none."""
    become(connection, SERVICE, None)
    assert attempt(connection, "SELECT count(*) FROM restore") == 1
    assert attempt(connection, "INSERT INTO restore DEFAULT VALUES") == DENIED
