"""Where a vehicle is kept 停放地点, and since when: a move takes effect from now on, never before.

What was judged stays judged by the base of then: whoever could move a base backwards could make a night away one at
home. The database holds the same (`ck_vehicle_base_not_backdated`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.errors import InvalidInput
from domain.values import Point

AHEAD: Final = timedelta(days=366)
"""How far ahead a move may be entered."""


class BaseBackdated(InvalidInput):
    """A base moves from now on, or from an instant within a year; what was judged stays judged by the base of then."""

    code = "base-backdated"
    zh = "停放地点的变更自现在或一年内的某一时刻起生效，不得追溯；此前的判断仍以当时的停放地点为准。"


@dataclass(frozen=True, slots=True)
class Base:
    """A base and since when it holds; `since` None: the first one."""

    name: str
    place: Point
    since: datetime | None = None


def base_at(bases: Sequence[Base], at: datetime) -> Base:
    """Return the base that held at an instant; `bases` are a vehicle's, in the order in which they took effect."""
    return [one for one in bases if one.since is None or one.since <= at][-1]


def bases_during(bases: Sequence[Base], from_at: datetime, until_at: datetime) -> tuple[Base, ...]:
    """Return every base that held at any instant of a stretch, both ends included, in their order."""
    later = (one for one in bases if one.since is not None and from_at < one.since <= until_at)
    return (base_at(bases, from_at), *later)


def check_move(effective_at: datetime, now: datetime) -> None:
    """Refuse a move that reaches back, or too far ahead. Raises `BaseBackdated`."""
    if effective_at.tzinfo is None or not now <= effective_at <= now + AHEAD:
        raise BaseBackdated(effective_at=effective_at.isoformat())
