"""Kilometres between two trips, and what the readings of the one's return and the next one's departure show of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from domain.books.ratio import Ratio
from domain.findings.kinds import FindingKind
from domain.findings.odometer import odometer_gap
from tests.outings import back, departure
from tests.simulation.outings import DASHBOARD_M
from tests.simulation.seen import SETTINGS, found_in
from tests.simulation.trips import trip

YARD_M = 200
"""So far at most an honest vehicle is moved about its base between two trips."""


def typed_as_they_are(random: np.random.Generator, driven_m: float) -> frozenset[FindingKind]:
    """Return what is found where every reading is typed as the dashboard shows it."""
    before_m = random.uniform(5e7, 6e7)
    return _between(before_m, before_m + driven_m + random.uniform(0, YARD_M))


def typed_as_if_it_stood(random: np.random.Generator, driven_m: float, ratio: Ratio) -> frozenset[FindingKind]:
    """Return what is found where the next departure is typed as the last return, and its return as it is."""
    before_m = random.uniform(5e7, 6e7)
    # There is no terminal: it would have seen the drive.
    next_trip = replace(trip(random, terminal=False), driven_before_m=before_m + driven_m, hidden_m=driven_m)
    return _between(before_m, before_m) | found_in(next_trip, ratio)


def _between(returned_m: float, departed_m: float) -> frozenset[FindingKind]:
    """Return what a return and the next departure show, each at so many metres and typed in whole kilometres."""
    first, last = (int(metres // DASHBOARD_M) * DASHBOARD_M for metres in (returned_m, departed_m))
    readings = departure(1, 0, first - 12_000, 1), back(2, 60, first, 1), departure(3, 120, last, 2)
    return frozenset(one.kind for one in odometer_gap(readings, SETTINGS))
