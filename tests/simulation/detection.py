"""The detection table in docs/books.md: which share of dishonest trips is found, and how many honest ones are.

`make detection` writes it. Every row has a seed of its own, so that a test can make one of them again.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from domain.books.ratio import Ratio, deviation_permille, learnt, odd_together, together
from domain.findings.kinds import FindingKind
from domain.settings import SETTINGS
from tests.simulation.trips import Outing, Private, found_in, trip, without_trip, witnessed

DOCUMENT = Path(__file__).parents[2] / "docs" / "books.md"
BEGIN, END = "<!-- detection: begin -->", "<!-- detection: end -->"
HONEST, DISHONEST, MONTHS = 1_000, 200, 50
TRIPS_A_MONTH = 20
TAUGHT = 60
"""So many honest trips have taught the vehicle's ratio."""

Kinds = frozenset[FindingKind]
Make = Callable[[np.random.Generator], Outing]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of trips, or of months: what it is, what is found in one of them, how many are made."""

    what: str
    find: Callable[[np.random.Generator], Kinds]
    count: int = DISHONEST


def rows() -> tuple[Row, ...]:
    """Return the rows of the table: honest trips first."""
    made = [
        Row("honest trips, seen by the terminal", _each(trip), HONEST),
        Row("honest trips, seen by a phone", _each(lambda random: trip(random, terminal=False)), HONEST),
    ]
    for aside_m, size in ((300, "300 m"), (1_000, "1 km"), (5_000, "5 km")):
        for stay_s, stay in ((1_200, "20 min"), (300, "5 min")):
            made.append(Row(f"private stop {size} aside for {stay}, terminal", _private(aside_m, stay_s, "seen")))
        made += [
            Row(f"private stop {size} aside, no terminal, phone off meanwhile", _private(aside_m, 1_200, "dark")),
            Row(
                f"drive of {size} from a site and back, no terminal, phone left there", _private(aside_m, 1_200, "left")
            ),
            Row(f"drive of {size} and back without a trip, terminal", _unasked(aside_m)),
        ]
    for share in (0.01, 0.05, 0.2):
        made.append(Row(f"readings of one trip typed {100 * share:.0f} % low", _each(_typed_low(share))))
    for share in (0.0, 0.01, 0.05, 0.2):
        typed = f"typed {100 * share:.0f} % low" if share else "typed honestly"
        made.append(Row(f"readings of a month of {TRIPS_A_MONTH} trips {typed}", _month(share), MONTHS))
    return tuple(made)


def _each(make: Make) -> Callable[[np.random.Generator], Kinds]:
    return lambda random: found_in(make(random), own_ratio())


def _month(share: float) -> Callable[[np.random.Generator], Kinds]:
    """Return what finds in a month that the readings of all its trips together are odd."""

    def find(random: np.random.Generator) -> Kinds:
        known, shown_m = [], random.uniform(0, 1e6)
        for _ in range(TRIPS_A_MONTH):
            outing = replace(trip(random), driven_before_m=shown_m, typed_low=share)
            known.append(witnessed(outing))
            shown_m += float(outing.way.wheel_m[-1]) * (1 - share)
        off = deviation_permille(together(known), own_ratio())
        asked = odd_together(off, own_ratio(), trips=len(known))
        return frozenset({FindingKind.ODOMETER_TRACK_MISMATCH} if asked else ())

    return find


def _private(aside_m: float, stay_s: float, how: str) -> Callable[[np.random.Generator], Kinds]:
    return _each(lambda random: trip(random, Private(aside_m, stay_s, how)))


def _unasked(aside_m: float) -> Callable[[np.random.Generator], Kinds]:
    return _each(lambda random: without_trip(random, aside_m, 600))


def _typed_low(share: float) -> Make:
    return lambda random: replace(trip(random), typed_low=share)


@cache
def own_ratio() -> Ratio:
    """Return the ratio that honest trips have taught."""
    random = np.random.default_rng(7)
    taught = (witnessed(trip(random)) for _ in range(TAUGHT))
    ratio = learnt(taught, least_trips=SETTINGS["ratio_least_trips"].default)
    assert ratio is not None
    return ratio


@dataclass(frozen=True, slots=True)
class Found:
    """How many of how many trips had a finding, and how many had one of each kind."""

    count: int
    trips: int
    kinds: Counter[FindingKind]


def found(number: int, row: Row, count: int | None = None) -> Found:
    """Make the trips of a row, by a seed of its own, and see what is found in them."""
    random = np.random.default_rng([1, number])
    kinds: Counter[FindingKind] = Counter()
    hit = 0
    trips = count or row.count
    for _ in range(trips):
        there = row.find(random)
        kinds.update(there)
        hit += bool(there)
    return Found(hit, trips, kinds)


def line(row: Row, seen: Found) -> str:
    """Return a row as the table has it."""
    per = (
        f"{1000 * seen.count / seen.trips:.0f} of 1,000"
        if row.count == HONEST
        else f"{100 * seen.count / seen.trips:.0f} %"
    )
    by = ", ".join(f"`{kind}` {100 * count / seen.trips:.1f} %" for kind, count in seen.kinds.most_common())
    return f"| {row.what} | {per} | {by or '–'} |"


def table() -> str:
    """Return the whole table."""
    lines = ["| trips | found | by which finding |", "|---|---|---|"]
    lines += [line(row, found(number, row)) for number, row in enumerate(rows())]
    return "\n".join([*lines, ""])


def written() -> str:
    """Return the table as it stands in the document."""
    there = re.search(f"{BEGIN}\n(.*){END}", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert there is not None, f"{DOCUMENT} has lost the marks of its table"
    return there[1]


if __name__ == "__main__":
    made = table()
    if "--write" in sys.argv:
        text = DOCUMENT.read_text("utf-8")
        whole = f"{BEGIN}\n{made}{END}"
        DOCUMENT.write_text(re.sub(f"{BEGIN}\n.*{END}", lambda _: whole, text, flags=re.DOTALL), "utf-8")
    sys.stdout.write(made)
