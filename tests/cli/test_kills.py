"""P7: what was acknowledged survives kill -9 of the service, of its database, and of both, under load."""

from __future__ import annotations

from pathlib import Path

from tests.kills import Victim, endure


async def test_what_was_acknowledged_under_load_is_there_once_after_kill_9(tmp_path: Path) -> None:
    """Three kills in a row; `make bench BENCH=kills` makes fifty. Repeats are answered as the first time."""
    endured = [one async for one in endure(tmp_path, Victim)]
    assert [one.victim for one in endured] == list(Victim)
    assert all(one.acknowledged for one in endured)
