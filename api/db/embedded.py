"""The embedded PostgreSQL: started in a data folder, stopped with the service, reached by a socket.

    with start(settings.data) as server:
        migrate(server.dsn("postgres"))
        ...

**Who may connect.** The server listens on a unix socket in a folder that only its account (and root) may enter, and
trusts whoever reaches it. That account owns the cluster's files, so a password would guard nothing that it cannot
read anyway; the folder is the one lock, for files and connections alike. (Peer authentication, mapped, would add
nothing to that and refuses users without a name in the list of accounts.) There is no TCP unless a `port` is asked for;
then it listens on this machine only, by scram-sha-256 with passwords that this module makes and keeps in
`database-passwords.json` (0600).

**Who runs it.** A service of a normal user runs it as that user, root's as an unprivileged account (`datafolder`).
It is a child in a session of its own, so that Ctrl-C reaches the service alone, which drains and then stops it.

**What it survives.** One service at a time holds the folder's lock; a second is refused with `DataFolderInUse`. A
server left running by a killed service is stopped and started anew (`leftover`). A server that dies under a living
service is started again by `revive`, which `supervise` calls by itself; addresses stay the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg
import structlog
from psycopg import sql

from api.db.address import DATABASE, SUPERUSER, Address, NoServer, make_socket_folder, running
from api.db.cluster import (
    LOOPBACK,
    Programs,
    ServerFailed,
    check_version,
    installed_tree,
    make_cluster,
    server_options,
    told_fault,
    usable_programs,
    write_hba,
)
from api.db.datafolder import (
    ELSEWHERE,
    DataFolder,
    DataFolderInUse,
    EmbeddedError,
    file_faults,
)
from api.db.leftover import FAST_S, KILLED_S, clear_forsaken, end_leftover, mark_of, note_throwaway
from api.durable import flush
from api.loop import held_back

READY_TIMEOUT_S: Final = 300.0
"""Time from start to ready: recovery after a crash reads up to 1 GB of log again."""
LOG_S: Final = 2.0
"""How long an ended server's last words may take to reach its log."""
BUSY_S: Final = 10.0
"""How long a command waits for a server that another process is starting or stopping."""
LOGS_KEPT: Final = 20
THROWAWAY: Final = "zhuanche-throwaway-"
JUST_BEING_MADE_S: Final = 60.0
"""A throwaway folder younger than this may not be locked yet."""

log = structlog.get_logger("zhuanche.database")


