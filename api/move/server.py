"""PostgreSQL's next major version under the embedded database: both servers side by side, every row compared.

    data/postgres            the old server's home, never written but by its own server
    data/upgrade/            a data folder of its own, where the new one is filled; a killed run goes on there
    data/postgres-17         the old home from the moment the new one has its place, until that is confirmed

Between the two renames no `data/postgres` is there: `DataFolder` then refuses to make an empty one, and the next run of
`upgrade_server` ends what was begun.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.backup.manifest import Manifest
from api.db.cluster import installed_major
from api.db.datafolder import KEPT, DataFolder, file_faults
from api.db.embedded import start
from api.move.faults import ServerNotUpgraded
from api.move.move import move
from api.told import Told

MAKING: Final = "upgrade"
LEAST_FREE: Final = 1.2
"""Room needed beside the old database, of what that takes."""


@dataclass(frozen=True, slots=True)
class Majors:
    """Major versions of PostgreSQL: of the database that is there, and of this release."""

    there: str | None
    brought: str


def majors_of(data: Path) -> Majors:
    """Return which major version the database of a data folder has, and which one this release brings."""
    with file_faults(data):
        found = data / "postgres" / "pgdata" / "PG_VERSION"
        there = found.read_text().strip() if found.exists() else None
    return Majors(there, installed_major())


def upgrade_server(data: Path, old_programs: Path | None, told: Told, *, durable: bool = True) -> Manifest | None:
    """Bring the embedded database to this release's PostgreSQL; None where a killed run only had to be ended.

    Args:
        data: the data folder.
        old_programs: tree of the old major version's programs, with `bin/postgres` in it.
        told: is told how far it is.
        durable: as of `start`.

    Raises:
        ServerNotUpgraded: it cannot be begun.
        MoveRefused, MoveStopped, EmbeddedError: it can be run again; the old database is whole.
    """
    data = data.expanduser().absolute().resolve()
    if not (data / "postgres").exists() and kept(data):
        _put_in_place(data)
        return None
    majors = majors_of(data)
    if majors.there is None:
        raise ServerNotUpgraded(f"There is no embedded database in {data}.")
    if majors.there == majors.brought:
        raise ServerNotUpgraded(f"The database is of PostgreSQL {majors.there} already, which this release brings.")
    if (data / f"{KEPT}{majors.there}").exists():
        raise ServerNotUpgraded(f"{data / f'{KEPT}{majors.there}'} is in the way: confirm or remove it first.")
    if old_programs is None:
        raise ServerNotUpgraded(f"Name the programs of PostgreSQL {majors.there} with --from.")
    _check_room(data)
    with start(data, programs=old_programs, durable=durable) as old, start(data / MAKING, durable=durable) as new:
        source, target = old.dsn("postgres"), new.dsn("postgres")
        arrived = move(source, source, target, told, shut=False)
    _set_aside(data, majors.there)
    _put_in_place(data)
    return arrived


def confirm(data: Path) -> list[Path]:
    """Delete what was kept of older major versions, and return where it lay.

    Raises:
        ServerNotUpgraded: no database is in its place.
    """
    data = data.expanduser().absolute().resolve()
    majors = majors_of(data)
    if majors.there != majors.brought:
        raise ServerNotUpgraded("The database is not of this release's PostgreSQL: nothing is deleted.")
    old = kept(data)
    with file_faults(data):
        for entry in old:
            shutil.rmtree(entry.resolve())
            if entry.is_symlink():
                entry.unlink()
    return old


def kept(data: Path) -> list[Path]:
    """Return where what was kept of older major versions lies."""
    return sorted(data.glob(f"{KEPT}[0-9]*"))


def _check_room(data: Path) -> None:
    with file_faults(data):
        home = (data / "postgres").resolve()
        # What a run before this one left is kept or thrown away, so it takes no more room.
        needed = LEAST_FREE * _taken(home) - _taken((data / MAKING / "postgres").resolve())
        free = shutil.disk_usage(home).free
    if free < needed:
        raise ServerNotUpgraded(
            f"Beside the old database the new one needs {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free."
        )


def _taken(home: Path) -> int:
    """Return how many bytes the files of a server take; none where there is none yet."""
    return sum(path.lstat().st_size for path in (home / "pgdata").rglob("*") if path.is_file())


def _set_aside(data: Path, major: str) -> None:
    folder = DataFolder(data)
    try:
        with file_faults(data):
            (data / "postgres").rename(data / f"{KEPT}{major}")
            _flush(data)
    finally:
        folder.close()


def _put_in_place(data: Path) -> None:
    """Give the new home its place, wherever it lies, and let it say whose it is."""
    with file_faults(data):
        made = data / MAKING / "postgres"
        belongs = made.resolve() / "belongs-to"
        if belongs.exists():
            belongs.write_text(f"{data}\n")
        made.rename(data / "postgres")
        _flush(data)
        shutil.rmtree(data / MAKING)


def _flush(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)
