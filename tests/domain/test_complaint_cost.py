"""What a complaint cost: its part of each trip, and all parts of a trip together are the trip."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.books.charges import Basis, Way
from domain.books.complaint_cost import CarriedTrip, costs_of
from tests.books import NOVEMBER

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)

trips = st.builds(
    CarriedTrip,
    trip_id=st.just(UUID(int=9)),
    order_no=st.none(),
    from_at=st.just(NOVEMBER),
    until_at=st.one_of(st.none(), st.integers(0, 40_000).map(lambda seconds: NOVEMBER + timedelta(seconds=seconds))),
    driven_m=st.integers(0, 10**6),
    paid_fen=st.integers(0, 10**6),
    complaint_ids=st.sets(st.sampled_from([A, B, C]), min_size=1).map(tuple),
    ways=st.lists(
        st.builds(Way, st.tuples(st.sampled_from([A, B, C])), st.integers(0, 9_999), st.integers(0, 9_999)), max_size=4
    ).map(tuple),
)


@given(trips)
def test_what_all_its_complaints_cost_is_what_the_trip_cost(trip: CarriedTrip) -> None:
    """Metres, seconds and fen: nothing is lost between them."""
    parts = [costs_of(complaint_id, [trip])[0] for complaint_id in trip.complaint_ids]
    assert sum(one.metres for one in parts) == trip.driven_m
    assert sum(one.fen for one in parts) == trip.paid_fen
    assert sum(one.seconds for one in parts) == parts[0].of_seconds


def test_money_goes_as_the_metres_also_on_a_trip_whose_reading_did_not_move() -> None:
    """A toll of 10 yuan on ways of 3 km and 1 km, while the dashboard still shows the same kilometre."""
    ways = (Way((A,), 3_000, 60), Way((B,), 1_000, 60))
    trip = CarriedTrip(
        trip_id=UUID(int=9),
        order_no="2026-1",
        from_at=NOVEMBER,
        until_at=NOVEMBER + timedelta(hours=1),
        driven_m=0,
        paid_fen=1_000,
        complaint_ids=(A, B),
        ways=ways,
    )
    (part,) = costs_of(A, [trip])
    assert (part.metres, part.fen, part.of_fen, part.basis) == (0, 750, 1_000, Basis.LEGS)
