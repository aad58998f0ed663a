"""The one place that reads the wall clock, so that tests and the demo can hold it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domain.clock import slewed

Clock = Callable[[], datetime]
"""Returns the current instant, aware, in UTC."""


def wall_clock() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)


def elapsed_s() -> float:
    """Return seconds by a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """A clock that goes on by itself from the instant it was set to: it does not move when the machine's is set."""

    def __init__(self, wall: Clock = wall_clock, elapsed: Callable[[], float] = elapsed_s) -> None:
        """Begin at the wall clock's time."""
        self.elapsed = elapsed
        self.set(wall())

    def __call__(self) -> datetime:
        """Return the current instant."""
        gone_s = self.elapsed() - self._since_s
        return self._at + timedelta(seconds=gone_s) + slewed(self._by, gone_s)

    def set(self, at: datetime) -> None:
        """Go on from another instant."""
        self.slew(timedelta(0), at)

    def slew(self, by: timedelta, at: datetime | None = None) -> None:
        """Make up for a difference from here on, little by little: nobody sees the time jump, or go back."""
        self._at, self._since_s, self._by = at or self(), self.elapsed(), by
