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


def unlike(of: Iterable[Refill], percent: int, least: int = LEAST_REFILLS) -> tuple[Refill, ...]:
    """Return the refills that deviate from the vehicle's median by more than so many per cent.

    None while there are fewer than `least`: what is ordinary is not known then.
    """
    known = tuple(of)
    if len(known) < least:
        return ()
    middle = median(one.ml_per_100_km for one in known)
    return tuple(one for one in known if abs(one.ml_per_100_km - middle) * 100 > middle * percent)


def _merged(fills: Iterable[Fill]) -> list[Fill]:
    merged: list[Fill] = []
    for fill in sorted(fills, key=lambda one: (one.segment, one.at, one.odometer_m)):
        last = merged[-1] if merged else None
        if last and (last.segment, last.odometer_m) == (fill.segment, fill.odometer_m):
            merged[-1] = Fill(fill.cost_id, fill.at, last.fuel_ml + fill.fuel_ml, fill.odometer_m, fill.segment)
        else:
            merged.append(fill)
    return merged
