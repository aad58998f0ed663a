"""What is known of a service and its machine when somebody asks whether all is well; None where it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that the service fills."""

    holds: tuple[str, ...]
    folder: str
    free_bytes: int
    used_percent: int
    reserve_bytes: int = 0
    """Below so much nothing more is recorded."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate the service speaks by; `own`: of its own authority. `until` is None where it cannot be read."""

    serves: str
    until: datetime | None
    own: bool = False
    authority_until: datetime | None = None
    """When the service's own authority ends, which every phone was told to trust."""


@dataclass(frozen=True, slots=True)
class Backup:
    """The newest backup of a folder, and why the last try after it failed."""

    folder: str
    taken_at: datetime | None
    failure: str | None = None
    is_beside_data: bool = False
    """They lie on the disk that holds what they are of, and no copy goes elsewhere."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where attachments lie, and what is wrong with that place."""

    place: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A home of an embedded database that no data folder leads to."""

    folder: str
    belonged_to: str


@dataclass(frozen=True, slots=True)
class BureauFacts:
    """What a bureau's record says."""

    bureau_id: str
    silent_terminals: tuple[str, ...] = ()
    """Their names."""
    unsealed: tuple[tuple[str, date], ...] = ()
    """Plates with the first of the months that are over and not sealed."""
    notices_overdue: int = 0
    """Notices that should have been sent, or tried again, a quarter of an hour ago."""
    notices_failing: int = 0
    """Notices that wait after three tries or more."""
    held_overdue: int = 0
    """Fixes held for longer than they may be: background work does not run."""
    held: int = 0
    aside: int = 0
    """Fixes of the last day that can never count."""
    erasures_undone: tuple[str, ...] | None = ()
    """Numbers of complaints whose parties' data a restore brought back, with the step that is to be taken again.

    None where the list cannot be read.
    """
    came_late: tuple[str, ...] = ()
    """Numbers of complaints about which something came after their parties' data was restricted or erased."""
    kept_over_time: int = 0
    """Complaints whose parties' data is kept though `keep_complaints_years` are over."""
    kept_too_long: tuple[str, ...] = ()
    """Numbers of those whose time was over a quarter of a year ago."""
    clock_jumps: int = 0
    """Of the last thirty days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it, as it was at one moment."""

    now: datetime
    release: str
    """Of the program that looks."""
    address: str
    """Where the service should answer."""
    answers: bool
    runs: str | None = None
    """The release of the service that answers."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """What the service that answers counts, by the metric's name; those with labels summed up."""
    failed_jobs: Mapping[str, float] = field(default_factory=dict)
    """Jobs that failed since it started."""
    jobs_led: bool | None = None
    """Whether a process of whichever machine does background work on the database."""
    database_fault: str | None = None
    server: str | None = None
    """The database server's version."""
    revision: str | None = None
    needed: str = ""
    months_ahead: int | None = None
    calendar_years: frozenset[int] | None = None
    """Years whose notice of holidays is entered."""
    bureaus: tuple[BureauFacts, ...] = ()
    disks: tuple[Disk, ...] = ()
    disk_warn_percent: int = 80
    hanging: tuple[str, ...] = ()
    """Folders and files that did not answer in time: their disk hangs."""
    time_server: str = "none"
    clock_ahead: timedelta | None = None
    """How far the time server's clock is ahead of this machine's."""
    clock_doubt: tuple[str, str] | None = None
    """Why a service would not begin by the database's clock now, in both languages."""
    certificates: tuple[Certificate, ...] = ()
    backup: Backup | None = None
    files: Files | None = None
    forgotten: tuple[Forgotten, ...] | None = ()
    ingest_queue: int = 0
