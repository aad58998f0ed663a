"""How far a track goes, and where nobody saw it.

The length is what was observed. A stretch without fixes longer than a limit is *unobserved*: the vehicle drove at
least the chord between its ends, but where is not known, so the chord is told apart and never added to the length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import cos, hypot, radians

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from domain.track.cleaning import FASTEST_MPS, Dropped, clean
from domain.track.fixes import Fixes, to_instant

UNOBSERVED_AFTER_S = 120.0
"""A gap longer than this between two fixes is unobserved: at 80 km/h it hides less than three kilometres."""

PARKED_RADIUS_M = 20.0
"""A receiver at rest wanders this far. Within it nothing is driven, or a parked phone would drive 18 km an hour."""

_METRES_PER_DEGREE = 111_319.49
_WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A stretch without fixes; `chord_m` is the straight distance between its ends, the least it can have been."""

    from_at: datetime
    to_at: datetime
    chord_m: int


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A stretch observed without a gap: its fixes by fix time, at least one, and its length in metres."""

    fixes: Fixes
    length_m: int


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A measured track. Between each segment and the next lies one unobserved stretch.

    `length_m` is the sum of the segments, `kept` the number of fixes that count, `dropped` that of the others
    by reason.
    """

    length_m: int
    segments: tuple[Segment, ...]
    unobserved: tuple[Unobserved, ...]
    kept: int
    dropped: Mapping[Dropped, int]

    @property
    def unobserved_m(self) -> int:
        """The sum of the chords of what was not observed, the least that is missing from `length_m`."""
        return sum(stretch.chord_m for stretch in self.unobserved)


def measure(
    fixes: Fixes,
    *,
    unobserved_after_s: float = UNOBSERVED_AFTER_S,
    fastest_mps: float = FASTEST_MPS,
) -> Track:
    """Clean `fixes`, given in any order and with any repeats, and measure what is left of them."""
    cleaned = clean(fixes, fastest_mps=fastest_mps)
    kept = cleaned.kept
    gaps = np.flatnonzero(np.diff(kept["at_us"]) > unobserved_after_s * 1e6)
    stretches = np.split(kept, gaps + 1) if len(kept) else []
    segments = tuple(Segment(stretch, round(_driven_m(stretch))) for stretch in stretches)
    unobserved = tuple(_between(one, other) for one, other in pairwise(stretches))
    return Track(
        length_m=sum(segment.length_m for segment in segments),
        segments=segments,
        unobserved=unobserved,
        kept=len(kept),
        dropped=Counter(reason for _, reason in cleaned.dropped),
    )


def _between(one: Fixes, other: Fixes) -> Unobserved:
    chord_m = _steps_m(np.concatenate([one[-1:], other[:1]]))[0]
    return Unobserved(to_instant(one["at_us"][-1]), to_instant(other["at_us"][0]), round(float(chord_m)))


def _driven_m(stretch: Fixes) -> float:
    return float(_steps_m(stretch[_at_rest_once(stretch)]).sum())


def _steps_m(fixes: Fixes) -> NDArray[np.float64]:
    """Return the WGS-84 geodesics between consecutive fixes."""
    lat, lon = fixes["lat"], fixes["lon"]
    steps_m: NDArray[np.float64] = _WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
    return steps_m


def _at_rest_once(stretch: Fixes) -> list[int]:
    """Return the fixes that draw the line driven: each lies at least the parked radius from the one before it.

    The first and the last always belong to it, so that a straight drive keeps its whole length.
    """
    lats, lons = stretch["lat"].tolist(), stretch["lon"].tolist()
    line = [0]
    lat0, lon0 = lats[0], lons[0]
    east_m = cos(radians(lat0)) * _METRES_PER_DEGREE
    for i, (lat, lon) in enumerate(zip(lats, lons, strict=True)):
        # The date line makes the difference too large, never too small: such a fix is drawn, and measured truly.
        if hypot((lat - lat0) * _METRES_PER_DEGREE, (lon - lon0) * east_m) >= PARKED_RADIUS_M:
            line.append(i)
            lat0, lon0 = lat, lon
            east_m = cos(radians(lat0)) * _METRES_PER_DEGREE
    if line[-1] != len(lats) - 1:
        line.append(len(lats) - 1)
    return line
