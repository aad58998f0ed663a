"""A vehicle's own ratio of track to reading: learnt from undisputed trips, and what a trip deviates from it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.books.ratio import (
    LEAST_READING_M,
    MOST_UNSEEN,
    Ratio,
    Witnessed,
    deviation_permille,
    learnt,
    odd,
    odd_together,
    together,
)

FOUR_PER_CENT = Ratio(middle=1.04, spread=0.005, scatter=0.03, trips=10)


def trips(*ratios: float, reading_m: int = 10_000) -> list[Witnessed]:
    """Return trips of one length by reading with these ratios."""
    return [Witnessed(round(reading_m * ratio), 0, reading_m) for ratio in ratios]


def test_the_ratio_is_the_middle_of_the_undisputed_trips_with_its_spread() -> None:
    """Half a dozen ordinary trips teach four per cent and how much that varies."""
    ratio = learnt(trips(1.034, 1.050, 1.036, 1.040, 1.042), least_trips=5)
    assert ratio is not None
    assert (ratio.middle, ratio.trips) == (pytest.approx(1.040, abs=1e-3), 5)
    assert ratio.spread == pytest.approx(1.4826 * 0.004, abs=1e-3)


@pytest.mark.parametrize(("least_trips", "known"), [(4, True), (5, True), (6, False)])
def test_there_is_no_ratio_and_no_deviation_while_too_few_trips_teach_one(least_trips: int, *, known: bool) -> None:
    """A new vehicle is not judged by somebody else's speedometer."""
    ratio = learnt(trips(1.03, 1.04, 1.04, 1.04, 1.05), least_trips=least_trips)
    assert (ratio is not None) is known
    assert (deviation_permille(Witnessed(8_000, 0, 10_000), ratio) is not None) is known
    assert odd(None, ratio, limit_permille=60) is False


@pytest.mark.parametrize(
    ("trip", "taught"),
    [
        (Witnessed(LEAST_READING_M, 0, LEAST_READING_M), 1),
        (Witnessed(LEAST_READING_M, 0, LEAST_READING_M - 1), 0),
        (Witnessed(9_000, 1_000, 10_000), 1),
        (Witnessed(8_999, 1_001, 10_000), 0),
        (Witnessed(0, 0, 10_000), 0),
    ],
)
def test_short_trips_and_those_driven_unseen_teach_nothing(trip: Witnessed, taught: int) -> None:
    """A tenth unseen is the most."""
    assert MOST_UNSEEN == 0.1
    ratio = learnt([trip], least_trips=1)
    assert (0 if ratio is None else ratio.trips) == taught


def test_one_odd_trip_among_the_undisputed_moves_neither_middle_nor_spread_far() -> None:
    """A median does not ask how far off the outlier is."""
    plain = learnt(trips(1.03, 1.035, 1.04, 1.045, 1.05), least_trips=5)
    spoilt = learnt(trips(1.03, 1.035, 1.04, 1.045, 1.05, 1.6), least_trips=5)
    assert plain is not None
    assert spoilt is not None
    assert spoilt.middle == pytest.approx(plain.middle, abs=0.006)
    assert spoilt.spread == pytest.approx(plain.spread, abs=0.01)


@pytest.mark.parametrize(("length_m", "off"), [(10_400, 0), (9_360, -100), (11_440, 100)])
def test_a_deviation_is_from_the_vehicle_s_own_ratio_and_not_from_one(length_m: int, off: int) -> None:
    """A track as long as its reading would be four per cent short."""
    assert deviation_permille(Witnessed(length_m, 0, 10_000), FOUR_PER_CENT) == off


@pytest.mark.parametrize(("reading_m", "off"), [(10_000, 0), (9_001, 0), (8_000, 111), (12_000, -91)])
def test_a_dashboard_of_whole_kilometres_is_given_what_it_cannot_show(reading_m: int, off: int) -> None:
    """Both its readings may stand for up to 999 m more; what lies beyond that is a deviation."""
    trip = Witnessed(10_400, 0, reading_m, resolution_m=1_000)
    assert deviation_permille(trip, FOUR_PER_CENT) == off


def test_what_was_driven_unseen_is_on_the_track_by_its_chord_and_by_roads_at_most() -> None:
    """Two kilometres unseen may have been 2.8 by road: then 10.4 km fit, and 11.5 do not."""
    assert deviation_permille(Witnessed(8_000, 2_000, 10_000), FOUR_PER_CENT) == 0
    assert deviation_permille(Witnessed(9_500, 2_000, 10_000), FOUR_PER_CENT) == pytest.approx(106, abs=1)
    assert deviation_permille(Witnessed(6_000, 2_000, 10_000), FOUR_PER_CENT) == pytest.approx(-154, abs=1)


@pytest.mark.parametrize("trip", [Witnessed(0, 0, 10_000), Witnessed(5_000, 0, 0), Witnessed(0, 0, 0)])
def test_a_trip_without_track_or_metres_has_no_deviation(trip: Witnessed) -> None:
    """Nothing to compare is no agreement."""
    assert deviation_permille(trip, FOUR_PER_CENT) is None


@pytest.mark.parametrize(
    ("off", "spread", "asked"),
    [(60, 0.005, False), (61, 0.005, True), (-61, 0.005, True), (61, 0.03, False), (91, 0.03, True)],
)
def test_a_trip_is_odd_beyond_the_bureau_s_limit_and_three_spreads_of_the_vehicle(
    off: int, spread: float, *, asked: bool
) -> None:
    """Where a vehicle's own trips scatter, less is asked of each."""
    assert odd(off, Ratio(1.04, spread, 0.03, 10), limit_permille=60) is asked


@given(st.lists(st.floats(0.8, 1.3), min_size=3, max_size=20), st.randoms(), st.sampled_from([1, 1_000]))
def test_the_order_of_trips_changes_no_ratio(ratios: list[float], random: Random, resolution_m: int) -> None:
    """Whichever arrived late."""
    known = [Witnessed(round(12_000 * ratio), 0, 12_000, resolution_m) for ratio in ratios]
    mixed = known[:]
    random.shuffle(mixed)
    assert learnt(known, least_trips=3) == learnt(mixed, least_trips=3)


def test_trips_together_are_one_of_their_sums() -> None:
    """A month of whole kilometres is as coarse as its first and its last reading."""
    month = together(Witnessed(10_400, 100, 10_000, 1_000) for _ in range(20))
    assert month == Witnessed(208_000, 2_000, 200_000, 1_000)
    assert together([]) == Witnessed(0, 0, 0)


@pytest.mark.parametrize(
    ("off", "trips", "asked"), [(50, 1, False), (50, 20, True), (-50, 20, True), (24, 20, False), (50, 0, False)]
)
def test_what_scatters_in_one_trip_is_odd_in_a_month_of_them(off: int, trips: int, *, asked: bool) -> None:
    """Five per cent of one trip is chance, of twenty it is not; of none it is nothing."""
    assert odd_together(off, Ratio(1.04, 0.0, 0.03, 60), trips=trips) is asked
    assert odd_together(None, FOUR_PER_CENT, trips=20) is False
    assert odd_together(off, None, trips=20) is False


@pytest.mark.parametrize(("off", "asked"), [(10, False), (11, True), (-11, True)])
def test_a_hundredth_is_what_tyres_wear(off: int, *, asked: bool) -> None:
    """A vehicle whose trips hardly scatter is not asked about less."""
    assert odd_together(off, Ratio(1.04, 0.0, 0.0, 60), trips=20) is asked
