"""`moved-without-trip`: on recorded drives, in any order of arrival, and never on a receiver that only wanders."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.findings.happening import subject_of
from domain.findings.moved import moved_without_trip
from domain.track.fixes import Fixes
from tests.drives import beside, drive, joined, standing, straight
from tests.scenes import BASE, NINE, VEHICLE, scene, told, use

MINUTE = timedelta(minutes=1)
PARKED = standing(BASE, NINE - timedelta(hours=3), NINE)
NOW = NINE + timedelta(hours=3)


def out(metres: float, at_rest: timedelta = 5 * MINUTE) -> Fixes:
    """Return parked, a way so far east and back with a rest between, and parked again."""
    there = beside(BASE, east_m=metres)
    way = straight([BASE, there], NINE + MINUTE)
    arrived = NINE + MINUTE + timedelta(microseconds=int(way["at_us"][-1] - way["at_us"][0]))
    rest = standing(there, arrived + timedelta(seconds=5), arrived + at_rest)
    home = straight([there, BASE], arrived + at_rest + timedelta(seconds=5))
    return joined(PARKED, way, rest, home, standing(BASE, NINE + timedelta(hours=2), NINE + timedelta(hours=3)))


@pytest.mark.parametrize("name", ["T1_03_29_2021", "T3_04_22_2021_1", "T3_05_25_2021_04"])
def test_a_recorded_drive_without_a_trip_is_one_finding_from_where_the_vehicle_stood(name: str) -> None:
    """An outing of many kilometres is one happening, with its length and how far it led."""
    way = drive(name, NINE + MINUTE, BASE)
    (found,) = moved_without_trip(scene(told(joined(PARKED, way)), now=NOW))
    assert NINE - MINUTE <= found.from_at <= NINE + 4 * MINUTE
    assert int(found.evidence["length_m"]) > 10_000
    assert int(found.evidence["away_m"]) > 2_000
    assert not found.ended


def test_an_hour_of_private_errand_and_back_is_one_finding_that_ends() -> None:
    """A rest at the shop does not make two of it."""
    (found,) = moved_without_trip(scene(told(out(2_000, 20 * MINUTE)), now=NOW))
    assert found.ended
    assert 3_800 <= int(found.evidence["length_m"]) <= 4_300
    assert 1_950 <= int(found.evidence["away_m"]) <= 2_050


def test_after_an_hour_at_rest_what_follows_is_another_outing() -> None:
    """The way there and the way home of a morning away are two."""
    assert len(list(moved_without_trip(scene(told(out(2_000, 65 * MINUTE)), now=NOW)))) == 2


@pytest.mark.parametrize(("metres", "found"), [(30, 0), (40, 0), (75, 1), (300, 1)])
def test_fifty_metres_are_the_limit(metres: float, found: int) -> None:
    """A car moved within its yard is none; the setting moves the line."""
    assert len(list(moved_without_trip(scene(told(out(metres)), now=NOW)))) == found


def test_the_limit_is_the_bureaus_setting() -> None:
    """At 200 m a way of 150 m says nothing."""
    assert not list(moved_without_trip(scene(told(out(150)), now=NOW, changed={"moved_without_trip_m": 200})))


@pytest.mark.parametrize("seed", range(20))
def test_a_receiver_at_rest_that_wanders_for_three_hours_has_not_moved(seed: int) -> None:
    """Noise of twice what the recordings show, and once a minute a place 60 m off, are no movement."""
    wandering = standing(BASE, NINE - timedelta(hours=3), NINE, wander_m=20)
    noise = np.random.default_rng(seed)
    wandering["lat"] += noise.normal(0, 8, len(wandering)) / 111_319
    wandering["lon"][::2] += np.where(noise.random(len(wandering[::2])) < 0.05, 60 / 100_000, 0)
    assert not list(moved_without_trip(scene(told(wandering), now=NOW)))


def test_a_drive_within_a_use_is_none_and_a_minute_around_it_neither() -> None:
    """Who says that they depart half a minute after the wheels turned has not moved without a trip."""
    way = drive("T3_04_22_2021_1", NINE, BASE)
    during = use(NINE + timedelta(seconds=30), NINE + timedelta(seconds=1_000))
    assert not list(moved_without_trip(scene(told(joined(PARKED, way)), uses=(during,), now=NOW)))


def test_a_drive_that_goes_on_after_the_return_was_recorded_is_found() -> None:
    """Returned on paper, driven on in truth."""
    way = drive("T3_04_22_2021_1", NINE, BASE)
    during = use(NINE, NINE + 5 * MINUTE)
    (found,) = moved_without_trip(scene(told(joined(PARKED, way)), uses=(during,), now=NOW))
    assert found.from_at >= NINE + 6 * MINUTE


def test_moved_in_silence_is_found_where_the_terminal_speaks_again() -> None:
    """Unplugged, driven, plugged in: the place is another."""
    there = standing(beside(BASE, east_m=1_500), NINE + timedelta(hours=1), NINE + timedelta(hours=3))
    (found,) = moved_without_trip(scene(told(joined(PARKED, there)), now=NOW))
    assert (found.from_at, found.ended) == (NINE, True)


def test_a_phone_is_no_witness_without_a_trip() -> None:
    """What a phone does outside a trip is private."""
    assert not list(moved_without_trip(scene(told(out(2_000), terminal=False), now=NOW)))


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 400))
def test_neither_the_order_nor_the_repetition_of_arrival_changes_what_is_found(shuffler: object, again: int) -> None:
    """What came late, twice or backwards names the same happening."""
    fixes = joined(PARKED, drive("T3_04_22_2021_1", NINE + MINUTE, BASE))
    order = list(range(len(fixes))) + list(range(again))
    shuffler.shuffle(order)  # type: ignore[attr-defined]  # hypothesis's Random
    (one,) = moved_without_trip(scene(told(fixes), now=NOW))
    (other,) = moved_without_trip(scene(told(fixes[order]), now=NOW))
    assert one == other
    assert subject_of(VEHICLE, one) == subject_of(VEHICLE, other)
    assert subject_of(VEHICLE, one).version == 8
