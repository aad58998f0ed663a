"""How far a track goes, where it stood, and where nobody saw it.

The length is what was observed. A stretch without fixes longer than a limit is *unobserved*: the vehicle drove at
least the chord between its ends, but where is not known, so it is told apart and never added to the length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.track.cleaning import Dropped, clean
from domain.track.fixes import Fixes, to_instant
from domain.track.line import line_of
from domain.track.metres import steps_m
from domain.track.stops import Span, Stop, spans_of_stops

UNOBSERVED_AFTER_S = 120.0
"""A gap longer than this between two fixes is unobserved: at 80 km/h it hides less than three kilometres."""

PLAUSIBLE_MPS = 120 / 3.6
"""120 km/h, the highest speed any road of China allows (Implementation Regulations of the Road Traffic Safety Law
道路交通安全法实施条例, article 78): what can have been driven unseen is told by it."""


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A stretch without fixes, and the plausible range of what was driven in it.

    `least_m` is the straight distance between its ends, `most_m` what the highest lawful speed makes of its time.
    """

    from_at: datetime
    to_at: datetime
    least_m: int
    most_m: int


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A stretch observed without a gap: its fixes by fix time, at least one, and its length in metres.

    `so_far_m` tells for each fix how far the vehicle had driven in the segment by then.
    """

    fixes: Fixes
    length_m: int
    so_far_m: NDArray[np.float64]

    @property
    def from_at(self) -> datetime:
        """The first fix time."""
        return to_instant(self.fixes["at_us"][0])

    @property
    def until_at(self) -> datetime:
        """The last fix time."""
        return to_instant(self.fixes["at_us"][-1])

    def driven_until(self, at_us: int) -> int:
        """Return the whole metres driven by an instant (microseconds since 1970), from 0 to `length_m`."""
        seen = int(np.searchsorted(self.fixes["at_us"], at_us, side="right"))
        return min(round(float(self.so_far_m[seen - 1])), self.length_m) if seen else 0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A measured track. Between each segment and the next lies one unobserved stretch.

    `length_m` is the sum of the segments, `kept` the number of fixes that count, `dropped` that of the others
    by reason, `stops` where the vehicle stood, by time.
    """

    length_m: int
    segments: tuple[Segment, ...]
    unobserved: tuple[Unobserved, ...]
    stops: tuple[Stop, ...]
    kept: int
    dropped: Mapping[Dropped, int]

    @property
    def unobserved_m(self) -> int:
        """The sum of the chords of what was not observed, the least that is missing from `length_m`."""
        return sum(stretch.least_m for stretch in self.unobserved)


def measure(fixes: Fixes, *, unobserved_after_s: float = UNOBSERVED_AFTER_S) -> Track:
    """Clean `fixes`, given in any order and with any repeats, and measure what is left of them."""
    cleaned = clean(fixes)
    kept = cleaned.kept
    spans = spans_of_stops(kept)
    gaps = np.flatnonzero(np.diff(kept["at_us"]) > unobserved_after_s * 1e6)
    bounds = [0, *(gaps + 1).tolist(), len(kept)]
    segments = tuple(_segment(kept, first, end, spans) for first, end in pairwise(bounds) if end > first)
    return Track(
        length_m=sum(segment.length_m for segment in segments),
        segments=segments,
        unobserved=_unobserved(kept, gaps),
        stops=tuple(span.stop for span in spans),
        kept=len(kept),
        dropped=cleaned.counts,
    )


def _unobserved(kept: Fixes, gaps: NDArray[np.intp]) -> tuple[Unobserved, ...]:
    ends = kept[np.stack([gaps, gaps + 1], axis=1).ravel()]
    chords_m = steps_m(ends["lat"], ends["lon"])[::2]
    at_us = ends["at_us"].reshape(-1, 2)
    return tuple(
        Unobserved(
            to_instant(from_us), to_instant(to_us), least_m, max(least_m, int((to_us - from_us) / 1e6 * PLAUSIBLE_MPS))
        )
        for (from_us, to_us), least_m in zip(at_us.tolist(), np.rint(chords_m).astype(int).tolist(), strict=True)
    )


def _segment(kept: Fixes, first: int, end: int, spans: list[Span]) -> Segment:
    fixes = kept[first:end]
    over = bisect_left(spans, first, key=lambda span: span.last)
    begun = bisect_left(spans, end, key=lambda span: span.first)
    standing = [span.within(first, end) for span in spans[over:begun]]
    line = line_of(fixes, standing)
    driven_m = np.cumsum(steps_m(fixes["lat"][line], fixes["lon"][line]))
    passed = np.searchsorted(line, np.arange(len(fixes)), side="right")
    so_far_m = np.concatenate([[0.0, 0.0], driven_m])[passed]
    return Segment(fixes, round(float(so_far_m[-1])), so_far_m)
