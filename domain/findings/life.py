"""What may be recorded of a finding after it was raised: that it lasts, got graver, ended, or was cleared.

Nothing is edited: each is a fact that follows the one before. The database holds the same (`finding_update_rule`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.findings.kinds import Colour

UPDATE_EVERY: Final = timedelta(minutes=3)
"""A finding that lasts is said to last no oftener: one happening is no flood."""


class What(StrEnum):
    """What is recorded of a finding."""

    LASTS = "lasts"
    GRAVER = "graver"
    CLEARED = "cleared"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a finding stands: what was recorded of it last (None: only that it was raised), when, and its colour."""

    what: What | None
    colour: Colour
    recorded_at: datetime


def may_follow(standing: Standing, what: What, colour: Colour, at: datetime) -> bool:
    """Return whether that may be recorded next.

    What was cleared may only turn out to be there after all; what ended is ended once; red is the gravest there is.
    """
    if (what is What.CLEARED) is not (colour is Colour.GREEN) or at <= standing.recorded_at:
        return False
    was_cleared = standing.what is What.CLEARED
    if what is What.LASTS:
        if was_cleared:
            return True
        return colour is standing.colour and at >= standing.recorded_at + UPDATE_EVERY
    if what is What.GRAVER:
        return colour is Colour.RED and standing.colour is Colour.YELLOW
    if what is What.ENDED:
        return colour is standing.colour and not was_cleared and standing.what is not What.ENDED
    return not was_cleared
