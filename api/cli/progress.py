"""How far a long command is, on stderr: only on a terminal, and only once a second has passed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PATIENCE_S: Final = 1.0
"""What takes no longer than this shows nothing."""


class Bar:
    """One thing that goes on: what of it is done. May be told from any thread."""

    def __init__(self, progress: Progress | None, what: str, total: int | None) -> None:
        self._progress = progress
        self._task = None if progress is None else progress.add_task(what, total=total)

    def advance(self, by: int = 1) -> None:
        """Tell that so much more is done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, by)

    def begin(self, what: str, total: int | None = None) -> None:
        """Tell that the next part begins; `total` is None where nobody knows how much it is."""
        if self._progress is not None and self._task is not None:
            self._progress.reset(self._task, total=total, description=what)


@contextmanager
def progress(what: str, total: int | None = None, *, console: Console | None = None) -> Iterator[Bar]:
    """Yield a bar for something of `total` steps, bytes or rows; None where nobody knows how much it is.

    Nothing is drawn where stderr is no terminal: a log or a program reads it there.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield Bar(None, what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    drawn = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True)
    late = threading.Timer(PATIENCE_S, drawn.start)
    late.daemon = True
    late.start()
    try:
        yield Bar(drawn, what, total)
    finally:
        late.cancel()
        late.join()  # else it could begin to draw after the end
        drawn.stop()
