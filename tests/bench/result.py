"""One result of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What was measured, the figure, and its ratio to a limit of the same run where there is one."""

    what: str
    figure: str
    ratio: str = ""
