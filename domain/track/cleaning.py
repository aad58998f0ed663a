"""Take out of a track what cannot be where the vehicle was, and say why, fix by fix.

Real tracks jump to 0,0 or to longitudes that do not exist, repeat, arrive out of order, drift while the receiver
wakes up, and hold a position for a dozen seconds to leap hundreds of metres in the next one. The last is no fault of
the place: averaged over the time it was held, the leap is an ordinary drive (`domain.track.holds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.place.datum import MAX_LAT_DEG, MAX_LON_DEG
from domain.track.chain import drivable
from domain.track.cold import drifted
from domain.track.fixes import Fixes
from domain.track.holds import Places, same_as_before
from domain.track.spikes import spikes

NOWHERE_DEG = 0.01
"""This near to 0,0 (about a kilometre, in the Gulf of Guinea) a receiver means that it does not know."""


class Dropped(StrEnum):
    """Why a fix does not count. Each has one reason, the first that applies."""

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
    COLD_START = "cold-start"
    """the receiver had just woken and drifted: it told itself that it stood, and not where it then settled"""
    ACCELERATION = "acceleration"
    """to be there and back, the vehicle would have had to speed up or brake harder than tyres hold"""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """The fixes that count, by fix time, and for each fix of the input why it does not.

    `why` has a number for each: 0 for one that counts, else one more than the place of its reason in `Dropped`.
    """

    kept: Fixes
    why: NDArray[np.uint8]

    @property
    def dropped(self) -> tuple[tuple[int, Dropped], ...]:
        """Each fix that does not count, by its index in the input, with the reason."""
        index = np.flatnonzero(self.why)
        return tuple((i, _REASONS[code - 1]) for i, code in zip(index.tolist(), self.why[index].tolist(), strict=True))

    @property
    def counts(self) -> Mapping[Dropped, int]:
        """How many were dropped for each reason that there was."""
        found = np.bincount(self.why, minlength=len(_REASONS) + 1).tolist()
        return {reason: count for reason, count in zip(_REASONS, found[1:], strict=True) if count}


_REASONS = tuple(Dropped)


def clean(fixes: Fixes) -> Cleaned:
    """Order `fixes` by fix time and take out those that cannot be true.

    Neither the order of the input nor repeats in it change what is kept.
    """
    columns = {name: np.ascontiguousarray(fixes[name]) for name in ("at_us", "lat", "lon", "speed_mps")}
    why = np.zeros(len(fixes), dtype=np.uint8)
    _mark_impossible(why, fixes["valid"], columns["lat"], columns["lon"])

    left = _by_time(columns, np.flatnonzero(why == 0))
    repeated = same_as_before(*(columns[name][left] for name in ("at_us", "lat", "lon")))
    left = _without(why, left, repeated, Dropped.DUPLICATE)

    places = Places(*(columns[name][left] for name in ("at_us", "lat", "lon")))
    left = _without(why, left, ~drivable(places), Dropped.LEAP)
    places = Places(*(columns[name][left] for name in ("at_us", "lat", "lon")))
    left = _without(why, left, drifted(places, columns["speed_mps"][left]), Dropped.COLD_START)
    places = Places(*(columns[name][left] for name in ("at_us", "lat", "lon")))
    left = _without(why, left, spikes(places), Dropped.ACCELERATION)
    return Cleaned(fixes[left], why)


def _mark_impossible(
    why: NDArray[np.uint8], valid: NDArray[np.bool_], lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> None:
    with np.errstate(invalid="ignore"):
        faults = {
            Dropped.NOWHERE: (np.abs(lat) <= NOWHERE_DEG) & (np.abs(lon) <= NOWHERE_DEG),
            Dropped.OUT_OF_RANGE: ~((np.abs(lat) <= MAX_LAT_DEG) & (np.abs(lon) <= MAX_LON_DEG)),
            Dropped.NOT_FIXED: ~valid,
        }
    # The first reason is written last.
    for reason, fault in faults.items():
        why[fault] = _code(reason)


def _without(
    why: NDArray[np.uint8], left: NDArray[np.intp], fault: NDArray[np.bool_], reason: Dropped
) -> NDArray[np.intp]:
    """Note the reason for those of `left` that have the fault, and return the others."""
    if not fault.any():
        return left
    why[left[fault]] = _code(reason)
    return left[~fault]


def _code(reason: Dropped) -> int:
    return _REASONS.index(reason) + 1


def _by_time(columns: Mapping[str, NDArray[np.float64]], index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return `index` by fix time, and of one time by place and speed, so that no order depends on the input's."""
    at_us = columns["at_us"][index]
    if np.any(at_us[1:] < at_us[:-1]):
        order = np.argsort(at_us, kind="stable")
        index, at_us = index[order], at_us[order]
    tied = np.zeros(len(index), dtype=np.bool_)
    same = at_us[1:] == at_us[:-1]
    tied[1:] |= same
    tied[:-1] |= same
    among = index[tied]
    index[tied] = among[np.lexsort([columns[name][among] for name in ("speed_mps", "lon", "lat", "at_us")])]
    return index
