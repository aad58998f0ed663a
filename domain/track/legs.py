"""A trip's ways: to each site, and home. What a complaint is charged begins here.

Ways lie end to end, so their metres add up to the track's exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import numpy as np

from domain.track.fixes import to_instant, to_us
from domain.track.length import Track
from domain.track.metres import distances_m

SITE_NEAR_M = 300.0
"""How near a site the vehicle parks: markets have large courts, and officers walk the rest."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that a trip is for: the job's id, WGS-84 degrees."""

    key: UUID
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Leg:
    """The way to a site, or home where `site_key` is None.

    `length_m` is what was observed of it, `unobserved_m` the least that was driven unseen. Sites reached by one stop
    share their way: a leg each, of the same times, with its share of the metres.
    """

    site_key: UUID | None
    from_at: datetime
    until_at: datetime
    length_m: int
    unobserved_m: int


@dataclass(frozen=True, slots=True)
class _Arrival:
    at_us: int
    left_us: int
    key: UUID


def legs(track: Track, sites: Sequence[Site]) -> tuple[Leg, ...]:
    """Return the ways of a trip in order of time; none of a track without fixes.

    A site is reached at its first stop within `SITE_NEAR_M`, or where no stop was so near, at the closest fix within
    it. A site that was not reached has no leg. The last leg is the way home, also where it has no metres.
    """
    if not track.segments:
        return ()
    reached = [arrival for site in sites if (arrival := _arrival(track, site)) is not None]
    reached.sort(key=lambda one: (one.at_us, one.key))
    found: list[Leg] = []
    since_us, since = to_us(track.segments[0].from_at), (0, 0)
    for at_us, group in groupby(reached, key=lambda one: one.at_us):
        together = list(group)
        # A site that was only passed while the vehicle stood at the one before is left no earlier than that.
        left_us = max(since_us, *(one.left_us for one in together))
        until = _so_far(track, left_us)
        span = to_instant(min(since_us, at_us)), to_instant(at_us)
        lengths = _shares(until[0] - since[0], len(together))
        unseen = _shares(until[1] - since[1], len(together))
        found += [Leg(one.key, *span, *shares) for one, *shares in zip(together, lengths, unseen, strict=True)]
        since_us, since = left_us, until
    end_at = track.segments[-1].until_at
    home = track.length_m - since[0], track.unobserved_m - since[1]
    return (*found, Leg(None, min(to_instant(since_us), end_at), end_at, *home))


def _arrival(track: Track, site: Site) -> _Arrival | None:
    stops = track.stops
    if stops:
        away_m = distances_m(
            np.array([stop.lat for stop in stops]), np.array([stop.lon for stop in stops]), (site.lat, site.lon)
        )
        near = np.flatnonzero(away_m <= SITE_NEAR_M)
        if len(near):
            stop = stops[int(near[0])]
            return _Arrival(to_us(stop.from_at), to_us(stop.until_at), site.key)
    fixes = np.concatenate([segment.fixes for segment in track.segments])
    away_m = distances_m(fixes["lat"], fixes["lon"], (site.lat, site.lon))
    closest = int(np.argmin(away_m))
    at_us = int(fixes["at_us"][closest])
    return _Arrival(at_us, at_us, site.key) if away_m[closest] <= SITE_NEAR_M else None


def _so_far(track: Track, at_us: int) -> tuple[int, int]:
    """Return the observed and the unobserved metres up to an instant."""
    length_m = 0
    for segment in track.segments:
        if to_us(segment.until_at) > at_us:
            length_m += segment.driven_until(at_us)
            break
        length_m += segment.length_m
    return length_m, sum(gap.least_m for gap in track.unobserved if to_us(gap.to_at) <= at_us)


def _shares(metres: int, count: int) -> list[int]:
    """Divide metres among equals; the odd ones go to the first."""
    share, odd = divmod(metres, count)
    return [share + (i < odd) for i in range(count)]
