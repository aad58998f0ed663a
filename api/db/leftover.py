"""What outlived its service: servers, found by name among the processes, and homes of throwaway ones.

A server is ended before another one starts on its folder.

The file `postmaster.pid` alone does not tell: its number may have gone to another process, and sessions may live on
for a moment when the server itself was killed. Each server therefore carries a mark (its `cluster_name`), which
PostgreSQL shows in the command line of the server and of every session. Command lines are readable even where root
may not look further into another account's processes, as in a container without CAP_SYS_PTRACE.

A home that lies elsewhere is cleared when its data folder is gone and it says itself that nobody will miss it. No other
is ever touched: its data folder may have been moved, or lie on a disk that is away just now.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import time
from pathlib import Path
from typing import Final

from api.db.datafolder import DataFolder, DataFolderInUse, file_faults

FAST_S: Final = 60.0
"""Time a server has for a fast shutdown, its last checkpoint included."""
KILLED_S: Final = 10.0
THROWAWAY_NOTE: Final = "throwaway"
"""Lies in a home elsewhere whose cluster was made to be thrown away."""


def mark_of(pgdata: Path) -> str:
    """Return the mark of the server of this cluster."""
    return f"zhuanche-{hashlib.sha256(os.fsencode(pgdata)).hexdigest()[:16]}"


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
    mark, uid = mark_of(folder.pgdata), folder.account.uid
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
    pid = _number_in(file)
    if pid and not _lives(pid):
        return
    if pid and _may_be_server(pid):
        raise DataFolderInUse(
            f"A PostgreSQL server that zhuanche did not start (process {pid}) runs on {folder.pgdata}: stop it first."
        )
    file.unlink()


def _number_in(file: Path) -> int:
    """Return the process that `postmaster.pid` names, 0 where it names none."""
    first = file.read_text(errors="replace").partition("\n")[0].strip()
    return int(first) if first.isdecimal() else 0


def _may_be_server(pid: int) -> bool:
    """Tell whether a living process is PostgreSQL's, or cannot be looked at."""
    words = _words(pid)
    return Path(words[0]).name in ("postgres", "postmaster") if words else not _is_zombie(pid)


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


def note_throwaway(folder: DataFolder, *, durable: bool) -> None:
    """Let a home that was made elsewhere say that nobody will miss it, or no longer say so.

    A cluster that was there before is not declared thrown away by who opens it once without care.
    """
    if not folder.relocated:
        return
    with file_faults(folder.path):
        if durable:
            (folder.home / THROWAWAY_NOTE).unlink(missing_ok=True)
        elif not folder.pgdata.exists():
            (folder.home / THROWAWAY_NOTE).touch(mode=0o600)


def homes_without_folder(elsewhere: Path) -> list[tuple[Path, str]]:
    """Return the homes that lie elsewhere and that no data folder leads to, each with the folder it was made for.

    Those that were made to be thrown away are left out: the next throwaway server clears them.

    Raises:
        PermissionError: this account may not look.
    """
    found = []
    for home in sorted(elsewhere.iterdir()) if elsewhere.is_dir() else []:
        if not stat.S_ISDIR(home.lstat().st_mode) or (home / THROWAWAY_NOTE).exists():
            continue
        note = home / "belongs-to"
        data = note.read_text("utf-8", "replace").removesuffix("\n") if note.is_file() else ""
        if not data or (Path(data) / "postgres").resolve() != home.resolve():
            found.append((home, data or "?"))
    return found


def clear_forsaken(elsewhere: Path) -> None:
    """Delete the homes of throwaway servers that do not run any more, and whose data folder is gone."""
    with contextlib.suppress(OSError):  # not there, or none of ours
        for home in list(elsewhere.resolve().iterdir()):
            with contextlib.suppress(OSError):
                if _is_forsaken(home):
                    # What is largest goes first: whoever is killed here leaves a home that still says what it is.
                    shutil.rmtree(home / "pgdata", ignore_errors=True)
                    shutil.rmtree(home, ignore_errors=True)


def _is_forsaken(home: Path) -> bool:
    have, note = home.lstat(), (home / THROWAWAY_NOTE).lstat()
    if not (stat.S_ISDIR(have.st_mode) and stat.S_ISREG(note.st_mode)) or have.st_uid != os.geteuid():
        return False
    data = Path((home / "belongs-to").read_text().removesuffix("\n"))
    return data.is_absolute() and _is_gone(data) and not _is_run(home / "pgdata")


def _is_gone(path: Path) -> bool:
    """Tell whether nothing is there; a disk that does not answer is no proof."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False


def _is_run(pgdata: Path) -> bool:
    """Tell whether a process of a server lives that has this cluster, by its mark or by the number it left."""
    if not pgdata.exists():
        return False
    if server_processes(mark_of(pgdata), pgdata.stat().st_uid):
        return True
    file = pgdata / "postmaster.pid"
    pid = _number_in(file) if file.exists() else 0
    return pid > 0 and _lives(pid) and _may_be_server(pid)
