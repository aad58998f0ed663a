"""Where a vehicle stood: stretches of a track that stay within a few metres of one place for a while.

A receiver at rest wanders, and a phone at rest falls silent; both are one stop. Traffic lights are shorter than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.track.fixes import Fixes, to_instant
from domain.track.metres import METRES_PER_DEGREE, wrapped_deg
from domain.track.middle import weighted_median

STOP_LEAST_S = 120.0
"""Shorter rests are traffic: red lights last up to about two minutes."""

STOP_WITHIN_M = 50.0
"""A stop stays within a square of this side. A receiver at rest wanders about twenty metres to every side."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The vehicle stood at a place, the middle of what was seen of it there by time (WGS-84 degrees)."""

    from_at: datetime
    until_at: datetime
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stop among fixes: its first and last one, both included, and the one nearest to its middle."""

    first: int
    last: int
    nearest: int
    stop: Stop

    def within(self, first: int, end: int) -> Span:
        """Return the part of it in the segment of fixes from `first` to before `end`, counted from there."""
        lowest, highest = max(self.first, first), min(self.last, end - 1)
        nearest = min(max(self.nearest, lowest), highest)
        return Span(lowest - first, highest - first, nearest - first, self.stop)


def spans_of_stops(fixes: Fixes) -> list[Span]:
    """Return the stops of clean fixes in order of fix time.

    Every stretch of `STOP_LEAST_S` within a square of `STOP_WITHIN_M` is of a stop; such stretches that share a step
    are of the same one. It begins and ends with the fixes in the square around its middle: who arrives or leaves
    still drives. A silence between two fixes at one place is of the stop that they make.
    """
    if not len(fixes):
        return []
    places = _Places(fixes)
    spans = (_span(places, first, last) for first, last in _runs_at_rest(places))
    return [span for span in spans if span is not None]


class _Places:
    """Fixes as metres to the north and the east, true near to each other."""

    def __init__(self, fixes: Fixes) -> None:
        lat, lon = fixes["lat"], fixes["lon"]
        self.at_us = np.ascontiguousarray(fixes["at_us"])
        self.lon_0 = float(lon[0])
        self.north_m = lat * METRES_PER_DEGREE
        self.east_m = wrapped_deg(lon - self.lon_0) * np.cos(np.radians(lat)) * METRES_PER_DEGREE

    def degrees(self, north_m: float, east_m: float) -> tuple[float, float]:
        """Return latitude and longitude."""
        lat = north_m / METRES_PER_DEGREE
        return lat, wrapped_deg(self.lon_0 + east_m / METRES_PER_DEGREE / float(np.cos(np.radians(lat))))


def _runs_at_rest(places: _Places) -> list[tuple[int, int]]:
    """Return the first and the last fix of each run of stretches at rest that share a step."""
    at_us = places.at_us
    count = len(at_us)
    ends = np.searchsorted(at_us, at_us + round(STOP_LEAST_S * 1e6))
    begins = np.flatnonzero(ends < count)
    ends = ends[begins]
    for metres in (places.north_m, places.east_m):
        near = np.abs(metres[ends] - metres[begins]) <= STOP_WITHIN_M
        begins, ends = begins[near], ends[near]
    for metres in (places.north_m, places.east_m):
        near = _extent(metres, begins, ends) <= STOP_WITHIN_M
        begins, ends = begins[near], ends[near]
    # Steps, not fixes, are marked: two stops that follow each other have no step in common.
    marks = np.bincount(begins, minlength=count) - np.bincount(ends, minlength=count)
    standing = np.cumsum(marks) > 0
    edges = np.diff(np.concatenate([[False], standing, [False]]).astype(np.int8))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def _span(places: _Places, first: int, last: int) -> Span | None:
    """Return the stop of a run at rest, or None of one that only crept along."""
    run = slice(first, last + 1)
    at_us, north_m, east_m = places.at_us[run], places.north_m[run], places.east_m[run]
    steps_us = np.diff(at_us)
    # A fix speaks for half of the time to its neighbours: a phone that tells little while it stands is heard.
    spoken_us = np.append(steps_us, 0) + np.append(0, steps_us)
    north, east = weighted_median(north_m, spoken_us), weighted_median(east_m, spoken_us)
    off_m = np.maximum(np.abs(north_m - north), np.abs(east_m - east))
    here = np.flatnonzero(off_m <= STOP_WITHIN_M / 2)
    if not len(here) or at_us[here[-1]] - at_us[here[0]] < STOP_LEAST_S * 1e6:
        return None
    stop = Stop(to_instant(at_us[here[0]]), to_instant(at_us[here[-1]]), *places.degrees(north, east))
    return Span(first + int(here[0]), first + int(here[-1]), first + int(np.argmin(off_m)), stop)


def _extent(values: NDArray[np.float64], begins: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return largest minus smallest of each stretch `begins` to `ends`, both included.

    Largest and smallest of two overlapping stretches of 2^k values cover any stretch of 2^k to 2^(k+1).
    """
    extent = np.zeros(len(begins))
    levels = np.log2(ends - begins + 1).astype(np.intp)
    largest, smallest = values, values
    for level in range(int(levels.max(initial=-1)) + 1):
        if level:
            half = 1 << (level - 1)
            largest = np.maximum(largest[:-half], largest[half:])
            smallest = np.minimum(smallest[:-half], smallest[half:])
        here = np.flatnonzero(levels == level)
        one, other = begins[here], ends[here] - (1 << level) + 1
        extent[here] = np.maximum(largest[one], largest[other]) - np.minimum(smallest[one], smallest[other])
    return extent
