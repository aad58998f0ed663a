"""Honest trips and dishonest ones, made of recorded drives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.simulation.outings import Outing, Visit, Way, carried, joined, place_of, rest, way_of

PARKED_S = 900
"""How long before and after the outing the vehicle is looked at."""


def sites_at(random: np.random.Generator, count: int) -> list[complex]:
    """Return sites of one trip: the first one to six kilometres from the base, each other one near it or farther on."""
    first = random.uniform(1_000, 6_000) * np.exp(2j * np.pi * random.random())
    places = [complex(first)]
    while len(places) < count:
        step = random.uniform(700, 2_500) * np.exp(2j * np.pi * random.random())
        if 1_000 < abs(places[-1] + step) < 7_000:
            places.append(complex(places[-1] + step))
    return places


def parked_near(random: np.random.Generator, site: complex) -> complex:
    """Return where one parks for a site: up to a hundred and fifty metres from it."""
    return site + complex(random.uniform(0, 150) * np.exp(2j * np.pi * random.random()))


@dataclass(frozen=True, slots=True)
class Private:
    """A private stop within a trip: so many metres aside, for so long; `how` tells what its devices do meanwhile.

    "seen": all of them see it. "dark": they are off. "left": the phone stays with the officer at a site.
    """

    aside_m: float
    stay_s: float
    how: str = "seen"


def trip(
    random: np.random.Generator, private: Private | None = None, *, terminal: bool = True, phone: bool = False
) -> Outing:
    """Return a trip over one or two sites and home, honest but for what is private.

    There is a terminal, or a phone in the vehicle; or a terminal and a phone that goes along on the visits.
    """
    sites = sites_at(random, 1 + (random.random() < 0.25))
    return trip_to(random, sites, private, terminal=terminal, phone=phone)


def trip_to(
    random: np.random.Generator,
    sites: list[complex],
    private: Private | None = None,
    *,
    terminal: bool = True,
    phone: bool = False,
) -> Outing:
    """Return the same over given sites."""
    stops = [*(parked_near(random, site) for site in sites), 0j]
    private_leg = random.integers(len(stops) - (private is not None and private.how == "left"))
    ways: list[Way] = [rest(random, PARKED_S)]
    at, private_s, visits = 0j, None, []
    for no, stop in enumerate(stops):
        seized = private is not None and no == private_leg
        if seized and private.how != "left":
            left = at + (stop - at) * random.uniform(0.3, 0.7)
            ways.append(way_of(random, left - at))
            private_s, at = _aside(random, ways, private, stop - at), left
        ways.append(way_of(random, stop - at))
        if random.random() < 0.05:
            # Asking for the way, a jam.
            ways.append(rest(random, random.uniform(60, 420)))
        if stop:
            begun_s = _ends_s(ways)
            ways.append(rest(random, random.uniform(15, 60) * 60))
            visits.append(Visit(begun_s, _ends_s(ways), sites[no] - stop))
        if seized and private.how == "left":
            private_s = _aside(random, ways, private, stop)
            ways.append(rest(random, 300))
        at = stop
    way = joined(*ways, rest(random, PARKED_S))
    how = private.how if private else ""
    outing = Outing(
        way,
        (PARKED_S - 60, float(way.at_s[-1]) - PARKED_S + 60),
        tuple(place_of(site) for site in sites),
        dark_s=(*_patches(random, way), *([private_s] if how == "dark" and private_s else [])),
        left_s=private_s if how == "left" else None,
        terminal=terminal,
        driven_before_m=random.uniform(0, 1e6),
    )
    return replace(outing, phone=carried(random, way, visits)) if phone else outing


def _ends_s(ways: list[Way]) -> float:
    """Return when the last of the ways ends, laid end to end."""
    return float(joined(*ways).at_s[-1])


def _aside(random: np.random.Generator, ways: list[Way], private: Private, along: complex) -> tuple[float, float]:
    """Add a private stop to the side of the way that leads `along`; return from when to when it takes."""
    begun_s = _ends_s(ways)
    turn = random.choice([-1, 1]) * random.uniform(np.pi / 3, np.pi / 2)
    off = complex(private.aside_m * along / abs(along) * np.exp(1j * turn))
    ways += [way_of(random, off), rest(random, private.stay_s), way_of(random, -off)]
    return begun_s, _ends_s(ways)


def _patches(random: np.random.Generator, way: Way) -> tuple[tuple[float, float], ...]:
    """Return short stretches in which nothing is told: a third of the trips have up to three."""
    count = random.integers(1, 4) if random.random() < 1 / 3 else 0
    begins = random.uniform(0, way.at_s[-1], count)
    return tuple((float(s), float(s + random.uniform(20, 100))) for s in begins)


def without_trip(random: np.random.Generator, aside_m: float, stay_s: float) -> Outing:
    """Return an outing that nobody asked for: there, a while there, and back."""
    off = complex(aside_m * np.exp(2j * np.pi * random.random()))
    way = joined(
        rest(random, PARKED_S), way_of(random, off), rest(random, stay_s), way_of(random, -off), rest(random, PARKED_S)
    )
    return Outing(way, None, driven_before_m=random.uniform(0, 1e6))
