"""What a vehicle costs and burns: sums over what is in force, refills and how far they scatter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.upkeep.costs import BadCost, Cost, CostKind, account, check_cost, in_force
from domain.upkeep.fuel import Fill, consumption, refills, unlike

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def cost(number: int, amount_fen: int, kind: CostKind = CostKind.TOLL, *, corrects: int | None = None) -> Cost:
    """A cost of that number, incurred so many minutes on."""
    litres = 40_000 if kind is CostKind.FUEL and amount_fen else None
    wrong = UUID(int=corrects) if corrects else None
    return Cost(UUID(int=number), kind, amount_fen, litres, NOW + timedelta(minutes=number), wrong)


def fill(number: int, odometer_m: int, fuel_ml: int, segment: int = 0) -> Fill:
    """A fill of that number, a day each."""
    return Fill(UUID(int=number), NOW + timedelta(days=number), fuel_ml, odometer_m, segment)


@pytest.mark.parametrize(
    ("kind", "amount_fen", "fuel_ml", "correction", "fits"),
    [
        (CostKind.TOLL, 1, None, False, True),
        (CostKind.TOLL, 0, None, False, False),
        (CostKind.TOLL, 0, None, True, True),
        (CostKind.TOLL, 1_000_000_000, None, False, True),
        (CostKind.TOLL, 1_000_000_001, None, False, False),
        (CostKind.TOLL, 1_500, 1_000, False, False),
        (CostKind.FUEL, 30_000, 40_000, False, True),
        (CostKind.FUEL, 30_000, None, False, False),
        (CostKind.FUEL, 30_000, 0, False, False),
        (CostKind.FUEL, 30_000, 500_001, False, False),
        (CostKind.FUEL, 0, None, True, True),
        (CostKind.FUEL, 0, 40_000, True, False),
    ],
)
def test_a_cost_is_of_whole_fen_and_fuel_alone_has_litres(
    kind: CostKind,
    amount_fen: int,
    fuel_ml: int | None,
    correction: bool,  # noqa: FBT001 - a table's column
    *,
    fits: bool,
) -> None:
    """From a fen to ten million yuan; nothing at all only as a correction."""
    if fits:
        check_cost(kind, amount_fen, fuel_ml, correction=correction)
    else:
        with pytest.raises(BadCost):
            check_cost(kind, amount_fen, fuel_ml, correction=correction)


def test_a_corrected_cost_counts_as_what_corrects_it() -> None:
    """Corrected twice, the last one counts; corrected to nothing, none does."""
    entered = [cost(1, 1_500), cost(2, 1_800, corrects=1), cost(3, 2_000, corrects=2), cost(4, 500)]
    assert [one.amount_fen for one in in_force(entered)] == [2_000, 500]
    assert [one.amount_fen for one in in_force([*entered, cost(5, 0, corrects=4)])] == [2_000]


def test_the_account_adds_up_by_kind_and_by_kilometre() -> None:
    """300 yuan of fuel and 20 of tolls over 400 km are 80 yuan per 100 km."""
    made = account([cost(1, 30_000, CostKind.FUEL), cost(2, 2_000)], 400_000)
    assert (made.total_fen, made.fen_per_100_km, made.fuel_ml) == (32_000, 8_000, 40_000)
    assert made.fen_by_kind[CostKind.TOLL] == 2_000
    assert account([cost(2, 2_000)], 0).fen_per_100_km is None


@given(st.lists(st.tuples(st.sampled_from(CostKind), st.integers(1, 10**9))))
def test_the_kinds_of_an_account_add_up_to_its_total(paid: list[tuple[CostKind, int]]) -> None:
    """No fen is lost or counted twice."""
    made = account([cost(number, fen, kind) for number, (kind, fen) in enumerate(paid, 1)], 1_000)
    assert made.total_fen == sum(fen for _, fen in paid)


def test_a_refill_makes_good_what_was_driven_since_the_fill_before() -> None:
    """The first fill says nothing: nobody knows what was in the tank."""
    known = refills([fill(2, 52_500_000, 40_000), fill(1, 52_000_000, 45_000), fill(3, 53_000_000, 42_000)])
    assert [(one.driven_m, one.fuel_ml, one.ml_per_100_km) for one in known] == [
        (500_000, 40_000, 8_000),
        (500_000, 42_000, 8_400),
    ]


def test_two_fills_at_one_odometer_are_one_and_another_odometer_begins_anew() -> None:
    """A second pump the same minute adds up; the metres of two odometers are never subtracted."""
    known = refills(
        [
            fill(1, 52_000_000, 45_000),
            fill(2, 52_500_000, 30_000),
            fill(3, 52_500_000, 10_000),
            fill(4, 100_000, 40_000, segment=1),
            fill(5, 600_000, 40_000, segment=1),
        ]
    )
    assert [(one.driven_m, one.fuel_ml) for one in known] == [(500_000, 40_000), (500_000, 40_000)]


def test_consumption_is_told_with_its_median_and_spread() -> None:
    """Over all metres, in the middle, and how far a single refill lies from it."""
    litres = (40_000, 42_000, 44_000, 60_000)
    told = consumption(refills([fill(n, 52_000_000 + n * 500_000, ml) for n, ml in enumerate((45_000, *litres))]))
    assert told is not None
    assert (told.refills, told.driven_m, told.ml_per_100_km) == (4, 2_000_000, 9_300)
    assert (told.median_ml_per_100_km, told.spread_ml_per_100_km) == (8_600, 400)
    assert consumption(()) is None


@pytest.mark.parametrize(("fuel_ml", "found"), [(52_000, False), (52_005, True), (28_000, False), (27_900, True)])
def test_a_refill_unlike_the_vehicle_s_own_stands_out(fuel_ml: int, *, found: bool) -> None:
    """Beyond thirty per cent of the median, above or below; thirty per cent exactly is ordinary."""
    litres = (45_000, 40_000, 40_000, 40_000, fuel_ml)
    known = refills([fill(n, 52_000_000 + n * 500_000, ml) for n, ml in enumerate(litres)])
    assert [one.refill.fuel_ml for one in unlike(known, 30)] == ([fuel_ml] if found else [])


def test_while_refills_are_few_none_is_unlike() -> None:
    """What is ordinary is not known yet."""
    known = refills([fill(n, 52_000_000 + n * 500_000, ml) for n, ml in enumerate((45_000, 40_000, 40_000, 90_000))])
    assert unlike(known, 30) == ()
