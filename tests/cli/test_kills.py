"""P7: what was acknowledged survives kill -9 of the service, of its database, and of both, under load."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

from tests.endure.faults import Faults
from tests.endure.kills import KILLED, endure

KILLS = 5


async def test_what_was_acknowledged_under_load_is_there_once_after_kill_9(tmp_path: Path) -> None:
    """Five kills in a row; `make kills` makes as many as are asked for. Repeats are answered as the first time."""
    victims = list(islice(cycle(KILLED), KILLS))
    endured = [one async for one in endure(tmp_path, victims)]
    assert [one.victim for one in endured] == victims
    assert [one.faults for one in endured] == [Faults()] * KILLS
    assert all(one.acknowledged for one in endured)
