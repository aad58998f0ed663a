"""Who is told how far a long work is: a progress bar, or nobody."""

from __future__ import annotations

from typing import Protocol


class Told(Protocol):
    """Who is told how far it is."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Hear that a part begins."""

    def advance(self, by: int = 1) -> None:
        """Hear that so much more is done."""
