"""Days and times as people of a bureau read them: in its zone, in the page's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Local:
    """What templates write days and times with."""

    zone: ZoneInfo
    language: str
    today: date

    def day(self, day: date) -> str:
        """Return a day with its weekday; its year where it is another."""
        weekday = WEEKDAYS[self.language][day.weekday()]
        if self.language == "zh":
            year = "" if day.year == self.today.year else f"{day.year}年"
            return f"{year}{day.month}月{day.day}日 周{weekday}"
        year = "" if day.year == self.today.year else f" {day.year}"
        return f"{weekday} {day.day} {MONTHS[day.month - 1]}{year}"

    def hm(self, at: datetime) -> str:
        """Return the time of day."""
        return at.astimezone(self.zone).strftime("%H:%M")

    def at(self, at: datetime) -> str:
        """Return an instant: the time alone today, with its day otherwise."""
        day = at.astimezone(self.zone).date()
        return self.hm(at) if day == self.today else f"{self.day(day)} {self.hm(at)}"

    def span(self, start_at: datetime, end_at: datetime) -> str:
        """Return a stretch of time, its day told once where it is one."""
        first, last = (one.astimezone(self.zone).date() for one in (start_at, end_at))
        if first == last:
            return f"{self.at(start_at)}–{self.hm(end_at)}"
        return f"{self.day(first)} {self.hm(start_at)} – {self.day(last)} {self.hm(end_at)}"

    def typed(self, at: datetime) -> str:
        """Return an instant as a `datetime-local` control takes it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")
