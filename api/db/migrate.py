"""Brings a database to this release's schema: roles first, then Alembic, one migrator at a time."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from api.db.engine import LINE, NOTICED
from api.db.faults import DatabaseAway
from api.db.revision import CONNECT_S, Step, check_open, program, schema_of, steps, waiting
from api.db.roles import OWNER, ensure_roles

MIGRATION_LOCK = 5_350_302
"""Advisory lock key: two `zhuanche migrate` at once go one after the other."""


class RowsMissed(Exception):
    """A migration moved another number of rows than it had counted, so it may not be committed."""


def migrations_folder() -> Path:
    """Return where the Alembic scripts lie: beside the packages in a checkout, inside `api` when installed."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "migrations"
    return checkout if (checkout / "env.py").is_file() else package / "_migrations"


def alembic_config(engine: Engine | None = None) -> Config:
    """Return Alembic's configuration; no ini file is needed."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def owner_engine(url: str) -> Engine:
    """Return an engine for the migrating user: one connection, closed after use."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"options": NOTICED, **LINE},
    )


def migrate(url: str, revision: str = "head", *, shut: bool = False) -> None:
    """Make the roles and bring the schema to `revision`, as the owner role; `shut`: though nobody works on it.

    Raises:
        RolesMissing: roles must be made by an operator first.
        UnknownSchema: a newer release has been at it.
        DatabaseClosed: it was moved elsewhere, another is on its way here, or an upgrade is not done.
        DatabaseAway: it cannot be reached.
    """
    found = schema_of(url, OWNER)
    waiting(found, steps(alembic_config()))
    if not shut:
        check_open(found)
    engine = owner_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            ensure_roles(connection)
        command.upgrade(alembic_config(engine), revision)
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
            connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{program()}'"))
    finally:
        engine.dispose()


def waiting_steps(url: str) -> list[Step]:
    """Return the migrations that the database has not seen yet.

    Raises:
        UnknownSchema: it has seen one that this release does not have.
        DatabaseAway: it cannot be reached.
    """
    return waiting(schema_of(url, OWNER), steps(alembic_config()))


def current_revision(url: str) -> str | None:
    """Return the revision the database is at, or None for an empty one.

    Raises:
        DatabaseAway: it cannot be reached.
    """
    return schema_of(url, OWNER).revision


def backfill(connection: Connection, statement: str, *, tables: Collection[str], counted: str) -> int:
    """Move rows of every bureau within a migration, and return how many.

    Forced row-level security binds the owner too: an UPDATE in a migration meets no row and says nothing. Here it is
    lifted from `tables` and put back in the migration's own transaction, which keeps everyone else out of them until
    it ends; if it fails, nothing was lifted. Triggers stay as they are: what is append-only is not moved this way.

    Args:
        connection: the migration's, `op.get_bind()`.
        statement: the UPDATE, INSERT … SELECT or DELETE.
        tables: those that the statement and the triggers on what it writes touch.
        counted: a query for the number of rows that the statement has to meet, asked before it.

    Raises:
        RowsMissed: it met another number.
    """
    for table in tables:
        connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
    expected = connection.execute(text(counted)).scalar_one()
    moved = connection.execute(text(statement)).rowcount
    if moved != expected:
        raise RowsMissed(f"{expected} rows were to be moved, and {moved} were: {statement}")
    # Deferred triggers judge now, while they see every row; none may be waiting when a table is altered.
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    for table in tables:
        connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))
    return moved


def has_no_bureau(url: str) -> bool:
    """Tell whether no bureau was set up yet: there is nothing to back up before such a schema is brought up.

    Raises:
        DatabaseAway: it cannot be reached.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_S) as connection:
            known = connection.execute("SELECT to_regclass('bureau_directory') IS NOT NULL").fetchone()
            if known != (True,):
                return True
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
            return connection.execute("SELECT 1 FROM bureau_directory LIMIT 1").fetchone() is None
    except psycopg.OperationalError as fault:
        raise DatabaseAway from fault
