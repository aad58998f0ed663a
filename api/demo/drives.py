"""Real recorded drives, carried over to the demo's district: `drives/ORIGIN.md` says from where and how changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.resources import as_file, files
from itertools import pairwise
from math import cos, radians

from api.recorded_track import RecordedFix, read_track
from domain.place.datum import MAX_LAT_DEG, MAX_LON_DEG
from domain.place.distance import distance_m
from domain.values import Point


def drive(name: str, base: Point, departed_at: datetime) -> list[RecordedFix]:
    """Return the fixes of a shipped drive as if it had begun at `base` at that instant.

    East and north offsets in metres from its first fix are kept, and offsets in time. Fixes that lie nowhere are left
    out: without a place there is nothing to carry over.
    """
    with as_file(files("api.demo").joinpath("drives", f"{name}.csv")) as path:
        recorded = [fix for fix in read_track(path) if abs(fix.lat) <= MAX_LAT_DEG and abs(fix.lon) <= MAX_LON_DEG]
    first = recorded[0]
    # A degree of longitude is shorter the farther from the equator; metres are kept, not degrees.
    stretch = cos(radians(first.lat)) / cos(radians(base.lat))
    return [
        replace(
            fix,
            at=departed_at + (fix.at - first.at),
            lat=base.lat + fix.lat - first.lat,
            lon=base.lon + (fix.lon - first.lon) * stretch,
        )
        for fix in recorded
    ]


def farthest(fixes: Sequence[RecordedFix], base: Point) -> RecordedFix:
    """Return the fix farthest from the base: where the demo's site is."""
    return max(fixes, key=lambda fix: distance_m(base, Point(fix.lat, fix.lon)))


def wheel_metres(fixes: Sequence[RecordedFix]) -> int:
    """Return what the car's own wheels measured, in metres: the demo's odometer."""
    driven = 0.0
    for before, after in pairwise(fixes):
        step_s = (after.at - before.at).total_seconds()
        if before.wheel_mps is not None and 0 < step_s < 30:  # noqa: PLR2004 - a longer gap was no driving
            driven += before.wheel_mps * step_s
    return round(driven)
