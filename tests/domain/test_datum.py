"""Datums: a place sent in GCJ-02 or BD-09 comes back to where it really is."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.place.datum import BadPlace, checked_place, from_wgs84, to_wgs84
from domain.place.distance import distance_m
from domain.values import Datum, Point

CENTIMETRE_M = 0.01

# WGS-84, GCJ-02 and BD-09 of one place, by the public formula (a = 6378245, ee = 0.00669342162296594323).
CHENGXIANG = ((25.433737, 119.001028), (25.4309394, 119.0057380), (25.4368585, 119.0122460))
BEIJING = ((39.911954, 116.377817), (39.9133455, 116.3840472), (39.9195756, 116.3904547))
SHANGHAI_GCJ = ((31.1774276, 121.5272106), (31.1753040, 121.5315419))

places_in_china = st.builds(Point, st.floats(0.83, 55.82), st.floats(72.01, 137.83))
places_on_earth = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
datums = st.sampled_from(Datum)


@pytest.mark.parametrize(
    ("wgs84", "datum", "expected"),
    [
        (CHENGXIANG[0], Datum.GCJ02, CHENGXIANG[1]),
        (CHENGXIANG[0], Datum.BD09, CHENGXIANG[2]),
        (BEIJING[0], Datum.GCJ02, BEIJING[1]),
        (BEIJING[0], Datum.BD09, BEIJING[2]),
        (SHANGHAI_GCJ[0], Datum.GCJ02, SHANGHAI_GCJ[1]),
    ],
)
def test_published_pairs_are_met_in_both_directions(
    wgs84: tuple[float, float], datum: Datum, expected: tuple[float, float]
) -> None:
    """The formula is the public one: known places meet known numbers, there and back."""
    assert from_wgs84(Point(*wgs84), datum) == pytest.approx(expected, abs=1e-7)
    assert distance_m(to_wgs84(*expected, datum), Point(*wgs84)) < 0.02, "the pairs have seven decimals"


def test_an_undeclared_gcj_02_place_of_the_district_would_be_half_a_kilometre_off() -> None:
    """The shift matters here: taking GCJ-02 for WGS-84 moves a site by 558 to 577 m."""
    place = Point(25.4337, 119.0010)
    assert 558 <= distance_m(Point(*from_wgs84(place, Datum.GCJ02)), place) <= 577


@given(places_in_china, datums)
@example(Point(34.999999999999, 105.000000000001), Datum.GCJ02)
@example(Point(35.0, 105.0), Datum.BD09)
def test_a_place_in_china_comes_back_to_the_centimetre(place: Point, datum: Datum) -> None:
    """A conversion loses nothing that a site check could see."""
    assert distance_m(to_wgs84(*from_wgs84(place, datum), datum), place) < CENTIMETRE_M


@given(places_in_china, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_the_raw_numbers_come_back_too(place: Point, datum: Datum) -> None:
    """What a map application sent can be told again from what we keep."""
    raw = from_wgs84(place, datum)
    assert from_wgs84(to_wgs84(*raw, datum), datum) == pytest.approx(raw, abs=1e-7)


@given(places_on_earth)
def test_cgcs2000_and_wgs_84_are_the_same_place(place: Point) -> None:
    """Survey coordinates and satellite coordinates are taken as they are, everywhere."""
    for datum in (Datum.WGS84, Datum.CGCS2000):
        assert to_wgs84(place.lat, place.lon, datum) == place
        assert from_wgs84(place, datum) == (place.lat, place.lon)


@given(places_on_earth, datums)
@example(Point(90.0, 0.0), Datum.GCJ02)
@example(Point(-90.0, 180.0), Datum.BD09)
def test_every_place_on_earth_converts_to_a_place_nearby(place: Point, datum: Datum) -> None:
    """No place, the poles included, makes the conversion fail or run away."""
    there = to_wgs84(place.lat, place.lon, datum)
    assert checked_place(there.lat, there.lon)
    assert distance_m(there, place) < 5_000


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("place", [Point(33.9537, -6.8515), Point(51.5, -0.12), Point(-33.9, 151.2)])
def test_a_place_outside_china_is_left_as_it_is(place: Point, datum: Datum) -> None:
    """The shift exists in China only; a track from elsewhere keeps its numbers."""
    assert from_wgs84(place, datum) == (place.lat, place.lon)
    assert to_wgs84(place.lat, place.lon, datum) == place


@pytest.mark.parametrize(
    ("lat", "shifted"),
    [(55.82709, True), (55.8271, True), (55.82711, False)],
    ids=["just inside", "on the edge", "just outside"],
)
def test_the_shift_ends_at_the_rough_box_of_china(lat: float, *, shifted: bool) -> None:
    """The northern edge of the box belongs to it."""
    assert (from_wgs84(Point(lat, 110.0), Datum.GCJ02) != (lat, 110.0)) is shifted


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(89.9999999, 0), (90, 0), (-90, 0), (0, 179.9999999), (0, 180), (0, -180)],
)
def test_the_last_place_of_each_range_is_a_place(lat: float, lon: float) -> None:
    """Poles and the date line are on earth."""
    assert checked_place(lat, lon) == (lat, lon)


@pytest.mark.parametrize("datum", list(Datum))
@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (90.0000001, 0),
        (-90.0000001, 0),
        (0, 180.0000001),
        (0, -180.0000001),
        (33.993382, 1555.6333),
        (math.nan, 119.0),
        (25.4, math.nan),
        (math.inf, 119.0),
        (25.4, -math.inf),
        (10**400, 0),
    ],
)
def test_numbers_that_are_no_place_are_refused_by_name(lat: float, lon: float, datum: Datum) -> None:
    """A number that no place has is refused with a stable code, in either direction."""
    with pytest.raises(BadPlace) as refused:
        to_wgs84(lat, lon, datum)
    with pytest.raises(BadPlace):
        from_wgs84(Point(lat, lon), datum)
    assert refused.value.code == "bad-place"
    assert set(refused.value.detail) == {"lat", "lon"}
