"""The data folder of the embedded database: who owns it, who may enter it, and who uses it now.

    data/                      the folder the operator names (ZHUANCHE_DATA)
      zhuanche.lock            held by flock while a service uses the folder; holds that process's number
      database-passwords.json  only after TCP was asked for (0600)
      postgres/                home of the server, or a link to it (see below)
      postgres-17/             the same of the last major version, kept until its upgrade is confirmed
        pgdata/                the cluster, owned by the account that runs the server, 0700
        log/                   the server's own log, same owner
        pg_hba.conf  socket -> binaries-…  zoneinfo   written by the service, only read by the server

PostgreSQL refuses to run as root. Root's service therefore runs the server as another account: whoever owns the
cluster already, else `zhuanche`, `postgres` or `nobody`, the first that exists. No account is created. That account
must be able to walk to the cluster. Folders that we made, or that were empty when first given to us, are opened to
its group for passing through (0710). A folder that was there before with something in it is never changed: when one
of those is closed (the default below /root always is), the home is made under `/var/lib/zhuanche` and
`data/postgres` is a link to it; `belongs-to` in there names the folder. Root never writes inside a folder which that
account owns.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

ELSEWHERE: Final = Path("/var/lib/zhuanche")
"""Where root's service makes the server's home when the data folder lies behind a closed folder."""
KEPT: Final = "postgres-"
"""Before the major version: the home of the server that was before, in the data folder until it is confirmed."""
ACCOUNTS: Final = ("zhuanche", "postgres", "nobody")
LOCK: Final = "zhuanche.lock"
ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""All that the server's processes see: no PG… variable, library path or locale of the caller reaches them."""
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class EmbeddedError(Exception):
    """The embedded database cannot be used; the sentence says why and what helps."""


class DataFolderInUse(EmbeddedError):
    """Another process uses this data folder now; it was not disturbed."""


class DataFolderUnusable(EmbeddedError):
    """The data folder cannot be read or written by those who must."""


class NoSpace(EmbeddedError):
    """The disk, quota or file size limit has no room for the database."""


class NoAccount(EmbeddedError):
    """There is no account that the server could run as."""


@contextmanager
def file_faults(path: Path) -> Iterator[None]:
    """Tell an `OSError` within as `NoSpace` or `DataFolderUnusable`, naming `path`."""
    try:
        yield
    except OSError as fault:
        where = fault.filename or path
        if fault.errno in FULL:
            raise NoSpace(f"There is no room for the database in {path} ({fault.strerror}).") from fault
        whose = _whose(Path(where)) if isinstance(fault, PermissionError) else ""
        raise DataFolderUnusable(f"The data folder {path} cannot be used: {where}: {fault.strerror}{whose}.") from fault


