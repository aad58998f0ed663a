"""Free slots: within duty hours, clear of other uses, and honest about the deadline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Deadline, shipped_calendar
from domain.duty import duty_hours
from domain.settings import BureauSettings
from domain.trip.slots import STEP, Slot, Wanted, way_allowance
from domain.trip.slots import free_slots as slots_on_duty
from domain.values import Window

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = shipped_calendar()
DUTY = duty_hours(BureauSettings({}))
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=ZONE)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of November 2026 in the bureau's zone."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def wanted(start: datetime, end: datetime, visit: int = 60, way: int = 15, due: date = date(2026, 12, 31)) -> Wanted:
    """Return what a job asks for, in minutes."""
    return Wanted(Window(start, end), timedelta(minutes=visit), timedelta(minutes=way), Deadline(due, due, False))


def free_slots(*asked: Any, limit: int = 5) -> tuple[Slot, ...]:
    """Return the slots in the duty hours of a bureau that set nothing."""
    return slots_on_duty(*asked, duty=DUTY, limit=limit)


def test_the_first_slot_has_the_visit_begin_with_the_jobs_window() -> None:
    """The car leaves the way earlier."""
    first = free_slots(wanted(at(23, 10), at(23, 12)), [], CALENDAR, ZONE, MONDAY)[0]
    assert (first.outing.start_at, first.visit.start_at) == (at(23, 9, 45), at(23, 10))
    assert first.in_job_window


def test_a_slot_begins_when_the_vehicle_is_back_from_its_other_use() -> None:
    """Windows are half open: the next begins on the minute the other ends."""
    busy = [Window(at(23, 8, 30), at(23, 10, 15))]
    first = free_slots(wanted(at(23, 8, 30), at(23, 12)), busy, CALENDAR, ZONE, MONDAY)[0]
    assert first.outing.start_at == at(23, 10, 15)


@pytest.mark.parametrize(("visit", "fits"), [(59, True), (60, True), (61, False)])
def test_an_outing_fits_a_free_stretch_to_the_minute(visit: int, *, fits: bool) -> None:
    """Ninety free minutes take a visit of sixty with fifteen there and back, and not one more."""
    busy = [Window(at(23, 10), at(23, 17, 30))]
    slots = free_slots(wanted(at(23, 8, 30), at(23, 10), visit), busy, CALENDAR, ZONE, MONDAY)
    assert (slots[0].outing.start_at == at(23, 8, 30)) is fits


@pytest.mark.parametrize(
    ("due", "rolled", "keeps"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), (False, False)),
        (date(2026, 11, 22), date(2026, 11, 23), (False, True)),
        (date(2026, 11, 23), date(2026, 11, 23), (True, True)),
        (date(2026, 11, 24), date(2026, 11, 24), (True, True)),
    ],
)
def test_a_slot_says_which_last_day_it_keeps(due: date, rolled: date, keeps: tuple[bool, bool]) -> None:
    """The day before, the day itself, the day after; nominal and rolled apart."""
    asked = Wanted(
        Window(at(23, 9), at(23, 12)), timedelta(minutes=60), timedelta(minutes=15), Deadline(due, rolled, False)
    )
    first = free_slots(asked, [], CALENDAR, ZONE, MONDAY)[0]
    assert (first.keeps_nominal, first.keeps_rolled) == keeps


def test_slots_within_the_jobs_window_come_before_earlier_ones_outside() -> None:
    """The parties asked for Wednesday; Monday is told after it."""
    slots = free_slots(wanted(at(25, 9), at(25, 12)), [], CALENDAR, ZONE, MONDAY)
    assert slots[0].visit.start_at == at(25, 9)
    assert [slot.in_job_window for slot in slots] == [True, False, False, False, False]
    assert slots[1].outing.start_at == at(23, 8, 30)


def test_a_visit_longer_than_half_a_day_spans_the_midday_break() -> None:
    """Four hours fit into neither half, so the day counts as one."""
    first = free_slots(wanted(at(23, 9), at(23, 17), visit=240), [], CALENDAR, ZONE, MONDAY)[0]
    assert (first.visit.start_at, first.visit.end_at) == (at(23, 9), at(23, 13))


def test_a_visit_longer_than_a_day_has_no_slot() -> None:
    """Nine hours and a minute between 08:30 and 17:30."""
    assert free_slots(wanted(at(23, 9), at(23, 17), visit=541, way=0), [], CALENDAR, ZONE, MONDAY) == ()


def test_make_up_days_count_and_holidays_do_not() -> None:
    """Sunday 4 January 2026 is worked, the three days before are not."""
    new_year = datetime(2026, 1, 1, 8, 0, tzinfo=ZONE)
    asked = wanted(new_year, new_year + timedelta(days=1))
    assert free_slots(asked, [], CALENDAR, ZONE, new_year)[0].outing.start_at == datetime(
        2026, 1, 4, 8, 30, tzinfo=ZONE
    )


def test_the_way_is_allowed_for_by_its_length() -> None:
    """Five minutes to park even next door; ten kilometres take half an hour more."""
    assert way_allowance(0) == timedelta(minutes=5)
    assert way_allowance(10_000) == timedelta(minutes=39)


instants = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY.astimezone(UTC) + timedelta(minutes=minutes))
windows = st.tuples(instants, st.integers(1, 600)).map(
    lambda pair: Window(pair[0], pair[0] + timedelta(minutes=pair[1]))
)


@given(
    window=windows,
    busy=st.lists(windows, max_size=12),
    now=instants,
    visit=st.integers(1, 400),
    way=st.integers(0, 60),
    limit=st.integers(1, 12),
)
def test_every_slot_is_one_the_vehicle_can_keep(
    window: Window, busy: list[Window], now: datetime, *, visit: int, way: int, limit: int
) -> None:
    """Free, on duty, not in the past, long enough, on the step, in order, and true to its own flags."""
    due = Deadline(date(2026, 11, 27), date(2026, 11, 30), provisional=False)
    asked = Wanted(window, timedelta(minutes=visit), timedelta(minutes=way), due)
    slots = free_slots(asked, busy, CALENDAR, ZONE, now, limit=limit)
    assert len(slots) <= limit
    assert list(slots) == sorted(slots, key=lambda slot: (not slot.in_job_window, slot.outing.start_at))
    for slot in slots:
        start, end = slot.outing.start_at.astimezone(ZONE), slot.outing.end_at.astimezone(ZONE)
        assert start >= now
        assert end - start == asked.outing
        assert slot.visit == Window(slot.outing.start_at + asked.way, slot.outing.end_at - asked.way)
        assert not any(slot.outing.overlaps(other) for other in busy)
        assert CALENDAR.is_working_day(start.date())
        assert start.date() == end.date()
        assert DUTY[0][0] <= start.time()
        assert end.time() <= DUTY[-1][1]
        halves = [one for one in DUTY if one[0] <= start.time() and end.time() <= one[1]]
        assert halves or asked.outing > timedelta(hours=3, minutes=30)
        assert (start - datetime.combine(start.date(), DUTY[0][0], ZONE)) % STEP == timedelta(0)
        assert slot.in_job_window == (window.start_at <= slot.visit.start_at and slot.visit.end_at <= window.end_at)
        assert slot.keeps_nominal == (slot.visit.end_at.astimezone(ZONE).date() <= due.nominal_on)
        assert slot.keeps_rolled == (slot.visit.end_at.astimezone(ZONE).date() <= due.due_on)


@given(window=windows, busy=st.lists(windows, max_size=6), more=windows, now=instants)
def test_another_use_never_brings_a_wanted_slot_forward(
    window: Window, busy: list[Window], more: Window, now: datetime
) -> None:
    """With one use more the first slot within the job's window is the same, or later, or gone."""
    asked = wanted(window.start_at, window.end_at)

    def first(uses: list[Window]) -> datetime:
        slots = free_slots(asked, uses, CALENDAR, ZONE, now, limit=40)
        fitting = [slot.outing.start_at for slot in slots if slot.in_job_window]
        return min(fitting, default=datetime.max.replace(tzinfo=UTC))

    assert first([*busy, more]) >= first(busy)
