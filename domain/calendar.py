"""Working days (工作日) and statutory holidays (法定节假日) of China, and how terms are counted over them.

The State Council names next year's holidays and make-up days in a notice around November. A calendar is made of such
notices. A day that no notice decides yet is computed from weekends and the holidays of fixed date, and whatever rests
on it is **provisional**: to be recomputed when the notice is entered. Feasts of the lunar calendar are never guessed.

Counting follows SAMR Order 121 art. 45, in force since 2026-04-15: the first day does not count, and a term that ends
on a statutory holiday ends on the first day after it. The article does not speak of weekends, so a weekend outside a
holiday moves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, NotFound

SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)
MAX_TERM_DAYS: Final = 3_660
"""Ten years: no term of this field is longer, and counting stays short."""

TURN_OF_YEAR: Final = (12, 29)
"""From then on a year waits for the next year's notice too: those of 2007, 2008, 2012 and 2019 took days of it."""

FIXED_HOLIDAYS: Final[Mapping[tuple[int, int], str]] = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
"""Month and day of the holidays whose date needs no almanac.

全国年节及纪念日放假办法 art. 2, as amended in November 2024 with effect from 2025-01-01.
"""

SECOND_OF_MAY_SINCE: Final = 2025
"""The first year in which 2 May is a statutory holiday."""


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_back(month: date, count: int) -> date:
    """Return the first day of the month so many before another."""
    at = month.year * 12 + month.month - 1 - count
    return date(at // 12, at % 12 + 1, 1)


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the month that an instant lies in, as the clocks of a zone have it."""
    return at.astimezone(zone).date().replace(day=1)


def month_span(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which a month, named by its first day, begins and is over in a zone."""
    return datetime.combine(month, time(), zone), datetime.combine(next_month(month), time(), zone)


class BadNotice(InvalidInput):
    """A notice names its year, title and link, and each of its days once; make-up days fall on weekends."""

    code = "bad-calendar-notice"
    zh = "节假日通知须写明年份、标题、链接，且每日只列一次；调休上班日须为周末。"


class NoSuchNotice(NotFound):
    """No calendar of that year is shipped; enter the State Council's notice."""

    code = "no-such-notice"
    zh = "软件未附该年度的节假日安排，请录入国务院通知。"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that a notice names: a holiday (`working` False), or a weekend day worked in exchange (`working` True)."""

    day: date
    working: bool
    name: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice of one year (节假日安排的通知); `source` says whom the days were taken over from."""

    year: int
    title: str
    link: str
    source: str
    days: tuple[CalendarDay, ...]

    def __post_init__(self) -> None:
        """Refuse what no notice says: `BadNotice`, which tells the year and the fault."""
        fault = self._fault()
        if fault:
            raise BadNotice(year=self.year, fault=fault)

    def _fault(self) -> str:
        if not (self.title.strip() and self.link.strip() and self.days):
            return "title, link or days missing"
        listed = sorted(one.day for one in self.days)
        if any(one == other for one, other in pairwise(listed)):
            return "a day stands twice"
        if listed[0] < date(self.year - 1, *TURN_OF_YEAR) or listed[-1].year > self.year:
            return "a day lies outside the year"
        if any(one.working and one.day.weekday() < SATURDAY for one in self.days):
            return "a make-up day is no weekend"
        off = {one.day for one in self.days if not one.working}
        if any(_fixed_holiday(day) and day not in off for day in _days_of(self.year)):
            return "a holiday of fixed date is missing"
        return ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days that do not count in a term: those after `after`, up to and including `through`.

    The first day is out, as in art. 45: testing that begins on the 3rd and ends on the 5th leaves out two days.
    """

    after: date
    through: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.after < day <= self.through


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a term: as counted, and rolled over a statutory holiday.

    `provisional` says that a day it rests on has no notice yet, so that it may still move.
    """

    nominal_on: date
    due_on: date
    provisional: bool

    @property
    def warn_on(self) -> date:
        """The earlier of the two, so that nobody relies on the roll."""
        return min(self.nominal_on, self.due_on)


@dataclass(frozen=True, slots=True)
class Holiday:
    """The stretch of statutory holidays around a day, first and last included, and what that day is called."""

    first_on: date
    last_on: date
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is known of working days: the named days, and the years that have a notice."""

    days: tuple[CalendarDay, ...]
    years: frozenset[int]
    _named: dict[date, CalendarDay] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named: dict[date, CalendarDay] = {}
        for one in self.days:
            if named.setdefault(one.day, one).working != one.working:
                raise BadNotice(day=one.day.isoformat(), fault="two notices disagree about a day")
        object.__setattr__(self, "_named", named)

    @classmethod
    def of(cls, notices: Iterable[Notice]) -> Calendar:
        """Make the calendar of some notices, one a year. Raises `BadNotice` where two disagree."""
        known = tuple(notices)
        return cls(tuple(day for notice in known for day in notice.days), frozenset(notice.year for notice in known))

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work that day: a make-up Saturday or Sunday is a working day."""
        named = self._named.get(day)
        if named:
            return named.working
        return day.weekday() < SATURDAY and not (day.year not in self.years and _fixed_holiday(day))

    def is_statutory_holiday(self, day: date) -> bool:
        """Tell whether a term that ends that day rolls: any day of a holiday's stretch in the notice.

        A plain weekend is none. The stretch counts as a whole, with the days moved to it from other weekends, as the
        first day after it is the first on which anyone can act.
        """
        named = self._named.get(day)
        if named:
            return not named.working
        return day.year not in self.years and bool(_fixed_holiday(day))

    def holiday_of(self, day: date) -> Holiday | None:
        """Return the stretch of statutory holidays that `day` lies in, or None where it is none."""
        if not self.is_statutory_holiday(day):
            return None
        first_on = last_on = day
        while self.is_statutory_holiday(first_on - ONE_DAY):
            first_on -= ONE_DAY
        while self.is_statutory_holiday(last_on + ONE_DAY):
            last_on += ONE_DAY
        named = self._named.get(day)
        return Holiday(first_on, last_on, named.name if named else _fixed_holiday(day))

    def is_provisional(self, day: date) -> bool:
        """Tell whether a notice that is not out yet decides what that day is."""
        if day.year not in self.years:
            return True
        return (day.month, day.day) >= TURN_OF_YEAR and day.year + 1 not in self.years and day not in self._named

    def provisional_from(self, start: date) -> date:
        """Return the first day from `start` on that a notice not out yet decides."""
        day = start
        while not self.is_provisional(day):
            day += ONE_DAY
        return day

    def add_working_days(self, start: date, n: int, excluded: Iterable[Stretch] = ()) -> Deadline:
        """Return the `n`-th working day after `start` (1 ≤ n ≤ 3,660), days of `excluded` left out.

        It is a working day and so never rolls. Raises ValueError for an `n` out of range.
        """
        _check_length(n)
        left_out = tuple(excluded)
        day, counted, provisional = start, 0, False
        while counted < n:
            day += ONE_DAY
            if any(day in stretch for stretch in left_out):
                continue
            provisional = provisional or self.is_provisional(day)
            counted += self.is_working_day(day)
        return Deadline(day, day, provisional)

    def add_days(self, start: date, n: int, excluded: Iterable[Stretch] = ()) -> Deadline:
        """Return the `n`-th natural day after `start` (1 ≤ n ≤ 3,660), days of `excluded` left out, and rolled.

        Raises ValueError for an `n` out of range.
        """
        _check_length(n)
        left_out = tuple(excluded)
        day, counted = start, 0
        while counted < n:
            day += ONE_DAY
            counted += not any(day in stretch for stretch in left_out)
        return self.roll(day)

    def roll(self, nominal_on: date) -> Deadline:
        """Return the deadline of a term whose last counted day is `nominal_on`."""
        due_on, provisional = nominal_on, self.is_provisional(nominal_on)
        while self.is_statutory_holiday(due_on):
            due_on += ONE_DAY
            provisional = provisional or self.is_provisional(due_on)
        return Deadline(nominal_on, due_on, provisional)


def read_notice(text: str | bytes) -> Notice:
    """Read a notice from JSON of the form of `calendar_data/2026.json`. Raises `BadNotice`."""
    try:
        raw: Any = json.loads(text)
        days = tuple(_read_day(one) for one in raw["days"])
        year = int(raw["year"])
        title, link, source = (str(raw[key]) for key in ("title", "link", "source"))
    except (ValueError, KeyError, TypeError) as fault:
        raise BadNotice(fault=f"{type(fault).__name__}: {fault}"[:200]) from fault
    if not date.min.year < year < date.max.year:
        raise BadNotice(year=year, fault="no such year")
    return Notice(year, title, link, source, days)


def shipped_years() -> tuple[int, ...]:
    """Return the years whose notice comes with the product, in order."""
    names = (entry.name for entry in files("domain").joinpath("calendar_data").iterdir())
    return tuple(sorted(int(name.removesuffix(".json")) for name in names if name.endswith(".json")))


def load_notice(year: int) -> Notice:
    """Return the notice of `year` that comes with the product. Raises `NoSuchNotice`."""
    if year not in shipped_years():
        raise NoSuchNotice(year=year)
    return read_notice(files("domain").joinpath("calendar_data", f"{year}.json").read_text(encoding="utf-8"))


@cache
def shipped_calendar() -> Calendar:
    """Return the calendar of all notices that come with the product."""
    return Calendar.of(load_notice(year) for year in shipped_years())


def _read_day(raw: Any) -> CalendarDay:
    if not isinstance(raw["working"], bool):
        raise TypeError("working must be true or false")
    return CalendarDay(date.fromisoformat(raw["date"]), raw["working"], str(raw["name"]))


def _fixed_holiday(day: date) -> str:
    """Return the name of the holiday of fixed date that falls on `day`, or an empty string."""
    if (day.month, day.day) == (5, 2) and day.year < SECOND_OF_MAY_SINCE:
        return ""
    return FIXED_HOLIDAYS.get((day.month, day.day), "")


def _days_of(year: int) -> Iterable[date]:
    return (date(year, month, day) for month, day in FIXED_HOLIDAYS)


def _check_length(n: int) -> None:
    if not 1 <= n <= MAX_TERM_DAYS:
        raise ValueError(f"a term has 1 to {MAX_TERM_DAYS} days, not {n}")
