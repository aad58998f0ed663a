"""Who runs a command, as the record names them: the operating system's account, and the command."""

from __future__ import annotations

import getpass
import os


def operator(command: str) -> str:
    """Return the name for the record, such as `root, zhuanche seal`; an account without a name has its number."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not stand in any list of accounts
        account = f"user number {os.getuid()}"
    return f"{account}, zhuanche {command}"
