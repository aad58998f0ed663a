"""Room on the disks that the service writes to: looked at every second, warned of early, and the last of it kept.

PostgreSQL ends in a panic where it finds no room for its log, so writes are refused while there is still a reserve.
Who is let in, and who looked at what, is still recorded in the first half of it: without that nobody could read on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import structlog

from api.aside import Hangs, asked_aside
from api.settings import Settings

log = structlog.get_logger()

LOOK_S: Final = 1.0
"""How often the disks are looked at: what is written within it must fit in the reserve."""
SMALL: Final = 10
"""Of a disk with neither database nor attachments at most a tenth is reserved: a small /tmp never has 512 MiB."""
AGAIN: Final = 10
"""Once the reserve is begun, writes go on only with a tenth of it more free: at one byte it would flip every second."""
MIB: Final = 1024 * 1024
HANGS: Final = "disk-hangs"


@dataclass(frozen=True, slots=True)
class Room:
    """A disk as it is found: what lies on it, and how much of it is used and free.

    `used_percent` counts as `df` does: of what this account may use. Where fewer names (inodes) are left than bytes,
    the names count.
    """

    folder: Path
    holds: tuple[str, ...]
    """What lies on it: `data`, `database`, `files`, `incoming`, `backups`, in this order."""
    free_bytes: int
    total_bytes: int
    used_percent: int


def room_at(folder: Path, holds: tuple[str, ...]) -> Room:
    """Return the room on the disk of a folder, or of the nearest one above that is there and may be asked.

    Raises:
        OSError: the disk does not answer.
    """
    found = os.statvfs(_reached(folder))
    total = (found.f_blocks - found.f_bfree + found.f_bavail) * found.f_frsize
    shares = [1 - found.f_bavail * found.f_frsize / total if total else 1.0]
    if found.f_files:
        shares.append(1 - found.f_favail / found.f_files)
    out_of_names = bool(found.f_files) and found.f_favail == 0
    free = 0 if out_of_names else found.f_bavail * found.f_frsize
    return Room(folder, holds, free, total, min(100, int(max(shares) * 100 + 0.5)))


def _reached(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there and may be asked."""
    for asked in (folder, *folder.parents):
        with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            asked.stat()
            return asked
    return folder


def places_of(settings: Settings) -> dict[str, Path]:
    """Return the folders of this machine that the service fills, by what they hold."""
    places = {"data": settings.data}
    if not (settings.database_url or settings.service_url):
        places["database"] = (settings.data / "postgres").resolve()
    files = folder_of_files(settings)
    if files is None:
        places["incoming"] = Path(tempfile.gettempdir())
    else:
        places["files"] = files
    return places


def folder_of_files(settings: Settings) -> Path | None:
    """Return the folder of this machine that attachments lie in, or None where they lie in an object store."""
    if settings.files_url is None:
        return settings.data / "files"
    url = urlsplit(settings.files_url)
    return Path(unquote(url.path)) if url.scheme == "file" else None


