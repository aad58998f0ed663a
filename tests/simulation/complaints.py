"""Complaints of a small desk, honest ones and made-up ones, and what is found of them.

What is taken for honest is an assumption (docs/books.md tells it too): half come to the counter or by telephone, and of
these half are visited within the hour; the others come from the platform or the hotline with a number, of which one in
fifty is not typed in, and 15 % of them are visited within the hour. Seven in ten are registered by who rides along. Who
is called back does not answer one call in four, and one in two hundred says that it was not so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import numpy as np

from domain.complaint.words import Source
from domain.findings.kinds import FindingKind
from domain.findings.thin import UNREACHED_TWICE, thin_complaint
from domain.lots import SEED_BYTES, CallBackResult, draw
from tests.outings import complaint, outing
from tests.scenes import NINE
from tests.simulation.seen import SETTINGS

TRIPS_A_MONTH = 20
CONFIRMED, DENIED, UNREACHED = CallBackResult.CONFIRMED, CallBackResult.DENIED, CallBackResult.UNREACHED


@dataclass(frozen=True, slots=True)
class Brought:
    """How a complaint came to the desk, and what its consumer says if called back."""

    source: Source
    numbered: bool
    before_min: float
    by_crew: bool
    says: tuple[CallBackResult, ...]

    def found(self, *, called_back: bool = True) -> frozenset[FindingKind]:
        """Return what is found of a trip for it."""
        kept = complaint(
            source=self.source,
            numbered=self.numbered,
            registered_at=NINE - timedelta(minutes=self.before_min),
            asked_at=NINE,
            by_crew=self.by_crew,
            called_back=self.says if called_back else (),
        )
        return frozenset(one.kind for one in thin_complaint(outing(complaints=(kept,)), NINE, SETTINGS))


def honest(random: np.random.Generator) -> Brought:
    """Return an honest complaint of a desk of four."""
    known_elsewhere = random.random() < 0.5
    within_the_hour = random.random() < (0.15 if known_elsewhere else 0.5)
    says = [CONFIRMED if random.random() < 0.995 else DENIED]
    while random.random() < 0.25 and len(says) <= UNREACHED_TWICE:
        says.insert(0, UNREACHED)
    return Brought(
        Source.PLATFORM_12315 if known_elsewhere else Source.COUNTER,
        numbered=known_elsewhere and random.random() < 0.98,
        before_min=random.uniform(2, 60) if within_the_hour else random.uniform(61, 3_000),
        by_crew=random.random() < 0.7,
        # The auditor calls twice at most.
        says=tuple(says[:UNREACHED_TWICE]),
    )


def made_up(
    random: np.random.Generator,
    says: tuple[CallBackResult, ...] = (UNREACHED, UNREACHED),
    *,
    source: Source = Source.COUNTER,
    hours_before: float = 0.0,
    by_crew: bool = True,
) -> Brought:
    """Return a complaint that was made up by who wants the car, some minutes before it is asked for."""
    return Brought(source, False, 60 * hours_before + random.uniform(3, 30), by_crew, says)


def in_a_month(random: np.random.Generator, made: int) -> frozenset[FindingKind]:
    """Return what the call-backs drawn by lot find of so many made-up complaints among the month's trips."""
    trips = [UUID(int=number) for number in range(TRIPS_A_MONTH)]
    lots = {"percent": SETTINGS["lots_percent"], "least": SETTINGS["lots_least"]}
    drawn = draw(random.bytes(SEED_BYTES), "", trips, **lots)
    found = [made_up(random).found(called_back=trip_id in drawn) for trip_id in trips[:made]]
    return frozenset().union(*found)


def of_an_honest_trip(random: np.random.Generator) -> frozenset[FindingKind]:
    """Return what is found of an honest trip; as many are called back as lots are drawn of a month's trips."""
    drawn = max(SETTINGS["lots_least"], TRIPS_A_MONTH * SETTINGS["lots_percent"] // 100) / TRIPS_A_MONTH
    return honest(random).found(called_back=random.random() < drawn)
