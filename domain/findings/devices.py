"""What devices themselves show: `mock-location`, `clock-skew`, `devices-disagree`, `device-silent`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from domain.findings.happening import NEVER, Happening
from domain.findings.kinds import FindingKind
from domain.findings.scene import Scene, Told, UseSeen
from domain.track.devices import apart
from domain.track.fixes import to_instant
from domain.values import Point

RECEIPTS_LEAST: Final = 3
"""A clock that is behind looks like a slow network: only when each of several receipts is late it is the clock."""


def mock_location(scene: Scene) -> Iterator[Happening]:
    """Yield for each device and use (or time between uses) that a simulated location was told."""
    for told, use, over in _by_use(scene):
        faked = told.fixes[told.mock]
        if not len(faked):
            continue
        first = int(np.argmin(faked["at_us"]))
        yield Happening(
            kind=FindingKind.MOCK_LOCATION,
            use_id=use.use_id if use else None,
            from_at=to_instant(faked["at_us"].min()),
            until_at=to_instant(faked["at_us"].max()),
            ended=over,
            evidence={"device_id": str(told.device_id), "fixes": len(faked)},
            at=_place(faked[first]),
            key=told.device_id,
        )


def clock_skew(scene: Scene) -> Iterator[Happening]:
    """Yield for each device and use (or time between uses) that its clock was off by more than `clock_skew_s`.

    Ahead: a fix was received before it was made. Behind: the newest fix of every receipt was late, three at least.
    """
    limit_us = scene.settings["clock_skew_s"] * 1_000_000
    for told, use, over in _by_use(scene):
        if not len(told.fixes):
            continue
        received, receipt = np.unique(told.received_us, return_inverse=True)
        newest = np.full(len(received), np.iinfo(np.int64).min)
        np.maximum.at(newest, receipt, told.fixes["at_us"])
        ahead_us = newest - received
        if ahead_us.max() > limit_us:
            skew_us = int(ahead_us.max())
            shown = ahead_us > limit_us
        elif len(received) >= RECEIPTS_LEAST and ahead_us.max() < -limit_us:
            skew_us = int(ahead_us.max())
            shown = np.ones(len(received), dtype=np.bool_)
        else:
            continue
        yield Happening(
            kind=FindingKind.CLOCK_SKEW,
            use_id=use.use_id if use else None,
            from_at=to_instant(newest[shown].min()),
            until_at=to_instant(newest[shown].max()),
            ended=over,
            evidence={"device_id": str(told.device_id), "skew_s": round(skew_us / 1e6)},
            key=told.device_id,
        )


def devices_disagree(scene: Scene) -> Iterator[Happening]:
    """Yield for each phone of a trip's crew that it was elsewhere than the vehicle's terminal.

    Rests on `devices_apart_m` and `devices_apart_s`; all such stretches of a trip and phone are one. Two phones are not
    held against each other: an officer walks off with one while the driver waits with the other.
    """
    limits = {"over_m": scene.settings["devices_apart_m"], "for_s": scene.settings["devices_apart_s"]}
    for use in scene.uses:
        told = [one.within(use.from_at, use.until_at or scene.now) for one in scene.told]
        terminals = [one for one in told if one.terminal and len(one.fixes)]
        for phone in (one for one in told if one.device_id in use.phones):
            found = [stretch for one in terminals for stretch in apart(one.fixes, phone.fixes, **limits)]
            if not found:
                continue
            first = min(found, key=lambda one: one.from_at)
            yield Happening(
                kind=FindingKind.DEVICES_DISAGREE,
                use_id=use.use_id,
                from_at=first.from_at,
                until_at=max(one.until_at for one in found),
                ended=use.until_at is not None,
                evidence={
                    "device_id": str(phone.device_id),
                    "stretches": len(found),
                    "apart_s": round(sum((one.until_at - one.from_at).total_seconds() for one in found)),
                    "apart_m": max(one.most_m for one in found),
                },
                key=phone.device_id,
            )


def _by_use(scene: Scene) -> Iterator[tuple[Told, UseSeen | None, bool]]:
    """Yield what each device told on each use, and what a terminal told of the rest; and whether that is over."""
    for told in scene.told:
        rest = np.ones(len(told.fixes), dtype=np.bool_)
        for use in scene.uses:
            if told.terminal or told.device_id in use.phones:
                of_use = told.during(use.from_at, use.until_at or scene.now)
                rest &= ~of_use
                yield told.only(of_use), use, use.until_at is not None
        if told.terminal:
            yield told.only(rest), None, scene.until_at < scene.now


def _place(fix: np.void) -> Point:
    return Point(float(fix["lat"]), float(fix["lon"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """When a vehicle's terminal, or on a trip any phone of its crew, gave its last word."""

    last_at: datetime | None
    since: datetime
    """From when on it should have spoken: since it was enrolled, or since the departure."""
    device_id: UUID = NEVER
    """The terminal; a trip's phones are asked together, for of two phones of a person one may lie in a drawer."""
    use_id: UUID | None = None


def device_silent(word: Word, *, now: datetime, limit_s: int) -> Happening | None:
    """Return that a device is silent, or None.

    Rests on `terminal_silent_s` for a terminal, on `phone_silent_s` for the phones of a trip.
    """
    since = max(word.since, word.last_at) if word.last_at else word.since
    if (now - since).total_seconds() <= limit_s:
        return None
    terminal = word.device_id != NEVER
    return Happening(
        kind=FindingKind.DEVICE_SILENT,
        use_id=word.use_id,
        from_at=since,
        until_at=now,
        ended=False,
        evidence={"terminal": terminal} | ({"device_id": str(word.device_id)} if terminal else {}),
        key=word.device_id,
    )