def backup_place(settings: Settings) -> dict[str, Path]:
    """Return the folder of the backups that are made by themselves, as `places_of` does; none where none is named.

    It is looked at apart from the others: the record goes on where it is full or does not answer.
    """
    return {} if settings.backup_to is None else {"backups": settings.backup_to}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found at one place: which disk it lies on, the room there, and when."""

    disk: int
    room: Room
    at_s: float


def _seen_at(folder: Path) -> _Seen:
    return _Seen(_reached(folder).stat().st_dev, room_at(folder, ()), monotonic())


def _by_disk(seen: Mapping[str, _Seen]) -> list[Room]:
    """Return each disk once, with all that lies on it, as it was found last; one that tells no size tells nothing.

    Such are some file systems of FUSE and of networks: they answer with noughts, which is no want of room.
    """
    disks: dict[int, list[str]] = {}
    for use, one in seen.items():
        disks.setdefault(one.disk, []).append(use)
    rooms = []
    for uses in disks.values():
        newest = max((seen[use] for use in uses), key=lambda one: one.at_s)
        rooms.append(replace(newest.room, folder=seen[uses[0]].room.folder, holds=tuple(uses)))
    return [room for room in rooms if room.total_bytes]


def rooms_of(places: Mapping[str, Path]) -> list[Room]:
    """Return each disk once, with all that lies on it, but for what lies on one that is at fault.

    It asks one place after the other, and waits for each.
    """
    seen = {}
    for use, folder in places.items():
        with contextlib.suppress(OSError):
            seen[use] = _seen_at(folder)
    return _by_disk(seen)


def reserve_of(room: Room, wanted_bytes: int) -> int:
    """Return how much of a disk is kept free where `wanted_bytes` are wanted: of a small one less, unless it must.

    Of one that holds backups alone none: the record goes on without it.
    """
    if room.holds == ("backups",):
        return 0
    if "database" in room.holds or "files" in room.holds:
        return wanted_bytes
    return min(wanted_bytes, room.total_bytes // SMALL)


class Space:
    """What is known of the disks of this process.

    Each place is asked by itself, so one that does not answer is told, keeps what was known, and holds no other up.
    """

    def __init__(self, places: dict[str, Path], *, reserve_mib: int, warn_percent: int) -> None:
        """Watch these folders; below `reserve_mib` free nothing is written, from `warn_percent` used on it is told."""
        self._places = places
        self._reserve_bytes = reserve_mib * MIB
        self._warn_percent = warn_percent
        self._task: asyncio.Task[None] | None = None
        self._told: tuple[bool, bool] = (False, False)
        self._seen: dict[str, _Seen] = {}
        self._silent: dict[str, str] = {}
        self._began_s: float | None = None
        self.rooms: list[Room] = []
        self.refused = 0
        """Writes refused for want of room."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Watch what the settings name."""
        return cls(places_of(settings), reserve_mib=settings.disk_reserve_mib, warn_percent=settings.disk_warn_percent)

    @classmethod
    def of_backups(cls, settings: Settings) -> Self:
        """Watch the disk of the backups, of which nothing is reserved."""
        return cls(backup_place(settings), reserve_mib=0, warn_percent=settings.disk_warn_percent)

    @property
    def warned(self) -> bool:
        """Tell whether a disk is as full as is to be told."""
        return any(room.used_percent >= self._warn_percent for room in self.rooms) or self.short

    @property
    def short(self) -> bool:
        """Tell whether the reserve of a disk is begun, so that nothing more is recorded."""
        again = 1 + 1 / AGAIN if self._told[1] else 1
        return any(room.free_bytes < reserve_of(room, self._reserve_bytes) * again for room in self.rooms)

    def refuses(self, *, in_reserve: bool = False) -> bool:
        """Tell whether a write is refused, and count it; what may use the reserve has its first half."""
        if in_reserve:
            refused = any(room.free_bytes < reserve_of(room, self._reserve_bytes) // 2 for room in self.rooms)
        else:
            refused = self.short
        self.refused += refused
        return refused

    @property
    def ages_s(self) -> dict[str, float]:
        """How long ago each place answered last, or, where it never did, since when it is asked."""
        if self._began_s is None:
            return {}
        now_s, seen = monotonic(), self._seen
        return {use: now_s - (seen[use].at_s if use in seen else self._began_s) for use in self._places}

    @property
    def hanging(self) -> set[str]:
        """What lies where the last look hangs."""
        return {use for use, event in self._silent.items() if event == HANGS}

    async def look(self) -> None:
        """Look at all places at once; one that hangs holds this up as long as `asked_aside` has patience."""
        await asyncio.gather(*map(self._look_at, self._places))

    async def _look_at(self, use: str) -> None:
        """Look at one place, and say once what has changed; where it does not answer, what was seen last stands."""
        folder = self._places[use]
        try:
            self._seen[use] = await asked_aside(f"room at {folder}", partial(_seen_at, folder))
        except Hangs:
            self._tell_silent(use, HANGS, folder=str(folder))
            return
        except OSError as fault:
            self._tell_silent(use, "disk-not-asked", kind=type(fault).__name__, errno=fault.errno)
            return
        self._silent.pop(use, None)
        self.rooms = _by_disk({known: self._seen[known] for known in self._places if known in self._seen})
        self._tell_room()

    def _tell_silent(self, use: str, event: str, **why: str | int | None) -> None:
        if self._silent.get(use) != event:
            log.error(event, holds=use, **why)
        self._silent[use] = event

    def _tell_room(self) -> None:
        now = (self.warned, self.short)
        if now == self._told:
            return
        self._told = now
        told = [
            {"on": room.holds, "free_mib": room.free_bytes // MIB, "used": room.used_percent} for room in self.rooms
        ]
        if self.short:
            log.error("disk-full", disks=told, reserve_mib=self._reserve_bytes // MIB)
        elif self.warned:
            log.warning("disk-filling", disks=told)
        else:
            log.warning("disk-has-room", disks=told)

    async def start(self) -> None:
        """Begin to look; a disk that hangs holds nothing up longer than `asked_aside` has patience."""
        self._began_s = monotonic()
        await self.look()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as looks:
            for use in self._places:
                looks.create_task(self._look_again(use))

    async def _look_again(self, use: str) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look_at(use)
