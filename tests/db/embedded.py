"""What tests of the embedded server ask of processes, folders and the database."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

ROOT = os.geteuid() == 0


SERVICE = Path(__file__).with_name("embedded_service.py")


STRANGER = 65534
"""A normal user that owns nothing here."""


def commands() -> Iterator[tuple[int, str]]:
    """Yield each process of this machine with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def ask(dsn: str, query: str, *parameters: Any) -> Any:
    """Return the first value a query answers with."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query, parameters).fetchone()  # type: ignore[arg-type]
        return row and row[0]


def keep(dsn: str) -> None:
    """Commit one row that must outlive whatever comes next."""
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")


def gone(pid: int) -> bool:
    """Tell whether a process ends within a few seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def rights(path: Path) -> int:
    """Return the permission bits of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)
