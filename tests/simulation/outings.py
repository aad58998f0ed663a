"""Outings made of recorded drives: stretches cut out, turned, laid end to end with rests between, as devices tell them.

Places, holds, speeds and wheel metres are the recordings'; a stretch is stretched by a tenth at most so that ways meet.
At rest a receiver wanders by some metres around its place. The drive of an odd ratio is left out: no honest noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from domain.track.cleaning import clean
from domain.track.fixes import FIX, Fixes
from domain.values import Point
from tests.scenes import BASE
from tests.simulation.drives import drives

ODD_DRIVE = "T3_05_25_2021_04"
EVERY_S = 5
"""How often a device tells where it is."""
WANDER_M = 4.0
WALK_MPS = 1.2
CUTS = 6_000
DASHBOARD_M = 1_000
"""Whole kilometres, cut off."""
CIRCUITY = (1.05, 1.6)
"""Of ways by road to their chords; the recordings also have rounds through a town, which lead nowhere."""
STRETCHED = 0.1

Metres = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A stretch of time: seconds from its beginning, metres east and north, told speed, metres by the wheels."""

    at_s: Metres
    east_m: Metres
    north_m: Metres
    speed_mps: Metres
    wheel_m: Metres

    @property
    def end(self) -> complex:
        """Where it ends, east + north·i, from where it began."""
        return complex(self.east_m[-1] - self.east_m[0], self.north_m[-1] - self.north_m[0])


