"""Honest trips and dishonest ones, made of recorded drives, and what the domain's own functions find in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.books.ratio import Ratio, Witnessed, deviation_permille, odd
from domain.findings.kinds import FindingKind
from domain.findings.scene import Scene, UseSeen
from domain.findings.shown import shown
from domain.settings import BureauSettings
from domain.track.fixes import Fixes, to_instant, to_us
from domain.track.length import measure
from domain.values import Point
from tests.scenes import NINE, scene, told, use
from tests.simulation.outings import EVERY_S, Way, fixes_of, joined, place_of, rest, way_of

START_US = to_us(NINE)
DASHBOARD_M = 1_000
"""Whole kilometres, cut off."""
SETTINGS = BureauSettings({})
PARKED_S = 900
"""How long before and after the outing the vehicle is looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Outing:
    """What happened: the way, when the trip begins and ends on it (None: there was no trip), its sites."""

    way: Way
    trip_s: tuple[float, float] | None
    sites: tuple[Point, ...] = ()
    dark_s: tuple[tuple[float, float], ...] = ()
    """From when to when no device tells anything."""
    left_s: tuple[float, float] | None = None
    """From when to when the phone lies where it was at the beginning of that time."""
    terminal: bool = True
    driven_before_m: float = 0.0
    typed_low: float = 0.0
    """By which share the return reading is typed too low."""

    @property
    def reading_m(self) -> int:
        """The difference of the readings typed at departure and at return."""
        true_m = float(self.way.wheel_m[-1])
        at_departure = int(self.driven_before_m // DASHBOARD_M)
        at_return = int((self.driven_before_m + true_m * (1 - self.typed_low)) // DASHBOARD_M)
        return (at_return - at_departure) * DASHBOARD_M


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
    """A private stop within a trip: so many metres aside, for so long; `how` tells what the devices do meanwhile.

    "seen": the terminal sees it. "dark": there is no terminal, and the phone is off. "left": there is none, and the
    phone stays with the officer at a site.
    """

    aside_m: float
    stay_s: float
    how: str = "seen"


def trip(random: np.random.Generator, private: Private | None = None, *, terminal: bool = True) -> Outing:
    """Return a trip over one or two sites and home, honest but for what is private."""
    sites = sites_at(random, 1 + (random.random() < 0.25))
    stops = [*(parked_near(random, site) for site in sites), 0j]
    private_leg = random.integers(len(stops) - (private is not None and private.how == "left"))
    ways: list[Way] = [rest(random, PARKED_S)]
    at, private_s = 0j, None
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
            ways.append(rest(random, random.uniform(15, 60) * 60))
        if seized and private.how == "left":
            private_s = _aside(random, ways, private, stop)
            ways.append(rest(random, 300))
        at = stop
    way = joined(*ways, rest(random, PARKED_S))
    how = private.how if private else ""
    return Outing(
        way,
        (PARKED_S - 60, float(way.at_s[-1]) - PARKED_S + 60),
        tuple(place_of(site) for site in sites),
        dark_s=(*_patches(random, way), *([private_s] if how == "dark" and private_s else [])),
        left_s=private_s if how == "left" else None,
        terminal=terminal and how not in ("dark", "left"),
        driven_before_m=random.uniform(0, 1e6),
    )


def _aside(random: np.random.Generator, ways: list[Way], private: Private, along: complex) -> tuple[float, float]:
    """Add a private stop to the side of the way that leads `along`; return from when to when it takes."""
    begun_s = float(joined(*ways).at_s[-1])
    turn = random.choice([-1, 1]) * random.uniform(np.pi / 3, np.pi / 2)
    off = complex(private.aside_m * along / abs(along) * np.exp(1j * turn))
    ways += [way_of(random, off), rest(random, private.stay_s), way_of(random, -off)]
    return begun_s, float(joined(*ways).at_s[-1])


def _patches(random: np.random.Generator, way: Way) -> tuple[tuple[float, float], ...]:
    """Return short stretches in which nothing is told: a third of the trips have up to three."""
    count = random.integers(1, 4) if random.random() < 1 / 3 else 0
    begins = random.uniform(0, way.at_s[-1], count)
    return tuple((float(s), float(s + random.uniform(20, 100))) for s in begins)


def found_in(outing: Outing, ratio: Ratio | None) -> frozenset[FindingKind]:
    """Return the kinds of findings that the domain's functions have for it."""
    scene = _scene(outing)
    kinds = {happening.kind for happening in shown(scene)}
    if outing.trip_s is not None:
        off = deviation_permille(witnessed(outing), ratio)
        if odd(off, ratio, limit_permille=SETTINGS["ratio_deviation_permille"]):
            kinds.add(FindingKind.ODOMETER_TRACK_MISMATCH)
    return frozenset(kinds)


def witnessed(outing: Outing) -> Witnessed:
    """Return its metres by track and by the readings that were typed."""
    scene = _scene(outing)
    (use,) = scene.uses
    track = measure(scene.told[0].within(use.from_at, use.until_at or scene.now).fixes)
    return Witnessed(track.length_m, track.unobserved_m, outing.reading_m, DASHBOARD_M)


def _scene(outing: Outing) -> Scene:
    """Return what a look at the vehicle has before it; hours and the boundary are other findings' business."""
    fixes = _told(outing)
    ends_at = to_instant(START_US + round((outing.way.at_s[-1] + EVERY_S) * 1e6))
    uses: tuple[UseSeen, ...] = ()
    if outing.trip_s is not None:
        from_at, until_at = (to_instant(START_US + round(s * 1e6)) for s in outing.trip_s)
        uses = (use(from_at, until_at, *outing.sites),)
        if not outing.terminal:
            # A phone's fixes count on the trip alone.
            fixes = fixes[(fixes["at_us"] >= to_us(from_at)) & (fixes["at_us"] <= to_us(until_at))]
    return scene(
        told(fixes, terminal=outing.terminal),
        uses=uses,
        now=ends_at + timedelta(hours=1),
        from_at=to_instant(START_US),
        until_at=ends_at,
        boundary=None,
        on_duty=lambda *_: True,
    )


def _told(outing: Outing) -> Fixes:
    fixes = fixes_of(outing.way, START_US)
    at_s = (fixes["at_us"] - START_US) / 1e6
    if outing.left_s is not None:
        from_s, until_s = outing.left_s
        lying = np.flatnonzero((at_s >= from_s) & (at_s <= until_s))
        if len(lying):
            for name in ("lat", "lon"):
                fixes[name][lying] = fixes[name][lying[0]]
            fixes["speed_mps"][lying] = 0.0
    for from_s, until_s in outing.dark_s:
        at_s = (fixes["at_us"] - START_US) / 1e6
        fixes = fixes[(at_s < from_s) | (at_s > until_s)]
    return fixes


def without_trip(random: np.random.Generator, aside_m: float, stay_s: float) -> Outing:
    """Return an outing that nobody asked for: there, a while there, and back."""
    off = complex(aside_m * np.exp(2j * np.pi * random.random()))
    way = joined(
        rest(random, PARKED_S), way_of(random, off), rest(random, stay_s), way_of(random, -off), rest(random, PARKED_S)
    )
    return Outing(way, None, driven_before_m=random.uniform(0, 1e6))
