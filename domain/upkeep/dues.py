"""What a vehicle is due for 保养到期: by a day, by a kilometre, or by whichever comes first.

What was done last says when it is due again; the newest entry of a kind holds. A due warns in time and makes the
vehicle unfit when passed: on the day after its last one, or from the first metre beyond its kilometre. Inspection and
insurance have papers of their own, with the days they are valid on. The database holds the same (`due_passed` in
migrations/upkeep/rule.sql).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from domain.errors import InvalidInput
from domain.values import Named

MAX_MONTHS: Final = 120
LEAST_M: Final = 1_000
MOST_M: Final = 200_000_000


class DueKind(Named):
    """What is due again and again; inspection and insurance are papers."""

    SERVICE = "service", "保养", "service"
    TYRES = "tyres", "轮胎", "tyres"
    BRAKES = "brakes", "制动", "brakes"
    OTHER = "other", "其他", "other"


class BadDue(InvalidInput):
    """A due comes again after 1 to 120 months, 1 to 200,000 km from a reading, or both, from a day that has come."""

    code = "bad-due"
    zh = "到期项目须注明每 1 至 120 个月或自某读数起每 1 至 20 万公里（或两者），且完成日期不得在将来。"


@dataclass(frozen=True, slots=True)
class Odometer:
    """What the odometer of a segment shows, in metres."""

    segment: int
    odometer_m: int


@dataclass(frozen=True, slots=True)
class Due:
    """What is due by `due_on`, the last day that is still right, or by `due_m` of the odometer `segment`."""

    due_id: UUID
    kind: DueKind
    due_on: date | None
    due_m: int | None
    segment: int | None


class Standing(Named):
    """How near a due is."""

    FAR = "far", "正常", "in order"
    NEAR = "near", "临近", "soon"
    """within what the bureau wants to be warned of"""
    PASSED = "passed", "已过期", "passed"
    """the vehicle is unfit"""


def check_due(done_on: date, every_months: int | None, every_m: int | None, done_m: int | None, today: date) -> None:
    """Refuse what cannot be due again. Raises `BadDue`."""
    by_day = every_months is not None
    by_odometer = every_m is not None
    fits = (
        (by_day or by_odometer)
        and (every_months is None or 1 <= every_months <= MAX_MONTHS)
        and (every_m is None or LEAST_M <= every_m <= MOST_M)
        and by_odometer == (done_m is not None)
        and done_on <= today
    )
    if not fits:
        raise BadDue(done_on=done_on.isoformat(), every_months=every_months, every_m=every_m, done_m=done_m)


def months_after(day: date, months: int) -> date:
    """Return the day so many months later, or the last of that month where it has no such day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def is_passed(due: Due, on: date, odometer: Odometer | None) -> bool:
    """Tell whether a due is passed on a day, with what the odometer shows; another segment's metres say nothing."""
    by_day = due.due_on is not None and due.due_on < on
    by_odometer = (
        due.due_m is not None
        and odometer is not None
        and due.segment == odometer.segment
        and due.due_m < odometer.odometer_m
    )
    return by_day or by_odometer


def standing(due: Due, on: date, odometer: Odometer | None, *, warn_days: int, warn_m: int) -> Standing:
    """Tell how near a due is. One by kilometres that nobody can count, since the odometer was replaced, is near.

    Args:
        due: the due.
        on: today in the bureau's zone.
        odometer: what it shows now; None before the first reading.
        warn_days: how many days before its last one it is near.
        warn_m: how many metres before.
    """
    if is_passed(due, on, odometer):
        return Standing.PASSED
    if due.due_on is not None and due.due_on - timedelta(days=warn_days) <= on:
        return Standing.NEAR
    if due.due_m is not None:
        if odometer is None:
            return Standing.FAR
        if due.segment != odometer.segment or due.due_m - warn_m <= odometer.odometer_m:
            return Standing.NEAR
    return Standing.FAR


def passed(dues: Iterable[Due], on: date, odometer: Odometer | None) -> tuple[UUID, ...]:
    """Return the ids of the dues that are passed."""
    return tuple(due.due_id for due in dues if is_passed(due, on, odometer))