@dataclass(frozen=True, slots=True, eq=False)
class Outing:
    """What happened: the way, when the trip begins and ends on it (None: there was no trip), its sites."""

    way: Way
    trip_s: tuple[float, float] | None
    sites: tuple[Point, ...] = ()
    dark_s: tuple[tuple[float, float], ...] = ()
    """From when to when no device in the vehicle tells anything."""
    phone: Way | None = None
    """The way of a phone of the crew, beside the terminal."""
    left_s: tuple[float, float] | None = None
    """From when to when the phone lies where it was at the beginning of that time."""
    terminal: bool = True
    """Without one, a phone in the vehicle is the only device."""
    driven_before_m: float = 0.0
    hidden_m: float = 0.0
    """Driven before the trip, and left out of the reading at its departure."""
    typed_low: float = 0.0
    """By which share the return reading is typed too low."""

    @property
    def reading_m(self) -> int:
        """The difference of the readings typed at departure and at return."""
        true_m = float(self.way.wheel_m[-1])
        at_departure = int((self.driven_before_m - self.hidden_m) // DASHBOARD_M)
        at_return = int((self.driven_before_m + true_m * (1 - self.typed_low)) // DASHBOARD_M)
        return (at_return - at_departure) * DASHBOARD_M


@dataclass(frozen=True, slots=True)
class Visit:
    """From when to when an officer is off with a phone, and how far from the car (metres east + north·i)."""

    from_s: float
    until_s: float
    off: complex


@cache
def cuts() -> tuple[tuple[Way, ...], Metres]:
    """Return stretches of the recorded drives that lead somewhere, and the length of each one's chord."""
    random = np.random.default_rng(11)
    sources = [_source(name) for name in (drive.name for drive in drives()) if name != ODD_DRIVE]
    found: list[Way] = []
    while len(found) < CUTS:
        at_s, place, speed, wheel, news = sources[random.integers(len(sources))]
        first = int(news[random.integers(len(news) - 1)])
        until = np.searchsorted(wheel, wheel[first] + random.uniform(120, 9_000))
        last = int(news[np.searchsorted(news, until)]) if until <= news[-1] else 0
        if last <= first:
            continue
        chord_m, driven_m = abs(place[last] - place[first]), wheel[last] - wheel[first]
        if chord_m > 80 and CIRCUITY[0] <= driven_m / chord_m <= CIRCUITY[1]:
            part = slice(first, last + 1)
            moved = place[part] - place[first]
            times = at_s[part] - at_s[first]
            found.append(Way(times, moved.real, moved.imag, speed[part], wheel[part] - wheel[first]))
    return tuple(found), np.array([abs(way.end) for way in found])


def _source(name: str) -> tuple[Metres, NDArray[np.complex128], Metres, Metres, NDArray[np.intp]]:
    """Return a drive's times, places, speeds and wheel metres, and the fixes that tell a new place."""
    drive = next(one for one in drives() if one.name == name)
    good = clean(drive.fixes).why == 0
    fixes, wheel = drive.fixes[good], drive.wheel_so_far_m[good]
    order = np.argsort(fixes["at_us"], kind="stable")
    fixes, wheel = fixes[order], wheel[order]
    east_m = (fixes["lon"] - fixes["lon"][0]) * 111_195 * np.cos(np.radians(fixes["lat"][0]))
    place = east_m + 1j * (fixes["lat"] - fixes["lat"][0]) * 111_195
    news = np.flatnonzero(np.diff(place, prepend=np.nan) != 0)
    return (fixes["at_us"] - fixes["at_us"][0]) / 1e6, place, fixes["speed_mps"], wheel, news


def way_of(random: np.random.Generator, to: complex) -> Way:
    """Return a recorded way, turned and stretched so that it leads by `to` (metres east + north·i)."""
    ways, chords_m = cuts()
    fitting = np.flatnonzero(np.abs(chords_m / abs(to) - 1) <= STRETCHED)
    if not len(fitting):
        raise ValueError(f"no recorded stretch leads {abs(to):.0f} m away")
    way = ways[fitting[random.integers(len(fitting))]]
    turn = to / way.end
    place = (way.east_m + 1j * way.north_m) * turn
    return Way(way.at_s, place.real, place.imag, way.speed_mps * abs(turn), way.wheel_m * abs(turn))


def rest(random: np.random.Generator, seconds: float, *, every_s: float = EVERY_S) -> Way:
    """Return a rest: a receiver that wanders slowly around where it stands."""
    count = max(int(seconds // every_s), 2)
    wander = wandered(random, count)
    none = np.zeros(count)
    return Way(np.arange(count) * every_s, wander.real, wander.imag, none, none)


def wandered(random: np.random.Generator, count: int) -> NDArray[np.complex128]:
    """Return by how much a receiver is off, fix after fix: some four metres, slowly changing."""
    wander = np.zeros(count, dtype=np.complex128)
    for i in range(1, count):
        wander[i] = 0.95 * wander[i - 1] + complex(*random.normal(0, WANDER_M * 0.3, 2))
    return wander


def carried(random: np.random.Generator, way: Way, visits: Sequence[Visit]) -> Way:
    """Return the way of a phone that goes along and is carried off on visits, by a receiver of its own.

    It is off by twice as much as a vehicle's, by five times as much indoors, and tells nothing for up to three short
    stretches.
    """
    ticks_s = np.arange(0.0, way.at_s[-1] + EVERY_S, EVERY_S)
    off = np.interp(way.at_s, ticks_s, wandered(random, len(ticks_s)))
    away = np.zeros(len(way.at_s), dtype=np.complex128)
    scale = np.full(len(way.at_s), 2.0)
    for visit in visits:
        there_s = np.minimum(way.at_s - visit.from_s, visit.until_s - way.at_s)
        walked = np.clip(there_s * WALK_MPS / abs(visit.off), 0.0, 1.0)
        away += walked * visit.off
        scale += 3.0 * walked
    place = way.east_m + 1j * way.north_m + away + scale * off
    kept = np.ones(len(way.at_s), dtype=np.bool_)
    for begin_s in random.uniform(0, way.at_s[-1], random.integers(0, 4)):
        kept &= (way.at_s < begin_s) | (way.at_s > begin_s + random.uniform(20, 100))
    return Way(way.at_s[kept], place.real[kept], place.imag[kept], way.speed_mps[kept], way.wheel_m[kept])


def joined(*ways: Way) -> Way:
    """Lay ways end to end: each begins where and when the one before it ends."""
    parts: list[Way] = []
    at_s, place, wheel_m = 0.0, 0j, 0.0
    for way in ways:
        ahead = (way.east_m - way.east_m[0]) + 1j * (way.north_m - way.north_m[0]) + place
        parts.append(Way(way.at_s + at_s, ahead.real, ahead.imag, way.speed_mps, way.wheel_m + wheel_m))
        # Who rests has not moved, however the receiver wandered.
        place += way.end if way.wheel_m[-1] > 0 else 0
        at_s, wheel_m = at_s + way.at_s[-1] + EVERY_S, wheel_m + float(way.wheel_m[-1])
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in Way.__slots__)
    return Way(*columns)


def fixes_of(way: Way, begins_us: int) -> Fixes:
    """Return the fixes that a device in the vehicle tells of a way that begins at the base."""
    # One fix in so many seconds: the first of each.
    tick = np.floor(way.at_s / EVERY_S)
    chosen = np.flatnonzero(np.diff(tick, prepend=-1) > 0)
    fixes = np.empty(len(chosen), dtype=FIX)
    fixes["at_us"] = begins_us + np.rint(way.at_s[chosen] * 1e6).astype(np.int64)
    fixes["lat"] = BASE.lat + way.north_m[chosen] / 111_195
    fixes["lon"] = BASE.lon + way.east_m[chosen] / (111_195 * np.cos(np.radians(BASE.lat)))
    fixes["speed_mps"] = way.speed_mps[chosen]
    fixes["valid"] = True
    return fixes


def place_of(at: complex) -> Point:
    """Return the place so many metres east and north of the base."""
    return Point(BASE.lat + at.imag / 111_195, BASE.lon + at.real / (111_195 * float(np.cos(np.radians(BASE.lat)))))
