"""Kinds of fields that bodies and queries share: texts with a limit, instants with a zone and a sane year."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final

import msgspec
from litestar.params import QueryParameter

from domain.errors import InvalidInput
from domain.months import FIRST_YEAR, LAST_YEAR
from domain.values import Window

WITHOUT_NUL: Final = "^[^\\x00]*$"
"""PostgreSQL stores any text but one with U+0000."""
SAYS_SOMETHING: Final = "^[^\\x00]*[^\\s\\x00][^\\x00]*$"
"""The same, and not blank."""
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_CLOCKS_BEGIN = 1969
"""What a device's clock says that has lost the time: 1 January 1970, in New York the evening before."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=WITHOUT_NUL)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=WITHOUT_NUL)]
Prose = Annotated[str, msgspec.Meta(min_length=1, max_length=5_000, pattern=WITHOUT_NUL)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=WITHOUT_NUL)]
Telephone = Annotated[str, msgspec.Meta(min_length=3, max_length=40, pattern=WITHOUT_NUL, examples=["13800000001"])]
Instant = Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-23T09:00:00+08:00"])]


MONTH: Final = QueryParameter(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="such as 2026-11")
Month = Annotated[str, MONTH]
MonthOrNone = Annotated[str | None, MONTH]
"""A month asked for in the query."""
YearOrNone = Annotated[int | None, QueryParameter(ge=FIRST_YEAR, le=LAST_YEAR, description="a whole year")]


class TimeOutOfRange(InvalidInput):
    """A time lies between the years 1990 and 2100, and has its offset."""

    code = "time-out-of-range"
    zh = "时间须在 1990 年至 2100 年之间，并带时区偏移。"


class WindowBackwards(InvalidInput):
    """A window ends after it starts."""

    code = "window-backwards"
    zh = "时间窗口的结束须晚于开始。"


def instant(given: datetime) -> datetime:
    """Return an instant in UTC. Raises `TimeOutOfRange`."""
    if given.tzinfo is None or not _FIRST_YEAR <= given.year < _LAST_YEAR:
        raise TimeOutOfRange(given=given.isoformat())
    return given.astimezone(UTC)


def instant_or_none(given: datetime | None) -> datetime | None:
    """Return an instant in UTC, or None where none was given. Raises `TimeOutOfRange`."""
    return None if given is None else instant(given)


def clock_instant(given: datetime | None) -> datetime | None:
    """Return in UTC what a device's clock says, however wrong it is. Raises `TimeOutOfRange`: no clock says that."""
    if given is not None and (given.tzinfo is None or not _CLOCKS_BEGIN <= given.year < _LAST_YEAR):
        raise TimeOutOfRange(given=given.isoformat())
    return None if given is None else given.astimezone(UTC)


def day_or_none(given: date | None) -> date | None:
    """Return a day of a sane year, or None where none was given. Raises `TimeOutOfRange`."""
    if given is not None and not _FIRST_YEAR <= given.year < _LAST_YEAR:
        raise TimeOutOfRange(given=given.isoformat())
    return given


def window(start_at: datetime, end_at: datetime) -> Window:
    """Return a window of two instants. Raises `TimeOutOfRange` or `WindowBackwards`."""
    first, last = instant(start_at), instant(end_at)
    if last <= first:
        raise WindowBackwards
    return Window(first, last)
