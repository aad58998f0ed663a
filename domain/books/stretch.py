"""A stretch of the kilometre books: what each use drove in it, what nobody did, and that the sums are exact (P5).

An interval between two readings counts in the stretch in which it ends. So months lie end to end: what one closes
with, the next opens with, and no metre falls between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.books.readings import Interval, Reading, in_force, intervals


@dataclass(frozen=True, slots=True)
class Driven:
    """What one use drove in a stretch, and the readings it begins and ends with there."""

    from_m: int
    until_m: int
    length_m: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The books from one instant to another.

    `difference_m` is last minus first reading, summed over the vehicle's odometers; `driven` and `unaccounted` add up
    to it exactly. `opening` and `closing` are the readings the odometer stood at, None before the first one.
    `intervals` are those that end in the stretch, in their order.
    """

    opening: Reading | None
    closing: Reading | None
    difference_m: int
    driven: Mapping[UUID, Driven]
    intervals: tuple[Interval, ...]

    @property
    def unaccounted(self) -> tuple[Interval, ...]:
        """Those that belong to no use."""
        return tuple(interval for interval in self.intervals if interval.use_id is None)

    @property
    def unaccounted_m(self) -> int:
        """The metres that belong to no use."""
        return sum(interval.length_m for interval in self.unaccounted)


def stretch_of(recorded: Iterable[Reading], from_at: datetime, until_at: datetime) -> Stretch:
    """Return the books from `from_at` to before `until_at`.

    `recorded` holds every reading of the stretch, and before it at least all from the last departure or return on.
    """
    known = tuple(recorded)
    standing = [reading for reading in in_force(known) if reading.read_at < until_at]
    before = [reading for reading in standing if reading.read_at < from_at]
    within = tuple(interval for interval in intervals(known) if from_at <= interval.end.read_at < until_at)
    owned: dict[UUID, list[Interval]] = {}
    for interval in within:
        if interval.use_id is not None:
            owned.setdefault(interval.use_id, []).append(interval)
    return Stretch(
        opening=before[-1] if before else None,
        closing=standing[-1] if standing else None,
        difference_m=_difference_m(standing, from_at),
        driven={use_id: _driven(parts) for use_id, parts in owned.items()},
        intervals=within,
    )


def _driven(parts: list[Interval]) -> Driven:
    return Driven(parts[0].start.odometer_m, parts[-1].end.odometer_m, sum(part.length_m for part in parts))


def _difference_m(standing: list[Reading], from_at: datetime) -> int:
    """Return last minus first reading of each odometer, the first being the one the stretch opens with."""
    first: dict[int, Reading] = {}
    last: dict[int, Reading] = {}
    for reading in standing:
        if reading.read_at < from_at or reading.segment not in first:
            first[reading.segment] = reading
        last[reading.segment] = reading
    return sum(last[segment].odometer_m - first[segment].odometer_m for segment in first)
