"""Which database a command works on, and as whom: the embedded one, or the one the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from api.clock import Clock, wall_clock
from api.db.cluster import installed_tree
from api.db.database import Database
from api.db.datafolder import file_faults
from api.db.embedded import EmbeddedServer, reach, start
from api.db.migrate import alembic_config
from api.db.revision import check_open, schema_seen, steps, waiting
from api.db.roles import INGEST, OWNER, SERVICE
from api.db.work import working
from api.first_look import first_look
from api.settings import Settings
from api.space import Space, places_of

OLDEST_POSTGRESQL: Final = 15
UNTOLD_PERCENT: Final = 101
"""A command tells of a disk only once it is full: what fills up is the service's to tell."""


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
    backup: str | None = None

    @property
    def lock_url(self) -> str:
        """Return a URL of a user who is there before the first migration too, where one was given."""
        return self.owner or self.service

    @property
    def backup_url(self) -> str:
        """Return a URL that may act as the backup role.

        Raises:
            NoDatabase: this process was given neither that nor the owner's.
        """
        url = self.backup or self.owner
        if url is None:
            raise NoDatabase("This command reads every row: set ZHUANCHE_BACKUP_URL, or ZHUANCHE_OWNER_URL.")
        return url

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
    names = ("database_url", "owner_url", "service_url", "ingest_url", "backup_url")
    given = {name: getattr(settings, name) for name in names}
    if settings.reader_url:
        check_url("ZHUANCHE_READER_URL", settings.reader_url)
    if not any(given.values()):
        return None
    for name, url in given.items():
        if url:
            check_url(f"ZHUANCHE_{name.upper()}", url)
    service = settings.service_url or settings.database_url or settings.owner_url
    ingest = settings.ingest_url or settings.database_url or settings.owner_url
    if service is None or ingest is None:
        raise NoDatabase("Set ZHUANCHE_DATABASE_URL, or both ZHUANCHE_SERVICE_URL and ZHUANCHE_INGEST_URL.")
    return Connections(settings.owner_url or settings.database_url, service, ingest, backup=settings.backup_url)


def check_url(name: str, url: str) -> None:
    """Check the form of a URL here: the driver's own words about one would quote a pass word. Raises `NoDatabase`."""
    if not url.startswith("postgresql://"):
        raise NoDatabase(f"{name} must begin with postgresql://.")
    try:
        host = str(conninfo_to_dict(url).get("host") or "")
    except psycopg.ProgrammingError as fault:
        raise NoDatabase(f"{name} is not a URL that PostgreSQL takes.") from fault
    if "@" in host:
        raise NoDatabase(f"{name} has several @: in a pass word it is written %40.")


def has_database(settings: Settings) -> bool:
    """Tell whether a database is named, or the embedded one was ever made; to look at it would make it.

    One that is not whole, whose disk is away say, was made: who starts it tells what is amiss.

    Raises:
        EmbeddedError: this account may not look.
    """
    if named(settings) is not None:
        return True
    data = settings.data.expanduser()
    with file_faults(data):
        there = {one.name for one in data.iterdir()} if data.is_dir() else set()
        if (data / "postgres").is_dir():
            return (data / "postgres" / "pgdata").exists()
    return any(name.startswith("postgres") for name in there)


def _check_there(settings: Settings) -> None:
    """Check that there is a database: a folder that was mistyped gets none. Raises `NoDatabase`, `EmbeddedError`."""
    if not has_database(settings):
        installed_tree()  # where none can be made either, that is what there is to say
        raise NoDatabase(
            f"There is no database in {settings.data} yet: run `zhuanche init` (or `zhuanche migrate`), or say in"
            " ZHUANCHE_DATA where it is."
        )


@contextmanager
def held(settings: Settings, *, make: bool = False) -> Iterator[Connections]:
    """Yield the connections of a process that serves: it holds the embedded server, and revives it should it die.

    Raises:
        NoDatabase: there is none, and this command is not one to `make` it.
    """
    connections = named(settings)
    if connections is not None:
        yield connections
        return
    if not make:
        _check_there(settings)
    with start(settings.data) as server:
        server.supervise()
        superuser = server.dsn("postgres")
        yield Connections(superuser, server.dsn(SERVICE), server.dsn(INGEST), server)


@contextmanager
def lent(settings: Settings, *, make: bool = False) -> Iterator[Connections]:
    """Yield the connections of a short command: the embedded server may be that of a running service.

    Raises:
        NoDatabase: there is none, and this command is not one to `make` it.
    """
    connections = named(settings)
    if connections is not None:
        yield connections
        return
    if not make:
        _check_there(settings)
    with reach(settings.data) as address:
        yield Connections(address.dsn("postgres"), address.dsn(SERVICE), address.dsn(INGEST))


@contextmanager
def opened(settings: Settings, what: str) -> Iterator[Connections]:
    """Yield the connections of a command that works on a database of this release's schema; `what` is its name.

    Nobody moves, upgrades or fills that database meanwhile.

    Raises:
        DatabaseHeld: one of those has it alone now.
        NoDatabase, UnknownSchema, DatabaseClosed: as of `check_schema`.
    """
    with lent(settings) as connections, working(connections.lock_url, what):
        check_schema(connections)
        yield connections


@asynccontextmanager
async def database_of(
    url: str, settings: Settings, role: str, clock: Clock | None = None, *, is_final: bool = False
) -> AsyncIterator[Database]:
    """Yield a database in a role, closed afterwards; it goes by its own time, not by this machine's.

    What records does so within the reserve of disks that binds the service too: its server may be the same one.

    Args:
        url: a connection that may act as the role.
        settings: of the process.
        role: to act as.
        clock: to go by, where nothing is recorded.
        is_final: what is done cannot be undone: a time server is asked in any case.

    Raises:
        ClockDoubted: something speaks against the database's clock.
    """
    database = Database(url, settings, clock or wall_clock, role=role)
    try:
        if clock is not None:
            yield database
            return
        database.clock = (await first_look(database, settings.time_server, ask=is_final)).trusted()
        space = Space(places_of(settings), reserve_mib=settings.disk_reserve_mib, warn_percent=UNTOLD_PERCENT)
        await space.start()
        database.space = space
        try:
            yield database
        finally:
            await space.stop()
    finally:
        await database.close()


def check_schema(connections: Connections) -> None:
    """Check that the database is of an age and a schema that this release works on.

    Raises:
        NoDatabase: it cannot be reached, is too old, or has an older schema.
        UnknownSchema: a newer release has been at it.
        DatabaseClosed: it was moved elsewhere, another is on its way here, or an upgrade is not done.
    """
    url, role = (connections.owner, OWNER) if connections.owner else (connections.service, SERVICE)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            server = connection.info.server_version // 10_000
            found = schema_seen(connection, role)
    except psycopg.OperationalError as fault:
        raise NoDatabase(f"The database cannot be reached: {fault}") from fault
    if server < OLDEST_POSTGRESQL:
        raise NoDatabase(
            f"The database is PostgreSQL {server}; {OLDEST_POSTGRESQL} is the oldest this release works on."
        )
    if found.revision is None:
        raise NoDatabase("The database is empty: run `zhuanche migrate` first.")
    known = steps(alembic_config())
    if waiting(found, known):
        raise NoDatabase(
            f"The database's schema is at revision {found.revision} and this release needs {known[-1].revision}: run"
            " `zhuanche upgrade`, which makes a backup first."
        )
    check_open(found)