def _whose(path: Path) -> str:
    """Return whose a file is, in words that go on with a refusal; nothing where that cannot be seen either."""
    with contextlib.suppress(OSError):
        owner = path.stat().st_uid
        if owner != os.geteuid():
            name = f"the user number {owner}"
            with contextlib.suppress(KeyError):
                name = pwd.getpwuid(owner).pw_name
            return f"; it is {name}'s: run zhuanche as that account, or as root"
    return ""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's account that runs the server's processes."""

    name: str
    uid: int
    gid: int
    other: bool
    """It is another than the service's own, so that processes must change over to it."""

    def spawn(
        self, command: Sequence[str | Path], said: IO[bytes] | int, cwd: Path = Path("/")
    ) -> subprocess.Popen[bytes]:
        """Start a command as this account, in a session of its own, files closed to others; it writes to `said`.

        A session of its own keeps the terminal's Ctrl-C from it: the service decides when the server stops.
        """
        return subprocess.Popen(  # noqa: S603 - our own programs with our own arguments
            [os.fspath(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.other else None,
            group=self.gid if self.other else None,
            extra_groups=[] if self.other else None,
        )

    def run(self, command: Sequence[str | Path], timeout_s: float, cwd: Path = Path("/")) -> tuple[int, str]:
        """Run a command as this account and return its exit status and what it said.

        Raises:
            NoAccount: this process may not change over to the account.
            OSError: the command could not be started.
        """
        try:
            process = self.spawn(command, subprocess.PIPE, cwd)
        except OSError as fault:
            if self.other and fault.errno in (errno.EPERM, errno.EINVAL):
                raise NoAccount(
                    f"PostgreSQL does not run as root, and this root may not run it as {self.name} "
                    f"({fault.strerror}): start zhuanche as a normal user, or set ZHUANCHE_DATABASE_URL."
                ) from fault
            raise
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return process.returncode, said.decode(errors="replace")


def closed_folder(path: Path, account: Account) -> Path | None:
    """Return the first folder on the way to `path`, itself included, that the account may not pass through."""
    for folder in [*reversed(path.parents), path]:
        have = folder.stat()
        if have.st_uid == account.uid:
            may = have.st_mode & stat.S_IXUSR
        elif have.st_gid == account.gid:
            may = have.st_mode & stat.S_IXGRP
        else:
            may = have.st_mode & stat.S_IXOTH
        if not may:
            return folder
    return None


def _account_named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def _account_numbered(uid: int, gid: int, *, other: bool) -> Account:
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid, other)
    except KeyError:
        raise NoAccount(
            f"The user number {uid} has no name in this system's list of accounts, which PostgreSQL needs: "
            "run zhuanche as an account that has one, or set ZHUANCHE_DATABASE_URL."
        ) from None


def choose_account(pgdata: Path) -> Account:
    """Return the account that runs the server: this process's own, or as root the cluster's owner or a standing one.

    Raises:
        NoAccount: there is none, or its number has no name, which initdb insists on.
        DataFolderUnusable: the cluster belongs to another user than this one.
    """
    owner = pgdata.stat() if pgdata.is_dir() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise DataFolderUnusable(
                f"The database in {pgdata} belongs to the user number {owner.st_uid}: "
                "start zhuanche as that user or as root."
            )
        return _account_numbered(os.geteuid(), os.getegid(), other=False)
    if owner and owner.st_uid != 0:
        return _account_numbered(owner.st_uid, owner.st_gid, other=True)
    for name in ACCOUNTS:
        account = _account_named(name)
        if account and account.uid != 0:
            return account
    raise NoAccount(
        f"PostgreSQL does not run as root, and this system has none of the accounts {', '.join(ACCOUNTS)}: "
        "create one, start zhuanche as a normal user, or set ZHUANCHE_DATABASE_URL."
    )


class DataFolder:
    """A data folder that this process holds the lock of."""

    def __init__(self, path: Path, *, elsewhere: Path = ELSEWHERE) -> None:
        """Make the folder where it is missing, lock it, and find or make the server's home.

        Raises:
            DataFolderInUse: another process holds the lock.
            DataFolderUnusable: it cannot be written, or the server's account cannot reach its home.
            NoSpace: there is no room to make it.
            NoAccount: no account could run the server.
        """
        # In the tmp and home folders of some systems a link stands on the way; sockets and locks want the one name.
        self.path = path.expanduser().absolute().resolve()
        with file_faults(self.path):
            self._lock = self._hold()
        try:
            with file_faults(self.path):
                self.home = self._home(elsewhere)
        except BaseException:
            self.close()
            raise

    @property
    def pgdata(self) -> Path:
        """Return the folder of the cluster."""
        return self.home / "pgdata"

    @property
    def log(self) -> Path:
        """Return the folder of the server's log."""
        return self.home / "log"

    @property
    def relocated(self) -> bool:
        """Tell whether the server's home lies outside this folder."""
        return self.home.parent != self.path

    def close(self) -> None:
        """Release the lock."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def remove(self) -> None:
        """Delete the folder with everything in it, and the server's home wherever it lies."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def own(self, path: Path) -> Path:
        """Make `path` a folder that only the server's account (and root) may enter, or check that it is one.

        Raises:
            DataFolderUnusable: someone else has put something there; root must not give that away.
        """
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        have = path.lstat()
        if not stat.S_ISDIR(have.st_mode) or have.st_uid not in (os.geteuid(), self.account.uid):
            raise DataFolderUnusable(f"{path} is in the way: it is not a folder of zhuanche's.")
        if have.st_uid != self.account.uid:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
        return path

    def lend(self, path: Path, mode: int) -> Path:
        """Let the server's account use, but not change, a file or folder of ours; `mode` counts its group's bits."""
        if self.account.other:
            os.chown(path, -1, self.account.gid)
        path.chmod(mode)
        return path

    def _hold(self) -> int:
        """Take the lock; note first whether the folder was given to us empty, or is ours from before."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ours = not any(self.path.iterdir()) or (self.path / LOCK).is_file()
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            raise DataFolderInUse(
                f"Another zhuanche (process {holder or 'unknown'}) uses the data folder {self.path} now: "
                "stop it first, or name another folder with ZHUANCHE_DATA."
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        return lock

    def _home(self, elsewhere: Path) -> Path:
        entry = self.path / "postgres"
        if entry.is_symlink() and not entry.exists():
            raise DataFolderUnusable(
                f"The database of {self.path} lay in {entry.readlink()}, which is gone: bring it back, "
                f"or remove the link {entry} to begin with an empty database."
            )
        if not entry.exists() and any(self.path.glob(f"{KEPT}[0-9]*")):
            raise DataFolderUnusable(
                f"The database of {self.path} is being changed to another major version of PostgreSQL: run"
                " `zhuanche upgrade-db` again. Nothing is lost."
            )
        self.account = choose_account(entry.resolve() / "pgdata")
        closed = self._closed(self.path)
        if closed == self.path and self._ours:
            self.lend(self.path, 0o710)
            closed = None
        if not entry.exists():
            if closed is None:
                entry.mkdir(mode=0o700)
            else:
                entry.symlink_to(self._make_elsewhere(elsewhere, closed))
        home = self.lend(entry.resolve(), 0o710 if self.account.other else 0o700)
        closed = self._closed(home)
        if closed is not None:
            raise DataFolderUnusable(
                f"The database in {home} cannot be reached by the account {self.account.name}, which runs it: "
                f"{closed} is closed to it. Open that folder for passing through, or move the data folder."
            )
        return home

    def _closed(self, path: Path) -> Path | None:
        return closed_folder(path, self.account) if self.account.other else None

    def _make_elsewhere(self, elsewhere: Path, closed: Path) -> Path:
        """Make a home outside: named for the data folder, and saying inside whose it is."""
        try:
            if not elsewhere.exists():
                elsewhere.mkdir(parents=True)
                elsewhere.chmod(0o711)
            home = elsewhere / f"{self.path.name}-{secrets.token_hex(4)}"
            home.mkdir(mode=0o700)
            (home / "belongs-to").write_text(f"{self.path}\n")
        except OSError as fault:
            raise DataFolderUnusable(
                f"The account {self.account.name}, which runs the database, cannot pass {closed}, and a place for it "
                f"could not be made in {elsewhere} ({fault.strerror}): name a folder that others may pass through "
                "with ZHUANCHE_DATA."
            ) from fault
        return home
