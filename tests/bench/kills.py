"""Fifty times kill -9 under load: the long form of what `tests/cli/test_kills.py` does three times."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import cycle, islice
from pathlib import Path

from tests.bench.result import Line
from tests.kills import Endured, Victim, endure

TIMES = 50


async def _endured(folder: Path) -> list[Endured]:
    return [one async for one in endure(folder, islice(cycle(Victim), TIMES))]


def measure() -> list[Line]:
    """Kill, check, and return what was endured; what is not as promised raises."""
    with tempfile.TemporaryDirectory() as folder:
        endured = asyncio.run(_endured(Path(folder)))
    lines = []
    for victim in Victim:
        these = [one for one in endured if one.victim is victim]
        answered, unanswered = sum(one.acknowledged for one in these), sum(one.unanswered for one in these)
        longest_s = max(one.back_after_s for one in these)
        lines.append(
            Line(
                f"kill -9 of {victim}, {len(these)} times under load",
                f"{answered:,} acknowledged and {unanswered:,} unanswered requests sent again:"
                " none lost, none twice, none half written",
                f"ready again after {longest_s:.1f} s at most",
            )
        )
    return lines
