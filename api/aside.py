"""What may hang, as every look at a network's disk does: asked in a thread of its own, for so long and no longer.

Such a thread cannot be ended. It is none of the pool's, which a few of them would use up, and a process that ends does
not wait for it (the kernel may, for a file that is open there). Who asks the same while it hangs gets no second one;
what differs each time is done by so many `Hands`.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

PATIENCE_S: Final = 10.0
"""A disk that sleeps turns again within it."""
HANDS: Final = 16
"""How many threads work at one place at once, and hang there at most."""

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
        OSError: the machine has no thread left to ask it, or what `look` raises.
    """
    under_way = _looks.get(what)
    if under_way is None or under_way.answer.done():
        under_way = _looks[what] = _Look(_begun(what, look))
    return await _answered(under_way.answer, under_way.began_s + PATIENCE_S - monotonic())


async def _answered(answer: Future[T], patience_s: float) -> T:
    """Wait for an answer and return it. Raises `Hangs`."""
    waiting: asyncio.Future[T] = asyncio.wrap_future(answer)
    try:
        answered, _ = await asyncio.wait({waiting}, timeout=max(patience_s, 0))
        if not answered:
            raise Hangs("there was no answer in time")
        return waiting.result()
    finally:
        waiting.cancel()


def _begun(what: str, look: Callable[[], T]) -> Future[T]:
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # from now on nobody who gives up ends it for the others
    _start(partial(_do, answer, look), f"look at {what}")
    return answer


def _start(do: Callable[[], None], name: str) -> None:
    try:
        threading.Thread(target=do, daemon=True, name=name).start()
    except RuntimeError as fault:
        raise OSError(errno.EAGAIN, "the machine has no thread left") from fault


def _do(answer: Future[T], work: Callable[[], T]) -> None:
    try:
        answer.set_result(work())
    except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
        answer.set_exception(fault)


class Hands:
    """A few threads for the work at one place; what comes while all of them hang there waits its time, and is not done.

    What hangs is left to its thread, which goes on with it whenever the place answers again.
    """

    def __init__(self, place: str, patience_s: float) -> None:
        """Wait for each work as long as `patience_s`; `place` names the threads."""
        self._place = place
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._waiting: dict[Future[Any], Callable[[], Any]] = {}
        self._threads = 0

    async def do(self, work: Callable[[], T]) -> T:
        """Return what `work` returns.

        Raises:
            Hangs: it did not end in time, or did not begin and never will.
            OSError: the machine has no thread left, or what `work` raises.
        """
        answer = self.begin(work)
        try:
            return await _answered(answer, self._patience_s)
        finally:
            with self._lock:
                self._waiting.pop(answer, None)

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let a thread do this as soon as one is free, whether anybody waits for it or not."""
        answer: Future[T] = Future()
        with self._lock:
            self._waiting[answer] = work
            if self._threads < HANDS:
                try:
                    _start(self._work, f"at {self._place}")
                    self._threads += 1
                except OSError as fault:
                    if not self._threads:  # else those at work here come to it
                        del self._waiting[answer]
                        answer.set_exception(fault)
        return answer

    def _work(self) -> None:
        """Do what waits, one after the other, until nothing does."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                answer = next(iter(self._waiting))
                work = self._waiting.pop(answer)
            if answer.set_running_or_notify_cancel():
                _do(answer, work)
            del answer, work  # or what a file held stays until the next one comes
