"""What a trip's way shows: `speeding`, `unobserved-stretch`, `detour`, `off-purpose-stop`, `left-jurisdiction`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.rounds import purposeless_round
from domain.findings.scene import Scene, UseSeen, Way, nearest_m
from domain.place.distance import distance_m
from domain.settings import BureauSettings
from domain.track.stops import Stop
from domain.values import Point

ROADS_TO_CHORDS: Final = 1.4
"""A way by road is so much longer than the straight line; roads of real cities have 1.2 to 1.4 (circuity)."""
PERMUTED_MOST: Final = 6
"""Up to so many sites the shortest round is sought; beyond that, the one that goes to the nearest next."""
GRAVE_STOP: Final = 3
"""A stop of three times the limit is red."""
GRAVE_SPEED: Final = 1.5
"""Half as fast again as allowed is what the Road Traffic Safety Law (道路交通安全法 Art. 99) takes a licence for."""
SPEED_OVER_S: Final = 20.0
"""Speed is taken over so long at least: a position held and released is no speed."""
APART_S: Final = 300.0
"""Runs less far apart are one happening."""
BACK_INSIDE_S: Final = 600.0
"""Who is back inside for ten minutes has come back."""


def speeding(scene: Scene) -> Iterator[Happening]:
    """Yield each stretch driven faster than `overspeed_kmh`, by the places themselves and not by what was told."""
    limit_mps = scene.settings["overspeed_kmh"] / 3.6
    for use, way in scene.ways_of_uses:
        if len(way) < 2:  # noqa: PLR2004 - a speed takes two places
            continue
        speed, then = _speeds(way, scene.settings["unobserved_after_s"])
        for first, last in way.runs(speed > limit_mps, APART_S):
            fastest = first + int(np.argmax(speed[first : last + 1]))
            fastest_mps = float(speed[fastest])
            yield Happening(
                kind=FindingKind.SPEEDING,
                use_id=use.use_id,
                from_at=way.at(first),
                until_at=way.at(int(then[last])),
                ended=use.until_at is not None or way.done(int(then[last])),
                graver=fastest_mps > limit_mps * GRAVE_SPEED,
                evidence={"fastest_kmh": round(fastest_mps * 3.6), "limit_kmh": scene.settings["overspeed_kmh"]},
                at=way.place(fastest),
            )


def _speeds(way: Way, silence_s: float) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return for each fix how fast the vehicle was over the next twenty seconds or more, and until which fix.

    A place that is held is reached at its first fix: from the others no time may be counted to the next place. Over a
    long silence the chord says nothing of how fast which part was driven.
    """
    moved = np.flatnonzero(np.concatenate([[True], way.steps_m > 0.0]))
    at_s = way.fixes["at_us"][moved] / 1e6
    so_far_m = np.concatenate([[0.0], np.cumsum(way.steps_m)])[moved]
    ahead = np.minimum(np.searchsorted(at_s, at_s + SPEED_OVER_S), len(moved) - 1)
    took_s = at_s[ahead] - at_s
    told = (took_s >= SPEED_OVER_S) & (took_s <= silence_s)
    speed, then = np.zeros(len(way)), np.arange(len(way))
    speed[moved[told]] = (so_far_m[ahead] - so_far_m)[told] / took_s[told]
    then[moved] = moved[ahead]
    return speed, then


def unobserved_stretch(scene: Scene) -> Iterator[Happening]:
    """Yield for each trip the stretches that nobody saw and in which the vehicle moved, all of a trip as one.

    Rests on `unobserved_after_s`; a silence at one place (within `off_purpose_near_m`) is a phone that sleeps.
    """
    for use, way in scene.ways_of_uses:
        if len(way) < 2:  # noqa: PLR2004 - a silence is between two fixes
            continue
        gap_s = np.diff(way.fixes["at_us"]) / 1e6
        unseen = (gap_s > scene.settings["unobserved_after_s"]) & (way.steps_m > scene.settings["off_purpose_near_m"])
        gaps = np.flatnonzero(unseen)
        if not len(gaps):
            continue
        yield Happening(
            kind=FindingKind.UNOBSERVED_STRETCH,
            use_id=use.use_id,
            from_at=way.at(int(gaps[0])),
            until_at=way.at(int(gaps[-1]) + 1),
            ended=True,
            evidence={
                "stretches": len(gaps),
                "unobserved_s": round(float(gap_s[gaps].sum())),
                "chords_m": round(float(way.steps_m[gaps].sum())),
            },
            at=way.place(int(gaps[0])),
        )


def detour(scene: Scene) -> Iterator[Happening]:
    """Yield each trip whose way is longer than it should take by `detour_percent` and by `detour_least_m`.

    What it should take is the shortest round from the base over all sites by straight lines, times what roads take. Of
    a trip that is no longer than that, the longest round of `detour_least_m` with a stop near to nothing it is for.
    """
    for use, way in scene.ways_of_uses:
        if not use.trip or not use.places or not len(way):
            continue
        should_m = way_should_m(scene.bases_of(use), use.places)
        limit_m = way_limit_m(should_m, scene.settings)
        so_far_m = np.concatenate([[0.0], np.cumsum(way.driven_m)])
        if so_far_m[-1] <= limit_m:
            yield from _round(scene, use, way)
            continue
        passed = int(np.argmax(so_far_m > limit_m))
        yield Happening(
            kind=FindingKind.DETOUR,
            use_id=use.use_id,
            from_at=use.from_at,
            until_at=way.at(len(way) - 1),
            ended=use.until_at is not None,
            evidence={
                "length_m": round(float(so_far_m[-1])),
                "should_m": should_m,
                "over_percent": round(100 * float(so_far_m[-1]) / should_m) - 100 if should_m else 0,
            },
            at=way.place(passed),
        )


