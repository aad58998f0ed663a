"""When a vehicle is free for a job: the earliest outings within duty hours, and whether each keeps the deadline.

A slot is an outing: the way there, the visit, the way back, all within one stretch of duty hours of a working day and
clear of every other use. It is a proposal to a dispatcher; whether the trip may be made is the rule's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from math import ceil
from typing import Final

from domain.calendar import Calendar, Deadline
from domain.duty import DutyHours
from domain.values import Window

STEP: Final = timedelta(minutes=5)
"""Outings begin at whole five minutes."""
LOOK_AHEAD_DAYS: Final = 120
"""No term of mediation is longer, so a vehicle that is not free by then has no slot."""

TOWN_MPS: Final = 25 / 3.6
"""What a car makes good in town, door to door."""
DETOUR: Final = 1.4
"""How much longer streets are than the straight line."""
PARKING_S: Final = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job asks for: within `window` if it can be, `visit` at the site and `way` there and again back."""

    window: Window
    visit: timedelta
    way: timedelta
    deadline: Deadline

    @property
    def outing(self) -> timedelta:
        """How long the vehicle is away."""
        return self.way + self.visit + self.way


@dataclass(frozen=True, slots=True)
class Slot:
    """A free outing: from leaving the base until back there, and the visit in it.

    `keeps_nominal` and `keeps_rolled` tell whether the visit ends on or before the nominal and the rolled last day.
    """

    outing: Window
    visit: Window
    in_job_window: bool
    keeps_nominal: bool
    keeps_rolled: bool


def way_allowance(straight_m: float) -> timedelta:
    """Return the time to allow for a way of that length in a straight line, in whole minutes."""
    return timedelta(minutes=ceil((PARKING_S + straight_m * DETOUR / TOWN_MPS) / 60))


def free_slots(
    wanted: Wanted,
    busy: Iterable[Window],
    calendar: Calendar,
    zone: tzinfo,
    not_before: datetime,
    *,
    duty: DutyHours,
    limit: int = 5,
) -> tuple[Slot, ...]:
    """Return up to `limit` slots, those within the job's window first, each kind the earliest first.

    Every free stretch of duty hours yields one slot: the earliest that fits the job's window, or else the earliest.

    Args:
        wanted: what the job asks for.
        busy: when the vehicle has another use.
        calendar: which days are worked.
        zone: the bureau's zone, in which duty hours are told.
        not_before: the outing does not begin before this.
        duty: the bureau's duty hours.
        limit: how many slots at most.
    """
    others = sorted(busy, key=lambda window: window.start_at)
    within: list[Slot] = []
    beyond: list[Slot] = []
    first_on = not_before.astimezone(zone).date()
    last_wanted_on = wanted.window.end_at.astimezone(zone).date()
    for offset in range(LOOK_AHEAD_DAYS):
        day = first_on + timedelta(days=offset)
        if len(within) >= limit or (day > last_wanted_on and len(within) + len(beyond) >= limit):
            break
        if not calendar.is_working_day(day):
            continue
        for stretch in _free(_stretches(day, zone, duty, wanted.outing), others, not_before):
            slot = _slot_in(stretch, wanted, zone)
            if slot is not None:
                (within if slot.in_job_window else beyond).append(slot)
    return tuple((within + beyond)[:limit])


def _stretches(day: date, zone: tzinfo, duty: DutyHours, outing: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the duty hours of a day; as one stretch, break and all, where an outing fits into none of them."""
    hours = [(datetime.combine(day, start, zone), datetime.combine(day, end, zone)) for start, end in duty]
    if all(end - start < outing for start, end in hours):
        hours = [(hours[0][0], hours[-1][1])]
    yield from hours


def _free(
    stretches: Iterable[tuple[datetime, datetime]], others: Sequence[Window], not_before: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield what the other uses leave of the stretches, from `not_before` on."""
    for start, end in stretches:
        at = max(start, not_before)
        for other in others:
            if other.end_at <= at or other.start_at >= end:
                continue
            if at < other.start_at:
                yield at, other.start_at
            at = max(at, other.end_at)
        if at < end:
            yield at, end


def _slot_in(stretch: tuple[datetime, datetime], wanted: Wanted, zone: tzinfo) -> Slot | None:
    """Return the earliest outing of the stretch that fits the job's window, else the earliest, else None."""
    start, end = stretch
    for earliest, in_window in ((max(start, wanted.window.start_at - wanted.way), True), (start, False)):
        begins = _on_the_step(earliest)
        arrives = begins + wanted.way
        leaves = arrives + wanted.visit
        back = leaves + wanted.way
        if back > end or (in_window and leaves > wanted.window.end_at):
            continue
        last_on = leaves.astimezone(zone).date()
        return Slot(
            Window(begins, back),
            Window(arrives, leaves),
            # The earliest of a stretch may lie in the window by itself.
            in_job_window=wanted.window.start_at <= arrives and leaves <= wanted.window.end_at,
            keeps_nominal=last_on <= wanted.deadline.nominal_on,
            keeps_rolled=last_on <= wanted.deadline.due_on,
        )
    return None


def _on_the_step(at: datetime) -> datetime:
    """Return the first whole step at or after an instant."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -((midnight - at) // STEP) * STEP
