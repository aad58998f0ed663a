"""Phone and terminal of one trip: how far they were from each other, for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.track.devices import BETWEEN_S, Apart, apart
from domain.track.fixes import FIX, Fixes, as_fixes

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = 1 / 111_195

Row = tuple[float, float]


def fixes_of(rows: list[Row]) -> Fixes:
    """Make fixes out of (seconds since the start, metres north)."""
    at = [START_AT + timedelta(seconds=s) for s, _ in rows]
    return as_fixes(at, [LAT + north_m * DEG_PER_M for _, north_m in rows], [LON] * len(rows))


def drive(until_s: int, *, every_s: int = 5, from_s: int = 0) -> list[Row]:
    """Return a drive north at 10 m/s."""
    return [(float(s), s * 10.0) for s in range(from_s, until_s + 1, every_s)]


def stretches(found: tuple[Apart, ...]) -> list[tuple[float, float, int]]:
    """Return from when to when, in seconds since the start, and the most metres."""
    return [((a.from_at - START_AT).total_seconds(), (a.until_at - START_AT).total_seconds(), a.most_m) for a in found]


def test_two_devices_in_one_vehicle_agree_however_seldom_one_of_them_tells() -> None:
    """Between its fixes a device was on the line between them."""
    assert apart(fixes_of(drive(600)), fixes_of(drive(600, every_s=97)), over_m=100, for_s=60) == ()


def test_a_phone_that_stays_at_the_desk_is_apart_from_when_the_vehicle_is_far_until_it_is_back() -> None:
    """With the most metres and the median of them as evidence."""
    back = [(1200.0 - s, north_m) for s, north_m in drive(600)]
    phone = [(float(s), 0.0) for s in range(0, 1201, 10)]
    (found,) = apart(fixes_of([*drive(600), *back]), fixes_of(phone), over_m=310, for_s=180)
    assert stretches((found,)) == [(35, 1165, 6000)]
    assert found.median_m == pytest.approx(3150, abs=60)


@pytest.mark.parametrize(("over_m", "found"), [(499, 1), (501, 0)])
def test_devices_are_apart_beyond_the_limit(over_m: float, found: int) -> None:
    """Half a kilometre is apart where the limit is below it."""
    away = [(s, north_m + 500) for s, north_m in drive(600)]
    assert len(apart(fixes_of(drive(600)), fixes_of(away), over_m=over_m, for_s=180)) == found


@pytest.mark.parametrize(("for_s", "found"), [(600, 1), (601, 0)])
def test_devices_are_apart_only_if_it_lasts(for_s: float, found: int) -> None:
    """A receiver that holds its place for some seconds and leaps is in the same vehicle."""
    away = [(s, north_m + 500) for s, north_m in drive(600)]
    assert len(apart(fixes_of(drive(600)), fixes_of(away), over_m=300, for_s=for_s)) == found


def test_a_silence_of_either_ends_a_stretch() -> None:
    """Nobody knows where it was then."""
    silent = [row for row in drive(1200) if not 400 < row[0] < 400 + BETWEEN_S + 60]
    away = [(s, north_m + 500) for s, north_m in drive(1200)]
    assert stretches(apart(fixes_of(silent), fixes_of(away), over_m=300, for_s=180)) == [
        (0, 400, 500),
        (580, 1200, 500),
    ]


def test_devices_that_never_told_anything_at_once_cannot_be_compared() -> None:
    """One before noon and one after it do not disagree."""
    later = [(s + 3600, north_m) for s, north_m in drive(600)]
    assert apart(fixes_of(drive(600)), fixes_of(later), over_m=1, for_s=0) == ()
    assert apart(fixes_of(drive(600)), np.empty(0, dtype=FIX), over_m=1, for_s=0) == ()


@given(st.randoms(), st.lists(st.tuples(st.integers(0, 900), st.integers(-800, 800)), max_size=30))
def test_neither_order_nor_repeats_nor_which_is_which_changes_what_is_found(random: Random, rows: list[Row]) -> None:
    """Evidence is the same whoever sent first."""
    one, other = drive(900), [(float(s), float(north_m) + s * 10.0) for s, north_m in rows]
    found = apart(fixes_of(one), fixes_of(other), over_m=200, for_s=30)
    mixed, mixed_too = one + one[::3], other + other[::2]
    random.shuffle(mixed)
    random.shuffle(mixed_too)
    assert apart(fixes_of(mixed_too), fixes_of(mixed), over_m=200, for_s=30) == found
