"""Take out of a track what cannot be where the vehicle was, and say why, fix by fix.

Real tracks jump to 0,0 or to longitudes that do not exist, repeat, arrive out of order, and hold a position for a
dozen seconds to leap hundreds of metres in the next one. The last is no fault of the place: averaged over the time
it was held, the leap is an ordinary drive. So plausibility is asked between *holds* (consecutive fixes at the very
same place), and the time a place was held counts as time to reach the next.

Which of two places that exclude each other is wrong cannot be told from the pair. The kept fixes are the longest
chain, in number of fixes, in which every step could have been driven: a bad first fix or a run of bad ones loses
against the drive around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.place.datum import MAX_LAT_DEG, MAX_LON_DEG
from domain.track.fixes import Fixes

FASTEST_MPS = 70.0
"""252 km/h: no vehicle of a complaint desk drives that; positions held and released reach 33 m/s in real drives."""

HOLD_LIMIT_S = 60.0
"""How much of the time a place was held counts for the step away from it. Moving receivers hold up to 33 s; without
a limit an hour in the car park would excuse a leap to another town."""

LEAST_STEP_S = 1.0
"""Fix times are often whole seconds, so two fixes of the same second may lie a second apart."""

NOWHERE_DEG = 0.01
"""This near to 0,0 (about a kilometre, in the Gulf of Guinea) a receiver means that it does not know."""

LOOK_BACK = 256
"""How many holds back a fix looks for its predecessor; farther back only the best one is kept in mind."""

_EARTH_M = 6_371_008.8


class Dropped(StrEnum):
    """Why a fix does not count."""

    NOT_FIXED = "not-fixed"
    """the device itself said that it had no position (未定位)"""
    OUT_OF_RANGE = "out-of-range"
    """no such latitude or longitude"""
    NOWHERE = "nowhere"
    """0,0 and its surroundings"""
    DUPLICATE = "duplicate"
    """the same time and place once more"""
    LEAP = "leap"
    """could not have been driven to from, or onwards to, the fixes around it"""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """The fixes that count, by fix time, and for those that do not their index in the input and the reason."""

    kept: Fixes
    dropped: tuple[tuple[int, Dropped], ...]

    @property
    def counts(self) -> Mapping[Dropped, int]:
        """How many were dropped for each reason."""
        return Counter(reason for _, reason in self.dropped)


def clean(fixes: Fixes, *, fastest_mps: float = FASTEST_MPS) -> Cleaned:
    """Order `fixes` by fix time and take out those that cannot be true.

    Neither the order of the input nor repeats in it change what is kept.
    """
    lat, lon = fixes["lat"], fixes["lon"]
    with np.errstate(invalid="ignore"):
        faults = {
            Dropped.NOT_FIXED: ~fixes["valid"],
            Dropped.OUT_OF_RANGE: ~((np.abs(lat) <= MAX_LAT_DEG) & (np.abs(lon) <= MAX_LON_DEG)),
            Dropped.NOWHERE: (np.abs(lat) <= NOWHERE_DEG) & (np.abs(lon) <= NOWHERE_DEG),
        }
    dropped: list[tuple[int, Dropped]] = []
    left = np.ones(len(fixes), dtype=np.bool_)
    for reason, fault in faults.items():
        dropped += _because(reason, np.flatnonzero(fault & left))
        left &= ~fault

    index = np.flatnonzero(left)
    # Beyond time and place the order must not depend on the input either, so speed decides among repeats.
    by_time = np.lexsort([fixes[name][index] for name in ("speed_mps", "lon", "lat", "at_us")])
    index = index[by_time]
    repeated = _same_as_before(fixes[index], "at_us", "lat", "lon")
    dropped += _because(Dropped.DUPLICATE, index[repeated])
    index = index[~repeated]

    drivable = _drivable(fixes[index], fastest_mps)
    dropped += _because(Dropped.LEAP, index[~drivable])
    return Cleaned(fixes[index[drivable]], tuple(sorted(dropped)))


def _because(reason: Dropped, index: NDArray[np.intp]) -> list[tuple[int, Dropped]]:
    return [(i, reason) for i in index.tolist()]


def _same_as_before(fixes: Fixes, *names: str) -> NDArray[np.bool_]:
    same = np.zeros(len(fixes), dtype=np.bool_)
    if len(fixes):
        same[1:] = np.logical_and.reduce([fixes[name][1:] == fixes[name][:-1] for name in names])
    return same


def _drivable(fixes: Fixes, fastest_mps: float) -> NDArray[np.bool_]:
    """Mark the fixes of the longest chain of holds in which every step could have been driven."""
    if not len(fixes):
        return np.zeros(0, dtype=np.bool_)
    starts = np.flatnonzero(~_same_as_before(fixes, "lat", "lon"))
    holds = _Holds(fixes, starts, fastest_mps)
    if holds.reach(np.arange(len(starts) - 1), np.arange(1, len(starts))).all():
        return np.ones(len(fixes), dtype=np.bool_)
    chosen = np.zeros(len(starts), dtype=np.bool_)
    chosen[_longest_chain(holds)] = True
    return np.repeat(chosen, holds.weight)


class _Holds:
    """Places with the time they were reached and held, and whether one can be reached from another."""

    def __init__(self, fixes: Fixes, starts: NDArray[np.intp], fastest_mps: float) -> None:
        ends = np.append(starts[1:], len(fixes)) - 1
        self.weight = ends - starts + 1
        self.reached_s = fixes["at_us"][starts] / 1e6
        ended_s = fixes["at_us"][ends] / 1e6
        held_since_s = _held_since_s(fixes[starts], self.reached_s, ended_s)
        self.free_s = np.maximum(held_since_s, ended_s - HOLD_LIMIT_S)
        """from when on the vehicle may have been on its way to the next place"""
        phi, lam = np.radians(fixes["lat"][starts]), np.radians(fixes["lon"][starts])
        # Chords of the unit sphere are quicker than geodesics and true to 0.6 %, enough to tell a leap.
        self.xyz = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
        self.fastest_mps = fastest_mps

    def reach(self, one: NDArray[np.intp], other: NDArray[np.intp] | int) -> NDArray[np.bool_]:
        """Tell for each earlier hold `one` whether `other` can be driven to from it in time."""
        half_chord = np.linalg.norm(self.xyz[one] - self.xyz[other], axis=1) / 2.0
        distance_m = 2.0 * _EARTH_M * np.arcsin(np.minimum(half_chord, 1.0))
        time_s = np.maximum(self.reached_s[other] - self.free_s[one], LEAST_STEP_S)
        drivable: NDArray[np.bool_] = distance_m <= self.fastest_mps * time_s
        return drivable


def _held_since_s(places: Fixes, reached_s: NDArray[np.float64], ended_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when each place began to be held, also across interruptions by other, perhaps false, places."""
    order = np.lexsort([reached_s, places["lon"], places["lat"]])
    resumed = _same_as_before(places[order], "lat", "lon")
    resumed[1:] &= reached_s[order][1:] - ended_s[order][:-1] <= HOLD_LIMIT_S
    first_of_hold = np.maximum.accumulate(np.where(resumed, 0, np.arange(len(order))))
    since_s = np.empty_like(reached_s)
    since_s[order] = reached_s[order][first_of_hold]
    return since_s


