"""Double entry: every metre the odometer showed is on exactly one account in the end (P5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.books.charges import Basis, Way, charges
from domain.books.entries import Account, Entry, entries
from domain.books.log_facts import LogUse, RecordedReading
from domain.books.readings import Moment
from domain.books.stretch import stretch_of
from domain.trip.life import UseKind
from tests.books import DECEMBER, FUEL, NOVEMBER, TRIP, books, read, trip_readings

COMPLAINTS = [UUID(int=number) for number in range(1, 5)]


def booked(
    readings: list[RecordedReading], kinds: dict[UUID, UseKind], months: tuple[datetime, datetime], seen: list[Way]
) -> tuple[Entry, ...]:
    """Return the entries of a stretch, each trip charged to two complaints by what was seen."""
    stretch = stretch_of((one.reading for one in readings), *months)
    charged = {
        use_id: charges(driven.length_m, 60, COMPLAINTS[:2], seen)
        for use_id, driven in stretch.driven.items()
        if kinds[use_id] is UseKind.TRIP
    }
    return entries(stretch.intervals, kinds, charged)


def balances(booked: Iterable[Entry]) -> dict[tuple[Account, UUID | None], int]:
    """Return what stands on each account: what it was credited with less what it was debited with. They sum to zero."""
    standing: dict[tuple[Account, UUID | None], int] = {}
    for one in booked:
        for account, metres in (
            ((one.debit, one.debit_id), -one.metres),
            ((one.credit, one.credit_id), one.metres),
        ):
            standing[account] = standing.get(account, 0) + metres
    return standing


@given(books(), st.lists(st.builds(Way, st.tuples(st.sampled_from(COMPLAINTS)), st.integers(0, 9_999), st.just(1))))
def test_every_month_s_metres_are_on_complaints_upkeep_or_nobody_and_add_up_exactly(
    drawn: tuple[list[RecordedReading], list[LogUse]], seen: list[Way]
) -> None:
    """Corrections, replaced odometers, coarse readings, uses over the month's end: the sum is exact, trips end at 0."""
    readings, uses = drawn
    kinds = {use.use_id: use.kind for use in uses}
    edges = [NOVEMBER + timedelta(days=days) for days in (-40, -31, 0, 30, 61, 2000)]
    of_months = 0
    for months in pairwise(edges):
        standing = balances(booked(readings, kinds, months, seen))
        assert sum(standing.values()) == 0
        assert all(metres == 0 for (account, _), metres in standing.items() if account is Account.TRIP)
        difference_m = stretch_of((one.reading for one in readings), *months).difference_m
        assert -standing.get((Account.ODOMETER, None), 0) == difference_m
        of_months += difference_m
    whole = stretch_of((one.reading for one in readings), edges[0], edges[-1])
    assert of_months == whole.difference_m


def test_each_interval_and_each_charge_is_an_entry_with_its_readings_or_its_basis() -> None:
    """3 km of nobody, 12 km of a trip in two complaints, 5 km of fuel."""
    readings = [
        read(9, 1, 51_997_000),
        *trip_readings(),
        read(3, 20, 52_012_000, use_id=FUEL, moment=Moment.DEPARTURE),
        read(4, 21, 52_017_000, use_id=FUEL, moment=Moment.RETURN),
    ]
    seen = [Way((COMPLAINTS[0],), 2_000, 1), Way((COMPLAINTS[1],), 1_000, 1)]
    found = booked(readings, {TRIP: UseKind.TRIP, FUEL: UseKind.UPKEEP}, (NOVEMBER, DECEMBER), seen)
    told = [(one.debit, one.debit_id, one.credit, one.credit_id, one.metres, one.basis) for one in found]
    assert told == [
        (Account.ODOMETER, None, Account.UNACCOUNTED, None, 3_000, None),
        (Account.ODOMETER, None, Account.TRIP, TRIP, 12_000, None),
        (Account.ODOMETER, None, Account.UNACCOUNTED, None, 0, None),
        (Account.ODOMETER, None, Account.UPKEEP, FUEL, 5_000, None),
        (Account.TRIP, TRIP, Account.COMPLAINT, COMPLAINTS[0], 8_000, Basis.LEGS),
        (Account.TRIP, TRIP, Account.COMPLAINT, COMPLAINTS[1], 4_000, Basis.LEGS),
    ]
    assert [(one.from_reading_id, one.until_reading_id) for one in found[:2]] == [
        (UUID(int=9), UUID(int=1)),
        (UUID(int=1), UUID(int=2)),
    ]
    assert balances(found)[Account.UPKEEP, FUEL] == 5_000
