"""Two devices of one trip, each measured by itself, held against each other: they ought to have been in one vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.track.cleaning import clean
from domain.track.fixes import Fixes, to_instant
from domain.track.holds import EARTH_M
from domain.track.metres import wrapped_deg

BETWEEN_S = 120.0
"""Where the other device was between two of its fixes is told by the straight line, if they are no farther apart."""


@dataclass(frozen=True, slots=True)
class Apart:
    """From when to when two devices were apart, and the most metres and the median of them."""

    from_at: datetime
    until_at: datetime
    most_m: int
    median_m: int


def apart(one: Fixes, other: Fixes, *, over_m: float, for_s: float) -> tuple[Apart, ...]:
    """Return the stretches of at least `for_s` seconds in which two devices were more than `over_m` metres apart.

    Both are asked in any order, and cleaned first. Only while both tell something are they compared; a stretch ends
    with the last comparison that shows them apart, or where either falls silent. Which is which changes nothing.
    """
    first, second = clean(one).kept, clean(other).kept
    if not (len(first) and len(second)):
        return ()
    at_us = np.union1d(first["at_us"], second["at_us"])
    there, seen = _where(first, at_us)
    yonder, seen_too = _where(second, at_us)
    both = seen & seen_too
    at_us, there, yonder = at_us[both], there[:, both], yonder[:, both]
    if not len(at_us):
        return ()
    metres = _distance_m(there, yonder)
    over = metres > over_m
    # A silence of either parts what lies before and after it.
    begins = np.flatnonzero(np.concatenate([[True], (over[1:] != over[:-1]) | (np.diff(at_us) > BETWEEN_S * 1e6)]))
    ends = np.append(begins[1:], len(at_us)) - 1
    long = over[begins] & (at_us[ends] - at_us[begins] >= for_s * 1e6)
    return tuple(
        Apart(
            from_at=to_instant(at_us[begin]),
            until_at=to_instant(at_us[end]),
            most_m=round(float(metres[begin : end + 1].max())),
            median_m=round(float(np.median(metres[begin : end + 1]))),
        )
        for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True)
    )


def _distance_m(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the metres between places, a row each of latitudes and longitudes; true near to each other."""
    per_deg_m = EARTH_M * np.pi / 180.0
    north_m = (one[0] - other[0]) * per_deg_m
    east_m = wrapped_deg(one[1] - other[1]) * np.cos(np.radians((one[0] + other[0]) / 2.0)) * per_deg_m
    metres: NDArray[np.float64] = np.hypot(north_m, east_m)
    return metres


def _where(fixes: Fixes, at_us: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return latitude and longitude at the instants, and at which of them they are known."""
    known_us = fixes["at_us"]
    after = np.minimum(np.searchsorted(known_us, at_us), len(known_us) - 1)
    before = np.maximum(np.searchsorted(known_us, at_us, side="right") - 1, 0)
    within = (known_us[before] <= at_us) & (at_us <= known_us[after])
    span_us = known_us[after] - known_us[before]
    share = np.where(span_us > 0, (at_us - known_us[before]) / np.maximum(span_us, 1), 0.0)
    lat = fixes["lat"][before] + share * (fixes["lat"][after] - fixes["lat"][before])
    lon = fixes["lon"][before] + share * wrapped_deg(fixes["lon"][after] - fixes["lon"][before])
    return np.stack([lat, wrapped_deg(lon)]), within & (span_us <= BETWEEN_S * 1e6)
