"""Ctrl-C in a command, or Ctrl-D where it asks: exit code 130 and one sentence that says what state things are in."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup

EXIT: Final = 130
"""128 and the number of SIGINT, as shells count."""
COMMITTED: Final = "Interrupted: what was committed stays, the rest was not done. The command may be run again."
ANEW_S: Final = 0.02
"""How much later, when the object has been put away."""


def hear_swallowed() -> None:
    """Press Ctrl-C anew where it came while Python put an object away: nothing that is raised there ends a command."""
    told = sys.unraisablehook

    def swallowed(found: sys.UnraisableHookArgs) -> None:
        if issubclass(found.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, ANEW_S)
        else:
            told(found)

    sys.unraisablehook = swallowed
    signal.signal(signal.SIGALRM, lambda *_told: signal.raise_signal(signal.SIGINT))


class Interrupted(BaseException):
    """The operator pressed Ctrl-C; the sentence says how things stand."""


@contextmanager
def on_interrupt(sentence: str) -> Iterator[None]:
    """Say `sentence` where Ctrl-C ends what is inside, after whatever it cleans up; the innermost sentence counts."""
    try:
        yield
    except KeyboardInterrupt as fault:
        raise Interrupted(f"Interrupted: {sentence}") from fault


class Commands(TyperGroup):
    """The commands: Ctrl-C in one of them comes out as `Interrupted`, which typer lets pass."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own context, which is click's
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as fault:
            raise Interrupted(COMMITTED) from fault
        except typer.Abort as fault:  # either key at a question, whose line is not ended yet
            if not sys.stdin.isatty():  # nobody pressed anything: there was nobody to ask
                raise
            sys.stderr.write("\n")
            raise Interrupted(COMMITTED) from fault
