"""Months that are asked for: one, a year, or some in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from domain.errors import InvalidInput

MOST_MONTHS = 24
FIRST_YEAR, LAST_YEAR = 2000, 2100


class BadPeriod(InvalidInput):
    """A log is of a month (2026-11), of a year (2026), or of up to 24 months from one month to another."""

    code = "bad-period"
    zh = "台账期间须为一个月（2026-11）、一年（2026），或从某月到某月且不超过 24 个月。"


@dataclass(frozen=True, slots=True)
class Months:
    """Months from the first day of one to the last day of another."""

    first: date
    last: date

    @property
    def starts(self) -> list[date]:
        """The first day of each month, and that of the month after the last."""
        begin, end = self.first.year * 12 + self.first.month - 1, self.last.year * 12 + self.last.month - 1
        return [date(count // 12, count % 12 + 1, 1) for count in range(begin, end + 2)]

    def instants(self, zone: tzinfo) -> list[datetime]:
        """Return when each month begins in a zone, and when the last one is over."""
        return [datetime.combine(day, time(), zone) for day in self.starts]


def months_of(month: str | None, year: int | None, from_month: str | None, until_month: str | None) -> Months:
    """Return the months asked for: exactly one of month, year, and a pair. Raises `BadPeriod`."""
    asked = [month is not None, year is not None, from_month is not None or until_month is not None]
    if sum(asked) != 1 or (from_month is None) != (until_month is None):
        raise BadPeriod
    try:
        if year is not None:
            return Months(date(year, 1, 1), date(year, 12, 1))
        first, last = (date.fromisoformat(f"{one}-01") for one in (month or from_month, month or until_month))
    except ValueError as fault:
        raise BadPeriod from fault
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not (1 <= count <= MOST_MONTHS and first.year >= FIRST_YEAR and last.year <= LAST_YEAR):
        raise BadPeriod(most_months=MOST_MONTHS)
    return Months(first, last)
