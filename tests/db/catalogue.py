"""What the catalogue says of every table: tenancy, row-level security, append-only. Nothing here is a list of tables.

Only the four exceptions are named; a table that is new is asked for everything at once.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql

from api.db.roles import OWNER

REFERENCE: Final = frozenset({"bureau_directory", "calendar_notice", "calendar_day", "alembic_version"})
"""Tables without a bureau: public data, the same for everyone."""

POLICY: Final = "(bureau_id = current_setting('zhuanche.bureau_id'::text, true))"

Connection = psycopg.Connection[tuple[Any, ...]]


def tables(connection: Connection, *, partitions: bool = False) -> list[str]:
    """Return the names of the owner's tables, with or without partitions."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND relowner = %s::regrole AND (%s OR NOT relispartition) ORDER BY 1",
        (OWNER, partitions),
    )
    return [name for (name,) in rows]


def tenant_tables(connection: Connection, *, partitions: bool = False) -> list[str]:
    """Return the tables that hold rows of bureaus."""
    return [name for name in tables(connection, partitions=partitions) if name not in REFERENCE]


def columns(connection: Connection, table: str) -> list[str]:
    """Return the columns of a table in their order."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        (f"public.{table}",),
    )
    return [name for (name,) in rows]


def tenancy_faults(connection: Connection) -> list[str]:
    """Return what of the tenancy rules some table breaks: a sentence each, empty when all hold."""
    found: list[str] = []
    for table in tenant_tables(connection, partitions=True):
        found += [f"{table}: {fault}" for fault in _table_faults(connection, table)]
    return found


def _table_faults(connection: Connection, table: str) -> list[str]:
    found = []
    (secured, forced, is_partition), *_ = connection.execute(
        "SELECT relrowsecurity, relforcerowsecurity, relispartition FROM pg_class WHERE oid = %s::regclass",
        (f"public.{table}",),
    )
    if not secured:
        found.append("row-level security is off")
    if not forced:
        found.append("row-level security does not bind the owner")
    keys = list(
        connection.execute(
            "SELECT contype::text, conname::text, (SELECT array_agg(a.attname::text ORDER BY k.n)"
            " FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),"
            " confrelid::regclass::text"
            " FROM pg_constraint c WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f', 'x')",
            (f"public.{table}",),
        )
    )
    if not any(kind == "p" for kind, *_ in keys):
        found.append("there is no primary key")
    for kind, name, key, referenced in keys:
        if kind == "p" and key[0] != "bureau_id":
            found.append("bureau_id is not first in the primary key")
        elif key is None or "bureau_id" not in key:
            found.append(f"{name} does not carry bureau_id")
        if kind == "f" and referenced in REFERENCE:
            found.append(f"{name} leads to reference data")
    policies = {
        (name, tuple(roles)): (using, checked)
        for name, roles, using, checked in connection.execute(
            "SELECT policyname::text, roles::text[], qual, with_check FROM pg_policies"
            " WHERE schemaname = 'public' AND tablename = %s",
            (table,),
        )
    }
    if policies.get(("one_bureau", ("public",))) != (POLICY, POLICY):
        found.append("no policy holds every role to its bureau")
    known = {"one_bureau", "backup", "ingest_writes", "ingest_counts", "ingest_adds", "ingest_finds"}
    found += [f"policy {name} is not one that is known" for name, _ in policies if name not in known]
    found += [
        f"policy {name} lets {', '.join(roles)} by"
        for name, roles in policies
        if name != "one_bureau" and roles not in {("zhuanche_backup",), ("zhuanche_ingest",)}
    ]
    if not is_partition and ("backup", ("zhuanche_backup",)) not in policies:
        found.append("a backup would leave it out")
    return found


def append_only_faults(connection: Connection, table: str) -> list[str]:
    """Return how a table that is only ever added to could be changed: by a grant, or for want of a trigger."""
    found = []
    for role, privilege in connection.execute(
        "SELECT rolname::text, privilege FROM pg_roles, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege"
        " WHERE rolname LIKE 'zhuanche\\_%%' AND rolname <> %s AND (has_table_privilege(oid, %s, privilege)"
        " OR privilege = 'UPDATE' AND has_any_column_privilege(oid, %s, privilege))",
        (OWNER, f"public.{table}", f"public.{table}"),
    ):
        found.append(f"{role} may {privilege} {table}")
    triggers = {
        name
        for (name,) in connection.execute(
            "SELECT tgname::text FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A')",
            (f"public.{table}",),
        )
    }
    found += [f"{table} has no trigger {name}" for name in ("refuse_change", "refuse_truncate") if name not in triggers]
    return found


def statement(template: str, table: str, **parts: Any) -> sql.Composed:
    """Return SQL about a table, its name quoted."""
    return sql.SQL(template).format(table=sql.Identifier("public", table), **parts)  # type: ignore[arg-type]
