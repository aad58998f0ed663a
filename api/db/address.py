"""Where the embedded server listens: a socket in a folder of its own, found again by other commands."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import psycopg

from api.db.datafolder import DataFolder, DataFolderUnusable, EmbeddedError, closed_folder, file_faults

DATABASE: Final = "zhuanche"
SUPERUSER: Final = "postgres"
SOCKET_NAME_LIMIT: Final = 107
"""Bytes in the name of a unix socket (sockaddr_un)."""


class NoServer(EmbeddedError):
    """No database server answers on this data folder."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running server listens."""

    socket: Path
    port: int = 5432

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Return the URL of a database as `role`, for libpq and SQLAlchemy alike."""
        where = urlencode({"host": self.socket, "port": self.port}, safe="/")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?{where}"


def make_socket_folder(folder: DataFolder) -> Path:
    """Make a folder of its own for the socket, with a short name, and keep a link to it in the server's home.

    It does not lie in the data folder, whose name may be longer than a socket's may be; what an earlier run
    left is removed.
    """
    link = folder.home / "socket"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()
    for base in (Path(tempfile.gettempdir()).resolve(), Path("/run"), folder.home):
        name = len(os.fsencode(base / "zhuanche-12345678" / ".s.PGSQL.65535"))
        closed = closed_folder(base, folder.account) if folder.account.other else None
        if name <= SOCKET_NAME_LIMIT and closed is None and os.access(base, os.W_OK | os.X_OK):
            socket = folder.own(Path(tempfile.mkdtemp(prefix="zhuanche-", dir=base)))
            link.symlink_to(socket)
            return socket
    raise DataFolderUnusable(
        f"No place for the database's socket: {tempfile.gettempdir()} (TMPDIR) has too long a name, is closed to the "
        f"account {folder.account.name}, or cannot be written."
    )


def running(data: Path) -> Address:
    """Return the address of the server that another process runs on this data folder.

    Raises:
        NoServer: none answers.
    """
    with file_faults(data):
        home = (data.expanduser() / "postgres").resolve()
        sockets = sorted((home / "socket").glob(".s.PGSQL.*[0-9]"))
    for socket in sockets:
        port = re.fullmatch(r"\.s\.PGSQL\.(\d+)", socket.name)
        if port:
            address = Address(socket.parent.resolve(), int(port.group(1)))
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(address.dsn(SUPERUSER, SUPERUSER), connect_timeout=10).close()
                return address
    raise NoServer(f"No database server answers on the data folder {data}.")
