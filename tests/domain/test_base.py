"""Where a vehicle is kept, at which instant: a move holds from its instant on and changes nothing before it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.findings.road import detour, off_purpose_stop
from domain.place.base import AHEAD, Base, BaseBackdated, base_at, bases_during, check_move
from tests.drives import beside, joined, standing, straight
from tests.scenes import BASE, NINE, SITE, scene, told, use

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
YARD = beside(BASE, east_m=4_000)
BASES = (Base("first", BASE), Base("second", YARD, NINE), Base("third", SITE, NINE + HOUR))


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (NINE - 1000 * HOUR, "first"),
        (NINE - TICK, "first"),
        (NINE, "second"),
        (NINE + TICK, "second"),
        (NINE + HOUR, "third"),
        (NINE + 1000 * HOUR, "third"),
    ],
)
def test_the_base_of_an_instant_is_the_last_that_had_taken_effect(at: datetime, name: str) -> None:
    """A move counts from its very instant."""
    assert base_at(BASES, at).name == name


def test_every_base_that_held_in_a_stretch_is_told_and_no_other() -> None:
    """Both ends of the stretch are of it."""
    assert [one.name for one in bases_during(BASES, NINE - HOUR, NINE - TICK)] == ["first"]
    assert [one.name for one in bases_during(BASES, NINE - HOUR, NINE)] == ["first", "second"]
    assert [one.name for one in bases_during(BASES, NINE, NINE + HOUR - TICK)] == ["second"]
    assert [one.name for one in bases_during(BASES, NINE - HOUR, NINE + HOUR)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("effective_at", "refused"),
    [
        (NINE - TICK, True),
        (NINE, False),
        (NINE + TICK, False),
        (NINE + AHEAD, False),
        (NINE + AHEAD + TICK, True),
        (NINE.replace(tzinfo=None), True),
    ],
)
def test_a_base_is_moved_from_now_on_and_never_back(effective_at: datetime, *, refused: bool) -> None:
    """Who could move it back could make a night away one at home."""
    if refused:
        with pytest.raises(BaseBackdated):
            check_move(effective_at, NINE)
    else:
        check_move(effective_at, NINE)


@pytest.mark.parametrize(("moved_at", "found"), [(None, 1), (NINE, 0), (NINE + 30 * MINUTE, 0), (NINE + 2 * HOUR, 1)])
def test_a_stop_at_a_base_belongs_to_a_trip_if_it_was_the_base_during_it(moved_at: datetime | None, found: int) -> None:
    """From before the trip or from a moment of it: but a yard that becomes the base afterwards was none then."""
    bases = (Base("first", BASE), *(() if moved_at is None else (Base("yard", YARD, moved_at),)))
    rest = standing(YARD, NINE, NINE + 40 * MINUTE)
    trip = use(NINE, NINE + HOUR)
    looked_at = scene(told(rest), uses=(trip,), now=NINE + 3 * HOUR, bases=bases)
    assert len(list(off_purpose_stop(looked_at))) == found


@pytest.mark.parametrize(("moved", "found"), [(False, 1), (True, 0)])
def test_a_way_that_ends_at_another_base_is_held_against_the_longer_round(*, moved: bool, found: int) -> None:
    """From the old base over the site to the new one, eleven kilometres away: a detour only where it is no base."""
    far = beside(BASE, east_m=11_000)
    out = straight([BASE, SITE], NINE)
    arrived = NINE + timedelta(microseconds=int(out["at_us"][-1] - out["at_us"][0]))
    way = joined(out, straight([SITE, far], arrived + MINUTE))
    bases = (Base("first", BASE), *((Base("far", far, NINE + MINUTE),) if moved else ()))
    looked_at = scene(told(way), uses=(use(NINE, NINE + HOUR),), now=NINE + 3 * HOUR, bases=bases)
    assert len(list(detour(looked_at))) == found
