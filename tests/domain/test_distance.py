"""Single distances between places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from domain.place.distance import distance_m
from domain.values import Point

places = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_a_degree_of_the_equator_has_its_known_length() -> None:
    """The distance is that of WGS-84, in metres."""
    assert distance_m(Point(0, 0), Point(0, 1)) == pytest.approx(111_319.49, abs=0.01)


@given(places, places)
def test_single_distances_equal_those_of_arrays(a: Point, b: Point) -> None:
    """A distance checked alone and the same one within a track never differ."""
    _, _, arrays_m = Geod(ellps="WGS84").inv(a.lon, a.lat, b.lon, b.lat)
    assert distance_m(a, b) == pytest.approx(arrays_m, abs=1e-6)
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
