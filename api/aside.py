"""What may hang, as every look at a network's disk does: asked in a thread of its own, for so long and no longer.

Such a thread cannot be ended. It is none of the pool's, which a few of them would use up, and it keeps no process from
ending. Who asks the same while it hangs gets no second one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeVar

PATIENCE_S: Final = 10.0
"""A disk that sleeps turns again within it."""

T = TypeVar("T")


class Hangs(Exception):
    """There was no answer in time, now or to who asked before and waits still."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One that is under way."""

    answer: Future[Any]
    began_s: float = field(default_factory=monotonic)


_looks: Final[dict[str, _Look]] = {}


async def asked_aside(what: str, look: Callable[[], T]) -> T:
    """Return what `look` returns; `what` names what is asked.

    Raises:
        Hangs: it did not answer in time.
    """
    under_way = _looks.get(what)
    if under_way is None or under_way.answer.done():
        under_way = _looks[what] = _Look(_begun(what, look))
    left_s = under_way.began_s + PATIENCE_S - monotonic()
    waiting: asyncio.Future[T] = asyncio.wrap_future(under_way.answer)
    try:
        answered, _ = await asyncio.wait({waiting}, timeout=max(left_s, 0))
        if not answered:
            raise Hangs(what)
        return waiting.result()
    finally:
        waiting.cancel()


def _begun(what: str, look: Callable[[], T]) -> Future[T]:
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # from now on nobody who gives up ends it for the others

    def do() -> None:
        try:
            answer.set_result(look())
        except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
            answer.set_exception(fault)

    threading.Thread(target=do, daemon=True, name=f"look at {what}").start()
    return answer
