"""A vehicle's day as a line: hours and bars in per cent of its width, so that it is drawn without a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.db.queries.board import DayUse
from domain.duty import DutyHours
from domain.values import Window

MARGIN = timedelta(hours=1)
"""Shown before and after duty hours."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the line, in per cent."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """The stretch of a day that is shown: whole hours around duty hours, and around all that lies outside them."""

    window: Window

    def at(self, instant: datetime) -> float:
        """Return where an instant lies, in per cent; outside the line it lies at its end."""
        whole = self.window.end_at - self.window.start_at
        return round(min(max((instant - self.window.start_at) / whole, 0.0), 1.0) * 100, 3)

    def bar(self, start_at: datetime, end_at: datetime) -> Bar:
        """Return where a stretch lies; the shortest is still seen."""
        x = self.at(start_at)
        return Bar(x, max(round(self.at(end_at) - x, 3), 0.3))

    def hours(self, zone: ZoneInfo) -> list[tuple[float, str]]:
        """Return the whole hours with where they are, every second one where they are many."""
        whole = self.window.end_at - self.window.start_at
        step = 1 if whole <= timedelta(hours=14) else 2
        count = int(whole / timedelta(hours=1))
        instants = [self.window.start_at + timedelta(hours=no) for no in range(0, count, step)]
        return [(self.at(one), one.astimezone(zone).strftime("%H")) for one in instants]


def line_of(day: date, zone: ZoneInfo, duty: DutyHours, uses: Iterable[DayUse], now: datetime) -> Line:
    """Return the stretch of a day to show, within the day."""
    midnight = datetime.combine(day, time(), zone)
    next_midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    start_at = datetime.combine(day, duty[0][0], zone) - MARGIN
    end_at = datetime.combine(day, duty[-1][1], zone) + MARGIN
    for use in uses:
        start_at = min(start_at, use.planned_from, use.actual_from or use.planned_from)
        ended_at = use.actual_until or (now if use.actual_from else use.planned_until)
        end_at = max(end_at, use.planned_until, ended_at)
    start_at = max(start_at, midnight).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    end_at = min(end_at, next_midnight).astimezone(zone)
    if end_at.minute or end_at.second or end_at.microsecond:
        end_at = end_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Line(Window(start_at, end_at))


def duty_bars(line: Line, day: date, zone: ZoneInfo, duty: DutyHours) -> Sequence[Bar]:
    """Return where the duty hours of a working day lie."""
    return [line.bar(datetime.combine(day, start, zone), datetime.combine(day, end, zone)) for start, end in duty]