def _round(scene: Scene, use: UseSeen, way: Way) -> Iterator[Happening]:
    """Yield the longest round of `detour_least_m` with a stop, that came near to nothing that the trip is for."""
    meant = (*use.places, *use.registered, *scene.bases_of(use))
    near_m, least_m = scene.settings["off_purpose_near_m"], scene.settings["detour_least_m"]
    found = purposeless_round(way, meant, near_m=near_m, least_m=least_m)
    if found is not None:
        first, last = found
        yield Happening(
            kind=FindingKind.DETOUR,
            use_id=use.use_id,
            from_at=way.at(first),
            until_at=way.at(last),
            ended=True,
            evidence={"round_m": way.length_m(first, last)},
            at=way.place((first + last) // 2),
        )


def way_should_m(bases: Sequence[Point], places: Sequence[Point]) -> int:
    """Return how many metres the way of a trip takes: the shortest round by straight lines, times what roads take.

    From one base to another by the sites is no longer than the longer of the two rounds.
    """
    return round(max(shortest_round_m(one, tuple(places)) for one in bases) * ROADS_TO_CHORDS)


def way_limit_m(should_m: int, settings: BureauSettings) -> float:
    """Return from how many metres on a way is a detour."""
    return max(should_m * (1 + settings["detour_percent"] / 100), should_m + settings["detour_least_m"])


def shortest_round_m(start: Point, places: tuple[Point, ...]) -> float:
    """Return the length of the shortest round from a place over others and back, by straight lines."""
    if len(places) <= PERMUTED_MOST:
        return min(_round_m(start, order) for order in permutations(places))
    order: list[Point] = []
    left = list(places)
    while left:
        nearest = min(left, key=lambda one: distance_m(order[-1] if order else start, one))
        left.remove(nearest)
        order.append(nearest)
    return _round_m(start, tuple(order))


def _round_m(start: Point, order: tuple[Point, ...]) -> float:
    return sum(distance_m(a, b) for a, b in zip((start, *order), (*order, start), strict=True))


def off_purpose_stop(scene: Scene) -> Iterator[Happening]:
    """Yield each stop of `off_purpose_stop_s` away from every site of the use, the base and places registered by then.

    Rests on `off_purpose_near_m`. An upkeep order that leads to no known place says nothing about where to stop.
    """
    limit_s = scene.settings["off_purpose_stop_s"]
    for use, way in scene.ways_of_uses:
        if not use.places:
            continue
        meant = (*use.places, *use.registered, *scene.bases_of(use))
        for span in way.stops:
            stop = span.stop
            stood_s = _stood_s(stop)
            away_m = nearest_m(_middle(stop), meant)
            if stood_s < limit_s or away_m <= scene.settings["off_purpose_near_m"]:
                continue
            yield Happening(
                kind=FindingKind.OFF_PURPOSE_STOP,
                use_id=use.use_id,
                from_at=stop.from_at,
                until_at=stop.until_at,
                ended=use.until_at is not None or way.done(span.last),
                graver=stood_s >= GRAVE_STOP * limit_s,
                evidence={"stood_s": round(stood_s), "nearest_m": round(away_m)},
                at=_middle(stop),
            )


def left_jurisdiction(scene: Scene) -> Iterator[Happening]:
    """Yield each stretch beyond the boundary by more than `site_tolerance_m`: yellow on the way, red with a stop there.

    The road may lead through the next district; sites that the custodian placed inside are no reason to be red.
    """
    if scene.boundary is None:
        return
    ways: list[tuple[UseSeen | None, Way]] = [*scene.ways_of_uses, *((None, way) for way in scene.ways_between)]
    for use, way in ways:
        beyond_m = scene.boundary.beyond_m(way.fixes["lat"], way.fixes["lon"])
        outside = beyond_m > scene.settings["site_tolerance_m"]
        for first, last in way.runs(outside, BACK_INSIDE_S):
            if last == first:
                continue
            stood = [
                span
                for span in way.stops
                if first <= span.first <= last
                and outside[span.nearest]
                and _stood_s(span.stop) >= scene.settings["off_purpose_stop_s"]
                and nearest_m(_middle(span.stop), use.places if use else ()) > scene.settings["off_purpose_near_m"]
            ]
            farthest = first + int(np.argmax(beyond_m[first : last + 1]))
            yield Happening(
                kind=FindingKind.LEFT_JURISDICTION,
                use_id=use.use_id if use else None,
                from_at=way.at(first),
                until_at=way.at(last),
                ended=(use is not None and use.until_at is not None) or way.done(last),
                graver=bool(stood),
                evidence={"beyond_m": round(float(beyond_m[farthest])), "stops": len(stood)},
                at=way.place(farthest),
            )


def _stood_s(stop: Stop) -> float:
    return (stop.until_at - stop.from_at).total_seconds()


def _middle(stop: Stop) -> Point:
    return Point(stop.lat, stop.lon)
