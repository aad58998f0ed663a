"""Distances over arrays of places, in metres on the WGS-84 ellipsoid."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

METRES_PER_DEGREE = 111_319.49
"""A degree of longitude on the equator, the longest there is: what is near by it is near."""

_WGS84 = Geod(ellps="WGS84")
_A_M = 6_378_137.0
_E2 = 0.006694379990141317
_FAR_DEG = 0.05
"""About five kilometres. Below that the flat formula is true to a millimetre; above it the geodesic is asked."""
_POLAR_DEG = 80.0

Degrees = TypeVar("Degrees", float, NDArray[np.float64])


def wrapped_deg(difference: Degrees) -> Degrees:
    """Return a difference of longitudes the short way round, from -180 to below 180 degrees."""
    return (difference + 180.0) % 360.0 - 180.0


def steps_m(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance between each place and the next.

    Short steps are measured flat, with the curvature of the ellipsoid at their middle (Gauss's mid-latitude formula),
    long ones by the geodesic (Karney 2013).
    """
    lat_step = np.diff(lat)
    lon_step = wrapped_deg(np.diff(lon))
    phi = np.radians(lat[:-1] + lat_step / 2.0)
    sin2 = np.sin(phi) ** 2
    w2 = 1.0 - _E2 * sin2
    across_m = _A_M / np.sqrt(w2)
    north_m = np.radians(lat_step) * across_m * (1.0 - _E2) / w2
    east_m = np.radians(lon_step) * across_m * np.sqrt(1.0 - sin2)
    metres: NDArray[np.float64] = np.hypot(north_m, east_m)
    far = np.flatnonzero(
        (np.abs(lat_step) > _FAR_DEG) | (np.abs(lon_step) > _FAR_DEG) | (np.abs(lat[:-1]) > _POLAR_DEG)
    )
    if len(far):
        metres[far] = _WGS84.inv(lon[far], lat[far], lon[far + 1], lat[far + 1])[2]
    return metres


def distances_m(lat: NDArray[np.float64], lon: NDArray[np.float64], place: tuple[float, float]) -> NDArray[np.float64]:
    """Return the geodesic from each place to one (lat, lon in degrees)."""
    there = np.full_like(lat, place[0]), np.full_like(lon, place[1])
    metres: NDArray[np.float64] = _WGS84.inv(lon, lat, there[1], there[0])[2]
    return metres
