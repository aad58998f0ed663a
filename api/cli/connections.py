"""Which database a command works on, and as whom: the embedded one, or the one the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from alembic.script import ScriptDirectory

from api.db.database import Database
from api.db.embedded import EmbeddedServer, reach, start
from api.db.migrate import alembic_config
from api.db.roles import INGEST, OWNER, SERVICE
from api.settings import Settings

OLDEST_POSTGRESQL: Final = 15


class NoDatabase(Exception):
    """No usable database was found; the sentence says why and what helps."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A URL a role. One may be None where an operator gave only the others."""

    owner: str | None
    service: str
    ingest: str
    server: EmbeddedServer | None = None
    """The embedded server, where this process started it."""

    @property
    def owner_url(self) -> str:
        """Return the owner's URL.

        Raises:
            NoDatabase: this process was not given it.
        """
        if self.owner is None:
            raise NoDatabase("This command needs the owner's connection: set ZHUANCHE_OWNER_URL.")
        return self.owner


def named(settings: Settings) -> Connections | None:
    """Return the connections the settings name, or None where the embedded database is meant.

    Raises:
        NoDatabase: some are named, but not those that are needed.
    """
    given = {name: getattr(settings, name) for name in ("database_url", "owner_url", "service_url", "ingest_url")}
    if not any(given.values()):
        return None
    for name, url in given.items():
        if url and not url.startswith("postgresql://"):
            raise NoDatabase(f"ZHUANCHE_{name.upper()} must begin with postgresql://.")
    service = settings.service_url or settings.database_url or settings.owner_url
    ingest = settings.ingest_url or settings.database_url or settings.owner_url
    if service is None or ingest is None:
        raise NoDatabase("Set ZHUANCHE_DATABASE_URL, or both ZHUANCHE_SERVICE_URL and ZHUANCHE_INGEST_URL.")
    return Connections(settings.owner_url or settings.database_url, service, ingest)


@contextmanager
def held(settings: Settings) -> Iterator[Connections]:
    """Yield the connections of a process that serves: it holds the embedded server, and revives it should it die."""
    connections = named(settings)
    if connections is not None:
        yield connections
        return
    with start(settings.data) as server:
        server.supervise()
        superuser = server.dsn("postgres")
        yield Connections(superuser, server.dsn(SERVICE), server.dsn(INGEST), server)


@contextmanager
def lent(settings: Settings) -> Iterator[Connections]:
    """Yield the connections of a short command: the embedded server may be that of a running service."""
    connections = named(settings)
    if connections is not None:
        yield connections
        return
    with reach(settings.data) as address:
        yield Connections(address.dsn("postgres"), address.dsn(SERVICE), address.dsn(INGEST))


@asynccontextmanager
async def database_of(url: str, settings: Settings, role: str) -> AsyncIterator[Database]:
    """Yield a database in a role, closed afterwards."""
    database = Database(url, settings, role=role)
    try:
        yield database
    finally:
        await database.close()


def check_schema(connections: Connections) -> None:
    """Check that the database is of an age and a schema that this release works on.

    Raises:
        NoDatabase: it cannot be reached, is too old, or has another schema.
    """
    url, role = (connections.owner, OWNER) if connections.owner else (connections.service, SERVICE)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            server = connection.info.server_version // 10_000
            found = _revision(connection, role)
    except psycopg.OperationalError as fault:
        raise NoDatabase(f"The database cannot be reached: {fault}") from fault
    if server < OLDEST_POSTGRESQL:
        raise NoDatabase(
            f"The database is PostgreSQL {server}; {OLDEST_POSTGRESQL} is the oldest this release works on."
        )
    needed = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if found is None:
        raise NoDatabase("The database is empty: run `zhuanche migrate` first.")
    if found != needed:
        raise NoDatabase(
            f"The database's schema is at revision {found} and this release needs {needed}: run `zhuanche migrate`"
            " of the newer release, after a backup."
        )


def _revision(connection: psycopg.Connection[tuple[str | None]], role: str) -> str | None:
    row = connection.execute("SELECT to_regclass('alembic_version')::text").fetchone()
    if row is None or row[0] is None:
        return None
    connection.execute(f'SET ROLE "{role}"'.encode())
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None
