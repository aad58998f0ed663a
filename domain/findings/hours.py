"""When the vehicle was out though it ought to stand: `outside-duty-hours`, `overnight-away`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import numpy as np

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.scene import Scene
from domain.place.distance import distance_m
from domain.settings import BureauSettings
from domain.track.fixes import to_instant
from domain.values import Point

WAY_HOME: Final = timedelta(minutes=30)
"""So near to duty hours the vehicle may be on its way: who leaves a site at twelve is not home at twelve."""
MORNING: Final = time(6)
"""Until when a night lasts."""
MOVED_LEAST_M: Final = 300
"""A car moved out of the way within the yard is no drive."""


def outside_duty_hours(scene: Scene) -> Iterator[Happening]:
    """Yield each use on which the vehicle drove more than half an hour away from duty hours, once a use.

    Rests on the four `duty_…_min` settings and the calendar. Red where it drove while it was sealed, in duty hours too:
    a seal that was put on by hand lasts until it is taken off.
    """
    for use, way in scene.ways_of_uses:
        if len(way) < 2:  # noqa: PLR2004 - a drive is between two fixes
            continue
        minutes, minute_of = np.unique(way.fixes["at_us"] // 60_000_000, return_inverse=True)
        instants = [to_instant(minute * 60_000_000) for minute in minutes.tolist()]
        sealed = np.array([scene.sealed(instant, scene.settings) for instant in instants])
        off = sealed | np.array([not _near_duty(scene, instant) for instant in instants])
        driven_m = np.where(off[minute_of][1:], way.driven_m, 0.0)
        if driven_m.sum() < MOVED_LEAST_M:
            continue
        drove = np.flatnonzero(driven_m > 0.0)
        first, last = int(drove[0]), int(drove[-1]) + 1
        under_seal = bool(sealed[minute_of][1:][drove].any())
        yield Happening(
            kind=FindingKind.OUTSIDE_DUTY_HOURS,
            use_id=use.use_id,
            from_at=way.at(first),
            until_at=way.at(last),
            ended=use.until_at is not None,
            graver=under_seal,
            evidence={"length_m": round(float(driven_m.sum())), "sealed": under_seal},
            at=way.place(last),
        )


def _near_duty(scene: Scene, at: datetime) -> bool:
    return any(scene.on_duty(instant, scene.settings) for instant in (at, at - WAY_HOME, at + WAY_HOME))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """Where a vehicle was when its terminal told of it last, or where a use left it."""

    at: datetime
    place: Point


def night_of(at: datetime, zone: tzinfo, settings: BureauSettings) -> datetime | None:
    """Return when the night began that an instant lies in, or None by day. Rests on `overnight_from_min`."""
    local = at.astimezone(zone)
    minutes = settings["overnight_from_min"]
    begins = time(minutes // 60, minutes % 60)
    if local.time() >= begins:
        return datetime.combine(local.date(), begins, zone)
    if local.time() < MORNING:
        return datetime.combine(local.date() - timedelta(days=1), begins, zone)
    return None


def overnight_away(
    seen: LastSeen, base: Point, *, now: datetime, night: datetime, settings: BureauSettings, allowed: bool
) -> Happening | None:
    """Return that the vehicle is away from its base at night, or None.

    Rests on `overnight_from_min` and `off_purpose_near_m`. `allowed` tells that it is on a use whose window has not
    passed, or in the workshop.
    """
    away_m = distance_m(seen.place, base)
    if allowed or away_m <= settings["off_purpose_near_m"]:
        return None
    return Happening(
        kind=FindingKind.OVERNIGHT_AWAY,
        from_at=night,
        until_at=now,
        ended=False,
        evidence={"away_m": round(away_m), "seen_at": seen.at.isoformat()},
        at=seen.place,
    )