def _longest_chain(holds: _Holds) -> list[int]:
    """Return the holds of the heaviest chain, by dynamic programming over their predecessors."""
    count = len(holds.weight)
    weight = holds.weight.tolist()
    next_reached = holds.reach(np.arange(count - 1), np.arange(1, count)).tolist()
    best = np.zeros(count, dtype=np.int64)
    came_from = [-1] * count
    heaviest = 0
    far_best = -1
    for j in range(count):
        left_window = j - LOOK_BACK - 1
        if left_window >= 0 and (far_best < 0 or best[left_window] > best[far_best]):
            far_best = left_window
        if j and next_reached[j - 1] and best[j - 1] == heaviest:
            came_from[j] = j - 1
        else:
            came_from[j] = _best_predecessor(holds, best, j, far_best)
        best[j] = weight[j] + (best[came_from[j]] if came_from[j] >= 0 else 0)
        heaviest = max(heaviest, int(best[j]))
    chain = []
    at = int(np.argmax(best))
    while at >= 0:
        chain.append(at)
        at = came_from[at]
    return chain


def _best_predecessor(holds: _Holds, best: NDArray[np.int64], j: int, far_best: int) -> int:
    near = np.arange(max(0, j - LOOK_BACK), j)
    candidates = np.append(near, far_best) if far_best >= 0 else near
    able = candidates[holds.reach(candidates, j)]
    if not len(able):
        return -1
    # Of equally good ones the latest, which is the nearest in time.
    return int(max(able.tolist(), key=lambda i: (best[i], i)))
