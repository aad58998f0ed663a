"""Fixes off to one side between two that are not: out and back faster than a vehicle can speed up and brake.

A vehicle that accelerates by at most a is at most a·t₁·t₂/2 away from the straight and even way between where it was t₁
before and t₂ after.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.track.holds import LEAST_STEP_S, Holds, Places

HARDEST_MPS2 = 10.0
"""About the weight itself: tyres on a dry road hold no more."""

OFF_M = 50.0
"""A fix this far off the way is ordinary noise of receivers between buildings, and no acceleration at all."""

ROUNDS = 8
"""A false fix makes its neighbours look false too, so only the worst of neighbours goes at once, and all are asked
again; a run of fixes that is false for longer than that is no spike."""


def spikes(places: Places) -> NDArray[np.bool_]:
    """Mark the fixes at places that the vehicle cannot have been to between those before and after."""
    left = np.arange(len(places))
    for _ in range(ROUNDS):
        found = _worst(Places(places.at_us[left], places.lat[left], places.lon[left]))
        if not found.any():
            break
        left = left[~found]
    marked = np.ones(len(places), dtype=np.bool_)
    marked[left] = False
    return marked


def _worst(places: Places) -> NDArray[np.bool_]:
    none = np.zeros(len(places), dtype=np.bool_)
    if len(places) < 3:  # noqa: PLR2004 - one between two
        return none
    holds = Holds(places)
    north_m, east_m, time_s = holds.steps()
    before_s, after_s = np.maximum(time_s[:-1], LEAST_STEP_S), np.maximum(time_s[1:], LEAST_STEP_S)
    share = before_s / (before_s + after_s)
    off_m = np.hypot(
        north_m[:-1] * (1.0 - share) - north_m[1:] * share, east_m[:-1] * (1.0 - share) - east_m[1:] * share
    )
    excess_m = np.concatenate([[0.0], np.maximum(off_m - HARDEST_MPS2 * before_s * after_s / 2.0 - OFF_M, 0.0), [0.0]])
    if not excess_m.any():
        return none
    middle = excess_m[1:-1]
    worst = np.concatenate([[False], (middle > excess_m[:-2]) & (middle >= excess_m[2:]), [False]])
    return np.repeat(worst, holds.weight)
