"""A receiver that wakes tells places that drift towards the true one, while it says itself that it stands.

Told speeds lag by many seconds in some receivers, so the word alone is not enough: the place must have settled too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.track.holds import EARTH_M, Places, same_as_before
from domain.track.metres import wrapped_deg

WAKES_AFTER_S = 120.0
"""A receiver that was silent for so long has begun anew."""

SETTLES_WITHIN_S = 60.0
"""A receiver that has lost its satellites finds them again within a minute, or has told nothing before."""

SETTLED_FOR_S = 30.0
"""It has settled where it then stays for so long. Moving receivers hold a place for some twelve seconds."""

STANDS_MPS = 1.0
"""Told speeds of receivers at rest stay below a walking pace."""

SETTLED_M = 20.0
"""A settled receiver at rest wanders no farther."""


def drifted(places: Places, speed_mps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark what was told within a minute after a silence, at rest by the receiver's word, and not where it then stayed.

    `speed_mps` is as told, NaN where it was not. A receiver that never tells of moving says nothing by a speed of 0.
    """
    drifts = np.zeros(len(places), dtype=np.bool_)
    moves = speed_mps >= STANDS_MPS
    if not moves.any():
        return drifts
    stands = speed_mps < STANDS_MPS
    count = len(places)
    woke = np.ones(count, dtype=np.bool_)
    woke[1:] = np.diff(places.at_us) > WAKES_AFTER_S * 1e6
    if not stands[woke].any():
        return drifts
    since = np.maximum.accumulate(np.where(woke, np.arange(count), 0))
    moved = np.cumsum(~stands)
    waking_us = (SETTLES_WITHIN_S + SETTLED_FOR_S) * 1e6
    stood = (moved == (moved - ~stands)[since]) & (places.at_us - places.at_us[since] <= waking_us)
    index = np.flatnonzero(stood)
    # Of each waking, the last fix at rest is where the receiver settled.
    begins = np.flatnonzero(~same_as_before(since[index]))
    ends = np.append(begins[1:], len(index)) - 1
    off = _off_m(places, index, index[np.repeat(ends, ends - begins + 1)]) > SETTLED_M
    last_off = np.maximum.accumulate(np.where(off, np.arange(len(index)), -1))[ends]
    settled = places.at_us[index[ends]] - places.at_us[index[np.minimum(last_off + 1, ends)]] >= SETTLED_FOR_S * 1e6
    drifts[index] = off & np.repeat(settled, ends - begins + 1)
    return drifts


def _off_m(places: Places, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
    per_deg_m = EARTH_M * np.pi / 180.0
    north_m = (places.lat[one] - places.lat[other]) * per_deg_m
    east_m = wrapped_deg(places.lon[one] - places.lon[other]) * np.cos(np.radians(places.lat[other])) * per_deg_m
    metres: NDArray[np.float64] = np.hypot(north_m, east_m)
    return metres
