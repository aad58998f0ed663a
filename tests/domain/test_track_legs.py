"""The ways of a trip: to each site and home, end to end, with the metres of the track and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.track.fixes import FIX, Fixes, as_fixes
from domain.track.legs import SITE_NEAR_M, Leg, Site, legs
from domain.track.length import measure

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = 1 / 110_785
MARKET, SHOP, FAR = UUID(int=1), UUID(int=2), UUID(int=3)

Row = tuple[float, float]


def fixes_of(rows: list[Row]) -> Fixes:
    """Make fixes out of (seconds since the start, metres north)."""
    at = [START_AT + timedelta(seconds=s) for s, _ in rows]
    return as_fixes(at, [LAT + north_m * DEG_PER_M for _, north_m in rows], [LON] * len(rows))


def site(key: UUID, north_m: float) -> Site:
    """Return a site so far north of the base."""
    return Site(key, LAT + north_m * DEG_PER_M, LON)


def way(rows: list[Row], to_m: float, *, mps: float = 10, rest_s: float = 0) -> list[Row]:
    """Add a way to so far north of the base, a fix every five seconds, and a rest there."""
    s, at_m = rows[-1]
    until_s = abs(to_m - at_m) / mps
    steps = int(until_s // 5)
    rows = rows + [(s + 5 * i, at_m + (to_m - at_m) * 5 * i / until_s) for i in range(1, steps)]
    arrived = s + until_s
    return [*rows, *((arrived + r, to_m) for r in range(0, int(rest_s) + 1, 30))]


BASE: list[Row] = [(0.0, 0.0)]
TO_MARKET = way(BASE, 2000, rest_s=600)
TO_SHOP = way(TO_MARKET, 3000, rest_s=600)
ROUND = way(TO_SHOP, 0)


def keys(found: tuple[Leg, ...]) -> list[tuple[UUID | None, int]]:
    """Return each leg's site and length."""
    return [(leg.site_key, leg.length_m) for leg in found]


def near(key: UUID | None, metres: int) -> tuple[UUID | None, object]:
    """Return what a leg of about so many metres compares equal to."""
    return key, pytest.approx(metres, abs=3)


def test_each_site_has_its_way_and_the_last_is_home() -> None:
    """In the order in which they were reached, whatever the order in which they are named."""
    found = legs(measure(fixes_of(ROUND)), [site(SHOP, 3000), site(MARKET, 2000)])
    assert keys(found) == [near(MARKET, 2000), near(SHOP, 1000), near(None, 3000)]
    ways = [((leg.from_at - START_AT).total_seconds(), (leg.until_at - START_AT).total_seconds()) for leg in found]
    assert ways == [(0, 200), (800, 900), (1500, 1800)]


def test_a_stop_at_no_site_is_part_of_the_way_it_lies_on() -> None:
    """The books charge metres; why the vehicle stood elsewhere is a finding's question."""
    rows = way(way(way(BASE, 1000, rest_s=600), 2000, rest_s=600), 0)
    assert keys(legs(measure(fixes_of(rows)), [site(MARKET, 2000)])) == [near(MARKET, 2000), near(None, 2000)]


def test_a_site_that_was_passed_while_the_vehicle_stood_at_another_has_a_way_of_nothing() -> None:
    """No way is shorter than nothing, and the ways still add up to the track."""
    wander = Random(70)  # noqa: S311 - a receiver at rest
    stay = [(200.0 + 30 * n, 2000.0 + wander.uniform(-24, 24)) for n in range(20)]
    track = measure(fixes_of(way([*way(BASE, 1980)[:-1], *stay], 0)))
    found = legs(track, [site(MARKET, 2000), site(SHOP, wander.uniform(2150, 2310))])
    assert all(leg.length_m >= 0 and leg.from_at <= leg.until_at for leg in found)
    assert sum(leg.length_m for leg in found) == track.length_m


@pytest.mark.parametrize(("off_m", "reached"), [(SITE_NEAR_M - 2, True), (SITE_NEAR_M + 2, False)])
def test_a_site_is_reached_by_a_stop_near_it(off_m: float, *, reached: bool) -> None:
    """Officers park and walk, but not from the next village."""
    found = legs(measure(fixes_of(way(BASE, 2000, rest_s=600))), [site(MARKET, 2000 + off_m)])
    assert (MARKET in [leg.site_key for leg in found]) is reached


def test_a_site_that_was_only_passed_is_reached_where_the_vehicle_was_closest() -> None:
    """An officer may have been set down within a minute."""
    found = legs(measure(fixes_of(way(way(BASE, 2000), 0))), [site(MARKET, 1500)])
    assert keys(found) == [near(MARKET, 1500), near(None, 2500)]


def test_a_site_never_reached_has_no_way_and_without_any_all_is_the_way_home() -> None:
    """Metres are not charged to a place where the vehicle was not."""
    found = legs(measure(fixes_of(ROUND)), [site(FAR, 9000)])
    assert keys(found) == [near(None, 6000)]
    assert legs(measure(np.empty(0, dtype=FIX)), [site(FAR, 9000)]) == ()


def test_sites_reached_by_one_stop_share_their_way() -> None:
    """Two complaints at one market: to neither belongs the whole way."""
    rows = [(0.0, 0.0), (100.0, 1001.0), (400.0, 1001.0)]
    found = legs(measure(fixes_of(rows)), [site(SHOP, 1000), site(MARKET, 1010)])
    assert keys(found) == [(MARKET, 501), (SHOP, 500), (None, 0)]
    assert found[0].from_at == found[1].from_at
    assert found[0].until_at == found[1].until_at


def test_unseen_metres_are_of_the_way_on_which_the_vehicle_was_seen_again() -> None:
    """A silence that ends at the site was on the way to it."""
    rows = [(0.0, 0.0), (60.0, 600.0), (400.0, 2000.0), (800.0, 2000.0), (1500.0, 0.0)]
    found = legs(measure(fixes_of(rows), unobserved_after_s=300), [site(MARKET, 2000)])
    assert [(leg.site_key, leg.unobserved_m) for leg in found] == [near(MARKET, 1400), near(None, 2000)]


places = st.lists(st.tuples(st.integers(1, 400), st.integers(-3000, 3000)), min_size=1, max_size=25)


@given(places, st.lists(st.integers(-3000, 3000), max_size=5))
def test_ways_lie_end_to_end_and_add_up_to_the_track_exactly(moves: list[tuple[int, int]], at_m: list[int]) -> None:
    """Whatever was driven and wherever the sites are, no metre is charged twice or lost."""
    rows, s = [(0.0, 0.0)], 0.0
    for after_s, north_m in moves:
        s += after_s
        rows.append((s, float(north_m)))
    track = measure(fixes_of(rows))
    found = legs(track, [site(UUID(int=i), north_m) for i, north_m in enumerate(at_m)])
    assert sum(leg.length_m for leg in found) == track.length_m
    assert sum(leg.unobserved_m for leg in found) == track.unobserved_m
    assert all(leg.length_m >= 0 and leg.unobserved_m >= 0 and leg.from_at <= leg.until_at for leg in found)
    assert [leg.site_key for leg in found].count(None) == 1
    assert found[-1].site_key is None
    assert [leg.until_at for leg in found] == sorted(leg.until_at for leg in found)
