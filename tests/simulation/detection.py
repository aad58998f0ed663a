"""The detection table in docs/books.md: which share of dishonest trips is found, and how many honest ones are.

`make detection` writes it. Every row has a seed of its own, so that a test can make one of them again.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from domain.books.ratio import Ratio, deviation_permille, learnt, odd_together, together
from domain.complaint.words import Source
from domain.findings.kinds import FindingKind
from domain.lots import CallBackResult
from domain.settings import SETTINGS
from tests.simulation.complaints import (
    CONFIRMED,
    DENIED,
    TRIPS_A_MONTH,
    UNREACHED,
    in_a_month,
    made_up,
    of_an_honest_trip,
)
from tests.simulation.outings import Outing
from tests.simulation.readings import typed_as_if_it_stood, typed_as_they_are
from tests.simulation.seen import found_in, witnessed
from tests.simulation.trips import Private, trip, trip_to, without_trip

DOCUMENT = Path(__file__).parents[2] / "docs" / "books.md"
BEGIN, END = "<!-- detection: begin -->", "<!-- detection: end -->"
HONEST, DISHONEST, MONTHS = 1_000, 200, 50
HARDLY, NOT = 50, 5
"""Attacks of which less than so many in a hundred are found are hardly caught, or not at all."""
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

    @property
    def is_honest(self) -> bool:
        """Whether what is found in them is a false alarm."""
        return "honest" in self.what


def rows() -> tuple[Row, ...]:
    """Return the rows of the table. A row's place is its seed: new ones come last."""
    return (*_ways(), *_typed(), *_two_devices(), *_between_trips(), *_complaints())


def _ways() -> Iterator[Row]:
    """Yield what one witness sees of trips and of drives that nobody asked for."""
    yield Row("honest trips, seen by the terminal", _each(trip), HONEST)
    yield Row("honest trips, seen by a phone", _each(lambda random: trip(random, terminal=False)), HONEST)
    for aside_m, size in ((300, "300 m"), (1_000, "1 km"), (5_000, "5 km")):
        for stay_s, stay in ((1_200, "20 min"), (300, "5 min")):
            yield Row(f"private stop {size} aside for {stay}, terminal", _private(aside_m, stay_s, "seen"))
        dark, left = (_private(aside_m, 1_200, how, terminal=False) for how in ("dark", "left"))
        yield Row(f"private stop {size} aside, no terminal, phone off meanwhile", dark)
        yield Row(f"drive of {size} from a site and back, no terminal, phone left there", left)
        yield Row(f"drive of {size} and back without a trip, terminal", _unasked(aside_m))


def _typed() -> Iterator[Row]:
    """Yield readings that are typed too low."""
    for share in (0.01, 0.05, 0.2):
        yield Row(f"readings of one trip typed {100 * share:.0f} % low", _each(_typed_low(share)))
    for share in (0.0, 0.01, 0.05, 0.2):
        typed = f"typed {100 * share:.0f} % low" if share else "typed honestly"
        yield Row(f"readings of a month of {TRIPS_A_MONTH} trips {typed}", _month(share), MONTHS)


def _two_devices() -> Iterator[Row]:
    """Yield trips with a terminal, and a phone that is not where the vehicle is."""
    yield Row("honest trips, seen by terminal and phone", _each(lambda random: trip(random, phone=True)), HONEST)
    for away_m, size in ((300, "300 m"), (1_000, "1 km"), (5_000, "5 km")):
        yield Row(f"phone left at the office, site {size} away, terminal", _each(_at_the_office(away_m)))
        left = _private(away_m, 300, "left", phone=True)
        yield Row(f"phone left at a site, drive of {size} for 5 min and back, terminal", left)


def _between_trips() -> Iterator[Row]:
    """Yield kilometres that are on no trip, without a terminal."""
    yield Row("honest readings between two trips", lambda random: typed_as_they_are(random, 0.0), HONEST)
    for driven_m, size in ((300, "300 m"), (1_000, "1 km"), (2_000, "2 km"), (5_000, "5 km"), (20_000, "20 km")):
        drive = f"drive of {size} between two trips, no terminal"
        yield Row(f"{drive}, readings typed as they are", partial(typed_as_they_are, driven_m=driven_m))
        hidden = partial(_hidden, driven_m=driven_m)
        yield Row(f"{drive}, departure typed as if it had stood", hidden)


def _hidden(random: np.random.Generator, driven_m: float) -> Kinds:
    return typed_as_if_it_stood(random, driven_m, own_ratio())


def _complaints() -> Iterator[Row]:
    """Yield complaints registered just before, by who rides along, and what a second sign makes of them."""
    yield Row("honest complaints of a desk of four", of_an_honest_trip, 10 * HONEST)
    called = {"nobody answers two calls": (UNREACHED,) * 2, "a stranger denies it": (DENIED,)}
    at_once = {**called, "an accomplice confirms it": (CONFIRMED,)}
    hotline = Source.HOTLINE_12345
    yield Row("complaint made up, hotline named, no number", _made_up(source=hotline))
    yield Row("complaint made up at the counter, not called back", _made_up())
    for what, says in at_once.items():
        yield Row(f"complaint made up at the counter, {what}", _made_up(says))
    for what, says in called.items():
        yield Row(f"complaint made up two hours before, {what}", _made_up(says, hours_before=2.0))
        yield Row(f"complaint made up by a colleague who stays, {what}", _made_up(says, by_crew=False))
    for made in (1, 4):
        of = f"{made} of {TRIPS_A_MONTH} complaints of a month made up at the counter, called back by lot"
        yield Row(of, partial(in_a_month, made=made))


def _made_up(says: tuple[CallBackResult, ...] = (), **how: Any) -> Callable[[np.random.Generator], Kinds]:
    return lambda random: made_up(random, says, **how).found()


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


def _private(aside_m: float, stay_s: float, how: str, **devices: bool) -> Callable[[np.random.Generator], Kinds]:
    return _each(lambda random: trip(random, Private(aside_m, stay_s, how), **devices))


def _at_the_office(away_m: float) -> Make:
    """Return what makes honest trips to one site on which the phone lies at the base."""

    def make(random: np.random.Generator) -> Outing:
        outing = trip_to(random, [away_m * np.exp(2j * np.pi * random.random())], phone=True)
        return replace(outing, left_s=outing.trip_s)

    return make


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
    """Return a row as the table has it; an attack that is not caught, or hardly, is named as such."""
    percent = 100 * seen.count / seen.trips
    share = f"{10 * percent:.0f} of 1,000" if row.what.startswith("honest") else f"{percent:.0f} %"
    if not row.is_honest and percent < HARDLY:
        share += " **hardly caught**" if percent >= NOT else " **not caught**"
    often_first = sorted(seen.kinds.items(), key=lambda one: (-one[1], one[0]))
    by = ", ".join(f"`{kind}` {100 * count / seen.trips:.1f} %" for kind, count in often_first)
    return f"| {row.what} | {share} | {by or '–'} |"


def table() -> str:
    """Return the whole table."""
    lines = ["| trips | found | by which finding |", "|---|---|---|"]
    with ProcessPoolExecutor() as pool:
        lines += pool.map(_line, range(len(rows())))
    return "\n".join([*lines, ""])


def _line(number: int) -> str:
    row = rows()[number]
    return line(row, found(number, row))


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
