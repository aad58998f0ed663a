"""What the machine says: disks, clock, certificates, backups, homes of databases; and what the service counts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import obstore
from cryptography import x509
from obstore.exceptions import BaseError
from prometheus_client.parser import text_string_to_metric_families

from api.addresses import in_a_line, without_secrets
from api.backup.place import beside_data, folder_of, state_of
from api.clock import wall_clock
from api.db.leftover import homes_without_folder
from api.files import object_store
from api.settings import Settings
from api.space import MIB, places_of, reserve_of, rooms_of
from api.time_server import ask_time_aside
from domain.doctor.facts import Backup, Certificate, Disk, Files, Forgotten

JOBS_FAILED: Final = "zhuanche_job_failures_total"
ANSWER: Final = timedelta(seconds=5)
"""How long an object store may take to answer the doctor."""


async def machine_facts(settings: Settings, elsewhere: Path) -> dict[str, Any]:
    """Return the facts of this machine by the names that `Facts` has for them."""
    server = settings.time_server
    told = None if server == "none" else await ask_time_aside(server)
    return {
        "disks": disks_of(settings),
        "disk_warn_percent": settings.disk_warn_percent,
        "time_server": server,
        "clock_ahead": None if told is None else told.ahead,
        "certificates": certificates_of(settings),
        "backup": backup_of(settings),
        "files": await asyncio.to_thread(files_of, settings),
        "forgotten": forgotten_of(elsewhere),
        "ingest_queue": settings.ingest_queue,
    }


def disks_of(settings: Settings) -> tuple[Disk, ...]:
    """Return the disks that the service fills, but for one that does not answer."""
    rooms = rooms_of(places_of(settings))
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


def counted(metrics: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return what `/metrics` tells, by name, those with labels summed up; and the failures of jobs by job."""
    numbers: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            numbers[sample.name] += sample.value  # type: ignore[assignment]  # a counter of fractions
            if sample.name == JOBS_FAILED:
                failed[sample.labels["job"]] += sample.value  # type: ignore[assignment]  # the same
    return numbers, failed
