"""Holds: consecutive fixes at the very same place. The time a place was held counts as time to reach the next.

Receivers hold a place for up to half a minute while the vehicle drives on, and leap then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track.metres import wrapped_deg

FASTEST_MPS = 70.0
"""252 km/h: no vehicle of a complaint desk drives that; positions held and released reach 33 m/s in real drives."""

HOLD_LIMIT_S = 60.0
"""How much of the time a place was held counts for the step away from it. Moving receivers hold up to 33 s; without
a limit an hour in the car park would excuse a leap to another town."""

LEAST_STEP_S = 1.0
"""Fix times are often whole seconds, so two fixes of the same second may lie a second apart."""

EARTH_M = 6_371_008.8
"""Leaps are told on the sphere, which is true to 0.6 % and quicker than geodesics."""


class Places:
    """Fixes by time as columns: microseconds, WGS-84 degrees."""

    def __init__(self, at_us: NDArray[np.int64], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> None:
        self.at_us, self.lat, self.lon = at_us, lat, lon

    def __len__(self) -> int:
        return len(self.at_us)


class Holds:
    """The places of fixes in order, each with the time it was reached and until when it was held."""

    def __init__(self, places: Places) -> None:
        self.starts = np.flatnonzero(~same_as_before(places.lat, places.lon))
        ends = np.append(self.starts[1:], len(places)) - 1
        self.weight = ends - self.starts + 1
        self.lat, self.lon = places.lat[self.starts], places.lon[self.starts]
        self.reached_s = places.at_us[self.starts] / 1e6
        self.ended_s = places.at_us[ends] / 1e6
        self.free_s = np.maximum(self.reached_s, self.ended_s - HOLD_LIMIT_S)
        """from when on the vehicle may have been on its way to the next place"""

    def __len__(self) -> int:
        return len(self.starts)

    def steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return of each step to the next place its metres north and east, and the seconds that it may have taken."""
        middle = np.radians((self.lat[1:] + self.lat[:-1]) / 2.0)
        per_deg_m = EARTH_M * np.pi / 180.0
        north_m = np.diff(self.lat) * per_deg_m
        east_m = wrapped_deg(np.diff(self.lon)) * np.cos(middle) * per_deg_m
        return north_m, east_m, np.maximum(self.reached_s[1:] - self.free_s[:-1], LEAST_STEP_S)


def same_as_before(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of each row whether it equals the one before it in every column."""
    same = np.zeros(len(columns[0]), dtype=np.bool_)
    if len(same):
        same[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return same
