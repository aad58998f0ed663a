"""What one device's fixes say of one use of a vehicle: the figures, without the fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.track.cleaning import Dropped
from domain.track.legs import Leg, Site, legs
from domain.track.length import Track, Unobserved
from domain.track.stops import Stop

WAY = "2"
"""Names the way of measuring: another one here makes every measure that was kept one of old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Two devices of one use are measured apart; `terminal` tells the vehicle's own from a phone of the crew.

    `length_m` is observed, `unobserved_m` the least that was driven unseen, `kept` of `fix_count` fixes count.
    """

    device_id: UUID
    terminal: bool
    fix_count: int
    length_m: int
    unobserved_m: int
    kept: int
    dropped: Mapping[Dropped, int]
    unobserved: tuple[Unobserved, ...]
    stops: tuple[Stop, ...]
    legs: tuple[Leg, ...]


def measure_of(track: Track, sites: Sequence[Site], *, device_id: UUID, terminal: bool, fix_count: int) -> Measure:
    """Return the figures of a track."""
    return Measure(
        device_id=device_id,
        terminal=terminal,
        fix_count=fix_count,
        length_m=track.length_m,
        unobserved_m=track.unobserved_m,
        kept=track.kept,
        dropped=dict(sorted(track.dropped.items())),
        unobserved=track.unobserved,
        stops=track.stops,
        legs=legs(track, sites),
    )