class EmbeddedServer:
    """A PostgreSQL server that this process started and owns. `start` makes it."""

    def __init__(self, folder: DataFolder, programs: Programs, *, port: int | None, durable: bool) -> None:
        """Take over a locked folder with a cluster made, and start its server.

        Raises:
            EmbeddedError: it does not start; nothing is left running.
        """
        self.folder = folder
        self.programs = programs
        self._tcp = port
        self._durable = durable
        self._turn = threading.RLock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        with file_faults(folder.path):
            self.address = Address(make_socket_folder(folder), port or 5432)
        try:
            self._launch()
        except BaseException:
            shutil.rmtree(self.address.socket, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the number of the server's process."""
        if self._process is None:
            raise ServerFailed("The server was not started.")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Tell whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Return the URL of a database as `role`, for libpq and SQLAlchemy alike, over the socket."""
        return self.address.dsn(role, database)

    def tcp_dsn(self, role: str, database: str = DATABASE) -> str:
        """Return a URL over TCP with the role's password, which is made the first time it is asked for.

        Raises:
            ServerFailed: the server was started without a port, or has no such role.
        """
        if self._tcp is None:
            raise ServerFailed("The embedded database was started without a TCP port.")
        password = self._password(role)
        return f"postgresql://{quote(role, safe='')}:{password}@{LOOPBACK}:{self._tcp}/{quote(database, safe='')}"

    def stop(self) -> None:
        """Shut down fast: sessions are ended, what was committed stays. Waits for the end; may be called again."""
        self._stopping.set()
        with held_back(), self._turn:
            if self._process is not None:
                _end(self._process)
            shutil.rmtree(self.address.socket, ignore_errors=True)
            self.folder.close()

    def revive(self) -> bool:
        """Start the server again if it died, at the same address, and tell whether it had.

        Raises:
            EmbeddedError: it does not start.
        """
        with self._turn:
            if self.alive or self._stopping.is_set():
                return False
            self._launch()
            return True

    def supervise(self, *, pause_s: float = 1.0) -> None:
        """Revive the server by itself from now on, in a thread, whenever it dies; `stop` ends that."""
        threading.Thread(target=self._watch, args=(pause_s,), name="database-supervisor", daemon=True).start()

    def _watch(self, pause_s: float) -> None:
        while not self._stopping.wait(pause_s):
            if not self.alive:
                try:
                    if self.revive():
                        log.error("database-server-died", revived=True)
                except (EmbeddedError, OSError) as fault:
                    log.error("database-server-died", revived=False, reason=str(fault))  # noqa: TRY400 - said plainly

    def _launch(self) -> None:
        end_leftover(self.folder)
        with file_faults(self.folder.path):
            logs = self.folder.own(self.folder.log)
            _prune(logs)
            before = {path: path.stat().st_size for path in logs.iterdir()}
            socket = self.folder.own(self.address.socket)
            write_hba(self.folder)
            said = self.folder.home / "start.log"
            command: list[str | Path] = [
                self.programs["postgres"],
                "-D",
                self.folder.pgdata,
                *server_options(
                    self.folder, socket=socket, port=self._tcp, durable=self._durable, mark=mark_of(self.folder.pgdata)
                ),
            ]
            with said.open("wb") as output:
                said.chmod(0o600)
        try:
            with (
                file_faults(self.folder.path),
                said.open("ab") as output,
                held_back(),
            ):  # a process that has begun is known, and ended below
                self._process = self.folder.account.spawn(command, output, cwd=self.folder.pgdata)
            self._wait_until_ready()
            self._make_database()
        except _Ended:
            text = _last_words(said, logs, before)
            on_port = f" on port {self._tcp}" if self._tcp else ""
            raise told_fault(text, self.folder.path, f"The database server did not start{on_port}") from None
        except BaseException:
            if self._process is not None:
                _end(self._process)
            raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            if not self.alive:
                raise _Ended
            try:
                psycopg.connect(self.dsn(SUPERUSER, SUPERUSER), connect_timeout=10).close()
            except psycopg.OperationalError as fault:
                if time.monotonic() > deadline:
                    raise ServerFailed(
                        f"The database server was not ready after {READY_TIMEOUT_S:.0f} s: {fault}"
                    ) from fault
            else:
                return
            time.sleep(0.02)

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self.dsn(SUPERUSER, SUPERUSER), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.Error as fault:
            raise told_fault(str(fault), self.folder.path, "The database could not be made") from fault

    def _password(self, role: str) -> str:
        """Return the kept password of a role, or a new one, after giving it to the role."""
        path = self.folder.path / "database-passwords.json"
        with self._turn, file_faults(self.folder.path):
            kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
            password = kept.get(role) or secrets.token_urlsafe(24)
            try:
                with psycopg.connect(self.dsn(SUPERUSER, SUPERUSER), autocommit=True) as connection:
                    connection.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
                    )
            except psycopg.errors.UndefinedObject as fault:
                raise ServerFailed(f"The embedded database has no role {role}.") from fault
            if role not in kept:
                making = path.with_suffix(".new")
                making.unlink(missing_ok=True)
                with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    json.dump(kept | {role: password}, file)
                flush(making)  # half a file would be read, in vain, at every start
                making.rename(path)
            return password


class _Ended(Exception):
    """The server's process ended before it was ready."""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server: fast (SIGINT), then at once (SIGQUIT), then by force. Waits."""
    for how, patience_s in ((signal.SIGINT, FAST_S), (signal.SIGQUIT, KILLED_S), (signal.SIGKILL, KILLED_S)):
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return


def _prune(logs: Path) -> None:
    for old in sorted(logs.glob("postgres-*.log"))[:-LOGS_KEPT]:
        old.unlink(missing_ok=True)


def _last_words(said: Path, logs: Path, before: dict[Path, int]) -> str:
    """Return what an ended server said before its log was open, and wrote to it since sizes were taken.

    The log is written by a process of its own, which may outlive the server by a moment: why it ended is waited for.
    """
    deadline = time.monotonic() + LOG_S
    while True:
        parts = [said.read_bytes(), *(path.read_bytes()[before.get(path, 0) :] for path in sorted(logs.iterdir()))]
        text = b"".join(parts).decode(errors="replace")
        if "FATAL" in text or "PANIC" in text or time.monotonic() > deadline:
            return text
        time.sleep(0.02)


def start(
    data: Path,
    *,
    durable: bool = True,
    port: int | None = None,
    programs: Path | None = None,
    elsewhere: Path = ELSEWHERE,
) -> EmbeddedServer:
    """Start the server of a data folder, making folder, cluster and database `zhuanche` where they are missing.

    `durable=False` is for tests: nothing is flushed to the disk, so a crash of the machine (not of the server) may
    lose the database; a home elsewhere is cleared by a later such start once its data folder is gone. `port` opens
    TCP on this machine. `programs` is a tree of PostgreSQL's programs other than the wheel's; `elsewhere` is where
    root's server has its home when the data folder is closed to its account.

    Raises:
        EmbeddedError: one subclass a fault, with a sentence to show. What was there is unharmed.
    """
    if not durable:
        clear_forsaken(elsewhere)
    folder = DataFolder(data, elsewhere=elsewhere)
    try:
        note_throwaway(folder, durable=durable)
        usable = usable_programs(folder, programs or installed_tree(), durable=durable)
        check_version(folder, usable)
        make_cluster(folder, usable, durable=durable)
        return EmbeddedServer(folder, usable, port=port, durable=durable)
    except BaseException:
        folder.close()
        raise


@contextmanager
def reach(data: Path) -> Iterator[Address]:
    """Yield the address of the data folder's server: the service's where one runs, else one started for the while.

    Another command may be starting or stopping the server just now: that is waited for.

    Raises:
        EmbeddedError: it cannot be started, or who holds the folder has no server ready.
    """
    deadline = time.monotonic() + BUSY_S
    while True:
        server = None
        with contextlib.suppress(DataFolderInUse):
            server = start(data)
        if server is not None:
            with server:
                yield server.address
            return
        try:
            address = running(data)
        except NoServer:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
            continue
        yield address
        return


@contextmanager
def throwaway() -> Iterator[EmbeddedServer]:
    """Yield a server on a new, empty folder that is deleted afterwards: for tests, benchmarks and tools.

    What earlier ones left behind when they were killed is cleared away first.
    """
    _clear_killed_throwaways()
    data = Path(tempfile.gettempdir(), THROWAWAY + secrets.token_hex(4))
    with start(data, durable=False) as server:
        try:
            yield server
        finally:
            server.stop()
            server.folder.remove()


def _clear_killed_throwaways() -> None:
    for data in Path(tempfile.gettempdir()).glob(f"{THROWAWAY}*"):
        with contextlib.suppress(EmbeddedError, OSError):
            have = data.stat()
            if have.st_uid == os.geteuid() and time.time() - have.st_mtime > JUST_BEING_MADE_S:
                folder = DataFolder(data)
                try:
                    end_leftover(folder)
                    folder.remove()
                finally:
                    folder.close()
