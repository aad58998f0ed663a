"""The distance between two places. Arrays of fixes are measured by `domain.track.length` instead."""

from __future__ import annotations

from geopy.distance import geodesic

from domain.values import Point


def distance_m(a: Point, b: Point) -> float:
    """Return the length in metres of the WGS-84 geodesic from `a` to `b` (Karney 2013)."""
    return float(geodesic((a.lat, a.lon), (b.lat, b.lon)).meters)
