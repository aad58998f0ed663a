"""What a cell says: texts, dates, times, kilometres, litres, money, as people type them.

Each function takes what the spreadsheet holds and returns the value, or raises `CellFault`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from domain.sheet.columns import Cell
from domain.sheet.problems import CellFault, ProblemKind

TEXT_MOST: Final = 2_000
YEARS: Final = (2000, 2100)
"""No sheet tells of another time."""
_DIGITS_LOST: Final = 10**15
"""A spreadsheet keeps fifteen digits of a number: of a longer code that is kept as a number, the last ones are gone."""
_EXCEL_DAY_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a calendar's day, in no zone
_EXCEL_DAYS: Final = (20_000, 80_000)
"""Numbers that can be days: 1954 to 2119."""
_DATE: Final = re.compile(r"(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?![-/.年\d])\s*日?")
"""No year after the day: 12/03/2025 may be March or December, so it is asked about and not guessed."""
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_TIME: Final = re.compile(
    r"(凌晨|清晨|早上|早|上午|中午|下午|傍晚|晚上|晚|am|pm)?\s*"
    r"(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*分?|(半)|([一三])刻)?(?::(\d{1,2}))?\s*(am|pm)?",
    re.IGNORECASE,
)
_AFTERNOON: Final = ("下午", "傍晚", "晚上", "晚", "pm")
_NUMBER: Final = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?|[-+]?\.\d+")
_LESS: Final = re.compile(r"[-(]\s*(?:¥|\$|元|RMB|CNY)?\s*$", re.IGNORECASE)
"""Before a number: less than nothing, as bookkeepers write it, -¥35 or (35)."""
_DAY: Final = timedelta(days=1)
_NOON: Final = 12
_LUNCH_FROM: Final = 10
"""One at noon 中午1点 is after twelve, eleven at noon 中午11点 is before."""


def text_of(cell: Cell) -> str:
    """Return a cell as text, blanks at its ends taken off; an empty one is ""."""
    if cell is None:
        return ""
    if isinstance(cell, float | int) and abs(cell) >= _DIGITS_LOST:
        raise CellFault(ProblemKind.NOT_TAKEN, str(cell))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a number typed where a code was meant
    text = "".join(one for one in str(cell) if one >= " " or one in "\n\t").strip()
    if len(text) > TEXT_MOST:
        raise CellFault(ProblemKind.NOT_TAKEN, f"{len(text)} > {TEXT_MOST}")
    return text


def date_of(cell: Cell, year: int | None = None) -> date:
    """Return a day; one typed without its year is of `year`."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and _EXCEL_DAYS[0] < cell < _EXCEL_DAYS[1]:
        return (_EXCEL_DAY_ZERO + timedelta(days=int(cell))).date()
    text = unicodedata.normalize("NFKC", text_of(cell))
    match = _DATE.match(text) or _COMPACT.match(text)
    if match is None:
        raise CellFault(ProblemKind.NO_DATE, text[:30])
    given, month, day = match.groups()
    if given is None and year is None:
        raise CellFault(ProblemKind.NO_YEAR, text[:30])
    try:
        return date(int(given or year or 0), int(month), int(day))
    except ValueError as fault:
        raise CellFault(ProblemKind.NO_DATE, text[:30]) from fault


def time_of(cell: Cell) -> time | None:
    """Return the time of day a cell tells, alone or after a date; None where it tells only a date."""
    told: time | None = None
    if isinstance(cell, datetime):
        told = cell.time()
    elif isinstance(cell, time):
        told = cell
    elif isinstance(cell, int | float):
        part = cell % 1
        told = _on_the_clock(part) if part > 0 else None
    elif isinstance(cell, str):
        told = _typed_time(unicodedata.normalize("NFKC", text_of(cell)))
    return told


def _typed_time(text: str) -> time | None:
    match = _TIME.search(text)
    if match is None:
        if text and not (_DATE.match(text) or _COMPACT.match(text)):
            raise CellFault(ProblemKind.NO_DATE, text[:30])
        return None
    half = (match[1] or match[7] or "").casefold()
    hour = int(match[2])
    if half in ("晚上", "晚") and hour == _NOON:
        raise CellFault(ProblemKind.NO_DATE, text[:30])  # midnight, but of which day
    if (half in _AFTERNOON and hour < _NOON) or (half == "中午" and hour < _LUNCH_FROM):
        hour += _NOON
    minute = {"半": 30, "一": 15, "三": 45}.get(match[4] or match[5] or "", int(match[3] or 0))
    try:
        return time(hour, minute, int(match[6] or 0))
    except ValueError as fault:
        raise CellFault(ProblemKind.NO_DATE, text[:30]) from fault


def _on_the_clock(part_of_day: float) -> time:
    return (_EXCEL_DAY_ZERO + timedelta(seconds=round(part_of_day * _DAY.total_seconds()))).time()


def has_date(cell: Cell) -> bool:
    """Tell whether a cell tells a day, and not only a time of day."""
    if isinstance(cell, datetime | date):
        return True
    if isinstance(cell, int | float):
        return _EXCEL_DAYS[0] < cell < _EXCEL_DAYS[1]
    if isinstance(cell, str):
        text = unicodedata.normalize("NFKC", cell.strip())
        return bool(_DATE.match(text) or _COMPACT.match(text))
    return False


def instant_of(cell: Cell, zone: ZoneInfo, *, day: date | None = None, year: int | None = None) -> datetime:
    """Return the instant a cell tells, with its own day or, where it tells a time only, that of its row.

    A day alone is its midnight; one that was typed without its year is of `year`.
    """
    told = time_of(cell)
    if day is None or has_date(cell):
        day = date_of(cell, year)
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise CellFault(ProblemKind.OUT_OF_RANGE, day.isoformat())
    return datetime.combine(day, told or time(), zone)


def thousandths_of(cell: Cell, *, most: int) -> int:
    """Return a number times a thousand, whole: kilometres as metres, litres as millilitres; rounded half to even."""
    return _scaled(cell, 1_000, most)


def fen_of(cell: Cell, *, most: int) -> int:
    """Return yuan as fen."""
    return _scaled(cell, 100, most)


def _scaled(cell: Cell, scale: int, most: int) -> int:
    if isinstance(cell, bool) or cell is None or isinstance(cell, date | time):
        raise CellFault(ProblemKind.NO_NUMBER, text_of(cell)[:30])
    text = unicodedata.normalize("NFKC", text_of(cell)).replace("\u2212", "-")
    match = _NUMBER.search(text)
    if match is None:
        raise CellFault(ProblemKind.NO_NUMBER, text_of(cell)[:30])
    if _LESS.search(text[: match.start()]):
        raise CellFault(ProblemKind.OUT_OF_RANGE, text[:30])
    try:
        value = int((Decimal(match[0].replace(",", "")) * scale).to_integral_value())
    except InvalidOperation as fault:
        raise CellFault(ProblemKind.NO_NUMBER, text_of(cell)[:30]) from fault
    if not 0 <= value <= most:
        raise CellFault(ProblemKind.OUT_OF_RANGE, match[0])
    return value
