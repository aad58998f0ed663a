"""How much a vehicle burns: fuel per 100 km from one refill to the next, with its spread.

A refill makes good what was burnt since the one before, as far as the tank was filled both times; nobody can see that
it was, so single figures scatter and the median of many speaks. The spread is the median deviation from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final
from uuid import UUID

LEAST_REFILLS: Final = 4
"""Fewer do not say what is ordinary for a vehicle."""
LEAST_DRIVEN_M: Final = 50_000
"""After less a tank is topped up: how full it was before weighs more than what was burnt."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Fuel that was filled in, and what the odometer of `segment` showed at the pump."""

    cost_id: UUID
    at: datetime
    fuel_ml: int
    odometer_m: int
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Refill:
    """What was filled in after driving so far since the fill before."""

    cost_id: UUID
    at: datetime
    driven_m: int
    fuel_ml: int

    @property
    def ml_per_100_km(self) -> int:
        """Millilitres per 100 km, rounded."""
        return round(self.fuel_ml * 100_000 / self.driven_m)


@dataclass(frozen=True, slots=True)
class Unlike:
    """A refill that the vehicle's own history belies, and what is usual for it: the median and its spread."""

    refill: Refill
    usual_ml_per_100_km: int
    spread_ml_per_100_km: int


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a vehicle burns over some refills: over all of them, in the median, and how far single ones are from it."""

    refills: int
    driven_m: int
    fuel_ml: int
    ml_per_100_km: int
    median_ml_per_100_km: int
    spread_ml_per_100_km: int


def refills(fills: Iterable[Fill]) -> tuple[Refill, ...]:
    """Return the refills in order: fills without a metre between them are one, and another odometer begins anew."""
    found: list[Refill] = []
    for before, fill in pairwise(_merged(fills)):
        if fill.segment == before.segment and fill.odometer_m > before.odometer_m:
            found.append(Refill(fill.cost_id, fill.at, fill.odometer_m - before.odometer_m, fill.fuel_ml))
    return tuple(found)


def consumption(of: Iterable[Refill]) -> Consumption | None:
    """Return what the refills say together, or None without any."""
    known = tuple(of)
    if not known:
        return None
    single = [one.ml_per_100_km for one in known]
    middle = median(single)
    driven_m, fuel_ml = sum(one.driven_m for one in known), sum(one.fuel_ml for one in known)
    return Consumption(
        refills=len(known),
        driven_m=driven_m,
        fuel_ml=fuel_ml,
        ml_per_100_km=round(fuel_ml * 100_000 / driven_m),
        median_ml_per_100_km=round(middle),
        spread_ml_per_100_km=round(median(abs(one - middle) for one in single)),
    )


def unlike(of: Iterable[Refill], percent: int) -> tuple[Unlike, ...]:
    """Return the refills outside the spread of those before them by more than so many per cent of their median.

    Later refills change nothing about one. None while it and those before it are fewer than `LEAST_REFILLS`: what is
    ordinary is not known then. What was topped up within `LEAST_DRIVEN_M` is judged together with the next refill.
    """
    known = _far_enough(of)
    found: list[Unlike] = []
    for number, refill in enumerate(known):
        if number + 1 < LEAST_REFILLS:
            continue
        before = [one.ml_per_100_km for one in known[:number]]
        middle = median(before)
        spread = median(abs(one - middle) for one in before)
        if (abs(refill.ml_per_100_km - middle) - spread) * 100 > middle * percent:
            found.append(Unlike(refill, round(middle), round(spread)))
    return tuple(found)


def _far_enough(of: Iterable[Refill]) -> list[Refill]:
    """Return the refills with those after a few kilometres added to the ones that follow them."""
    found: list[Refill] = []
    driven_m = fuel_ml = 0
    for one in of:
        driven_m, fuel_ml = driven_m + one.driven_m, fuel_ml + one.fuel_ml
        if driven_m >= LEAST_DRIVEN_M:
            found.append(Refill(one.cost_id, one.at, driven_m, fuel_ml))
            driven_m = fuel_ml = 0
    return found


def _merged(fills: Iterable[Fill]) -> list[Fill]:
    merged: list[Fill] = []
    for fill in sorted(fills, key=lambda one: (one.segment, one.at, one.odometer_m)):
        last = merged[-1] if merged else None
        if last and (last.segment, last.odometer_m) == (fill.segment, fill.odometer_m):
            merged[-1] = Fill(fill.cost_id, fill.at, last.fuel_ml + fill.fuel_ml, fill.odometer_m, fill.segment)
        else:
            merged.append(fill)
    return merged
