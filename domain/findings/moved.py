"""`moved-without-trip`: the vehicle moved while it had no use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.scene import Scene, Way
from domain.track.stops import Stop

RESTED: Final = timedelta(hours=1)
"""Who rests an hour elsewhere has arrived: what follows is another outing."""
HOME_S: Final = 600.0
"""Who is back where the vehicle stood for ten minutes is back: driving to and fro is one outing, not many."""
DRIVES_MPS: Final = 2.0
"""A device that tells this speed is not one at rest that wanders."""
FIXES_LEAST: Final = 3
"""So many fixes in a row away from where the vehicle stood are no wandering, whatever speed was told."""


def moved_without_trip(scene: Scene) -> Iterator[Happening]:
    """Yield each outing without a use: away from where the vehicle stood, until it is back or has come to rest.

    Rests on `moved_without_trip_m`. Only a terminal tells: a phone's position counts on a trip alone.
    """
    for way in scene.ways_between:
        for first, last in _outings(way, scene.settings["moved_without_trip_m"]):
            away_m = way.from_m(way.place(first))
            farthest = first + int(np.argmax(away_m[first : last + 1]))
            yield Happening(
                kind=FindingKind.MOVED_WITHOUT_TRIP,
                from_at=way.at(first),
                until_at=way.at(last),
                ended=way.done(last),
                evidence={
                    "length_m": way.length_m(first, last),
                    "away_m": round(float(away_m[farthest])),
                    "fixes": last - first + 1,
                    "sealed": scene.sealed(way.at(first), scene.settings),
                },
                at=way.place(farthest),
            )


def _outings(way: Way, limit_m: int) -> Iterator[tuple[int, int]]:
    """Yield the last fix at rest before, and the first at rest after, each outing (or the newest fix there is)."""
    begins, count = 0, len(way)
    while begins < count:
        beyond = way.from_m(way.place(begins)) > limit_m
        beyond[:begins] = False
        gone = _gone(way, beyond)
        if gone is None:
            return
        left = gone - 1
        home = next(
            (first for first, last in way.runs(~beyond) if first > gone and _stays(way, first, last)), count - 1
        )
        rested = next((at.first for at in way.stops if gone <= at.first < home and _rested(at.stop)), None)
        arrived = home if rested is None else rested
        yield left, arrived
        if arrived == count - 1:
            return
        begins = arrived


def _stays(way: Way, first: int, last: int) -> bool:
    """Tell whether a run of fixes near where the vehicle stood is no passing by, and no turning round."""
    return last == len(way) - 1 or bool(way.fixes["at_us"][last] - way.fixes["at_us"][first] >= HOME_S * 1e6)


def _rested(stop: Stop) -> bool:
    return stop.until_at - stop.from_at >= RESTED


def _gone(way: Way, beyond: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    """Return the first fix of the first run beyond that is no wandering of a receiver at rest."""
    speed = way.fixes["speed_mps"]
    for first, last in way.runs(beyond):
        if last - first + 1 >= FIXES_LEAST or bool(np.any(speed[first : last + 1] >= DRIVES_MPS)):
            return first
    return None
