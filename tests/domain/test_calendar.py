"""Working days and statutory holidays: every day of 2025 and 2026 right, and every later one told to be provisional."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files

import chinese_calendar  # type: ignore[import-untyped]  # ships no types; a test oracle only
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    MAX_TERM_DAYS,
    BadNotice,
    Calendar,
    CalendarDay,
    Deadline,
    NoSuchNotice,
    Notice,
    Stretch,
    load_notice,
    read_notice,
    shipped_calendar,
    shipped_years,
)

CALENDAR = shipped_calendar()
NOTICE = load_notice(2026)
KNOWN_DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
ANY_DAY = st.dates(date(2019, 1, 1), date(2035, 12, 31))


def test_every_day_of_2025_and_2026_agrees_with_chinesecalendar() -> None:
    """Our own table says of each of 730 days what an independent one says."""
    assert [day for day in KNOWN_DAYS if CALENDAR.is_working_day(day) != chinese_calendar.is_workday(day)] == []


def test_every_day_of_2025_and_2026_agrees_with_the_holidays_package() -> None:
    """A second independent table, which knows make-up days in another form, agrees too."""
    theirs = holidays.country_holidays("CN", years=[2025, 2026])
    assert [day for day in KNOWN_DAYS if CALENDAR.is_working_day(day) != theirs.is_working_day(day)] == []


def test_statutory_holidays_of_2025_and_2026_are_those_chinesecalendar_names() -> None:
    """Only days that belong to a named holiday are statutory holidays; a plain weekend is not."""
    named = [day for day in KNOWN_DAYS if chinese_calendar.get_holiday_detail(day)[0]]
    feasts = [day for day in named if chinese_calendar.get_holiday_detail(day)[1]]
    assert [day for day in KNOWN_DAYS if CALENDAR.is_statutory_holiday(day)] == feasts
    assert len(feasts) < len(named)


def test_2026_has_248_working_days() -> None:
    """The year's sum, as published, holds over all twelve months."""
    assert sum(CALENDAR.is_working_day(day) for day in KNOWN_DAYS if day.year == 2026) == 248


@pytest.mark.parametrize(
    ("day", "working"),
    [(date(2026, 2, 13), True), (date(2026, 2, 14), True), (date(2026, 2, 15), False), (date(2026, 2, 24), True)],
)
def test_the_spring_festival_begins_after_its_make_up_saturday(day: date, *, working: bool) -> None:
    """Friday, the make-up Saturday, the first day off, and the day after the last one."""
    assert CALENDAR.is_working_day(day) is working


@pytest.mark.parametrize(
    ("day", "provisional"),
    [
        (date(2024, 12, 31), True),
        (date(2025, 1, 1), False),
        (date(2025, 12, 31), False),
        (date(2026, 12, 28), False),
        (date(2026, 12, 29), True),
        (date(2027, 1, 1), True),
    ],
)
def test_a_day_no_notice_decides_is_provisional(day: date, *, provisional: bool) -> None:
    """The first and last decided day on each side; the last days of December wait for the next year's notice."""
    assert CALENDAR.is_provisional(day) is provisional


def test_no_notice_since_2004_reached_back_further_than_29_december() -> None:
    """What the product holds to be the turn of the year is what two decades of notices did."""
    unusual = [
        day
        for year in range(2004, 2026)
        for day in (date(year, 12, 1) + timedelta(days=n) for n in range(31))
        if chinese_calendar.is_workday(day) != (day.weekday() < 5)
    ]
    assert {day.year for day in unusual} == {2006, 2007, 2011, 2018}
    assert min(day.day for day in unusual) == 29


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), True),
        (date(2027, 1, 2), False),
        (date(2027, 4, 30), False),
        (date(2027, 5, 1), True),
        (date(2027, 5, 2), True),
        (date(2027, 5, 3), False),
        (date(2027, 9, 30), False),
        (date(2027, 10, 1), True),
        (date(2027, 10, 3), True),
        (date(2027, 10, 4), False),
        (date(2024, 5, 1), True),
        (date(2024, 5, 2), False),
    ],
)
def test_a_year_without_a_notice_has_its_holidays_of_fixed_date(day: date, *, holiday: bool) -> None:
    """New Year, Labour Day and National Day are known by rule, with the days just before and after them."""
    assert CALENDAR.is_statutory_holiday(day) is holiday
    assert CALENDAR.is_working_day(day) is (day.weekday() < 5 and not holiday)


