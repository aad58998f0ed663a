"""Does together what waits: requests of one bureau that arrive while others are worked on share the next transaction.

A transaction costs a flush of the disk and a dozen exchanges, whether it does one thing or thirty. Nobody waits for
company: what comes alone is done at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

TOGETHER_MOST: Final = 64
"""Things done at once: the transaction of more would keep the first of them waiting for the last."""


async def one_by_one(
    work: Callable[[list[Ask]], Awaitable[Sequence[Answer | Exception]]], asks: Sequence[Ask]
) -> list[Answer | Exception]:
    """Do each thing by itself and return its answer, or the fault that was its own."""
    answers: list[Answer | Exception] = []
    for ask in asks:
        try:
            answers += await work([ask])
        except Exception as fault:  # noqa: BLE001 - each hears of its own
            answers.append(fault)
    return answers


class Gather(Generic[Ask, Answer]):
    """Calls `work` with what of a bureau waits, one call at a time a bureau."""

    def __init__(self, work: Callable[[str, list[Ask]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        """Work is called with a bureau and up to `TOGETHER_MOST` things; an exception it returns is that one's own."""
        self._work = work
        self._waiting: dict[str, deque[tuple[Ask, asyncio.Future[Answer]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, bureau_id: str, ask: Ask) -> Answer:
        """Return the answer to one thing. Raises what the work raised, or returned for it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(bureau_id)
        if waiting is None:
            waiting = self._waiting[bureau_id] = deque()
            task = asyncio.create_task(self._run(bureau_id, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append((ask, answer))
        return await answer

    async def _run(self, bureau_id: str, waiting: deque[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        together: list[tuple[Ask, asyncio.Future[Answer]]] = []
        try:
            while waiting:
                together = [waiting.popleft() for _ in range(min(len(waiting), TOGETHER_MOST))]
                try:
                    answers = await self._work(bureau_id, [ask for ask, _ in together])
                except Exception as fault:  # noqa: BLE001 - whatever happened, everyone who waits is told
                    answers = [fault] * len(together)
                for (_, future), answer in zip(together, answers, strict=True):
                    if future.done():
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            # Cut off in the midst of it: nobody waits for what does not come, and the next finds an open door.
            del self._waiting[bureau_id]
            for _, future in (*together, *waiting):
                future.cancel()
