"""Scenes for the pure functions of findings: one vehicle with a base in the district, on a Tuesday morning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from domain.calendar import shipped_calendar
from domain.duty import duty_hours, on_duty
from domain.findings.scene import Scene, Told, UseSeen
from domain.place.base import Base
from domain.place.boundary import Boundary
from domain.settings import BureauSettings
from domain.track.fixes import Fixes
from domain.values import Datum, Point
from tests.drives import beside
from tests.world import INSIDE, boundary_350302

NINE = datetime(2026, 11, 24, 1, tzinfo=UTC)
"""Nine in the morning of a working Tuesday in the bureau's zone."""
ZONE = ZoneInfo("Asia/Shanghai")
BASE = INSIDE
SITE = beside(INSIDE, north_m=3_000)
VEHICLE, USE, TERMINAL, PHONE = (UUID(int=number) for number in range(1, 5))


@cache
def district() -> Boundary:
    """Return the shipped boundary."""
    return Boundary.from_geojson(boundary_350302(), Datum.GCJ02)


def told(fixes: Fixes, *, terminal: bool = True, late_s: float = 2.0, mock: bool = False) -> Told:
    """Return fixes as one device told them, each received a little later."""
    return Told(
        TERMINAL if terminal else PHONE,
        terminal,
        fixes,
        fixes["at_us"] + round(late_s * 1e6),
        np.full(len(fixes), mock),
    )


def use(from_at: datetime, until_at: datetime | None = None, *places: Point, trip: bool = True) -> UseSeen:
    """Return a use to `SITE`, or to other places."""
    return UseSeen(
        use_id=USE,
        trip=trip,
        from_at=from_at,
        until_at=until_at,
        places=places or (SITE,),
        phones=frozenset({PHONE}),
    )


def at_work(at: datetime, settings: BureauSettings) -> bool:
    """Tell whether an instant lies in a bureau's duty hours."""
    return on_duty(at, shipped_calendar(), ZONE, duty_hours(settings))


def scene(
    *devices: Told,
    uses: tuple[UseSeen, ...] = (),
    now: datetime,
    changed: Mapping[str, int] | None = None,
    sealed: Callable[[datetime, BureauSettings], bool] = lambda *_: False,
    **parts: Any,
) -> Scene:
    """Return what a look at the vehicle has before it, from the day's beginning to now."""
    whole: dict[str, Any] = {
        "from_at": NINE - timedelta(hours=9),
        "until_at": now,
        "now": now,
        "told": devices,
        "uses": uses,
        "bases": (Base("局机关停车场", BASE),),
        "boundary": district(),
        "settings": BureauSettings(changed or {}),
        "on_duty": at_work,
        "sealed": sealed,
    }
    return Scene(**(whole | parts))
