"""The one place that reads the wall clock, so that tests and the demo can hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current instant, aware, in UTC."""


def wall_clock() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)
