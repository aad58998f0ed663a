"""Lots: nobody foresees them, everybody can draw them again."""

from __future__ import annotations

import random
from hashlib import sha256
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.lots import asks_photo, commitment, draw, how_many

SEED = bytes(range(32))
TRIPS = [UUID(int=number) for number in range(1, 41)]


def test_the_lots_of_a_seed_are_these() -> None:
    """Whoever draws again with other software gets the same: the formula of docs/lots.md, worked by hand."""
    lots = {trip: sha256(b"lot" + SEED + b"07 12" + trip.bytes).hexdigest() for trip in TRIPS}
    expected = tuple(sorted(TRIPS, key=lots.__getitem__)[:4])
    assert draw(SEED, "07 12", TRIPS, percent=10, least=3) == expected
    assert commitment(SEED) == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"


@given(
    st.permutations(TRIPS),
    st.binary(min_size=32, max_size=32),
    st.text(max_size=20),
    st.integers(5, 50),
    st.integers(1, 20),
)
def test_the_order_and_repetition_of_trips_change_no_lot(
    trips: list[UUID], seed: bytes, salt: str, percent: int, least: int
) -> None:
    """However the trips are listed, the same are drawn, as many as the setting says, none twice."""
    drawn = draw(seed, salt, [*trips, *trips[:5]], percent=percent, least=least)
    assert drawn == draw(seed, salt, sorted(trips), percent=percent, least=least)
    assert len(set(drawn)) == len(drawn) == how_many(len(TRIPS), percent=percent, least=least)


def test_a_month_of_few_trips_has_all_of_them_drawn() -> None:
    """At least some are called back; more than there are cannot be."""
    assert [how_many(trips, percent=10, least=3) for trips in (0, 2, 3, 30, 31, 200)] == [0, 2, 3, 3, 4, 20]


def test_another_salt_draws_other_trips() -> None:
    """Who knew the seed could not foresee the draw."""
    drawn = {draw(SEED, str(salt), TRIPS, percent=10, least=3) for salt in range(20)}
    assert len(drawn) == 20


def test_photos_are_asked_for_at_about_the_share_that_is_set() -> None:
    """Over many trips one in ten, and never by a rule that could be guessed from the trip's own number."""
    rng = random.Random(7)  # noqa: S311 - repeatable
    trips = [UUID(int=rng.getrandbits(128)) for _ in range(5_000)]
    asked = sum(asks_photo(SEED, trip, 10) for trip in trips)
    assert 420 <= asked <= 580
    other = sum(asks_photo(SEED, trip, 10) and asks_photo(bytes(32), trip, 10) for trip in trips)
    assert other < 90
