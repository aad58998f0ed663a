"""The recorded drives as arrays, with what their wheels drove, and what networks and receivers do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from api.recorded_track import read_track
from domain.track.fixes import Fixes, as_fixes

FOLDER = Path(__file__).parents[1] / "data" / "tracks"
SEED = 1
GAP_S = 30
"""Longer gaps are left out of what the wheels drove, as the dataset's documentation does."""


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """A recorded drive: its fixes, the whole metres by its wheels, and by its wheels up to each fix."""

    name: str
    fixes: Fixes
    wheel_so_far_m: np.ndarray

    @property
    def wheel_m(self) -> int:
        """What the wheels drove."""
        return round(float(self.wheel_so_far_m[-1]))


@cache
def drives() -> tuple[Drive, ...]:
    """Return the five recorded drives, by name."""
    return tuple(_drive(path) for path in sorted(FOLDER.glob("*.csv")))


def _drive(path: Path) -> Drive:
    recorded = read_track(path)
    fixes = as_fixes(
        [fix.at for fix in recorded],
        [fix.lat for fix in recorded],
        [fix.lon for fix in recorded],
        [fix.speed_mps for fix in recorded],
    )
    seconds = [(b.at - a.at).total_seconds() for a, b in pairwise(recorded)]
    steps_m = [s * (fix.wheel_mps or 0.0) if 0 < s < GAP_S else 0.0 for s, fix in zip(seconds, recorded, strict=False)]
    return Drive(path.stem, fixes, np.concatenate([[0.0], np.cumsum(steps_m)]))


Harm = Callable[[Fixes, np.random.Generator], Fixes]


def as_recorded(fixes: Fixes, _random: np.random.Generator) -> Fixes:
    """Leave the drive as it is."""
    return fixes


def repeated(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Send every third fix twice, some of them three times."""
    return np.concatenate([fixes, fixes[random.random(len(fixes)) < 1 / 3], fixes[random.random(len(fixes)) < 1 / 9]])


def shuffled(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Deliver in no order at all."""
    return random.permutation(fixes)


def lost_in_bursts(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Lose three tenths of the fixes in bursts of ten seconds to a minute and a half."""
    lost = np.zeros(len(fixes), dtype=np.bool_)
    while lost.mean() < 0.3:
        at = random.integers(0, len(fixes))
        lost[at : at + random.integers(10, 90)] = True
    return fixes[~lost]


def hours_late(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Deliver stretches of the drive hours after the rest, the latest first."""
    bounds = [0, *sorted(random.integers(1, len(fixes), 6).tolist()), len(fixes)]
    parts = [fixes[a:b] for a, b in pairwise(bounds)]
    return np.concatenate([*parts[::2], *reversed(parts[1::2])])


def with_nowhere(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Tell 0,0 in one fix of twenty."""
    spoilt = fixes.copy()
    wrong = random.random(len(fixes)) < 0.05
    spoilt["lat"][wrong] = spoilt["lon"][wrong] = 0.0
    return spoilt


def with_wild(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Tell any place on earth in one fix of twenty."""
    spoilt = fixes.copy()
    wrong = random.random(len(fixes)) < 0.05
    spoilt["lat"][wrong] = random.uniform(-60, 60, wrong.sum())
    spoilt["lon"][wrong] = random.uniform(-170, 170, wrong.sum())
    return spoilt


def noisy(fixes: Fixes, random: np.random.Generator, *, sigma_m: float = 5.0) -> Fixes:
    """Put every place off by five metres in each direction (one sigma); what is held stays held."""
    spoilt = fixes.copy()
    new = np.ones(len(fixes), dtype=np.bool_)
    new[1:] = (np.diff(fixes["lat"]) != 0) | (np.diff(fixes["lon"]) != 0)
    place = np.cumsum(new) - 1
    spoilt["lat"] += random.normal(0, sigma_m / 111_000, place[-1] + 1)[place]
    spoilt["lon"] += random.normal(0, sigma_m / 92_000, place[-1] + 1)[place]
    return spoilt


def all_at_once(fixes: Fixes, random: np.random.Generator) -> Fixes:
    """Do all of it to one drive."""
    for harm in (noisy, with_nowhere, with_wild, lost_in_bursts, repeated, shuffled):
        fixes = harm(fixes, random)
    return fixes


HARMS: dict[str, Harm] = {
    "as recorded": as_recorded,
    "a third repeated": repeated,
    "shuffled": shuffled,
    "30 % lost in bursts": lost_in_bursts,
    "delivered hours late": hours_late,
    "5 % at 0,0": with_nowhere,
    "5 % anywhere on earth": with_wild,
    "5 m of noise": noisy,
    "all of it": all_at_once,
}
