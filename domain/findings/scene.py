"""What a look at a vehicle has before it: what its devices told in a stretch of time, and what was to be expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.place.base import Base, bases_during
from domain.place.boundary import Boundary
from domain.settings import BureauSettings
from domain.track.cleaning import clean
from domain.track.fixes import FIX, Fixes, to_instant, to_us
from domain.track.metres import distances_m, steps_m
from domain.track.stops import Span, spans_of_stops
from domain.values import Point

EDGE: Final = timedelta(minutes=1)
"""Who departs or returns says so within a minute of the wheels: that much of a movement belongs to the use."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one device told in a stretch, in any order: fixes, when each was received, and which were simulated."""

    device_id: UUID
    terminal: bool
    fixes: Fixes
    received_us: NDArray[np.int64]
    mock: NDArray[np.bool_]

    def within(self, from_at: datetime, until_at: datetime) -> Told:
        """Return what was told from one instant to another, both included."""
        at_us = self.fixes["at_us"]
        kept = (at_us >= to_us(from_at)) & (at_us <= to_us(until_at))
        return self.only(kept)

    @property
    def span_us(self) -> int:
        """How long it is from the first fix to the last."""
        return int(np.ptp(self.fixes["at_us"])) if len(self.fixes) else 0

    def during(self, from_at: datetime, until_at: datetime) -> NDArray[np.bool_]:
        """Return which fixes were made then, or were received then though their clock says that they came later."""
        at_us, first, last = self.fixes["at_us"], to_us(from_at), to_us(until_at)
        ahead: NDArray[np.bool_] = (at_us > last) & (self.received_us >= first) & (self.received_us <= last)
        return (at_us >= first) & (at_us <= last) | ahead

    def only(self, kept: NDArray[np.bool_]) -> Told:
        """Return some of it."""
        return Told(self.device_id, self.terminal, self.fixes[kept], self.received_us[kept], self.mock[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSeen:
    """A use of the vehicle that began; `until_at` is None while it is under way."""

    use_id: UUID
    trip: bool
    from_at: datetime
    until_at: datetime | None
    places: tuple[Point, ...]
    """The sites of a trip; where an upkeep order leads, if that is known."""
    phones: frozenset[UUID]
    """The phones of its crew: nobody else's is a witness of it."""
    registered: tuple[Point, ...] = ()
    """The places of upkeep that were registered when it began: one that is registered later explains nothing."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is known of a vehicle from `from_at` to `until_at`."""

    from_at: datetime
    until_at: datetime
    now: datetime
    told: tuple[Told, ...]
    uses: tuple[UseSeen, ...]
    bases: tuple[Base, ...]
    """Where it was kept, by when each took effect."""
    boundary: Boundary | None
    settings: BureauSettings
    on_duty: Callable[[datetime, BureauSettings], bool]
    """Whether an instant lies in duty hours."""
    sealed: Callable[[datetime, BureauSettings], bool]
    """Whether the vehicle was sealed at an instant."""

    def bases_of(self, use: UseSeen) -> tuple[Point, ...]:
        """Return where the vehicle was kept while it was on a use: two places where its base was moved meanwhile."""
        return tuple(one.place for one in bases_during(self.bases, use.from_at, use.until_at or self.now))

    @cached_property
    def ways_of_uses(self) -> tuple[tuple[UseSeen, Way], ...]:
        """Each use with the way it took."""
        return tuple((use, self.way(use.from_at, use.until_at or self.now, phones=use.phones)) for use in self.uses)

    @cached_property
    def ways_between(self) -> tuple[Way, ...]:
        """The ways of the times in which the vehicle had no use, as its terminal saw them."""
        return tuple(self._between())

    def _between(self) -> Iterator[Way]:
        begins = self.from_at
        for use in sorted(self.uses, key=lambda one: one.from_at):
            if use.from_at - EDGE > begins:
                yield self.way(begins, use.from_at - EDGE, over=True)
            begins = max(begins, (use.until_at or self.until_at) + EDGE)
        if begins < self.until_at:
            yield self.way(begins, self.until_at, over=self.until_at < self.now)

    def way(
        self, from_at: datetime, until_at: datetime, *, phones: frozenset[UUID] = frozenset(), over: bool = False
    ) -> Way:
        """Return the way of a stretch by its best witness: the terminal, else the phone that told most.

        Who fell silent before half of what another saw is no witness of it: a terminal that is unplugged at the gate
        does not silence the phones. `over` tells that nothing can follow in this stretch whatever was seen last.
        """
        parts = [one.within(from_at, until_at) for one in self.told if one.terminal or one.device_id in phones]
        longest_us = max((one.span_us for one in parts), default=0)
        parts = [one for one in parts if 2 * one.span_us >= longest_us]
        witness = max(parts, key=lambda one: (one.terminal and len(one.fixes) > 0, len(one.fixes)), default=None)
        kept = np.empty(0, dtype=FIX) if witness is None else clean(witness.fixes).kept
        return Way(kept, over=over)


class Way:
    """Clean fixes by fix time, and what is asked of them."""

    def __init__(self, fixes: Fixes, *, over: bool = False) -> None:
        """Take clean fixes; `over` tells that nothing can follow them in this stretch."""
        self.fixes = fixes
        self.over = over

    def __len__(self) -> int:
        """Return how many fixes there are."""
        return len(self.fixes)

    @cached_property
    def stops(self) -> list[Span]:
        """Where the vehicle stood, among the fixes."""
        return spans_of_stops(self.fixes)

    @cached_property
    def steps_m(self) -> NDArray[np.float64]:
        """The metres from each fix to the next."""
        return steps_m(self.fixes["lat"], self.fixes["lon"])

    @cached_property
    def driven_m(self) -> NDArray[np.float64]:
        """The same without the steps within a stop."""
        driven_m = self.steps_m.copy()
        for span in self.stops:
            driven_m[span.first : span.last] = 0.0
        return driven_m

    def at(self, index: int) -> datetime:
        """Return when a fix was made."""
        return to_instant(self.fixes["at_us"][index])

    def place(self, index: int) -> Point:
        """Return where a fix was made."""
        return Point(float(self.fixes["lat"][index]), float(self.fixes["lon"][index]))

    def from_m(self, place: Point) -> NDArray[np.float64]:
        """Return how far each fix is from a place."""
        return distances_m(self.fixes["lat"], self.fixes["lon"], (place.lat, place.lon))

    def length_m(self, first: int, last: int) -> int:
        """Return how long the way from one fix to another is, without what a receiver at rest wanders."""
        return round(float(self.driven_m[first:last].sum()))

    def runs(self, those: NDArray[np.bool_], apart_s: float = 0.0) -> list[tuple[int, int]]:
        """Return the runs of fixes that are marked, by first and last; those less than `apart_s` apart are one."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], those, [False]]).astype(np.int8)))
        found: list[tuple[int, int]] = []
        for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if found and self.fixes["at_us"][first] - self.fixes["at_us"][found[-1][1]] < apart_s * 1e6:
                found[-1] = (found[-1][0], after - 1)
            else:
                found.append((first, after - 1))
        return found

    def done(self, last: int) -> bool:
        """Return whether what reached to that fix is over: something was told after it, or nothing can be."""
        return self.over or last < len(self.fixes) - 1


def nearest_m(place: Point, others: tuple[Point, ...]) -> float:
    """Return the metres from a place to the nearest of others; infinite where there is none."""
    if not others:
        return float("inf")
    lat, lon = np.array([one.lat for one in others]), np.array([one.lon for one in others])
    return float(distances_m(lat, lon, (place.lat, place.lon)).min())
