"""Cleaning a track: what cannot be where the vehicle was goes, with its reason; true fixes stay."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.track.chain import LOOK_BACK
from domain.track.cleaning import NOWHERE_DEG, Dropped, clean
from domain.track.fixes import FIX, Fixes, as_fixes, to_instant, to_us
from domain.track.holds import FASTEST_MPS, HOLD_LIMIT_S

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = math.degrees(1 / 6_371_008.8)
"""A metre to the north on the sphere by which leaps are told."""

FAR = (31.2, 121.5)

Row = tuple[float, float, float]


def fixes_of(rows: list[Row], valid: list[bool] | None = None) -> Fixes:
    """Make fixes out of (seconds since the start, lat, lon)."""
    return as_fixes(
        [START_AT + timedelta(seconds=s) for s, _, _ in rows],
        [lat for _, lat, _ in rows],
        [lon for _, _, lon in rows],
        valid=valid,
    )


def going_north(seconds: list[float], mps: float = 10.0) -> list[Row]:
    """Return a drive straight north at an even speed, seen at the given seconds."""
    return [(s, LAT + s * mps * DEG_PER_M, LON) for s in seconds]


def reasons(rows: list[Row], valid: list[bool] | None = None) -> dict[int, Dropped]:
    """Return what cleaning takes out of the rows, by their index."""
    return dict(clean(fixes_of(rows, valid)).dropped)


DRIVE = going_north([float(s) for s in range(0, 120, 5)])


def with_bad(at: int, *bad: tuple[float, float]) -> list[Row]:
    """Return the drive with bad places put in before its fix number `at`, a tenth of a second apart."""
    before = DRIVE[at][0] - 1 if at else -1.0
    return [*DRIVE[:at], *((before + i / 10, *place) for i, place in enumerate(bad)), *DRIVE[at:]]


def test_a_clean_drive_stays_whole() -> None:
    """Nothing is taken out of a track that has nothing wrong."""
    assert reasons(DRIVE) == {}
    kept = clean(fixes_of(DRIVE)).kept
    assert all(np.array_equal(kept[name], fixes_of(DRIVE)[name]) for name in ("at_us", "lat", "lon", "valid"))


def test_an_empty_track_is_cleaned_to_an_empty_one() -> None:
    """A trip without any position is a track like any other."""
    cleaned = clean(np.empty(0, dtype=FIX))
    assert len(cleaned.kept) == 0
    assert cleaned.dropped == ()


@pytest.mark.parametrize("at", [0, 1, 12, len(DRIVE) - 1])
@pytest.mark.parametrize("run", [1, 2, 5])
def test_a_jump_to_0_0_goes_wherever_it_stands(at: int, run: int) -> None:
    """Also several in a row, also as the first fix."""
    assert reasons(with_bad(at, *[(0.0, 0.0)] * run)) == {at + i: Dropped.NOWHERE for i in range(run)}


@pytest.mark.parametrize("at", [0, 1, 12, len(DRIVE) - 1])
@pytest.mark.parametrize("run", [1, 2, 5])
def test_a_run_of_leaps_loses_against_the_drive_around_it(at: int, run: int) -> None:
    """A leap to another city and back is out, however many fixes it lasts, and though it is consistent in itself."""
    assert reasons(with_bad(at, *[FAR] * run)) == {at + i: Dropped.LEAP for i in range(run)}


def test_a_leap_at_the_very_end_goes_too() -> None:
    """The last fix has only its past to be judged by; that is enough."""
    rows = [*DRIVE, (DRIVE[-1][0] + 1, *FAR)]
    assert reasons(rows) == {len(DRIVE): Dropped.LEAP}


def test_a_place_reached_over_a_long_gap_but_never_left_again_is_the_leap() -> None:
    """A false fix after a silence could have been driven to; it could not have been driven back from."""
    late = going_north([3600.0 * 20 + s for s in range(5)], mps=0.01)
    rows = [*going_north([0.0, 1.0, 2.0], mps=0.01), (3600.0 * 20 - 1, *FAR), *late]
    assert reasons(rows) == {3: Dropped.LEAP}


@pytest.mark.parametrize("run", [LOOK_BACK - 1, LOOK_BACK, LOOK_BACK + 1, 3 * LOOK_BACK])
def test_a_very_long_run_of_wild_fixes_does_not_part_the_drive(run: int) -> None:
    """A receiver gone wild for longer than cleaning looks back still costs only its own fixes."""
    wild = [(20.0 + (i * 7919 % 30), 100.0 + (i * 104729 % 20)) for i in range(run)]
    count = 2 * run
    seconds = [float(s) for s in range(count)]
    drive = going_north(seconds)
    middle = count // 2
    rows = [
        *drive[:middle],
        *((middle - 1 + (i + 1) / (run + 2), *place) for i, place in enumerate(wild)),
        *drive[middle:],
    ]
    assert reasons(rows) == {middle + i: Dropped.LEAP for i in range(run)}


@pytest.mark.parametrize(("share", "kept"), [(0.99, 2), (1 - 1e-6, 2), (1.01, 1)], ids=["slower", "as fast", "faster"])
def test_the_fastest_plausible_step_is_the_limit(share: float, kept: int) -> None:
    """A step at the stated speed is driven, a faster one is a leap."""
    rows = [(0.0, LAT, LON), (10.0, LAT + 10 * FASTEST_MPS * share * DEG_PER_M, LON)]
    assert len(clean(fixes_of(rows)).kept) == kept


def test_of_two_fixes_that_exclude_each_other_the_first_stays() -> None:
    """With nothing else to go by, the answer is at least always the same."""
    assert reasons([(0.0, LAT, LON), (1.0, *FAR)]) == {1: Dropped.LEAP}


def test_a_held_position_that_leaps_is_an_ordinary_drive() -> None:
    """Receivers hold a place for a dozen seconds and leap 460 m in the next one: averaged, that is 35 m/s."""
    rows = [(float(s), LAT + (s // 13) * 460 * DEG_PER_M, LON) for s in range(130)]
    assert reasons(rows) == {}


def test_a_hold_interrupted_by_false_places_still_counts_as_one() -> None:
    """Bad fixes within a hold take only themselves out, not what was held after them."""
    rows = [(float(s), LAT + (s // 13) * 460 * DEG_PER_M, LON) for s in range(130)]
    for bad in (12, 25, 60, 63):
        rows[bad] = (rows[bad][0], *FAR)
    assert set(reasons(rows)) == {12, 25, 60, 63}


@pytest.mark.parametrize(("over_m", "dropped"), [(-50, 0), (-1, 0), (50, 1)])
def test_an_hour_in_the_car_park_does_not_excuse_a_leap_to_another_town(over_m: float, dropped: int) -> None:
    """A hold counts for a limited time only, to the metre that the fastest speed gives."""
    parked = [(float(s), LAT, LON) for s in range(0, 3600, 10)]
    reach_m = FASTEST_MPS * (HOLD_LIMIT_S + 10)
    rows = [*parked, (3600.0, LAT + (reach_m + over_m) * DEG_PER_M, LON)]
    assert len(reasons(rows)) == dropped


def test_a_fix_that_the_device_calls_invalid_never_counts() -> None:
    """Not positioned (未定位) means that its numbers are old or empty."""
    valid = [i != 3 for i in range(len(DRIVE))]
    assert reasons(DRIVE, valid) == {3: Dropped.NOT_FIXED}


@pytest.mark.parametrize(
    ("lat", "lon", "reason"),
    [
        (89.9999999, 0.0, None),
        (90.0, 0.0, None),
        (90.0000001, 0.0, Dropped.OUT_OF_RANGE),
        (LAT, 179.9999999, None),
        (LAT, -180.0, None),
        (LAT, 180.0000001, Dropped.OUT_OF_RANGE),
        (33.993382, 1555.6333, Dropped.OUT_OF_RANGE),
        (math.nan, LON, Dropped.OUT_OF_RANGE),
        (LAT, math.inf, Dropped.OUT_OF_RANGE),
        (NOWHERE_DEG - 1e-7, -NOWHERE_DEG + 1e-7, Dropped.NOWHERE),
        (NOWHERE_DEG, NOWHERE_DEG, Dropped.NOWHERE),
        (NOWHERE_DEG + 1e-7, NOWHERE_DEG, None),
        (0.0, LON, None),
        (LAT, 0.0, None),
    ],
)
def test_a_single_fix_stays_if_it_is_a_place_on_earth_and_not_nowhere(
    lat: float, lon: float, reason: Dropped | None
) -> None:
    """The ranges hold to their last place; the equator and the zero meridian are places like others."""
    assert reasons([(0.0, lat, lon)]) == ({} if reason is None else {0: reason})


def test_the_same_time_and_place_counts_once() -> None:
    """What a phone sent twice is one fix; another place or another second is not the same fix."""
    rows = [(0.0, LAT, LON), (0.0, LAT, LON), (1.0, LAT, LON), (1.0, LAT + 1e-6, LON)]
    assert reasons(rows) == {1: Dropped.DUPLICATE}


def test_each_fix_has_one_reason_the_first_that_applies() -> None:
    """A fix that is wrong in several ways is told once."""
    rows: list[Row] = [(0.0, math.nan, 0.0), (1.0, 0.0, 0.0), (2.0, LAT, LON)]
    assert reasons(rows, [False, True, True]) == {0: Dropped.NOT_FIXED, 1: Dropped.NOWHERE}


anything = st.tuples(
    st.integers(0, 1000).map(float),
    st.floats(-100, 100) | st.just(math.nan) | st.just(0.0),
    st.floats(-200, 200) | st.just(math.inf) | st.just(0.0),
)


@given(st.lists(anything, max_size=40))
def test_whatever_arrives_is_either_kept_or_dropped_with_a_reason(rows: list[Row]) -> None:
    """No fix is lost silently; what is kept is ordered by fix time and, if anything was a place, not empty."""
    cleaned = clean(fixes_of(rows))
    assert len(cleaned.kept) + len(cleaned.dropped) == len(rows)
    assert len({index for index, _ in cleaned.dropped}) == len(cleaned.dropped)
    assert np.all(np.diff(cleaned.kept["at_us"]) >= 0)
    no_places = {Dropped.OUT_OF_RANGE, Dropped.NOWHERE}
    assert len(cleaned.kept) > 0 or {reason for _, reason in cleaned.dropped} <= no_places


# --- the array itself -----------------------------------------------------------------------------------------


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_the_array_to_the_microsecond(at: datetime) -> None:
    """Fix times are kept exactly, since they are part of a fix's identity."""
    assert to_instant(to_us(at)) == at
    assert to_instant(int(as_fixes([at], [LAT], [LON])["at_us"][0])) == at


def test_an_unknown_speed_is_nan_and_a_fix_is_valid_unless_told() -> None:
    """What the device did not tell is not made up."""
    fixes = as_fixes([START_AT, START_AT], [LAT, LAT], [LON, LON], [3.5, None])
    assert fixes["speed_mps"].tolist() == pytest.approx([3.5, math.nan], nan_ok=True)
    assert fixes["valid"].all()


def test_columns_of_unequal_length_are_a_mistake_of_the_caller() -> None:
    """A shifted column would give every fix the place of another."""
    with pytest.raises(ValueError, match="1 values of lat for 2 fixes"):
        as_fixes([START_AT, START_AT], [LAT], [LON, LON])
