"""Metres charged to complaints: leg by leg, the way home in proportion to the ways out, and never a metre too many."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.books.charges import Basis, Charge, Way, charges, shared

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
HOUR_S = 3600

weights = st.dictionaries(st.uuids(), st.integers(0, 10**9), max_size=8)
ways = st.lists(
    st.builds(
        Way,
        st.lists(st.sampled_from([A, B, C, UUID(int=9)]), max_size=3).map(tuple),
        st.integers(0, 200_000),
        st.integers(0, 40_000),
    ),
    max_size=6,
)


def metres(found: tuple[Charge, ...]) -> dict[UUID, int]:
    """Return what each complaint was charged with."""
    return {one.complaint_id: one.metres for one in found}


@given(st.integers(-20_000, 10**10), weights)
def test_the_parts_add_up_to_the_whole_and_each_is_within_a_unit_of_its_share(
    total: int, weighed: dict[UUID, int]
) -> None:
    """Largest remainder: nobody is a whole unit away from the exact share."""
    parts = shared(total, weighed)
    if not weighed:
        assert parts == {}
        return
    assert sum(parts.values()) == total
    whole = sum(weighed.values())
    for key, part in parts.items():
        exact = (total * weighed[key] / whole) if whole else total / len(weighed)
        assert abs(part - exact) < 1 + abs(exact) * 1e-12


@given(st.integers(-20_000, 10**7), st.integers(0, 10**6), st.sets(st.sampled_from([A, B, C]), min_size=1), ways)
def test_every_metre_and_second_of_a_trip_is_charged_once(
    driven_m: int, lasted_s: int, carried: set[UUID], seen: list[Way]
) -> None:
    """Whatever the witness saw, wherever it went: the sums are those of the reading and the clock."""
    found = charges(driven_m, lasted_s, carried, seen)
    assert {one.complaint_id for one in found} == carried
    assert sum(one.metres for one in found) == driven_m
    assert sum(one.seconds for one in found) == lasted_s
    assert found == charges(driven_m, lasted_s, list(carried), list(reversed(seen)))


def test_the_way_home_is_shared_in_proportion_to_the_ways_out() -> None:
    """Two sites, 3 km and 1 km away by track; of 8 km by reading three quarters are the first one's."""
    found = charges(8_000, 2 * HOUR_S, [A, B], [Way((A,), 3_000, HOUR_S), Way((B,), 1_000, HOUR_S)])
    assert found == (Charge(A, 6_000, HOUR_S, Basis.LEGS), Charge(B, 2_000, HOUR_S, Basis.LEGS))


def test_a_metre_that_is_left_goes_to_the_largest_remainder_and_of_equal_ones_to_the_lowest_id() -> None:
    """10 m over three equal ways: 4, 3, 3. Over ways of 1, 1 and 4 m: 1.67, 1.67 and 6.67 are 2, 2 and 6."""
    equal = [Way((one,), 500, 60) for one in (C, B, A)]
    assert metres(charges(10, 0, [A, B, C], equal)) == {A: 4, B: 3, C: 3}
    uneven = [Way((A,), 1, 1), Way((B,), 1, 1), Way((C,), 4, 1)]
    assert metres(charges(10, 0, [A, B, C], uneven)) == {A: 2, B: 2, C: 6}


def test_two_complaints_at_one_market_share_the_way_to_it() -> None:
    """The third, further on, bears its own way alone."""
    found = charges(9_000, 0, [A, B, C], [Way((A, B), 4_000, 600), Way((C,), 2_000, 600)])
    assert metres(found) == {A: 3_000, B: 3_000, C: 3_000}


def test_without_a_track_all_complaints_get_equal_parts_and_that_is_marked() -> None:
    """Nobody saw the trip: equal parts of metres and time, told as such."""
    found = charges(9_001, HOUR_S, [A, B], [])
    assert found == (Charge(A, 4_501, 1_800, Basis.EQUAL), Charge(B, 4_500, 1_800, Basis.EQUAL))


def test_a_track_that_reached_none_of_the_sites_shares_nothing_by_itself() -> None:
    """Ways to places of other complaints count for nobody."""
    found = charges(7_000, 100, [A], [Way((B,), 3_000, 60), Way((), 2_000, 60)])
    assert found == (Charge(A, 7_000, 100, Basis.EQUAL),)


def test_a_site_that_was_not_reached_gets_no_metres_of_those_that_were() -> None:
    """The complaint that was driven to pays; the other one stays at nought, and is told."""
    assert metres(charges(5_000, 0, [A, B], [Way((A,), 2_500, 60)])) == {A: 5_000, B: 0}


def test_a_coarse_reading_below_a_fine_one_is_shared_below_zero_and_adds_up() -> None:
    """What it lacks is in the next interval, so that the sum of a month stays exact."""
    found = charges(-401, 60, [A, B], [Way((A,), 100, 60), Way((B,), 100, 60)])
    assert metres(found) == {A: -201, B: -200}


def test_a_trip_without_complaints_is_charged_to_nobody() -> None:
    """There is none by the rule; a fault in the record is no fault of the books."""
    assert charges(5_000, 60, [], [Way((A,), 100, 60)]) == ()
