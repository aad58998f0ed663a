"""A vehicle's own ratio of track to reading, and how far a trip is from it.

Speedometers read a few per cent high, each by its own share, and receivers cut corners: a track that equals its
reading is as odd as one that is a tenth off. So a trip is judged by what the vehicle's undisputed trips have shown, not
by 1. The ratio tells a change, not a habit: readings that were always a twentieth low have a ratio of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import pi, sqrt

import numpy as np

from domain.track.middle import weighted_median

LEAST_READING_M = 2_000
"""On a shorter trip the ends weigh too much: a hall left blind, a car park crossed."""

MOST_UNSEEN = 0.1
"""A trip of which a larger share was driven unseen teaches nothing."""

CIRCUITY = 1.4
"""Roads are about a third longer than the straight line (in China 1.33 on average: Ballou et al. 2002, Transportation
Research A 36)."""

SPREADS = 3.0
"""How many spreads of the undisputed trips a trip may be off before it is odd."""

LEAST_TOGETHER = 0.01
"""However little a vehicle scatters: new tyres are a hundredth larger than worn ones."""

_SIGMA = 1.4826
"""A median of deviations times this is what a standard deviation would be, were there no outliers."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A trip's metres by track and by reading. `unobserved_m` is the least that was driven unseen.

    `reading_m` is the difference of two readings, each of which may stand for up to `resolution_m - 1` metres more.
    """

    length_m: int
    unobserved_m: int
    reading_m: int
    resolution_m: int = 1


@dataclass(frozen=True, slots=True)
class Ratio:
    """What a vehicle's undisputed trips have shown: the middle of their ratios and their number.

    `spread` is how far a trip is off beyond what its resolution explains, `scatter` how far it is off at all; both are
    shares, as a standard deviation would be.
    """

    middle: float
    spread: float
    scatter: float
    trips: int


def learnt(undisputed: Iterable[Witnessed], *, least_trips: int) -> Ratio | None:
    """Return the vehicle's own ratio, or None while fewer than `least_trips` teach one.

    A long trip weighs more than a short one, since its reading is less coarse. Trips that are odd do not move a median.
    """
    taught = [trip for trip in undisputed if _teaches(trip)]
    if len(taught) < least_trips:
        return None
    weights = np.array([trip.reading_m for trip in taught])
    ratios = np.array([(trip.length_m + trip.unobserved_m) / trip.reading_m for trip in taught])
    middle = weighted_median(ratios, weights)
    off = np.array([abs(_off(trip, middle)) for trip in taught])
    scatter = weighted_median(np.abs(ratios / middle - 1), weights)
    return Ratio(middle, _SIGMA * weighted_median(off, weights), _SIGMA * scatter, len(taught))


def deviation_permille(trip: Witnessed, ratio: Ratio | None) -> int | None:
    """Return by how much the track is longer (above 0) or shorter than the vehicle's ratio makes of the reading.

    It is the least that resolution and what was driven unseen allow, 0 where they explain all. None while there is no
    ratio, or nothing was driven by reading or track.
    """
    if ratio is None or not (trip.reading_m > 0 and trip.length_m > 0):
        return None
    return round(1000 * _off(trip, ratio.middle))


def odd(off_permille: int | None, ratio: Ratio | None, *, limit_permille: int) -> bool:
    """Tell whether a person should be asked: the trip is off by more than the limit, and than the vehicle's spread."""
    if off_permille is None or ratio is None:
        return False
    return abs(off_permille) > max(limit_permille, SPREADS * ratio.spread * 1000)


def together(trips: Iterable[Witnessed]) -> Witnessed:
    """Return trips as one: of readings that follow each other only the first and the last are coarse."""
    known = tuple(trips)
    return Witnessed(
        length_m=sum(trip.length_m for trip in known),
        unobserved_m=sum(trip.unobserved_m for trip in known),
        reading_m=sum(trip.reading_m for trip in known),
        resolution_m=max((trip.resolution_m for trip in known), default=1),
    )


def odd_together(off_permille: int | None, ratio: Ratio | None, *, trips: int) -> bool:
    """Tell whether a person should be asked about so many trips together, a month's: chance scatters them less.

    What is off is held against three times the scatter that a sum of so many trips has, and the middle itself of those
    that taught it (a median of n is as sure as a mean of 0.64·n).
    """
    if off_permille is None or ratio is None or not trips:
        return False
    sure = ratio.scatter * sqrt(1 / trips + pi / 2 / ratio.trips)
    return abs(off_permille) > max(LEAST_TOGETHER, SPREADS * sure) * 1000


@dataclass(frozen=True, slots=True)
class Against:
    """Trips of a stretch of time together, held against the ratio that the vehicle's trips before it have shown."""

    ratio: Ratio | None
    trips: int
    sums: Witnessed
    deviation_permille: int | None
    odd: bool
    until_at: datetime | None
    """When the last of them ended; None where there was none."""


def against(trips: Iterable[tuple[datetime, Witnessed]], ratio: Ratio | None) -> Against:
    """Hold trips, each with when it ended, all together against a ratio."""
    known = tuple(trips)
    sums = together(trip for _, trip in known)
    off = deviation_permille(sums, ratio)
    return Against(
        ratio=ratio,
        trips=len(known),
        sums=sums,
        deviation_permille=off,
        odd=odd_together(off, ratio, trips=len(known)),
        until_at=max((at for at, _ in known), default=None),
    )


def _teaches(trip: Witnessed) -> bool:
    seen_m = trip.length_m + trip.unobserved_m
    return trip.reading_m >= LEAST_READING_M and seen_m > 0 and trip.unobserved_m <= MOST_UNSEEN * seen_m


def _off(trip: Witnessed, middle: float) -> float:
    slack_m = trip.resolution_m - 1
    least_m, most_m = middle * max(trip.reading_m - slack_m, 0), middle * (trip.reading_m + slack_m)
    least_seen_m = trip.length_m + trip.unobserved_m
    most_seen_m = trip.length_m + CIRCUITY * trip.unobserved_m
    if least_seen_m > most_m:
        return least_seen_m / most_m - 1
    return min(most_seen_m / least_m - 1, 0.0) if least_m else 0.0
