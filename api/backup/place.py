"""Where backups lie: a name only for what is whole, how many are kept, and when the last one succeeded or failed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from api.backup.encryption import SUFFIX
from api.backup.faults import BackupFailed, CopyFailed
from api.clock import Clock, wall_clock
from api.db.datafolder import FULL
from api.settings import Settings
from api.space import places_of

NAME: Final = re.compile(r"zhuanche-(\d{8}T\d{6}Z)\.tar(\.age)?")
PART: Final = ".part"
FAILURE: Final = "last-failure.json"
GONE: Final = "attachments-gone"
"""Attachments on record that the newest backup of the folder is without and somebody gave up, one a line."""
AHEAD: Final = timedelta(days=1)
"""A name further ahead than this was given under a wrong clock: it says nothing of how old its backup is."""
MONTHS: Final = 12
"""Beside the newest ones, the newest of each of so many months is kept: what went wrong may be noticed late."""


class Failure(msgspec.Struct, frozen=True):
    """Why the last try made no backup, or no copy of it, until one succeeds."""

    at: datetime
    reason: str
    is_copy: bool = False
    """The backup is whole in its folder, and only its copy in the object store is missing."""


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with the backups of a folder."""

    newest: Path | None
    taken_at: datetime | None
    """When the newest whole one was taken."""
    failure: Failure | None
    """Why the last try after it failed, where it did."""


def name_of(taken_at: datetime, *, is_encrypted: bool) -> str:
    """Return the name of a backup: names sort by time."""
    return f"zhuanche-{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar{SUFFIX if is_encrypted else ''}"


def taken_at(name: str) -> datetime | None:
    """Return when the backup of that name was taken, or None where it is no backup's name."""
    found = NAME.fullmatch(name)
    with contextlib.suppress(ValueError):  # of a day that there is not
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
    return None


def _is_past(name: str, now: datetime) -> bool:
    at = taken_at(name)
    return at is not None and at <= now + AHEAD


def folder_of(settings: Settings) -> Path:
    """Return the folder that backups go to where no other is named."""
    return settings.backup_to or settings.data / "backups"


def make_folder(folder: Path, settings: Settings) -> None:
    """Make a folder for backups: the data folder's own, or one in a folder that is there.

    Where a disk is not mounted, backups would fill the one that it is mounted on.

    Raises:
        OSError: it cannot be made, or lies in a folder that is not there.
    """
    folder.mkdir(mode=0o700, parents=folder == settings.data / "backups", exist_ok=True)


def beside_data(folder: Path, settings: Settings) -> bool:
    """Tell whether the backups of a folder lie on the disk that holds what they are of, as far as that can be seen."""
    with contextlib.suppress(OSError):
        disk = folder.stat().st_dev
        places = [place for use, place in places_of(settings).items() if use != "incoming"]
        return disk in {place.stat().st_dev for place in places if place.exists()}
    return False


@contextmanager
def noted(folder: Path, clock: Clock = wall_clock) -> Iterator[None]:
    """Keep for others why what is within failed, or that it did not: `state_of` tells it."""
    try:
        yield
    except Exception as fault:
        said = " ".join(str(fault).split()) or type(fault).__name__
        note_failure(folder, Failure(clock(), said, is_copy=isinstance(fault, CopyFailed)))
        raise
    note_failure(folder, None)


def state_of(folder: Path, now: datetime) -> State:
    """Return how it stands with the backups of a folder; one that is not there has none."""
    names = [path.name for path in folder.glob("zhuanche-*")] if folder.is_dir() else []
    newest = newest_of(names, now)
    failure = None
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        kept = (folder / FAILURE).read_bytes()
        try:
            failure = msgspec.json.decode(kept, type=Failure)
        except msgspec.DecodeError:
            failure = Failure(datetime.fromtimestamp((folder / FAILURE).stat().st_mtime, UTC), "not known any more")
    return State(folder / newest if newest else None, taken_at(newest) if newest else None, failure)


def newest_of(names: Iterable[str], now: datetime) -> str | None:
    """Return the name of the newest backup, those left aside that were named under a clock that ran ahead."""
    return max((name for name in names if _is_past(name, now)), default=None)


def note_failure(folder: Path, failure: Failure | None) -> None:
    """Keep why a try failed, or with None forget it: one succeeded. Where even that cannot be written, nothing is."""
    with contextlib.suppress(OSError):
        if failure is None:
            (folder / FAILURE).unlink(missing_ok=True)
        else:
            _write(folder / FAILURE, msgspec.json.encode(failure))


def given_up(folder: Path) -> set[str]:
    """Return the attachments that are not awaited in the backups of a folder any more, as far as that was kept."""
    try:
        return set((folder / GONE).read_text("ascii").splitlines())
    except (OSError, ValueError):
        return set()


def note_given_up(folder: Path, names: Iterable[str]) -> None:
    """Keep which attachments are not awaited any more; one that came back is no more among them."""
    if content := "".join(f"{name}\n" for name in sorted(names)):
        _write(folder / GONE, content.encode())
    else:
        (folder / GONE).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all, for nobody else to read."""
    whole = path.with_name(f".{path.name}.new")
    whole.unlink(missing_ok=True)
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    whole.replace(path)


def outdated(names: Iterable[str], keep: int, now: datetime) -> list[str]:
    """Return the backups not to be kept: neither among the newest, nor the newest of one of the last twelve months.

    One with a name of the future counts as older than all.
    """
    by_time = sorted(filter(taken_at, names), key=lambda name: (_is_past(name, now), name), reverse=True)
    kept = set(by_time[:keep])
    months: dict[str, str] = {}
    for name in by_time:
        months.setdefault(name[9:15], name)
    kept |= set(list(months.values())[:MONTHS])
    return [name for name in reversed(by_time) if name not in kept]


@contextmanager
def file_faults(place: Path) -> Iterator[None]:
    """Tell an `OSError` within as `BackupFailed`, naming the place."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            raise BackupFailed(f"There is no room for the backup in {place} ({fault.strerror}).") from fault
        raise BackupFailed(f"The backup cannot be written to {place}: {fault.strerror or fault}.") from fault


class Part:
    """A file that is not whole yet: it has a name that is no backup's, and goes with the block unless it is settled."""

    def __init__(self, folder: Path, file: BinaryIO, path: Path) -> None:
        self.file = file
        self._folder = folder
        self._path = path

    def settle(self, path: Path) -> None:
        """Give the whole file its name, after what was written can outlive a power cut.

        Raises:
            BackupFailed: a file of that name is there; nothing is overwritten.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        if path.exists():
            raise BackupFailed(f"{path} is there already and is not overwritten.")
        self._path.rename(path)
        opened = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def part(folder: Path) -> Iterator[Part]:
    """Yield a file in a folder; what killed runs left there is deleted first.

    Raises:
        OSError: it cannot be written.
    """
    _clear_killed(folder)
    path = folder / f".zhuanche-{secrets.token_hex(4)}{PART}"
    try:  # Ctrl-C may come as soon as the file is there
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Part(folder, file, path)
    finally:
        path.unlink(missing_ok=True)


def _clear_killed(folder: Path) -> None:
    """Delete parts that no process holds."""
    for path in folder.glob(f".zhuanche-*{PART}"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
