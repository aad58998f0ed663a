"""Servers that outlived their service: found by name among the processes, and ended before another one starts.

The file `postmaster.pid` alone does not tell: its number may have gone to another process, and sessions may live on
for a moment when the server itself was killed. Each server therefore carries a mark (its `cluster_name`), which
PostgreSQL shows in the command line of the server and of every session. Command lines are readable even where root
may not look further into another account's processes, as in a container without CAP_SYS_PTRACE.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from api.db.datafolder import DataFolder, DataFolderInUse, file_faults

FAST_S: Final = 60.0
"""Time a server has for a fast shutdown, its last checkpoint included."""
KILLED_S: Final = 10.0


def mark_of(folder: DataFolder) -> str:
    """Return the mark of the server of this folder."""
    return f"zhuanche-{hashlib.sha256(os.fsencode(folder.pgdata)).hexdigest()[:16]}"


def _words(pid: int) -> list[str]:
    """Return the command line of a process; none for one that ended."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word).strip() for word in raw.split(b"\0") if word]


def _is_marked(words: list[str], mark: str) -> bool:
    return f"cluster_name={mark}" in words or any(word.startswith(f"postgres: {mark}:") for word in words[:1])


def server_processes(mark: str, uid: int) -> list[int]:
    """Return the numbers of all processes of the server with this mark that run as `uid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _is_marked(_words(int(entry.name)), mark):
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    found.append(int(entry.name))
    return sorted(found)


def end_leftover(folder: DataFolder) -> bool:
    """End a server that runs on this folder without a service, and tell whether there was one.

    It is stopped rather than taken over: its sessions belong to a service that is gone, and the new one
    is the parent of its server, started with this release's programs and settings.

    Raises:
        DataFolderInUse: a server runs here that was not started by zhuanche, or one that will not end.
    """
    mark, uid = mark_of(folder), folder.account.uid
    left = server_processes(mark, uid)
    if left:
        server = [pid for pid in left if f"cluster_name={mark}" in _words(pid)]
        if not _ended(mark, uid, server or left, signal.SIGINT if server else signal.SIGTERM, FAST_S):
            _ended(mark, uid, server or left, signal.SIGQUIT, KILLED_S)
        still = server_processes(mark, uid)
        if still and not _ended(mark, uid, still, signal.SIGKILL, KILLED_S):
            raise DataFolderInUse(f"The server left running on {folder.pgdata} (process {still[0]}) does not end.")
    with file_faults(folder.path):
        _forget_stale_number(folder)
    return bool(left)


def _ended(mark: str, uid: int, pids: list[int], how: signal.Signals, patience_s: float) -> bool:
    """Send a signal and wait until no process of the server is left."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
    deadline = time.monotonic() + patience_s
    while server_processes(mark, uid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _forget_stale_number(folder: DataFolder) -> None:
    """Remove a `postmaster.pid` whose number now belongs to some other process: PostgreSQL would not start.

    The same for a dead server that its new parent has not yet taken leave of (a zombie), as in a container whose
    first process is slow to. A number that belongs to nobody is left to PostgreSQL, which also looks at the shared
    memory named there.
    """
    file = folder.pgdata / "postmaster.pid"
    if not file.exists():
        return
    first = file.read_text(errors="replace").partition("\n")[0].strip()
    pid = int(first) if first.isdecimal() else 0
    if pid and not _lives(pid):
        return
    words = _words(pid) if pid else ["-"]
    if (not words and not _is_zombie(pid)) or (words and Path(words[0]).name in ("postgres", "postmaster")):
        raise DataFolderInUse(
            f"A PostgreSQL server that zhuanche did not start (process {pid}) runs on {folder.pgdata}: stop it first."
        )
    file.unlink()


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
