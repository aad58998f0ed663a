"""Recorded drives of a real car, shifted into the district and to another day: shape, noise and pace stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from math import cos, radians
from pathlib import Path

import numpy as np

from api.recorded_track import RecordedFix, read_track
from domain.track.fixes import Fixes, as_fixes
from domain.values import Point

TRACKS = Path(__file__).parent / "data" / "tracks"
METRES_PER_DEGREE = 111_319.49


@cache
def _recorded(name: str) -> tuple[RecordedFix, ...]:
    drive = [fix for fix in read_track(TRACKS / f"{name}.csv") if abs(fix.lon) <= 180]
    return tuple(sorted(drive, key=lambda fix: fix.at))


def drive(name: str, start_at: datetime, start: Point, *, longest: timedelta | None = None) -> Fixes:
    """Return a recorded drive that starts there and then, or its first part."""
    fixes = _recorded(name)
    began = next(one.at for one, other in pairwise(fixes) if other.at - one.at < timedelta(minutes=1))
    fixes = tuple(fix for fix in fixes if fix.at >= began and (longest is None or fix.at - began <= longest))
    first = fixes[0]
    # A degree of longitude is shorter farther north: metres stay metres.
    east = cos(radians(first.lat)) / cos(radians(start.lat))
    return as_fixes(
        [start_at + (fix.at - began) for fix in fixes],
        [start.lat + fix.lat - first.lat for fix in fixes],
        [start.lon + (fix.lon - first.lon) * east for fix in fixes],
        [fix.speed_mps for fix in fixes],
    )


def standing(place: Point, from_at: datetime, until_at: datetime, *, every_s: float = 30, wander_m: float = 8) -> Fixes:
    """Return what a receiver at rest tells: it wanders some metres around its place."""
    count = int((until_at - from_at).total_seconds() // every_s) + 1
    noise = np.random.default_rng(12315).normal(0, wander_m / 2, (2, count)) / METRES_PER_DEGREE
    return as_fixes(
        [from_at + timedelta(seconds=every_s * i) for i in range(count)],
        (place.lat + noise[0]).tolist(),
        (place.lon + noise[1] / cos(radians(place.lat))).tolist(),
        [0.0] * count,
    )


def straight(places: Sequence[Point], start_at: datetime, *, mps: float = 12.0, every_s: float = 5.0) -> Fixes:
    """Return a drive along straight lines over some places."""
    at, lat, lon = [start_at], [places[0].lat], [places[0].lon]
    for one, other in pairwise(places):
        north_m = (other.lat - one.lat) * METRES_PER_DEGREE
        east_m = (other.lon - one.lon) * METRES_PER_DEGREE * cos(radians(one.lat))
        steps = max(1, round((north_m**2 + east_m**2) ** 0.5 / (mps * every_s)))
        for step in range(1, steps + 1):
            at.append(at[-1] + timedelta(seconds=every_s))
            lat.append(one.lat + (other.lat - one.lat) * step / steps)
            lon.append(one.lon + (other.lon - one.lon) * step / steps)
    return as_fixes(at, lat, lon, [mps] * len(at))


def joined(*parts: Fixes) -> Fixes:
    """Return some drives one after the other."""
    return np.concatenate(parts)


def beside(place: Point, east_m: float = 0.0, north_m: float = 0.0) -> Point:
    """Return a place so many metres beside another."""
    return Point(
        place.lat + north_m / METRES_PER_DEGREE,
        place.lon + east_m / (METRES_PER_DEGREE * cos(radians(place.lat))),
    )
