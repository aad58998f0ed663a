"""The table of the recorded drives in docs/books.md: how each is measured, whatever happened to it on the way.

`make tracks` writes it; a test reads it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from domain.books.ratio import Ratio, Witnessed, deviation_permille, learnt, odd
from domain.settings import SETTINGS
from domain.track.cleaning import Dropped
from domain.track.length import Track, measure
from tests.simulation.drives import HARMS, SEED, Drive, drives

DOCUMENT = Path(__file__).parents[2] / "docs" / "books.md"
BEGIN, END = "<!-- drives: begin -->", "<!-- drives: end -->"
LIMIT_PERMILLE = SETTINGS["ratio_deviation_permille"].default
LEAST_TRIPS = SETTINGS["ratio_least_trips"].default


@dataclass(frozen=True, slots=True)
class Judged:
    """A drive as it came, measured and held against the vehicle's own ratio, and what a person is asked about."""

    drive: Drive
    track: Track
    off_permille: int
    asked: tuple[str, ...]


def witnessed(drive: Drive, track: Track) -> Witnessed:
    """Return the drive's metres by track and by wheel."""
    return Witnessed(track.length_m, track.unobserved_m, drive.wheel_m)


@cache
def own_ratio() -> Ratio:
    """Return the ratio that the five drives teach, as recorded: cars of one make, taken for one vehicle."""
    ratio = learnt((witnessed(drive, measure(drive.fixes)) for drive in drives()), least_trips=LEAST_TRIPS)
    assert ratio is not None
    return ratio


@cache
def judged(name: str, seed: int = SEED) -> tuple[Judged, ...]:
    """Return the five drives with one harm done to them."""
    found = []
    for drive in drives():
        track = measure(HARMS[name](drive.fixes, np.random.default_rng(seed)))
        off = deviation_permille(witnessed(drive, track), own_ratio())
        assert off is not None
        asked = []
        if odd(off, own_ratio(), limit_permille=LIMIT_PERMILLE):
            asked.append("ratio")
        if track.dropped.get(Dropped.OUT_OF_RANGE):
            asked.append("places off the earth")
        found.append(Judged(drive, track, off, tuple(asked)))
    return tuple(found)


def table() -> str:
    """Return both tables as the document has them."""
    lines = [
        "| drive | by wheel km | by track km | ratio | off the vehicle's own | a person is asked about |",
        "|---|---|---|---|---|---|",
    ]
    for one in judged("as recorded"):
        ratio = one.track.length_m / one.drive.wheel_m
        lines.append(
            f"| {one.drive.name} | {one.drive.wheel_m / 1000:.2f} | {one.track.length_m / 1000:.2f} | {ratio:.3f}"
            f" | {_signed(one.off_permille)} ‰ | {', '.join(one.asked) or '–'} |"
        )
    lines += ["", f"| off by ‰ | {' | '.join(drive.name for drive in drives())} |", "|---" * (len(drives()) + 1) + "|"]
    for name in HARMS:
        cells = [_signed(one.off_permille) + (" **asked**" if one.asked else "") for one in judged(name)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _signed(number: int) -> str:
    return f"{number:+d}".replace("-", "−") if number else "0"


def written() -> str:
    """Return the tables as they stand in the document."""
    found = re.search(f"{BEGIN}\n(.*){END}", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found is not None, f"{DOCUMENT} has lost the marks of its table"
    return found[1]


if __name__ == "__main__":
    if "--write" in sys.argv:
        text = DOCUMENT.read_text("utf-8")
        made = f"{BEGIN}\n{table()}{END}"
        DOCUMENT.write_text(re.sub(f"{BEGIN}\n.*{END}", lambda _: made, text, flags=re.DOTALL), "utf-8")
    sys.stdout.write(table())
