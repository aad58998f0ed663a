"""The line that a vehicle drove, drawn through its fixes so that standing and wandering are no metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.track.fixes import Fixes
from domain.track.holds import same_as_before
from domain.track.metres import METRES_PER_DEGREE
from domain.track.stops import Span

DENSEST_US = 250_000
"""Of fixes closer in time than a quarter of a second the first draws the line; no receiver tells more."""

PARKED_RADIUS_M = 20.0
"""A receiver at rest wanders this far. Within it nothing is driven, or a parked phone would drive 18 km an hour."""


def line_of(fixes: Fixes, standing: list[Span]) -> NDArray[np.intp]:
    """Return the fixes of a segment that draw the line driven, by index.

    Each lies at least the parked radius from the one before it. Of a stop only the one nearest to its middle counts.
    The last fix of the segment always belongs to it, so that a straight drive keeps its whole length, but for one at
    rest.
    """
    count = len(fixes)
    moving = np.ones(count, dtype=np.bool_)
    for span in standing:
        moving[span.first : span.last + 1] = False
    in_time = fixes["at_us"] // DENSEST_US
    moving[1:] &= in_time[1:] != in_time[:-1]
    moving[[span.nearest for span in standing]] = True
    candidates = np.flatnonzero(moving)
    # Of a place that is held, no fix but the first can be drawn.
    candidates = candidates[~same_as_before(fixes["lat"][candidates], fixes["lon"][candidates])]
    lat, lon = fixes["lat"][candidates], fixes["lon"][candidates]
    drawn = candidates[_chain(_next_beyond(lat, lon))]
    at_rest = bool(standing) and standing[-1].last == count - 1
    return drawn if at_rest or drawn[-1] == count - 1 else np.append(drawn, count - 1)


def _next_beyond(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return for each place the next one at least the parked radius away, or the number of places where none is."""
    count = len(lat)
    per_lon_m = METRES_PER_DEGREE * np.cos(np.radians(lat))
    found = np.full(count, count, dtype=np.intp)
    waiting = np.arange(count - 1)
    ahead = 1
    # The vehicle moves between stops, so that few places wait for long.
    while len(waiting):
        other = waiting + ahead
        north_m = (lat[other] - lat[waiting]) * METRES_PER_DEGREE
        # The date line makes the difference too large, never too small: such a fix is drawn, and measured truly.
        east_m = (lon[other] - lon[waiting]) * per_lon_m[waiting]
        beyond = north_m * north_m + east_m * east_m >= PARKED_RADIUS_M * PARKED_RADIUS_M
        found[waiting[beyond]] = other[beyond]
        waiting = waiting[~beyond]
        ahead += 1
        waiting = waiting[waiting < count - ahead]
    return found


def _chain(following: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return what is reached from the first place by going to the following one again and again.

    Each round doubles both the steps of a jump and the places known.
    """
    count = len(following)
    jump = np.append(following, count)
    known = np.zeros(1, dtype=np.intp)
    while known[-1] < count:
        known = np.concatenate([known, jump[known]])
        jump = jump[jump]
    return known[known < count]
