"""What the machine says: disks, clock, certificates, backups, homes of databases; and what the service counts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import obstore
from cryptography import x509
from obstore.exceptions import BaseError
from prometheus_client.parser import text_string_to_metric_families

from api.addresses import in_a_line, without_secrets
from api.aside import Hangs, asked_aside
from api.backup.place import beside_data, folder_of, state_of
from api.clock import wall_clock
from api.db.leftover import homes_without_folder
from api.files import object_store
from api.settings import Settings
from api.space import MIB, backup_place, folder_of_files, places_of, reserve_of, room_at, rooms_of
from api.time_server import Told, ask_time_aside
from domain.doctor.facts import Backup, Certificate, Disk, Files, Forgotten

BUILD: Final = "zhuanche_build_info"
JOBS_FAILED: Final = "zhuanche_job_failures_total"
ANSWER: Final = timedelta(seconds=5)
"""How long an object store may take to answer the doctor."""

P = ParamSpec("P")
T = TypeVar("T")


async def machine_facts(settings: Settings, elsewhere: Path) -> dict[str, Any]:
    """Return the facts of this machine by the names that `Facts` has for them.

    Each is asked aside: one on a network's disk that is gone holds up neither the others nor whoever else is served.
    """
    server, looks = settings.time_server, _Looks()
    certificate = settings.certificate or settings.jt808_certificate or settings.data / "tls"
    told, disks, certificates, backup, files, forgotten = await asyncio.gather(
        _time_of(server),
        _disks(settings, looks),
        looks.at(certificate, certificates_of, settings),
        looks.at(folder_of(settings), backup_of, settings),
        _files(settings),
        looks.at(elsewhere, forgotten_of, elsewhere),
    )
    return {
        "disks": disks,
        "disk_warn_percent": settings.disk_warn_percent,
        "hanging": tuple(sorted(looks.hanging)),
        "time_server": server,
        "clock_ahead": None if told is None else told.ahead,
        "certificates": certificates or (),
        "backup": backup,
        "files": files,
        "forgotten": forgotten,
        "ingest_queue": settings.ingest_queue,
    }


class _Looks:
    """Looks at folders and files, and those of them that hang."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()

    async def at(self, place: Path, look: Callable[P, T], *asked: P.args, **more: P.kwargs) -> T | None:
        """Return what a look at a place tells, or None where it hangs."""
        try:
            return await asked_aside(f"{look.__name__} {place}", partial(look, *asked, **more))
        except Hangs:
            self.hanging.add(str(place))
            return None


async def _time_of(server: str) -> Told | None:
    return None if server == "none" else await ask_time_aside(server)


async def _disks(settings: Settings, looks: _Looks) -> tuple[Disk, ...]:
    """Look at each place by itself first: one that hangs hides no other."""
    places = places_of(settings) | backup_place(settings)
    asked = await asyncio.gather(*(looks.at(folder, _answers, folder) for folder in places.values()))
    there = {use: folder for (use, folder), answers in zip(places.items(), asked, strict=True) if answers}
    return await looks.at(settings.data, disks_of, settings, there) or ()


def _answers(folder: Path) -> bool:
    """Tell that a disk answered, be it with a fault."""
    with contextlib.suppress(OSError):
        room_at(folder, ())
    return True


async def _files(settings: Settings) -> Files | None:
    place = str(folder_of_files(settings) or without_secrets(str(settings.files_url)))
    try:
        return await asked_aside(f"files {place}", partial(files_of, settings))
    except Hangs:
        return Files(place, "it does not answer")


def disks_of(settings: Settings, places: Mapping[str, Path] | None = None) -> tuple[Disk, ...]:
    """Return the disks that the service and its backups fill, or those of these places, but for one at fault."""
    rooms = rooms_of(places_of(settings) | backup_place(settings) if places is None else dict(places))
    wanted = settings.disk_reserve_mib * MIB
    return tuple(
        Disk(room.holds, str(room.folder), room.free_bytes, room.used_percent, reserve_of(room, wanted))
        for room in rooms
    )


def backup_of(settings: Settings) -> Backup | None:
    """Return how it stands with the backups of the folder that the settings name, or None where it may not be read."""
    folder = folder_of(settings)
    try:
        state = state_of(folder, wall_clock())
    except PermissionError:
        return None
    except OSError as fault:
        return Backup(str(folder), None, fault.strerror)
    failure = None if state.failure is None else state.failure.reason
    is_beside = settings.backup_copy is None and beside_data(folder, settings)
    return Backup(str(folder), state.taken_at, failure, is_beside_data=is_beside)


def files_of(settings: Settings) -> Files | None:
    """Return how it stands with the place of attachments, or None for a folder that this account may not see.

    An object store is asked for a list, as `zhuanche serve` does: it tells whether the bucket is there and lets us in.
    """
    if settings.files_url is None:
        folder = settings.data / "files"
        with contextlib.suppress(PermissionError):
            fault = None if folder.is_dir() or not folder.exists() else "it is no folder"
            return Files(str(folder), fault)
        return None
    try:
        store = object_store(settings.files_url, ANSWER)
        next(iter(obstore.list(store, chunk_size=1)), None)
    except (BaseError, OSError, ValueError) as fault:
        return Files(without_secrets(settings.files_url), in_a_line(fault))
    return Files(without_secrets(settings.files_url))


def certificates_of(settings: Settings) -> tuple[Certificate, ...]:
    """Return the certificates that the service speaks by, until when each holds."""
    found = []
    if settings.https_port is not None:
        if settings.certificate is None:
            tls = settings.data / "tls"
            ends = _end_of(tls / "authority.pem")
            found.append(Certificate("HTTPS", _end_of(tls / "certificate.pem"), own=True, authority_until=ends))
        else:
            found.append(Certificate("HTTPS", _end_of(settings.certificate)))
    if settings.jt808_port is not None and settings.jt808_certificate is not None:
        found.append(Certificate("JT/T 808", _end_of(settings.jt808_certificate)))
    return tuple(found)


def _end_of(path: Path) -> datetime | None:
    """Return until when the first certificate of a chain holds; that of its issuers is theirs to look after."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def forgotten_of(elsewhere: Path) -> tuple[Forgotten, ...] | None:
    """Return the homes of databases that no data folder leads to, or None where this account may not look."""
    try:
        return tuple(Forgotten(str(home), data) for home, data in homes_without_folder(elsewhere))
    except PermissionError:
        return None


@dataclass(frozen=True, slots=True)
class Counted:
    """What `/metrics` tells."""

    numbers: Mapping[str, float]
    """By name, those with labels summed up."""
    failed_jobs: Mapping[str, float]
    release: str | None


def counted(metrics: str) -> Counted:
    """Return what is told in Prometheus's text format."""
    numbers: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    release = None
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            numbers[sample.name] += sample.value  # type: ignore[assignment]  # a counter of fractions
            if sample.name == JOBS_FAILED:
                failed[sample.labels["job"]] += sample.value  # type: ignore[assignment]  # the same
            if sample.name == BUILD:
                release = sample.labels.get("version")
    return Counted(numbers, failed, release)
