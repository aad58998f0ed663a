"""What was to be done at a site and is not to be seen.

`site-not-reached`, `visit-note-missing`, `note-uncorroborated`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.outing import JobKept, NoteKept, Outing
from domain.settings import BureauSettings
from domain.track.cleaning import clean
from domain.track.fixes import Fixes, to_us
from domain.track.length import PLAUSIBLE_MPS
from domain.track.metres import distances_m
from domain.track.stops import STOP_LEAST_S
from domain.values import Point
from domain.visit.corroboration import Doubt, corroborate


def visit_note_missing(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:
    """Yield each job without a note that was made within `note_missing_hours` of the return.

    A note made in time that comes late shows that it was none; one made later ends it, and no more.
    """
    if outing.until_at is None:
        return
    due_at = outing.until_at + timedelta(hours=settings["note_missing_hours"])
    for job in outing.jobs:
        if now <= due_at or job.cancelled or any(note.made_at <= due_at for note in job.notes):
            continue
        yield Happening(
            kind=FindingKind.VISIT_NOTE_MISSING,
            use_id=outing.use_id,
            from_at=outing.until_at,
            until_at=outing.until_at,
            ended=bool(job.notes),
            evidence={"job_id": str(job.job_id), "due_at": due_at.isoformat()},
            at=job.site,
            key=job.job_id,
        )


def note_uncorroborated(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:
    """Yield each note of the trip that something speaks against, once the devices have told what they saw.

    Fixes that came after the note count. A correction is made at the desk and not judged; nor does it clear the first.
    """
    if outing.until_at is None or not outing.told_all(now):
        return
    for job in outing.jobs:
        for note in job.notes:
            doubts = () if note.correction else doubts_of(note, settings)
            if not doubts:
                continue
            at = min(max(note.made_at, outing.from_at), outing.until_at)
            yield Happening(
                kind=FindingKind.NOTE_UNCORROBORATED,
                use_id=outing.use_id,
                from_at=at,
                until_at=at,
                ended=True,
                evidence={"note_id": str(note.note_id), "doubts": " ".join(doubts)},
                at=note.facts.sighting.place if note.facts.sighting else None,
                key=note.note_id,
            )


def doubts_of(note: NoteKept, settings: BureauSettings) -> tuple[Doubt, ...]:
    """Return what speaks against a note by all that is known now; of its clock only the moment it came could tell."""
    now = corroborate(note.facts, settings).doubts
    return tuple(one for one in Doubt if one in now or (one is Doubt.CLOCK_SKEW and one in note.told))


def site_not_reached(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:
    """Yield each site that no device of the trip came within `vehicle_near_m` of.

    None where nobody told anything, or the best witness was silent long enough for going there and stopping.
    """
    if outing.until_at is None or not outing.told_all(now) or not outing.told:
        return
    tracks = [clean(fixes).kept for fixes in outing.told]
    for job in outing.jobs:
        nearest_m = min((_nearest_m(track, job.site) for track in tracks if len(track)), default=None)
        excused = job.arrived or job.cancelled or nearest_m is None
        if excused or nearest_m is None or nearest_m <= settings["vehicle_near_m"]:
            continue
        best = next(track for track in tracks if len(track))
        if _unseen_there(best, job, (outing.from_at, outing.until_at), settings["vehicle_near_m"]):
            continue
        yield Happening(
            kind=FindingKind.SITE_NOT_REACHED,
            use_id=outing.use_id,
            from_at=outing.from_at,
            until_at=outing.until_at,
            ended=True,
            evidence={"job_id": str(job.job_id), "nearest_m": round(nearest_m)},
            at=job.site,
            key=job.job_id,
        )


def _nearest_m(track: Fixes, site: Point) -> float:
    return float(distances_m(track["lat"], track["lon"], (site.lat, site.lon)).min())


def _unseen_there(track: Fixes, job: JobKept, within: tuple[datetime, datetime], near_m: float) -> bool:
    """Return whether a silence was long enough for the fastest lawful way to the site, a short stop, and back."""
    to_site_m = np.maximum(distances_m(track["lat"], track["lon"], (job.site.lat, job.site.lon)) - near_m, 0.0)
    at_us = np.concatenate([[to_us(within[0])], track["at_us"], [to_us(within[1])]])
    # Before the first fix and after the last one only one end of the way is known.
    way_m = np.concatenate([[to_site_m[0]], to_site_m[:-1] + to_site_m[1:], [to_site_m[-1]]])
    needed_s = way_m / PLAUSIBLE_MPS + STOP_LEAST_S
    return bool(np.any(np.diff(at_us) / 1e6 >= needed_s))
