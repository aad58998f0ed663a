"""Duty hours 工作时间, and how a vehicle is sealed over a holiday 节假日封存停驶: when it ought to stand still.

Duty hours are those of the bureau's four settings on a working day, make-up Saturdays and Sundays included. On a
statutory holiday the vehicle is sealed by the calendar itself: 党政机关公务用车管理办法 (2017) wants it sealed except
for duty. Whoever needs it then unseals it first, with a reading and a reason; a seal that was put on by hand lasts
until it is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import TypeAlias

from domain.calendar import Calendar
from domain.errors import InvalidInput, StateConflict
from domain.settings import BureauSettings
from domain.values import Named

DutyHours: TypeAlias = Sequence[tuple[time, time]]
"""Duty hours of a working day, in order, apart from each other; a visit longer than any of them may span the break."""


def duty_hours(settings: BureauSettings) -> DutyHours:
    """Return a bureau's duty hours: the morning and the afternoon of a working day, one stretch if they meet."""
    morning, noon, again, evening = (
        _clock(settings[f"duty_{end}_min"])
        for end in ("morning_from", "morning_until", "afternoon_from", "afternoon_until")
    )
    return ((morning, evening),) if noon == again else ((morning, noon), (again, evening))


def on_duty(at: datetime, calendar: Calendar, zone: tzinfo, duty: DutyHours) -> bool:
    """Tell whether an instant lies in duty hours of a working day.

    Args:
        at: the instant, aware.
        calendar: which days are worked; a make-up Saturday is, a Monday of a holiday is not.
        zone: the bureau's zone, in which duty hours are told.
        duty: the bureau's duty hours (`duty_hours`); their first instant counts, their last does not.
    """
    local = at.astimezone(zone)
    if not calendar.is_working_day(local.date()):
        return False
    clock = local.time()
    return any(start <= clock < end for start, end in duty)


class SealOutOfTurn(StateConflict):
    """A vehicle is sealed while it stands unsealed, unsealed while it is sealed, and in the order of time."""

    code = "seal-out-of-turn"
    zh = "只能封存停放且未封存的车辆，只能启封已封存的车辆，且须晚于此前的封存或启封。"


class SealUnexplained(InvalidInput):
    """A vehicle is unsealed for a reason."""

    code = "seal-unexplained"
    zh = "启封须说明原因。"


class SealVerb(Named):
    """What is done to the seal of a vehicle."""

    SEAL = "seal", "封存", "sealed"
    UNSEAL = "unseal", "启封", "unsealed"


@dataclass(frozen=True, slots=True)
class SealAct:
    """A vehicle was sealed or unsealed at an instant, as entered with the reading of its odometer."""

    verb: SealVerb
    at: datetime


def sealed_at(at: datetime, acts: Iterable[SealAct], calendar: Calendar, zone: tzinfo, *, by_calendar: bool) -> bool:
    """Tell whether a vehicle is sealed at an instant, so that it may not move.

    It is from the act that seals it up to the act that unseals it, working days between them included. Where nobody
    acted it is sealed on the days of a statutory holiday, whole days in the zone; unsealing counts for the holiday
    in which it is done, up to its last day, and for no later one.

    Args:
        at: the instant, aware.
        acts: what was done to the seal of this vehicle, in any order; of one instant the unsealing counts.
        calendar: which days are statutory holidays, weekends and moved days of their stretch included.
        zone: the bureau's zone, in which days are told.
        by_calendar: the bureau's setting `holiday_seal`; without it only what was done counts.
    """
    last = max(
        (act for act in acts if act.at <= at), key=lambda act: (act.at, act.verb is SealVerb.UNSEAL), default=None
    )
    if last is not None and last.verb is SealVerb.SEAL:
        return True
    holiday = calendar.holiday_of(at.astimezone(zone).date()) if by_calendar else None
    if holiday is None:
        return False
    return last is None or last.at.astimezone(zone).date() < holiday.first_on


def check_seal(
    verb: SealVerb,
    at: datetime,
    reason: str,
    *,
    acts: Iterable[SealAct],
    under_way: object | None,
    calendar: Calendar,
    zone: tzinfo,
    by_calendar: bool,
) -> None:
    """Refuse to seal what is sealed or under way, and to unseal what is not sealed.

    Args:
        verb: what is done.
        at: when.
        reason: why it is unsealed.
        acts: what was done to the seal before.
        under_way: the use that the vehicle is on then, if it is on one.
        calendar: which days are statutory holidays.
        zone: the bureau's zone.
        by_calendar: the bureau's setting `holiday_seal`.

    Raises:
        SealOutOfTurn: it is not the turn of this act.
        SealUnexplained: it is unsealed without a reason.
    """
    known = tuple(acts)
    latest = max(known, key=lambda act: act.at, default=None)
    if at.tzinfo is None or (latest is not None and at <= latest.at):
        raise SealOutOfTurn(at=at.isoformat())
    if verb is SealVerb.SEAL:
        # The calendar's own seal may be put on by hand as well: then it lasts beyond the holiday.
        if under_way is not None or (latest is not None and latest.verb is SealVerb.SEAL):
            raise SealOutOfTurn(verb=verb.value)
        return
    if not sealed_at(at, known, calendar, zone, by_calendar=by_calendar):
        raise SealOutOfTurn(verb=verb.value)
    if not reason.strip():
        raise SealUnexplained


def _clock(minute: int) -> time:
    return time(minute // 60, minute % 60)
