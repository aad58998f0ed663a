"""Which schema a database has, which release made it, and whether this release knows it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

from api.db.faults import DatabaseAway

PRODUCT: Final = "zhuanche"
RESTORING: Final = "zhuanche_restoring"
"""A schema that is there from the first to the last moment of a restore: what it holds is not whole yet."""
RESTORES: Final = "zhuanche.restoring"
"""A setting by which the restore's own connections are told from all others."""
CONNECT_S: Final = 10
MOVED: Final = "moved to "
RECEIVES: Final = "receives "
UPGRADES: Final = "upgrades "
MARKS: Final = (MOVED, RECEIVES, UPGRADES)
"""How a mark begins, in the order of the fields of `Schema`."""

Connection = psycopg.Connection[tuple[Any, ...]]


class UnknownSchema(Exception):
    """The database has a schema that this release does not know; it was not touched."""


class DatabaseClosed(Exception):
    """The database was moved elsewhere, one is on its way here, or an upgrade is not done: nobody works on it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says of itself."""

    revision: str | None
    """None: it is empty."""
    made_by: str | None
    """The release that migrated it last; those of schema 0018 and before did not say."""
    moved_to: str | None = None
    """Where it was moved to: what is here is the past."""
    receives: str | None = None
    """Which database is on its way here and has not arrived."""
    upgrades: str | None = None
    """What was there before an upgrade that has not come to a good end (`api.move.upgrade.Before`, as JSON)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A migration: its revision, and what it is for in a sentence."""

    revision: str
    sentence: str


def program() -> str:
    """Return the name and version of this release."""
    return f"{PRODUCT} {version(PRODUCT)}"


def schema_of(url: str, role: str) -> Schema:
    """Return what schema a database has, as seen by one of our roles.

    Raises:
        DatabaseAway: it cannot be reached.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_S) as connection:
            return schema_seen(connection, role)
    except psycopg.OperationalError as fault:
        raise DatabaseAway from fault


def schema_seen(connection: Connection, role: str) -> Schema:
    """Return what schema the database of a connection has; the connection goes on as `role`.

    Raises:
        UnknownSchema: what is there was left by a restore that did not come to its end.
    """
    row = _said(connection)
    if row is None:
        return Schema(None, None)
    made_by, marked = row
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return _schema(revision[0] if revision else None, made_by, marked)


def _said(connection: Connection) -> tuple[str | None, str | None] | None:
    """Return which release made the schema and how the database is marked; None where it is empty."""
    half = connection.execute(
        "SELECT to_regnamespace(%s) IS NOT NULL AND current_setting(%s, true) IS DISTINCT FROM 'on'",
        (RESTORING, RESTORES),
    ).fetchone()
    if half is not None and half[0]:
        raise UnknownSchema(
            "A restore into this database did not come to its end, so nothing here is used: run `zhuanche restore`"
            " again, which begins anew."
        )
    return connection.execute(
        "SELECT obj_description(found, 'pg_class'), col_description(found, 1)"
        " FROM to_regclass('alembic_version') AS found WHERE found IS NOT NULL"
    ).fetchone()


def _schema(revision: str | None, made_by: str | None, marked: str | None) -> Schema:
    said = [(marked or "").removeprefix(one) if (marked or "").startswith(one) else None for one in MARKS]
    return Schema(revision, made_by, *said)


def mark(connection: Connection, said: str | None) -> None:
    """Note in a database, as its owner, that it was moved (`MOVED` and where to), receives, upgrades, or none of it."""
    text = sql.Literal(said) if said else sql.SQL("NULL")
    connection.execute(sql.SQL("COMMENT ON COLUMN alembic_version.version_num IS {}").format(text))


def check_open(schema: Schema) -> None:
    """Check that a database may be worked on.

    Raises:
        DatabaseClosed: it was moved elsewhere, another is on its way here, or an upgrade is not done.
    """
    if schema.upgrades is not None:
        raise DatabaseClosed(
            "An upgrade of this database did not come to its end, or found rows missing: run `zhuanche upgrade` again,"
            " which compares every row with what was there before, and opens the database once all are."
        )
    if schema.moved_to is not None:
        raise DatabaseClosed(
            f"This database was moved to {schema.moved_to}; what is here is as it was then. Set ZHUANCHE_DATABASE_URL"
            " to the new one, or open this one again with `zhuanche move --reopen`, without what was recorded there."
        )
    if schema.receives is not None:
        raise DatabaseClosed(
            f"Another database ({schema.receives}) is on its way here and has not arrived: run the same `zhuanche move`"
            " again; the database it comes from is whole."
        )


def steps(config: Config) -> list[Step]:
    """Return all migrations that this release has, the first one first."""
    scripts = reversed(list(ScriptDirectory.from_config(config).walk_revisions()))
    return [Step(one.revision, (one.doc or "").splitlines()[0]) for one in scripts]


def waiting(schema: Schema, known: list[Step]) -> list[Step]:
    """Return the migrations that the database has not seen yet.

    Raises:
        UnknownSchema: it has seen one that this release does not have.
    """
    if schema.revision is None:
        return known
    names = [one.revision for one in known]
    if schema.revision not in names:
        raise UnknownSchema(_unknown(schema, names[-1]))
    return known[names.index(schema.revision) + 1 :]


def _unknown(schema: Schema, head: str) -> str:
    made_by = f", made by {schema.made_by}" if schema.made_by else ""
    newer = (schema.revision or "").isdigit() and int(schema.revision or 0) > int(head)
    helps = (
        "use the newer release, or restore the backup that was made before the upgrade to it (docs/upgrade.md)"
        if newer
        else "no release up to this one has it, so use the program that made this database, or name another database"
    )
    return (
        f"The database's schema is at revision {schema.revision}{made_by}. This is {program()}, which knows revisions"
        f" up to {head} and leaves the database as it is: {helps}."
    )
