"""What Ctrl-C may not break off half done: an event loop that is made or closed, a server that is stopped."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the end of what is inside, which ends soon; in the main thread, where alone it is heard."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run the work in an event loop of its own, and return what it returns.

    Ctrl-C cancels it, after which `KeyboardInterrupt` is raised. A loop that is broken off half made or half closed
    would tell so in tracebacks.
    """
    runner = asyncio.Runner()
    try:
        with held_back():
            runner.get_loop()
        return runner.run(work)
    finally:
        work.close()
        with held_back():
            runner.close()
