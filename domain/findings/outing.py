"""A use of the vehicle as the books have it once it is over: what is judged at return, at night and at seal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.books.ratio import Ratio, Witnessed
from domain.complaint.words import Source
from domain.lots import CallBackResult
from domain.track.fixes import Fixes
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Point
from domain.visit.corroboration import Doubt, NoteFacts

DELIVERED: Final = timedelta(minutes=30)
"""A phone that had no network tells what it saw when it is back at the desk: devices are judged after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKept:
    """A visit note: what was told against it when it came, and what it is judged by now."""

    note_id: UUID
    made_at: datetime
    correction: bool
    told: frozenset[Doubt]
    facts: NoteFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKept:
    """A job that a trip carried and did not drop."""

    job_id: UUID
    site: Point
    cancelled: bool
    """It was cancelled before the trip came back: nobody had to go there any more."""
    arrived: bool
    """A device's measured way led there."""
    notes: tuple[NoteKept, ...]
    """Those made for it on this trip, or after its departure, by when they were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintKept:
    """A complaint that a trip was for: how it came, and what its consumer said when called back."""

    complaint_id: UUID
    source: Source
    numbered: bool
    """It has a number at its source."""
    registered_at: datetime
    asked_at: datetime
    """When the vehicle was asked for it: with the trip, or when its job was added under way."""
    by_crew: bool
    """Who registered it was aboard."""
    called_back: tuple[CallBackResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Metres of a use by track or by the terminal's own count, beside its reading; and what is usual between them."""

    name: str
    metres: Witnessed
    ratio: Ratio | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a terminal counted of metres over a use: the sum of its plausible steps, and its jumps, which are in no sum.

    A jump goes back, as when the count was set anew, or on faster than any vehicle; `from_m` and `until_m` are the
    counts on both sides of the greatest.
    """

    device_id: UUID
    metres: int
    jumps: int = 0
    from_m: int | None = None
    until_m: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outing:
    """A use that began; `until_at` is None while it is under way, `upkeep` tells what an upkeep order was for."""

    use_id: UUID
    upkeep: UpkeepKind | None
    from_at: datetime
    until_at: datetime | None
    planned_until: datetime
    jobs: tuple[JobKept, ...] = ()
    complaints: tuple[ComplaintKept, ...] = ()
    told: tuple[Fixes, ...] = ()
    """What each device told of a use with a site that no measured way led to, the best witness's first."""
    witnesses: tuple[Witness, ...] = ()
    counted: Counted | None = None
    """What its terminal counted itself, if it did."""

    def told_all(self, now: datetime) -> bool:
        """Return whether what its devices saw must be here by now."""
        return self.until_at is not None and now >= self.until_at + DELIVERED
