"""Distributes the schema over a Citus cluster: every table of a bureau by `bureau_id`, reference data everywhere.

Run once after the first `migrate`, by a user who may (the owner of the tables, or a superuser), or as often as one
likes: what is distributed already is left alone. What a later migration adds to a distributed schema is distributed in
that migration's own transaction (`spread_new`). The cluster needs, on every node, the extension btree_gist and

    citus.enable_unsafe_triggers = on           -- triggers look only at rows of the bureau they fire for
    citus.propagate_set_commands = 'local'      -- `SET LOCAL zhuanche.bureau_id` must reach the workers
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from api.db.migrate import MIGRATION_LOCK, owner_engine
from api.db.roles import OWNER

REFERENCE: Final = ("bureau_directory", "calendar_notice", "calendar_day")
"""Replicated to every node. `alembic_version` stays on the coordinator, where migrations run."""
SETTINGS: Final = {"citus.enable_unsafe_triggers": "on", "citus.propagate_set_commands": "local"}


class NotACluster(Exception):
    """The database is no Citus coordinator, or not set up for this schema; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Distributed:
    """What was left to do: names of tables and functions; all empty where it is done already."""

    by_bureau: tuple[str, ...]
    reference: tuple[str, ...]
    functions: tuple[str, ...]


# Names as they are in pg_class: regclass would write "position" in quotes.
_DISTRIBUTED = text("SELECT c.relname::text FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid")


def distribute(url: str, *, dry_run: bool = False) -> Distributed:
    """Distribute what is not distributed yet; where it is a dry run only return what that is.

    Raises:
        NotACluster: the extension or one of its settings is missing.
    """
    engine = owner_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _check(connection)
            left = _left(connection)
            if not dry_run:
                _spread(connection, left)
            return left
    finally:
        engine.dispose()


def prepare(connection: Connection) -> None:
    """Let what follows on this connection change functions and distributed tables in one transaction.

    Citus refuses that when it works on several shards of a node at once. On a single server nothing changes.
    """
    if is_cluster(connection):
        connection.execute(text("SET citus.multi_shard_modify_mode = 'sequential'"))


def spread_new(connection: Connection) -> None:
    """Distribute what this transaction has added to a schema that is distributed; leave any other as it is.

    Until then a foreign key from a new table to a distributed one looks at nothing, and no row may be written there.
    """
    if is_cluster(connection) and "bureau" in connection.execute(_DISTRIBUTED).scalars():
        _spread(connection, _left(connection))


def _left(connection: Connection) -> Distributed:
    known = set(connection.execute(_DISTRIBUTED).scalars())
    return Distributed(
        tuple(table for table in tenant_tables_in_order(connection) if table not in known),
        tuple(table for table in REFERENCE if table not in known),
        tuple(_functions(connection)),
    )


def _spread(connection: Connection, left: Distributed) -> None:
    for table in left.reference:
        connection.execute(text("SELECT create_reference_table(:name)"), {"name": table})
    for table in left.by_bureau:
        connection.execute(
            text("SELECT create_distributed_table(:name, 'bureau_id', colocate_with => :beside)"),
            {"name": table, "beside": "default" if table == "bureau" else "bureau"},
        )
    for function in left.functions:
        connection.execute(text("SELECT create_distributed_function(:name)"), {"name": function})


def is_cluster(connection: Connection) -> bool:
    """Tell whether this is a Citus coordinator."""
    return bool(connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")).scalar())


def _check(connection: Connection) -> None:
    if not is_cluster(connection):
        raise NotACluster("The database has no extension citus: it is no coordinator of a cluster.")
    for name, wanted in SETTINGS.items():
        held = connection.execute(text("SELECT current_setting(:name, true)"), {"name": name}).scalar()
        if held != wanted:
            raise NotACluster(f"Set {name} = '{wanted}' on every node of the cluster; it is '{held}' here.")


def tenant_tables_in_order(connection: Connection) -> list[str]:
    """Return the owner's tables with a bureau, each after those its foreign keys lead to."""
    rows = connection.execute(
        text(
            "SELECT c.relname::text, coalesce((SELECT array_agg(t.relname::text) FROM pg_constraint f"
            "  JOIN pg_class t ON t.oid = f.confrelid WHERE f.conrelid = c.oid AND f.contype = 'f'"
            "  AND f.confrelid <> c.oid), '{}')"
            " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND c.relowner = CAST(:owner AS regrole) AND c.relname <> 'alembic_version'"
            " ORDER BY c.relname <> 'bureau', c.relname"
        ),
        {"owner": OWNER},
    ).all()
    waiting = {name: set(leads_to) - set(REFERENCE) for name, leads_to in rows if name not in REFERENCE}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, leads_to in waiting.items() if leads_to <= set(ordered)]
        if not ready:
            raise NotACluster(f"Foreign keys lead in a circle among {', '.join(sorted(waiting))}.")
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered


def _functions(connection: Connection) -> list[str]:
    """Return the owner's functions that the workers do not have: triggers run there, and call each other by name."""
    return list(
        connection.execute(
            text(
                "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
                " AND p.proowner = CAST(:owner AS regrole) AND p.prokind = 'f'"
                " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_object d"
                "  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid) ORDER BY 1"
            ),
            {"owner": OWNER},
        ).scalars()
    )
