"""A rolling restart behind a proxy, under load: nobody waits for it, and every fact is there once."""

from __future__ import annotations

from pathlib import Path

from tests.endure.faults import Faults
from tests.endure.rolling import KINDS, roll


async def test_two_services_restarted_one_after_the_other_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each is told to stop while requests come in; what is cut off is sent again and is there once."""
    rolled = await roll(tmp_path, rounds=1)
    assert rolled.faults == Faults()
    assert rolled.codes == [0, 0]
    assert rolled.acknowledged > len(KINDS)
    assert rolled.unanswered <= len(KINDS) * len(rolled.codes)
