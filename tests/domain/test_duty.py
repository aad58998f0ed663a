"""Duty hours and the seal over a holiday: at which instants the vehicle is looked for at its place."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import shipped_calendar
from domain.duty import SealAct, SealVerb, duty_hours, on_duty
from domain.duty import sealed_at as sealed
from domain.settings import SETTINGS, BureauSettings

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = shipped_calendar()
DUTY = duty_hours(BureauSettings({}))


def at(month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant of 2026 as the desk's clock tells it."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZONE)


def seal(when: datetime) -> SealAct:
    """The vehicle is sealed then."""
    return SealAct(SealVerb.SEAL, when)


def unseal(when: datetime) -> SealAct:
    """The seal is taken off then."""
    return SealAct(SealVerb.UNSEAL, when)


def sealed_at(when: datetime, *acts: SealAct, by_calendar: bool = True) -> bool:
    """What the books say of the vehicle at that instant."""
    return sealed(when, acts, CALENDAR, ZONE, by_calendar=by_calendar)


DUTY_SETTINGS = sorted(name for name in SETTINGS if name.startswith("duty_"))


@given(st.fixed_dictionaries({n: st.integers(SETTINGS[n].least, SETTINGS[n].most) for n in DUTY_SETTINGS}))
def test_duty_hours_are_in_order_whatever_a_bureau_sets(changed: dict[str, int]) -> None:
    """Within the bounds of the four settings no stretch is empty, and none begins before the other ends."""
    hours = duty_hours(BureauSettings(changed))
    assert all(start < end for start, end in hours)
    assert all(one[1] < other[0] for one, other in pairwise(hours))
    minutes = [at.hour * 60 + at.minute for at in (hours[0][0], hours[-1][1])]
    assert minutes == [changed["duty_morning_from_min"], changed["duty_afternoon_until_min"]]


def test_a_bureau_without_a_midday_break_has_one_stretch() -> None:
    """A visit of an hour may then lie over one o'clock."""
    hours = duty_hours(BureauSettings({"duty_morning_until_min": 780, "duty_afternoon_from_min": 780}))
    assert hours == ((time(8, 30), time(17, 30)),)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (at(11, 25, 8, 29, 59), False),
        (at(11, 25, 8, 30), True),
        (at(11, 25, 11, 59, 59), True),
        (at(11, 25, 12), False),
        (at(11, 25, 14, 29, 59), False),
        (at(11, 25, 14, 30), True),
        (at(11, 25, 17, 29, 59), True),
        (at(11, 25, 17, 30), False),
    ],
)
def test_duty_hours_begin_and_end_to_the_second(when: datetime, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """On a Wednesday: just before, at, and just after each of the four ends."""
    assert on_duty(when, CALENDAR, ZONE, DUTY) is expected


def test_a_make_up_saturday_is_on_duty_and_a_plain_one_is_not() -> None:
    """10 October 2026 is worked in exchange for the holiday before it; the 17th is a Saturday like any other."""
    assert on_duty(at(10, 10, 9), CALENDAR, ZONE, DUTY)
    assert not on_duty(at(10, 17, 9), CALENDAR, ZONE, DUTY)


def test_a_weekday_of_a_holiday_is_off_duty() -> None:
    """Monday 5 October 2026 lies in the National Day holiday."""
    assert not on_duty(at(10, 5, 9), CALENDAR, ZONE, DUTY)


def test_duty_is_told_by_the_clock_of_the_bureau() -> None:
    """Half past eight in Putian is half past midnight in UTC."""
    assert on_duty(datetime(2026, 11, 25, 0, 30, tzinfo=UTC), CALENDAR, ZONE, DUTY)
    assert not on_duty(datetime(2026, 11, 25, 10, 0, tzinfo=UTC), CALENDAR, ZONE, DUTY)


def test_on_a_holiday_the_vehicle_is_sealed_by_the_calendar() -> None:
    """From the first midnight of National Day to the last, with nobody having entered anything."""
    assert not sealed_at(at(9, 30, 23, 59, 59))
    assert sealed_at(at(10, 1, 0))
    assert sealed_at(at(10, 7, 23, 59, 59))
    assert not sealed_at(at(10, 8, 0))


def test_a_plain_weekend_seals_nothing() -> None:
    """Only statutory holidays do; moving on a Saturday is a question of duty hours."""
    assert not sealed_at(at(10, 17, 9))


def test_a_bureau_may_leave_the_calendar_out() -> None:
    """Then only what was done to the seal counts."""
    assert not sealed_at(at(10, 2, 9), by_calendar=False)
    assert sealed_at(at(10, 2, 9), seal(at(9, 30, 17)), by_calendar=False)


def test_a_seal_put_on_by_hand_lasts_until_it_is_taken_off() -> None:
    """From its own minute, over the working day after the holiday, to the minute of the unsealing."""
    acts = (seal(at(9, 30, 17)), unseal(at(10, 8, 10)))
    assert not sealed_at(at(9, 30, 16, 59, 59), *acts)
    assert sealed_at(at(9, 30, 17), *acts)
    assert sealed_at(at(10, 8, 9, 59, 59), *acts)
    assert not sealed_at(at(10, 8, 10), *acts)


def test_who_needs_the_vehicle_on_a_holiday_unseals_it_for_that_holiday() -> None:
    """Unsealed on the second day it may move until the holiday is over, and is sealed again by the next one."""
    acts = (seal(at(9, 24, 17)), unseal(at(9, 26, 9)))
    assert sealed_at(at(9, 26, 8, 59, 59), *acts)
    assert not sealed_at(at(9, 27, 20), *acts)
    assert sealed_at(at(10, 1, 0), *acts)


def test_sealed_again_within_the_holiday_it_is_sealed() -> None:
    """The last act before an instant counts, in whatever order they are told."""
    acts = (seal(at(10, 2, 12)), unseal(at(10, 2, 9)))
    assert not sealed_at(at(10, 2, 11), *acts)
    assert sealed_at(at(10, 2, 12), *acts)


def test_the_stretch_of_a_holiday_is_known_with_its_name() -> None:
    """For the sheet on the seal: which days, and what they are called."""
    holiday = CALENDAR.holiday_of(at(10, 3, 0).date())
    assert holiday is not None
    assert (holiday.first_on.day, holiday.last_on.day, holiday.name) == (1, 7, "国庆节")
    assert CALENDAR.holiday_of(at(10, 8, 0).date()) is None
