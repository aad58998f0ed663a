"""What waits is done together, and each hears of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from api.gather import TOGETHER_MOST, Gather


class Counter:
    """Work that doubles numbers, notes who came together, and refuses what is negative."""

    def __init__(self) -> None:
        self.together: list[tuple[str, list[int]]] = []

    async def __call__(self, bureau_id: str, asked: list[int]) -> Sequence[int | Exception]:
        """Return the doubles; zero breaks the whole."""
        self.together.append((bureau_id, asked))
        await asyncio.sleep(0)
        if 0 in asked:
            raise ZeroDivisionError
        return [2 * one if one > 0 else ValueError(str(one)) for one in asked]


async def test_what_arrives_while_others_are_worked_on_is_done_together() -> None:
    """One call takes what waits, within its limit, and never of two bureaus."""
    work = Counter()
    gather = Gather(work)
    asked = [("350302", n) for n in range(1, TOGETHER_MOST + 2)] + [("350303", 7)]
    answers = await asyncio.gather(*(gather(bureau, n) for bureau, n in asked))
    assert answers == [2 * n for _, n in asked]
    assert [(bureau, len(some)) for bureau, some in work.together] == [
        ("350302", TOGETHER_MOST),
        ("350303", 1),
        ("350302", 1),
    ]


async def test_the_fault_of_one_is_its_own_and_the_fault_of_all_is_told_to_all() -> None:
    """Nobody is left waiting, and the next are served."""
    gather = Gather(Counter())
    answers = await asyncio.gather(*(gather("350302", n) for n in (1, -1, 2)), return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 4)
    assert isinstance(answers[1], ValueError)
    answers = await asyncio.gather(*(gather("350302", n) for n in (1, 0)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ZeroDivisionError, ZeroDivisionError]
    assert await gather("350302", 3) == 6


async def test_who_goes_away_does_not_spoil_it_for_those_who_stay() -> None:
    """A client that gave up is left out of the answering."""
    gather = Gather(Counter())
    gone, stays = (asyncio.create_task(gather("350302", n)) for n in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_work_that_is_cut_off_leaves_nobody_waiting_and_the_next_are_served() -> None:
    """Neither those it was done for, nor those who waited for their turn, nor who comes later hangs."""
    cut_off = asyncio.Event()

    async def work(_: str, asked: list[int]) -> Sequence[int | Exception]:
        if not cut_off.is_set():
            await asyncio.sleep(0)
            cut_off.set()
            raise asyncio.CancelledError
        return asked

    gather = Gather(work)
    waiting = [asyncio.create_task(gather("350302", n)) for n in range(TOGETHER_MOST + 1)]
    _, hanging = await asyncio.wait(waiting, timeout=5)
    assert not hanging
    assert await asyncio.wait_for(gather("350302", 7), 5) == 7
