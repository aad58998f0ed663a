"""A round without a purpose: out and back with a stop, near to nothing that the trip is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.findings.road import detour, off_purpose_stop
from domain.track.fixes import Fixes, to_instant
from domain.values import Point
from tests.drives import beside, joined, standing, straight
from tests.scenes import BASE, NINE, SITE, scene, told, use

NOW = NINE + timedelta(hours=3)
HALFWAY = beside(BASE, north_m=1_500)


def errand(off_m: float, stood_s: float, *, at: Point = HALFWAY) -> Fixes:
    """Return a trip to the site and home, with a stop so far aside of a place on the way out."""
    aside = beside(at, east_m=off_m)
    parts: list[Fixes] = []
    now = NINE
    for one, other, rest_s in ((BASE, at, 0), (at, aside, stood_s), (aside, at, 0), (at, SITE, 1_200), (SITE, BASE, 0)):
        parts.append(straight([one, other], now))
        now = to_instant(parts[-1]["at_us"][-1]) + timedelta(seconds=5)
        if rest_s:
            parts.append(standing(other, now, now + timedelta(seconds=rest_s)))
            now += timedelta(seconds=rest_s + 5)
    return joined(*parts)


def rounds(fixes: Fixes, *places: Point, **changed: int) -> list[int]:
    """Return how long the rounds without a purpose are that are found."""
    seen = scene(told(fixes), uses=(use(NINE, NINE + timedelta(hours=2), *places),), now=NOW, changed=changed)
    return [int(one.evidence["round_m"]) for one in detour(seen) if "round_m" in one.evidence]


def test_a_private_stop_too_short_to_be_one_is_found_by_the_round_that_it_takes() -> None:
    """Four minutes, 900 m aside: no stop of ten minutes and no trip half as long again, and yet nobody's way."""
    fixes = errand(900, 240)
    assert not list(off_purpose_stop(scene(told(fixes), uses=(use(NINE, NINE + timedelta(hours=2)),), now=NOW)))
    assert rounds(fixes) == [pytest.approx(1_800, abs=130)]


@pytest.mark.parametrize(("off_m", "found"), [(400, 0), (600, 1)])
def test_a_round_counts_from_the_bureau_s_least_detour_on(off_m: float, found: int) -> None:
    """A kilometre there and back, unless the bureau sets it otherwise."""
    assert len(rounds(errand(off_m, 240))) == found
    assert len(rounds(errand(off_m, 240), detour_least_m=300)) == 1


@pytest.mark.parametrize(("stood_s", "found"), [(60, 0), (240, 1)])
def test_a_turn_without_a_stop_is_no_round(stood_s: float, found: int) -> None:
    """A dual carriageway sends one on to the next turn, and a turn is missed."""
    assert len(rounds(errand(900, stood_s))) == found


def test_a_round_that_leads_to_a_site_or_a_registered_place_has_its_purpose() -> None:
    """Two sites on one trip are two ways there and back."""
    there = beside(HALFWAY, east_m=900)
    assert rounds(errand(900, 240), SITE, there) == []
    registered = replace(use(NINE, NINE + timedelta(hours=2)), registered=(there,))
    seen = scene(told(errand(900, 240)), uses=(registered,), now=NOW)
    assert list(detour(seen)) == []
