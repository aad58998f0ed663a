"""Who works on a database: all share one lock, and what needs it alone (a move, an upgrade, a restore) takes it alone.

Each holds it on a connection of its own, straight to the server and for as long as it works. A number tells
it: an advisory lock, of this one database.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

import psycopg
import structlog

from api.db.engine import LINE, NOTICED
from api.db.migrate import alembic_config
from api.db.revision import DatabaseClosed, UnknownSchema, check_open, schema_seen, steps
from api.db.roles import OWNER, SERVICE

log = structlog.get_logger()

WORK_LOCK: Final = 5_350_306
"""Key of the advisory lock."""
CONNECT_S: Final = 10
PATIENCE_S: Final = 5
"""How long who wants it alone waits: a service that is refused at the door, and begun anew, holds it for a moment."""
LOOK_EVERY_S: Final = 5.0
"""How often a service looks whether it still holds it."""
WAITED_OUT: Final = PATIENCE_S + 1
"""So many seconds a service that lost it waits: longer than who waits to have it alone and is refused."""
END_S: Final = 1.0

Connection = psycopg.Connection[Any]

_WHO = """
SELECT a.application_name || coalesce(' from ' || host(a.client_addr), '')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1 AND a.pid <> pg_backend_pid()
ORDER BY a.backend_start
"""
_OTHERS = """
SELECT application_name || coalesce(' from ' || host(client_addr), '') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'zhuanche %%'
    AND application_name <> ALL(%s) AND pid NOT IN (
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND mode = 'ExclusiveLock')
ORDER BY backend_start
"""


class DatabaseHeld(DatabaseClosed):
    """Others are at work on the database, or one has it alone; the sentence says who, and where."""


class HoldLost(DatabaseClosed):
    """Who had the database alone has it no longer: others may have been at work on it."""


@contextmanager
def alone(url: str, what: str) -> Iterator[Callable[[], None]]:
    """Hold a database alone: `what` is a command's name. Who works on it is waited for a few seconds.

    Yields what looks whether it is held still, and raises `HoldLost` where it is not: in hours of work its connection
    may be ended, and nobody else tells of that.

    Raises:
        DatabaseHeld: others are at work.
        psycopg.OperationalError: it cannot be reached.
    """
    with _connected(url, what) as connection:
        connection.execute(f"SET lock_timeout = '{PATIENCE_S}s'")
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", (WORK_LOCK,))
        except psycopg.errors.LockNotAvailable as fault:
            raise DatabaseHeld(f"The database is worked on by {_who(connection)}: stop that first.") from fault

        def held() -> None:
            try:
                connection.execute("SELECT 1")
            except psycopg.Error as fault:
                raise HoldLost(
                    f"The database was not held alone to the end, and others may have been at work on it"
                    f" ({' '.join(str(fault).split())})."
                ) from fault

        try:
            yield held
        finally:
            # Said, and not left to the end of the connection: the same command may share it in the next moment.
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(%s)", (WORK_LOCK,))


@contextmanager
def working(url: str, what: str, ended: Callable[[str], None] | None = None) -> Iterator[None]:
    """Share a database with others at work; `what` is a command's name.

    Args:
        url: of any role; it must lead to the server itself.
        what: a command's name, which others are told.
        ended: of a service: is told, from another thread and at most once, why it may not go on. It has lost its
            connection, and meanwhile another has taken the database alone, or it was shut.

    Raises:
        DatabaseHeld: one has it alone.
        psycopg.OperationalError: it cannot be reached.
    """
    if ended is None:
        with _shared(url, what):
            yield
        return
    keeper = _Keeper(url, what, ended)
    try:
        yield
    finally:
        keeper.stop()


def others_at_work(connection: Connection, but: tuple[str, ...] = ()) -> list[str]:
    """Return who is connected to a database besides, as far as they say so: not every release holds the lock."""
    return [name for (name,) in connection.execute(_OTHERS.encode(), (list(but), WORK_LOCK))]


def _connected(url: str, what: str) -> Connection:
    name = f"zhuanche {what} (process {os.getpid()} on {socket.gethostname()})"
    options = f"-c idle_session_timeout=0 -c statement_timeout=0 {NOTICED}"
    return psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_S, application_name=name, options=options, **LINE
    )


def _shared(url: str, what: str) -> Connection:
    connection = _connected(url, what)
    row = connection.execute("SELECT pg_try_advisory_lock_shared(%s)", (WORK_LOCK,)).fetchone()
    if row and row[0]:
        return connection
    with connection:
        raise DatabaseHeld(f"The database is held by {_who(connection)}: wait until that has ended.")


def _who(connection: Connection) -> str:
    found = [name for (name,) in connection.execute(_WHO.encode(), (WORK_LOCK,))]
    return ", ".join(dict.fromkeys(found)) or "another process, which has just ended"


class _Keeper:
    """Looks from a thread whether the lock is still held, and takes it again where the connection was lost."""

    def __init__(self, url: str, what: str, ended: Callable[[str], None]) -> None:
        self._url = url
        self._what = what
        self._ended = ended
        self._connection = _shared(url, what)
        self._stopping = Event()
        self._thread = Thread(target=self._keep, daemon=True, name="work lock")
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(END_S)
        if not self._thread.is_alive():  # else the database stands still, and is not waited for
            self._connection.close()

    def _keep(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self._connection.execute("SELECT 1")
            except psycopg.Error:
                if not self._again():
                    return

    def _again(self) -> bool:
        """Take the lock anew, and tell whether the service may go on."""
        self._connection.close()
        try:
            self._connection = self._shared_in_the_end()
            self._look()
        except (DatabaseClosed, UnknownSchema) as fault:
            if not self._stopping.is_set():
                self._ended(str(fault))
            return False
        except psycopg.Error as fault:
            self._connection.close()  # the next look takes it again, and looks at all of this again
            log.warning("work-lock-lost", kind=type(fault).__name__)
        return True

    def _look(self) -> None:
        role = self._connection.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_has_role(name, 'MEMBER')", ([OWNER, SERVICE],)
        ).fetchone()
        schema = schema_seen(self._connection, role[0] if role else SERVICE)
        check_open(schema)
        if schema.revision != steps(alembic_config())[-1].revision:
            raise DatabaseClosed("The database was upgraded meanwhile: start the service of its release.")

    def _shared_in_the_end(self) -> Connection:
        """Share it as soon as nobody has it alone; who only waits to have it alone is refused before that."""
        for _ in range(WAITED_OUT):
            with contextlib.suppress(DatabaseHeld):
                return _shared(self._url, self._what)
            if self._stopping.wait(1.0):
                break
        return _shared(self._url, self._what)
