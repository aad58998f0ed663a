"""Uses as the books have them, for the pure functions of findings: a trip from nine to ten, planned until eleven."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from domain.books.ratio import Ratio, Witnessed
from domain.books.readings import Moment, Obtained, Reading
from domain.complaint.words import Source
from domain.findings.outing import ComplaintKept, JobKept, NoteKept, Outing, Witness
from domain.track.fixes import FIX, Fixes
from domain.values import Point
from domain.visit.corroboration import Doubt, NoteFacts, Sighting
from domain.visit.corroboration import Outing as NotedOuting
from tests.scenes import NINE, SITE, USE

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TEN = NINE + HOUR
JOB, NOTE, COMPLAINT = UUID(int=11), UUID(int=12), UUID(int=13)


def outing(**parts: Any) -> Outing:
    """Return a trip that came back at ten."""
    whole: dict[str, Any] = {
        "use_id": USE,
        "upkeep": None,
        "from_at": NINE,
        "until_at": TEN,
        "planned_until": NINE + 2 * HOUR,
    }
    return Outing(**(whole | parts))


def note(made_at: datetime = NINE + 30 * MINUTE, place: Point | None = SITE, **parts: Any) -> NoteKept:
    """Return a note made at the site while the vehicle stood there."""
    vehicle = parts.pop("vehicle", seen_at(SITE, made_at))
    told = frozenset(parts.pop("told", ()))
    whole: dict[str, Any] = {
        "note_id": NOTE,
        "made_at": made_at,
        "correction": False,
        "told": told,
        "facts": NoteFacts(
            made_at=made_at,
            received_at=made_at + MINUTE,
            sent_at=None,
            sighting=None if place is None else Sighting(place, 8.0, Doubt.MOCK_LOCATION in told),
            site=SITE,
            outing=NotedOuting(NINE, TEN, carries_job=True, officer_aboard=True),
            vehicle=vehicle,
        ),
    }
    return NoteKept(**(whole | parts))


def seen_at(place: Point, at: datetime) -> Fixes:
    """Return one fix."""
    fixes = np.zeros(1, dtype=FIX)
    fixes["at_us"], fixes["lat"], fixes["lon"], fixes["valid"] = round(at.timestamp() * 1e6), place.lat, place.lon, True
    return fixes


def job(*notes: NoteKept, **parts: Any) -> JobKept:
    """Return the trip's job."""
    whole: dict[str, Any] = {"job_id": JOB, "site": SITE, "cancelled": False, "arrived": False, "notes": notes}
    return JobKept(**(whole | parts))


def complaint(**parts: Any) -> ComplaintKept:
    """Return a complaint that the crew registered at the counter ten minutes before they asked for the vehicle."""
    whole: dict[str, Any] = {
        "complaint_id": COMPLAINT,
        "source": Source.COUNTER,
        "numbered": False,
        "registered_at": NINE - 20 * MINUTE,
        "asked_at": NINE - 10 * MINUTE,
        "by_crew": True,
        "called_back": (),
    }
    return ComplaintKept(**(whole | parts))


def witness(length_m: int, reading_m: int, *, name: str = "track", middle: float | None = 0.96) -> Witness:
    """Return metres by a witness beside those by reading, of a vehicle that has shown such a ratio."""
    ratio = None if middle is None else Ratio(middle, 0.005, 0.01, 10)
    return Witness(name=name, metres=Witnessed(length_m, 0, reading_m, 1_000), ratio=ratio)


def reading(number: int, minute: float, odometer_m: int, use: int | None = None, **parts: Any) -> Reading:
    """Return a reading so many minutes after nine: of the use of that number, or a spot reading."""
    whole: dict[str, Any] = {
        "reading_id": UUID(int=100 + number),
        "odometer_m": odometer_m,
        "resolution_m": 1_000,
        "read_at": NINE + minute * MINUTE,
        "obtained": Obtained.TYPED,
        "use_id": None if use is None else UUID(int=use),
        "moment": Moment.SPOT,
    }
    return Reading(**(whole | parts))


def departure(number: int, minute: float, odometer_m: int, use: int, **parts: Any) -> Reading:
    """Return the reading of a departure."""
    return reading(number, minute, odometer_m, use, moment=Moment.DEPARTURE, **parts)


def back(number: int, minute: float, odometer_m: int, use: int, **parts: Any) -> Reading:
    """Return the reading of a return."""
    return reading(number, minute, odometer_m, use, moment=Moment.RETURN, **parts)
