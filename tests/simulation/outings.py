"""Outings made of recorded drives: stretches cut out, turned, laid end to end with rests between, as devices tell them.

Places, holds, speeds and wheel metres are the recordings'; a stretch is stretched by a tenth at most so that ways meet.
At rest a receiver wanders by some metres around its place. The drive of an odd ratio is left out: no honest noise.
"""

from __future__ import annotations

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
CUTS = 6_000
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
    wander = np.zeros(count, dtype=np.complex128)
    for i in range(1, count):
        wander[i] = 0.95 * wander[i - 1] + complex(*random.normal(0, WANDER_M * 0.3, 2))
    none = np.zeros(count)
    return Way(np.arange(count) * every_s, wander.real, wander.imag, none, none)


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
