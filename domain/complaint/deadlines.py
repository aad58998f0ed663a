"""The last days of a complaint's terms: the pack says how long, the calendar which days count.

Order 121 art. 45 is followed for every pack: the first day does not count, and a last day that is a statutory holiday
rolls. Order 20 has no such article and Order 51's was not read; civil law counts the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.calendar import Calendar, Deadline, Stretch
from domain.complaint.packs import DeadlineCode, Pack, Unit
from domain.errors import InvalidInput


class NoExtension(InvalidInput):
    """The order allows no extension of this term."""

    code = "no-extension"
    zh = "规章不允许延长此期限。"


def deadline(
    pack: Pack,
    code: DeadlineCode,
    from_on: date,
    calendar: Calendar,
    excluded: Iterable[Stretch] = (),
    *,
    extended: bool = False,
) -> Deadline:
    """Return when the term ends that began with what happened on `from_on`, a day in the bureau's zone.

    Days of `excluded` are left out of a term that can stand still (Order 121 art. 22: 不计算在调解期限内), by whole
    days; any other term counts them. `extended` adds the pack's extension. Raises `NoSuchDeadline` or `NoExtension`.
    """
    rule = pack.deadline(code)
    if extended and rule.extension is None:
        raise NoExtension(pack=pack.code, deadline=code)
    n = rule.n + (rule.extension or 0 if extended else 0)
    left_out = tuple(excluded) if rule.pauses else ()
    if rule.unit is Unit.WORKING_DAY:
        return calendar.add_working_days(from_on, n, left_out)
    return calendar.add_days(from_on, n, left_out)
