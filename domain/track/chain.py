"""Which fixes could have been driven one after the other.

Which of two places that exclude each other is wrong cannot be told from the pair. Kept is the longest chain, in number
of fixes, in which every step could have been driven: a bad first fix or a run of bad ones loses against the drive
around it. Only what lies near an impossible step is looked at one by one; the rest of the drive stays whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.track.holds import EARTH_M, FASTEST_MPS, HOLD_LIMIT_S, LEAST_STEP_S, Holds, Places, same_as_before

LOOK_BACK = 256
"""How many places back a place looks for its predecessor; farther back only the best one is kept in mind."""

MARGIN = 32
"""How many places before and after an impossible step may each be where a chain leaves or enters the drive."""


def drivable(places: Places) -> NDArray[np.bool_]:
    """Mark the fixes of the longest chain of places in which every step could have been driven."""
    if not len(places):
        return np.zeros(0, dtype=np.bool_)
    holds = Holds(places)
    north_m, east_m, time_s = holds.steps()
    bad = np.flatnonzero(np.hypot(north_m, east_m) > FASTEST_MPS * time_s)
    if not len(bad):
        return np.ones(len(places), dtype=np.bool_)
    nodes = _Nodes(holds, bad)
    chosen = np.zeros(len(nodes.weight), dtype=np.bool_)
    chosen[_longest_chain(nodes)] = True
    return np.repeat(chosen, nodes.weight)


class _Nodes:
    """Places near impossible steps each by itself, and the stretches between them each as a whole."""

    def __init__(self, holds: Holds, bad: NDArray[np.intp]) -> None:
        count = len(holds)
        # Places from `bad - MARGIN + 1` to `bad + MARGIN` stand alone.
        marks = np.zeros(count + 1, dtype=np.intp)
        np.add.at(marks, np.maximum(bad - MARGIN + 1, 0), 1)
        np.add.at(marks, np.minimum(bad + MARGIN + 1, count), -1)
        alone = np.cumsum(marks[:-1]) > 0
        first = np.flatnonzero(np.concatenate([[True], alone[1:] | alone[:-1]]))
        last = np.append(first[1:], count) - 1
        self.weight = np.add.reduceat(holds.weight, first)
        self.reached_s = holds.reached_s[first]
        self.free_s = _free_s(holds, last)
        self.entry, self.exit = _on_sphere(holds, first), _on_sphere(holds, last)

    def reach(self, one: NDArray[np.intp], other: NDArray[np.intp] | int) -> NDArray[np.bool_]:
        """Tell for each earlier node `one` whether `other` can be driven to from it in time."""
        half_chord = np.linalg.norm(self.exit[one] - self.entry[other], axis=1) / 2.0
        distance_m = 2.0 * EARTH_M * np.arcsin(np.minimum(half_chord, 1.0))
        time_s = np.maximum(self.reached_s[other] - self.free_s[one], LEAST_STEP_S)
        possible: NDArray[np.bool_] = distance_m <= FASTEST_MPS * time_s
        return possible


def _on_sphere(holds: Holds, index: NDArray[np.intp]) -> NDArray[np.float64]:
    phi, lam = np.radians(holds.lat[index]), np.radians(holds.lon[index])
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)


def _free_s(holds: Holds, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return from when on each place may have been left: held also across interruptions by other, false places."""
    lat, lon, reached_s, ended_s = (column[index] for column in (holds.lat, holds.lon, holds.reached_s, holds.ended_s))
    order = np.lexsort([reached_s, lon, lat])
    resumed = same_as_before(lat[order], lon[order])
    resumed[1:] &= reached_s[order][1:] - ended_s[order][:-1] <= HOLD_LIMIT_S
    first_of_hold = np.maximum.accumulate(np.where(resumed, 0, np.arange(len(order))))
    since_s = np.empty_like(reached_s)
    since_s[order] = reached_s[order][first_of_hold]
    return np.maximum(since_s, ended_s - HOLD_LIMIT_S)


def _longest_chain(nodes: _Nodes) -> list[int]:
    """Return the nodes of the heaviest chain, by dynamic programming over their predecessors."""
    count = len(nodes.weight)
    weight = nodes.weight.tolist()
    next_reached = nodes.reach(np.arange(count - 1), np.arange(1, count)).tolist()
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
            came_from[j] = _best_predecessor(nodes, best, j, far_best)
        best[j] = weight[j] + (best[came_from[j]] if came_from[j] >= 0 else 0)
        heaviest = max(heaviest, int(best[j]))
    chain = []
    at = int(np.argmax(best))
    while at >= 0:
        chain.append(at)
        at = came_from[at]
    return chain


def _best_predecessor(nodes: _Nodes, best: NDArray[np.int64], j: int, far_best: int) -> int:
    near = np.arange(max(0, j - LOOK_BACK), j)
    candidates = np.append(near, far_best) if far_best >= 0 else near
    able = candidates[nodes.reach(candidates, j)]
    if not len(able):
        return -1
    # Of equally good ones the latest, which is the nearest in time.
    return int(max(able.tolist(), key=lambda i: (best[i], i)))