def test_the_answer_changes_when_the_notice_of_the_year_is_entered() -> None:
    """What was computed for a year gives way to its notice, and is then no longer provisional."""
    feast = CalendarDay(date(2027, 2, 8), working=False, name="春节")
    fixed = [date(2027, 1, 1), date(2027, 5, 1), date(2027, 5, 2), *(date(2027, 10, n) for n in (1, 2, 3))]
    days = (feast, *(CalendarDay(day, working=False, name="节") for day in fixed))
    entered = Calendar.of([load_notice(2026), Notice(2027, "通知", "https://www.gov.cn/", "test", days)])
    assert CALENDAR.is_working_day(feast.day)
    assert not entered.is_working_day(feast.day)
    assert CALENDAR.is_provisional(feast.day)
    assert not entered.is_provisional(feast.day)
    assert not entered.is_provisional(date(2026, 12, 31))


@pytest.mark.parametrize(
    ("nominal_on", "due_on"),
    [
        (date(2026, 9, 30), date(2026, 9, 30)),
        (date(2026, 10, 1), date(2026, 10, 8)),
        (date(2026, 10, 7), date(2026, 10, 8)),
        (date(2026, 10, 8), date(2026, 10, 8)),
        (date(2026, 10, 10), date(2026, 10, 10)),
        (date(2026, 10, 17), date(2026, 10, 17)),
        (date(2026, 1, 3), date(2026, 1, 4)),
    ],
)
def test_only_a_statutory_holiday_rolls_a_last_day(nominal_on: date, due_on: date) -> None:
    """Before, within and after a holiday; a make-up Saturday, a plain one, and a make-up day to roll to."""
    assert CALENDAR.roll(nominal_on) == Deadline(nominal_on, due_on, provisional=False)


def test_a_deadline_warns_by_the_earlier_day() -> None:
    """Nobody should find out about the roll on the day the nominal term has passed."""
    assert CALENDAR.add_days(date(2026, 8, 3), 60).warn_on == date(2026, 10, 2)


def test_a_deadline_that_ends_before_the_turn_of_the_year_is_certain_and_the_next_is_not() -> None:
    """One working day more takes a count into days that no notice decides yet."""
    assert CALENDAR.add_working_days(date(2026, 12, 21), 5) == Deadline(
        date(2026, 12, 28), date(2026, 12, 28), provisional=False
    )
    assert CALENDAR.add_working_days(date(2026, 12, 21), 6).provisional


def test_a_count_that_only_passes_unknown_days_is_provisional_too() -> None:
    """A certain last day is worth nothing when the days before it were guessed."""
    gap = Calendar.of([load_notice(2026)])
    assert gap.add_working_days(date(2025, 12, 20), 12).provisional
    assert gap.add_working_days(date(2025, 12, 31), 4).provisional is False


def test_days_that_do_not_count_are_left_out_once_however_often_named() -> None:
    """Two overlapping stretches of testing do not lengthen a term twice."""
    first, second = Stretch(date(2026, 3, 5), date(2026, 3, 10)), Stretch(date(2026, 3, 8), date(2026, 3, 12))
    assert CALENDAR.add_days(date(2026, 3, 2), 60, [first, second]) == CALENDAR.add_days(date(2026, 3, 2), 67)


@pytest.mark.parametrize("n", [0, -1, MAX_TERM_DAYS + 1])
def test_a_term_of_no_days_or_of_centuries_is_refused(n: int) -> None:
    """A mistaken setting must not count for ever or backwards."""
    with pytest.raises(ValueError, match="a term has 1 to"):
        CALENDAR.add_working_days(date(2026, 3, 2), n)
    with pytest.raises(ValueError, match="a term has 1 to"):
        CALENDAR.add_days(date(2026, 3, 2), n)


@given(ANY_DAY, st.integers(1, 120))
def test_a_term_in_working_days_ends_on_a_working_day_with_that_many_on_the_way(start: date, n: int) -> None:
    """The count agrees with looking at each day in between."""
    due_on = CALENDAR.add_working_days(start, n).due_on
    between = [start + timedelta(days=k) for k in range(1, (due_on - start).days + 1)]
    assert CALENDAR.is_working_day(due_on)
    assert sum(CALENDAR.is_working_day(day) for day in between) == n


@given(ANY_DAY, st.integers(1, 120))
def test_a_rolled_day_is_the_first_that_is_no_holiday(start: date, n: int) -> None:
    """Rolling goes forward over holidays only, and stops at the first day that is none."""
    found = CALENDAR.add_days(start, n)
    assert found.nominal_on == start + timedelta(days=n)
    skipped = [found.nominal_on + timedelta(days=k) for k in range((found.due_on - found.nominal_on).days)]
    assert all(CALENDAR.is_statutory_holiday(day) for day in skipped)
    assert not CALENDAR.is_statutory_holiday(found.due_on)


