"""What becomes of a clock that was set: it is slewed by a little, and a jump is followed only where it is vouched for.

The service's time is the database's, counted on since the start by a clock that nobody sets. Who sets the machine's
clock back to open a window again, or ahead to open it early, opens nothing: until somebody else says that the new time
is the right one, the old one goes on. In small steps nobody gets further: each is made up for so slowly that a day of
them moves the service by 43 seconds, and once they come to a minute they are a jump.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from domain.calendar import shipped_years

TOLERATED: Final = timedelta(minutes=1)
"""What clocks may differ by: less than any window, term or grace of the rules."""
SLEW: Final = 500e-6
"""By how much of the time that goes by a difference is made up for: as fast as time servers slew a clock at most."""
AWAY: Final = timedelta(days=45)
"""Longer than a bureau is closed and its machine off: a record without an entry for so long is more likely under a
wrong clock. Spring Festival is nine days (国务院办公厅关于2026年部分节假日安排的通知), the longest annual leave 15
working days (职工带薪年休假条例 art. 3): 32 days with the weekends between them, and a repair before or after has
some. A clock that is wrong by less is not noticed where no time server answers; what it did stands in the record.
"""


RELEASED_AFTER: Final = datetime(max(shipped_years()) - 1, 10, 1, tzinfo=UTC)
"""This release was made later: notices of holidays come out in the autumn before, and it brings that of the newest."""


class Verdict(Enum):
    """What is done about the database's time."""

    AGREES = "agrees"
    FOLLOW = "follow"
    HOLD = "hold"


def judge(expected: datetime, found: datetime, true: datetime | None) -> Verdict:
    """Return what is done where the database's clock says `found` and it should be `expected`.

    Args:
        expected: the service's time, counted on from what the database said before.
        found: what the database says now.
        true: what a time server says, or None where none answers.
    """
    if abs(found - expected) <= TOLERATED:
        return Verdict.AGREES
    if true is not None and abs(found - true) <= TOLERATED:
        return Verdict.FOLLOW
    return Verdict.HOLD


def is_meant(word_at: datetime, found: datetime, within: timedelta) -> bool:
    """Tell whether the time that somebody let count is the one that a clock goes by still.

    Args:
        word_at: what the clock said when they did.
        found: what it says now.
        within: how long ago that can be at most; a clock that was set since says something else.
    """
    return -TOLERATED <= found - word_at <= within + TOLERATED


def slewed(by: timedelta, elapsed_s: float) -> timedelta:
    """Return how much of a correction is made once so many seconds have gone by: time never goes back for it."""
    most = timedelta(seconds=elapsed_s * SLEW)
    return max(-most, min(most, by))


@dataclass(frozen=True, slots=True)
class Known:
    """What a bureau's record knows of the time."""

    newest: datetime | None
    """When its newest entry was recorded, of those since the clock was set back rightly: it cannot be earlier."""
    jump: tuple[datetime, datetime, bool] | None = None
    """The last time the clock was set: from what, to what, and whether it was followed."""


class Doubt(Enum):
    """Why a database's time is not gone by at the start, in Chinese and in English."""

    BEFORE = "它早于记录中最新的一条", "it is earlier than the newest entry in the record"
    LONG_AFTER = (
        f"在它之前的 {AWAY.days} 天里没有任何记录",
        f"there is no entry in the record of the last {AWAY.days} days before",
    )
    BEFORE_RELEASE = "它早于本版本的发布时间", "it is earlier than this release"
    HELD = "记录表明时钟被调整过，而且没有被采用", "the record says that it was set and not followed"
    OTHERWISE = "授时服务器给出的时间不同", "the time server says otherwise"


def doubt_of(found: datetime, known: Iterable[Known], true: datetime | None) -> Doubt | None:
    """Return why a process should not begin at what the database's clock says, or None where it may.

    Args:
        found: what the database says.
        known: what each bureau's record knows; with nothing recorded only the release itself speaks against it.
        true: what a time server says, or None where none answers: else its word alone counts.
    """
    if true is not None:
        return None if abs(found - true) <= TOLERATED else Doubt.OTHERWISE
    known = tuple(known)
    if any(one.jump is not None and not one.jump[2] for one in known):
        return Doubt.HELD
    newest = max((one.newest for one in known if one.newest is not None), default=None)
    if newest is None:
        return Doubt.BEFORE_RELEASE if found < RELEASED_AFTER else None
    if newest - TOLERATED <= found <= newest + AWAY:
        return None
    return Doubt.BEFORE if found < newest else Doubt.LONG_AFTER
