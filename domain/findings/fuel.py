"""Fuel that the vehicle cannot have burnt, or driven without: `fuel-mismatch`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.settings import BureauSettings
from domain.upkeep.fuel import Refill, unlike


def fuel_mismatch(refills: Iterable[Refill], settings: BureauSettings) -> Iterator[Happening]:
    """Yield each refill that the vehicle's own history belies by more than `fuel_deviation_percent`."""
    for one in unlike(refills, settings["fuel_deviation_percent"]):
        yield Happening(
            kind=FindingKind.FUEL_MISMATCH,
            from_at=one.refill.at,
            until_at=one.refill.at,
            ended=True,
            evidence={
                "cost_id": str(one.refill.cost_id),
                "fuel_ml": one.refill.fuel_ml,
                "driven_m": one.refill.driven_m,
                "ml_per_100_km": one.refill.ml_per_100_km,
                "usual_ml_per_100_km": one.usual_ml_per_100_km,
                "spread_ml_per_100_km": one.spread_ml_per_100_km,
            },
            key=one.refill.cost_id,
        )
