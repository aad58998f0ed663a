"""A rolling restart behind a proxy, under load: nobody waits for it, and every fact is there once."""

from __future__ import annotations

from pathlib import Path

from tests.endure.faults import Faults
from tests.endure.rolling import KINDS, roll


async def test_two_services_restarted_one_after_the_other_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each is told to stop while requests come in; what is cut off is answered the second time and is there once.

    A client has one request under way, and a service that stops closes its connection between two answers: so each
    restart may cut each client off once, by a request that is sent at that very moment, and no more.
    """
    rolled = await roll(tmp_path, rounds=1)
    assert rolled.faults == Faults()
    assert rolled.codes == [0, 0]
    assert rolled.acknowledged > len(KINDS)
    assert rolled.waited == 0
    assert max(rolled.cut.values(), default=0) <= len(rolled.codes), rolled.cut
