"""Where a vehicle stood: stops are found however the receiver wanders or falls silent, and drive nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.track.fixes import Fixes, as_fixes
from domain.track.length import Track, measure
from domain.track.stops import STOP_LEAST_S, STOP_WITHIN_M

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = 1 / 111_319.49

Row = tuple[float, float, float]


def fixes_of(rows: list[Row]) -> Fixes:
    """Make fixes out of (seconds since the start, metres north, metres east)."""
    at = [START_AT + timedelta(seconds=s) for s, _, _ in rows]
    lon = [LON + east_m * DEG_PER_M / np.cos(np.radians(LAT)) for _, _, east_m in rows]
    return as_fixes(at, [LAT + north_m * DEG_PER_M for _, north_m, _ in rows], lon)


def there_and_back(rest_s: int, *, every_s: int = 5, wander_m: float = 0.0, seed: int = 1) -> list[Row]:
    """Return a kilometre north at 10 m/s, a rest there of so long, and the kilometre back."""
    random = np.random.default_rng(seed)
    out = [(float(s), s * 10.0, 0.0) for s in range(0, 101, every_s)]
    rest = [
        (100.0 + s, 1000 + random.uniform(-wander_m, wander_m), random.uniform(-wander_m, wander_m))
        for s in range(every_s, rest_s, every_s)
    ]
    back = [(100.0 + rest_s + s, 1000 - s * 10.0, 0.0) for s in range(0, 101, every_s)]
    return [*out, *rest, *back]


def seconds(track: Track) -> list[tuple[float, float]]:
    """Return when each stop began and ended, in seconds since the start."""
    return [((s.from_at - START_AT).total_seconds(), (s.until_at - START_AT).total_seconds()) for s in track.stops]


def test_a_rest_between_two_ways_is_one_stop_at_its_place() -> None:
    """From the first fix near the place to the last, in the middle of where it was seen."""
    (stop,) = measure(fixes_of(there_and_back(600))).stops
    assert (stop.lat, stop.lon) == pytest.approx((LAT + 1000 * DEG_PER_M, LON), abs=1e-6)
    assert (stop.from_at - START_AT).total_seconds() == pytest.approx(100, abs=5)
    assert (stop.until_at - START_AT).total_seconds() == pytest.approx(700, abs=5)


@pytest.mark.parametrize("wander_m", [0, 5, 10, 20])
def test_a_stop_contributes_no_metres_however_its_receiver_wanders(wander_m: float) -> None:
    """Two hours of wandering are 14 km of steps; the way there and back stays two kilometres."""
    track = measure(fixes_of(there_and_back(7200, wander_m=wander_m)))
    assert len(track.stops) == 1
    assert track.length_m == pytest.approx(1990, abs=2 * wander_m + 5)


def test_a_track_that_ends_at_rest_ends_where_it_came_to_rest() -> None:
    """The last of an hour of wandering fixes is no way driven."""
    rows = there_and_back(3600, wander_m=15)[:-21]
    track = measure(fixes_of(rows))
    assert track.length_m == pytest.approx(990, abs=25)
    assert track.length_m == measure(fixes_of(rows[: 20 + 2 * 60])).length_m


@pytest.mark.parametrize(("rest_s", "found"), [(STOP_LEAST_S - 1, 0), (STOP_LEAST_S, 1), (STOP_LEAST_S + 1, 1)])
def test_a_rest_is_a_stop_from_two_minutes_on(rest_s: float, found: int) -> None:
    """A red light is none."""
    rows = [(0.0, 0.0, 0.0), (60.0, 600.0, 0.0), (60 + rest_s, 600.0, 0.0), (120 + rest_s, 0.0, 0.0)]
    assert len(measure(fixes_of(rows)).stops) == found


@pytest.mark.parametrize(("apart_m", "found"), [(STOP_WITHIN_M - 1, 1), (STOP_WITHIN_M + 1, 0)])
def test_a_stop_stays_within_its_square(apart_m: float, found: int) -> None:
    """Who moves on is not at rest, however slowly."""
    rows = [(0.0, 0.0, 0.0), (65.0, apart_m / 2, 0.0), (130.0, apart_m, 0.0)]
    assert len(measure(fixes_of(rows)).stops) == found


def test_two_fixes_at_opposite_corners_of_the_square_are_at_no_one_place() -> None:
    """Where the middle is near to neither, nobody can say that the vehicle stood."""
    assert measure(fixes_of([(0.0, 0.0, 48.0), (130.0, 48.0, 0.0)])).stops == ()


def test_a_phone_that_falls_silent_where_it_is_parked_is_at_one_stop() -> None:
    """The silence is unobserved all the same: nobody saw that the vehicle stayed."""
    rows = [(0.0, 0.0, 0.0), (60.0, 600.0, 0.0), (65.0, 600.0, 0.0), (3000.0, 610.0, 0.0), (3060.0, 0.0, 0.0)]
    track = measure(fixes_of(rows))
    assert seconds(track) == [(60, 3000)]
    assert [(gap.least_m, gap.most_m) for gap in track.unobserved] == [(10, 2935 * 120_000 // 3600)]


def test_two_places_that_follow_each_other_are_two_stops() -> None:
    """Rests at two places are not one stop between them."""
    first = [(float(s), 0.0, 0.0) for s in range(0, 300, 10)]
    second = [(310.0 + s, 200.0, 0.0) for s in range(0, 300, 10)]
    assert seconds(measure(fixes_of([*first, *second]))) == [(0, 290), (310, 600)]


def test_a_stop_on_the_date_line_is_one_place() -> None:
    """Wandering over longitude 180 is no journey round the earth."""
    at = [START_AT + timedelta(seconds=20 * i) for i in range(10)]
    track = measure(as_fixes(at, [0.0] * 10, [180 - 1e-5, -180 + 1e-5] * 5))
    assert (len(track.stops), track.length_m) == (1, 0)
    assert abs(track.stops[0].lon) == pytest.approx(180, abs=1e-4)


metres = st.floats(-30, 30)


@given(st.lists(st.tuples(st.integers(1, 90), metres, metres), min_size=2, max_size=60), st.randoms())
def test_stops_follow_each_other_and_never_depend_on_the_order_of_arrival(
    moves: list[tuple[int, float, float]], random: Random
) -> None:
    """Each lasts at least two minutes and begins after the one before it has ended."""
    rows = [(0.0, 0.0, 0.0)]
    for after_s, north_m, east_m in moves:
        s, north, east = rows[-1]
        rows.append((s + after_s, north + north_m, east + east_m))
    stops = measure(fixes_of(rows)).stops
    assert all((stop.until_at - stop.from_at).total_seconds() >= STOP_LEAST_S for stop in stops)
    assert all(one.until_at <= other.from_at for one, other in pairwise(stops))
    mixed = rows + rows[::2]
    random.shuffle(mixed)
    assert measure(fixes_of(mixed)).stops == stops