@given(ANY_DAY, st.integers(1, 60), ANY_DAY, st.integers(0, 40))
def test_days_left_out_never_make_a_term_shorter(start: date, n: int, after: date, length: int) -> None:
    """Testing time can only move a deadline back, by at most its own length in natural days."""
    stretch = Stretch(after, after + timedelta(days=length))
    plain, longer = CALENDAR.add_days(start, n), CALENDAR.add_days(start, n, [stretch])
    assert timedelta() <= longer.nominal_on - plain.nominal_on <= timedelta(days=length)
    assert CALENDAR.add_working_days(start, n, [stretch]).due_on >= CALENDAR.add_working_days(start, n).due_on


def test_a_calendar_without_any_notice_answers_everything_provisionally() -> None:
    """A bureau that has entered nothing still gets deadlines, each marked."""
    empty = Calendar.of([])
    assert empty.add_working_days(date(2026, 11, 24), 7) == Deadline(
        date(2026, 12, 3), date(2026, 12, 3), provisional=True
    )


def test_the_shipped_notices_name_their_source() -> None:
    """Whoever doubts a day can open the State Council's page."""
    assert shipped_years() == (2025, 2026)
    for year in shipped_years():
        notice = load_notice(year)
        assert notice.year == year
        assert notice.link.startswith("https://www.gov.cn/")
        assert "MIT" in notice.source


def test_a_year_that_is_not_shipped_is_told_as_such() -> None:
    """Asking for 2027 names the year instead of answering with an empty calendar."""
    with pytest.raises(NoSuchNotice) as fault:
        load_notice(2027)
    assert fault.value.detail == {"year": 2027}


MAKE_UP_MONDAY = CalendarDay(date(2026, 3, 2), working=True, name="春节")
FAULTS = {
    "no link": {"link": " "},
    "no days": {"days": ()},
    "a day twice": {"days": (*NOTICE.days, NOTICE.days[0])},
    "a day of the next year": {"days": (*NOTICE.days, CalendarDay(date(2027, 1, 2), working=False, name="元旦"))},
    "a day before the turn": {"days": (*NOTICE.days, CalendarDay(date(2025, 12, 28), working=True, name="元旦"))},
    "a make-up Monday": {"days": (*NOTICE.days, MAKE_UP_MONDAY)},
    "without National Day": {"days": tuple(day for day in NOTICE.days if day.day != date(2026, 10, 1))},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_notice_that_cannot_be_true_is_refused(fault: dict[str, object]) -> None:
    """A slip in a hand-entered calendar is caught before deadlines rest on it."""
    with pytest.raises(BadNotice) as raised:
        replace(NOTICE, **fault)  # type: ignore[arg-type]
    assert raised.value.detail["year"] == 2026
    assert raised.value.detail["fault"]


def test_a_notice_may_take_29_december_of_the_year_before() -> None:
    """The notice for 2019 did: its make-up Saturday was 29 December 2018."""
    eve = CalendarDay(date(2025, 12, 29), working=False, name="元旦")
    assert replace(NOTICE, days=(*NOTICE.days, eve)).days[-1] == eve


def test_two_notices_that_disagree_about_a_day_are_refused() -> None:
    """A day is working or not: which notice is right is for a person to say."""
    eve = CalendarDay(date(2025, 10, 11), working=False, name="错")
    with pytest.raises(BadNotice):
        Calendar((*load_notice(2025).days, eve), frozenset({2025}))


SHIPPED = json.loads(files("domain").joinpath("calendar_data", "2026.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "\ud800".encode("utf-8", "surrogatepass"),
        json.dumps({**SHIPPED, "year": "next"}),
        json.dumps({**SHIPPED, "year": 0}),
        json.dumps({**SHIPPED, "days": [{"date": "2026-02-30", "working": True, "name": "x"}]}),
        json.dumps({**SHIPPED, "days": [{"date": "2026-02-14", "working": "no", "name": "x"}]}),
        json.dumps({key: value for key, value in SHIPPED.items() if key != "link"}),
    ],
)
def test_a_file_that_is_no_notice_is_refused(text: str | bytes) -> None:
    """A wrong file on the command line gives a sentence, not a trace."""
    with pytest.raises(BadNotice):
        read_notice(text)


def test_a_notice_reads_back_what_its_file_says() -> None:
    """The reader takes over every day with its kind."""
    notice = read_notice(json.dumps(SHIPPED))
    assert [(day.day.isoformat(), day.working, day.name) for day in notice.days] == [
        (one["date"], one["working"], one["name"]) for one in SHIPPED["days"]
    ]
