"""What devices tell of an outing, and what the domain's own functions find in that and in its readings."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from domain.books.ratio import Ratio, Witnessed, deviation_permille, odd
from domain.findings.kinds import FindingKind
from domain.findings.scene import Scene, Told, UseSeen
from domain.findings.shown import shown
from domain.settings import BureauSettings
from domain.track.fixes import Fixes, to_instant, to_us
from domain.track.length import measure
from tests.scenes import NINE, scene, told, use
from tests.simulation.outings import DASHBOARD_M, EVERY_S, Outing, fixes_of

START_US = to_us(NINE)
SETTINGS = BureauSettings({})


def found_in(outing: Outing, ratio: Ratio | None) -> frozenset[FindingKind]:
    """Return the kinds of findings that the domain's functions have for it."""
    scene = _scene(outing)
    kinds = {happening.kind for happening in shown(scene)}
    if outing.trip_s is not None:
        off = deviation_permille(witnessed(outing), ratio)
        if odd(off, ratio, limit_permille=SETTINGS["ratio_deviation_permille"]):
            kinds.add(FindingKind.ODOMETER_TRACK_MISMATCH)
    return frozenset(kinds)


def witnessed(outing: Outing) -> Witnessed:
    """Return its metres by track and by the readings that were typed."""
    scene = _scene(outing)
    (use,) = scene.uses
    track = measure(scene.told[0].within(use.from_at, use.until_at or scene.now).fixes)
    return Witnessed(track.length_m, track.unobserved_m, outing.reading_m, DASHBOARD_M)


def _scene(outing: Outing) -> Scene:
    """Return what a look at the vehicle has before it; hours and the boundary are other findings' business."""
    ends_at = to_instant(START_US + round((outing.way.at_s[-1] + EVERY_S) * 1e6))
    uses: tuple[UseSeen, ...] = ()
    if outing.trip_s is not None:
        from_at, until_at = (to_instant(START_US + round(s * 1e6)) for s in outing.trip_s)
        uses = (use(from_at, until_at, *outing.sites),)
    return scene(
        *_devices(outing, uses),
        uses=uses,
        now=ends_at + timedelta(hours=1),
        from_at=to_instant(START_US),
        until_at=ends_at,
        boundary=None,
        on_duty=lambda *_: True,
    )


def _devices(outing: Outing, uses: tuple[UseSeen, ...]) -> list[Told]:
    """Return what the vehicle's device told, and a phone beside it; a phone's fixes count on the trip alone."""
    told_of = [(outing.way, outing.terminal)]
    if outing.phone is not None:
        told_of.append((outing.phone, False))
    devices = []
    for way, terminal in told_of:
        fixes = fixes_of(way, START_US)
        if not terminal:
            fixes = _left(fixes, outing.left_s)
        if way is outing.way:
            fixes = _without(fixes, outing.dark_s)
        device = told(fixes, terminal=terminal)
        devices.append(device if terminal else device.within(uses[0].from_at, uses[0].until_at or uses[0].from_at))
    return devices


def _left(fixes: Fixes, left_s: tuple[float, float] | None) -> Fixes:
    """Return the fixes of a phone that lies still from one second to another."""
    if left_s is None:
        return fixes
    at_s = (fixes["at_us"] - START_US) / 1e6
    lying = np.flatnonzero((at_s >= left_s[0]) & (at_s <= left_s[1]))
    if len(lying):
        for name in ("lat", "lon"):
            fixes[name][lying] = fixes[name][lying[0]]
        fixes["speed_mps"][lying] = 0.0
    return fixes


def _without(fixes: Fixes, dark_s: tuple[tuple[float, float], ...]) -> Fixes:
    for from_s, until_s in dark_s:
        at_s = (fixes["at_us"] - START_US) / 1e6
        fixes = fixes[(at_s < from_s) | (at_s > until_s)]
    return fixes
