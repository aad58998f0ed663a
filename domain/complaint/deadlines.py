"""The last days of a complaint's terms: the pack says how long, the calendar which days count.

Order 121 art. 45 is followed for every pack: the first day does not count, and a last day that is a statutory holiday
rolls. Order 20 has no such article and Order 51's was not read; civil law counts the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.calendar import Calendar, Deadline, Stretch
from domain.complaint.packs import DeadlineCode, NoExtension, Pack, Unit
from domain.complaint.states import ENDED, OPEN, ComplaintFacts, State


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


@dataclass(frozen=True, slots=True)
class RunningDeadline:
    """A term that is running for a complaint."""

    code: DeadlineCode
    deadline: Deadline


def running_deadlines(
    facts: ComplaintFacts, pack: Pack, calendar: Calendar, as_of: date | None = None
) -> tuple[RunningDeadline, ...]:
    """Return the terms that run for a complaint now, the first to warn of first.

    While it is suspended and the clock stands still, the term of mediation is told as if the suspension ended on
    `as_of`; without `as_of`, as if it had taken no day yet.
    """
    running = [
        RunningDeadline(
            code,
            deadline(
                pack,
                code,
                from_on,
                calendar,
                _stood_still(facts, pack, as_of),
                extended=code is DeadlineCode.CLUE_CHECK and facts.clue_extended_on is not None,
            ),
        )
        for code, from_on in _begun(facts)
        if pack.has_deadline(code)
    ]
    return tuple(sorted(running, key=lambda one: (one.deadline.warn_on, one.deadline.due_on, one.code)))


def _begun(facts: ComplaintFacts) -> Iterable[tuple[DeadlineCode, date]]:
    """Tell which terms have begun and not been met, each with the day it counts from."""
    if facts.state is State.RECEIVED:
        yield DeadlineCode.ACCEPT, facts.received_on
    if facts.state in OPEN and facts.accepted_on is not None:
        yield DeadlineCode.MEDIATE, facts.accepted_on
    if facts.state in ENDED and facts.ended_on is not None and facts.untold:
        yield DeadlineCode.NOTIFY_TERMINATION, facts.ended_on
    if facts.clue_found_on is not None and facts.clue_passed_on is None:
        yield DeadlineCode.CLUE_CHECK, facts.clue_found_on
    if facts.state in OPEN | {State.RECEIVED, State.RETURNED} and facts.disputed_on is not None:
        yield DeadlineCode.JURISDICTION_DISPUTE, facts.disputed_on


def _stood_still(facts: ComplaintFacts, pack: Pack, as_of: date | None) -> tuple[Stretch, ...]:
    if as_of is None or facts.suspension is None or facts.suspended_on is None:
        return facts.stood_still
    if not pack.stops_clock(facts.suspension):
        return facts.stood_still
    return (*facts.stood_still, Stretch(facts.suspended_on, as_of))
