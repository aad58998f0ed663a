"""What the way of a trip shows: stops, detours, the boundary, speed and silence, on recorded drives in the district."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.findings.kinds import Colour
from domain.findings.road import (
    ROADS_TO_CHORDS,
    detour,
    left_jurisdiction,
    off_purpose_stop,
    shortest_round_m,
    speeding,
    unobserved_stretch,
)
from domain.findings.shown import shown
from domain.track.fixes import Fixes
from domain.values import Point
from tests.drives import beside, drive, joined, standing, straight
from tests.scenes import BASE, NINE, SITE, scene, told, use

MINUTE = timedelta(minutes=1)
NOW = NINE + timedelta(hours=3)
LAST = 1_048
"""Seconds that the recorded drive takes."""
WAY = drive("T3_04_22_2021_1", NINE, BASE)
END = Point(float(WAY["lat"][-1]), float(WAY["lon"][-1]))
MARKET = beside(BASE, east_m=-4_000)


def visit(stood: timedelta, at: Point = SITE) -> Fixes:
    """Return a way to a place, so long there, and back."""
    there = straight([BASE, at], NINE)
    arrived = NINE + timedelta(microseconds=int(there["at_us"][-1] - there["at_us"][0]))
    rest = standing(at, arrived + timedelta(seconds=5), arrived + stood)
    return joined(there, rest, straight([at, BASE], arrived + stood + timedelta(seconds=5)))


def test_a_lawful_trip_over_recorded_roads_shows_nothing() -> None:
    """Fourteen kilometres to a site and as many back, with the visit between: no finding of any kind."""
    rest = standing(END, NINE + timedelta(seconds=LAST + 5), NINE + timedelta(seconds=LAST + 1_500))
    home = WAY[::-1].copy()
    home["at_us"] = rest["at_us"][-1] + 5_000_000 + (WAY["at_us"][-1] - WAY["at_us"][::-1])
    lawful = scene(told(joined(WAY, rest, home)), uses=(use(NINE, NINE + timedelta(hours=1.5), END),), now=NOW)
    assert shown(lawful) == ()


@pytest.mark.parametrize(("minutes", "colours"), [(9, []), (11, [Colour.YELLOW]), (31, [Colour.RED])])
def test_a_stop_away_from_every_site_is_found_after_ten_minutes(minutes: int, colours: list[Colour]) -> None:
    """Yellow at first, red at three times the limit."""
    fixes = visit(minutes * MINUTE, beside(SITE, east_m=800))
    found = list(off_purpose_stop(scene(told(fixes), uses=(use(NINE),), now=NOW)))
    assert [one.colour for one in found] == colours
    assert all(750 <= int(one.evidence["nearest_m"]) <= 850 for one in found)


@pytest.mark.parametrize("place", [SITE, BASE, beside(SITE, east_m=250)])
def test_a_stop_at_a_site_or_the_base_belongs_to_the_trip(place: Point) -> None:
    """Within 300 m it is that place."""
    fixes = visit(40 * MINUTE, place)
    assert not list(off_purpose_stop(scene(told(fixes), uses=(use(NINE),), now=NOW)))


def test_a_stop_at_a_registered_place_of_upkeep_is_none() -> None:
    """The filling station on the way is registered."""
    fixes = visit(20 * MINUTE, MARKET)
    assert len(list(off_purpose_stop(scene(told(fixes), uses=(use(NINE),), now=NOW)))) == 1
    registered = replace(use(NINE), registered=(MARKET,))
    assert not list(off_purpose_stop(scene(told(fixes), uses=(registered,), now=NOW)))


def test_a_stop_that_lasts_is_the_same_happening_with_a_later_end() -> None:
    """Looked at twice while it lasts, it begins at the same instant."""
    fixes = visit(40 * MINUTE, MARKET)
    looks = [
        list(
            off_purpose_stop(
                scene(told(fixes[fixes["at_us"] < (NINE.timestamp() + s) * 1e6]), uses=(use(NINE),), now=NOW)
            )
        )
        for s in (1_200, 1_800)
    ]
    ((one,), (other,)) = looks
    assert (one.from_at, one.ended, other.ended) == (other.from_at, False, False)
    assert one.until_at < other.until_at


@pytest.mark.parametrize(("far_m", "found"), [(0, 0), (2_000, 0), (6_000, 1)])
def test_a_way_much_longer_than_the_round_is_a_detour(far_m: float, found: int) -> None:
    """A side trip of two kilometres hides in what roads take; one of six does not."""
    way = straight([BASE, beside(BASE, east_m=-far_m), SITE, BASE], NINE)
    assert len(list(detour(scene(told(way), uses=(use(NINE),), now=NOW)))) == found


def test_the_round_over_several_sites_is_the_shortest() -> None:
    """In whatever order the sites are named."""
    east, far = beside(BASE, east_m=1_000), beside(BASE, east_m=2_000)
    for order in ((east, far), (far, east)):
        assert shortest_round_m(BASE, order) == pytest.approx(4_000, rel=0.01)
    many = tuple(beside(BASE, east_m=100 * n) for n in (9, 3, 7, 1, 8, 2, 5))
    assert shortest_round_m(BASE, many) == pytest.approx(1_800, rel=0.01)
    assert ROADS_TO_CHORDS > 1


def test_a_recorded_drive_over_the_boundary_is_yellow_on_the_way_and_red_with_a_stop_there() -> None:
    """The road may lead through the next district; who stops there has gone there."""
    way = drive("T3_04_22_2021_2", NINE, BASE)
    (passing,) = left_jurisdiction(scene(told(way), uses=(use(NINE),), now=NOW))
    assert passing.colour is Colour.YELLOW
    assert 8_000 < int(passing.evidence["beyond_m"]) < 9_500
    end = Point(float(way["lat"][-1]), float(way["lon"][-1]))
    rest = standing(end, NINE + timedelta(seconds=1_100), NINE + timedelta(seconds=2_000))
    (stopped,) = left_jurisdiction(scene(told(joined(way, rest)), uses=(use(NINE),), now=NOW))
    assert (stopped.colour, stopped.from_at) == (Colour.RED, passing.from_at)
    (placed_inside,) = left_jurisdiction(scene(told(joined(way, rest)), uses=(use(NINE, None, end),), now=NOW))
    assert placed_inside.colour is Colour.YELLOW


def test_within_the_district_nobody_left_it() -> None:
    """Fifty recorded kilometres inside the line."""
    way = drive("T1_03_29_2021", NINE, BASE)
    assert not list(left_jurisdiction(scene(told(way), uses=(use(NINE),), now=NOW)))


@pytest.mark.parametrize(("kmh", "colours"), [(115, []), (130, [Colour.YELLOW]), (185, [Colour.RED])])
def test_speed_is_that_of_the_places(kmh: float, colours: list[Colour]) -> None:
    """Above the limit yellow, half as fast again red; what the device tells of its speed is not asked."""
    way = straight([BASE, beside(BASE, north_m=6_000)], NINE, mps=kmh / 3.6)
    way["speed_mps"] = 10.0
    found = list(speeding(scene(told(way), uses=(use(NINE),), now=NOW)))
    assert [one.colour for one in found] == colours
    assert all(abs(int(one.evidence["fastest_kmh"]) - kmh) <= 3 for one in found)


@pytest.mark.parametrize(
    "name", ["T1_03_29_2021", "T3_04_22_2021_1", "T3_04_22_2021_2", "T3_05_25_2021_04", "T3_06_07_2021"]
)
def test_no_recorded_drive_is_speeding_though_positions_leap_in_it(name: str) -> None:
    """Positions held for a dozen seconds and released at once are no speed: the drives reach 81 km/h."""
    way = drive(name, NINE, BASE)
    assert not list(speeding(scene(told(way), uses=(use(NINE),), now=NOW, changed={"overspeed_kmh": 100})))


def test_a_stretch_without_fixes_in_which_the_vehicle_moved_is_unobserved() -> None:
    """Two holes in a recorded drive are one finding of the trip; a phone that sleeps at a stop is none."""
    seconds = (WAY["at_us"] - WAY["at_us"][0]) / 1e6
    holes = ~(((seconds > 200) & (seconds < 400)) | ((seconds > 600) & (seconds < 800)))
    (found,) = unobserved_stretch(scene(told(WAY[holes]), uses=(use(NINE),), now=NOW))
    assert (found.evidence["stretches"], found.evidence["unobserved_s"]) == (2, 400)
    asleep = joined(WAY, standing(END, NINE + timedelta(seconds=3_000), NINE + timedelta(seconds=3_060)))
    assert not list(unobserved_stretch(scene(told(asleep), uses=(use(NINE),), now=NOW)))


def test_a_late_burst_closes_the_hole_again() -> None:
    """What was unobserved when it was looked at is observed when the phone sends what it kept."""
    hole = np.ones(len(WAY), dtype=np.bool_)
    hole[200:500] = False
    assert len(list(unobserved_stretch(scene(told(WAY[hole]), uses=(use(NINE),), now=NOW)))) == 1
    assert not list(unobserved_stretch(scene(told(joined(WAY[hole], WAY[~hole])), uses=(use(NINE),), now=NOW)))
