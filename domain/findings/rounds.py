"""Rounds without a purpose: the vehicle came back to where it had been, and had reached nothing that it was out for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.findings.scene import Way
from domain.track.metres import METRES_PER_DEGREE, wrapped_deg
from domain.values import Point

BACK_WITHIN_M: Final = 60.0
"""Who is so near to an earlier place is back on the same road, wide and noisy as it may be."""
EVERY_M: Final = 25.0
"""The way is looked at from so many metres to so many."""
POINTS_MOST: Final = 1_500
"""A stretch without any purpose that is longer than so many looks is looked at less closely."""


def purposeless_round(way: Way, meant: tuple[Point, ...], *, near_m: float, least_m: float) -> tuple[int, int] | None:
    """Return the longest round of at least `least_m` with a stop in it, that came near to no place that was meant.

    By the fixes before which it began and after which it was over; None if there is none. A round without a stop is
    one that a dual carriageway asks for, or a turn that was missed.
    """
    if not way.stops:
        return None
    so_far_m = np.concatenate([[0.0], np.cumsum(way.driven_m)])
    away_m = np.min([way.from_m(place) for place in meant], axis=0) if meant else np.full(len(way), np.inf)
    rounds: list[tuple[float, float]] = []
    for first, last in way.runs(away_m > near_m):
        stops_m = [float(so_far_m[span.nearest]) for span in way.stops if first <= span.nearest <= last]
        if stops_m and so_far_m[last] - so_far_m[first] >= least_m:
            rounds += _rounds(way, so_far_m, (float(so_far_m[first]), float(so_far_m[last])), stops_m)
    begins_m, ends_m = max(rounds, key=lambda one: one[1] - one[0], default=(0.0, 0.0))
    if ends_m - begins_m < least_m:
        return None
    begun = int(np.searchsorted(so_far_m, begins_m, side="right")) - 1
    return begun, min(int(np.searchsorted(so_far_m, ends_m)), len(way) - 1)


def _rounds(
    way: Way, so_far_m: NDArray[np.float64], span_m: tuple[float, float], stops_m: list[float]
) -> Iterator[tuple[float, float]]:
    """Yield for each stop the longest round around it, from and to which metre of the way."""
    every_m = max(EVERY_M, (span_m[1] - span_m[0]) / POINTS_MOST)
    looks_m = np.arange(*span_m, every_m)
    lat, lon = way.fixes["lat"], way.fixes["lon"]
    north_m = np.interp(looks_m, so_far_m, lat) * METRES_PER_DEGREE
    east_m = np.interp(looks_m, so_far_m, wrapped_deg(lon - lon[0])) * METRES_PER_DEGREE
    place = east_m * float(np.cos(np.radians(lat[0]))) + 1j * north_m
    for stop_m in stops_m:
        at = int(np.searchsorted(looks_m, stop_m))
        before, after = place[:at], place[at:]
        back = np.abs(before[:, np.newaxis] - after[np.newaxis, :]) <= BACK_WITHIN_M
        one, other = np.nonzero(back)
        if len(one):
            longest = int(np.argmax(looks_m[at + other] - looks_m[one]))
            yield float(looks_m[one[longest]]), float(looks_m[at + other[longest]])
