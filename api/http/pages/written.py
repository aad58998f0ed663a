"""How days, times, figures and words are written on pages: in the reader's language, by the clock of the bureau."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.db.database import Reader
from api.db.queries.calendar import zone_of
from domain.use_rule.reasons import sentence_of
from domain.values import Named

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Written:
    """What a template calls `w`: the reader's language ("zh" or "en"), the zone its clocks show, and what time it is.

    Who plans reads times as people say them (`day`, `at`, `span`); who audits reads them whole (`when`, `between`).
    """

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The bureau's day."""
        return self._local(self.now).date()

    def day(self, day: date) -> str:
        """Return a day with its weekday; its year where it is another."""
        weekday = WEEKDAYS[self.language][day.weekday()]
        if self.language == "zh":
            year = "" if day.year == self.today.year else f"{day.year}年"
            return f"{year}{day.month}月{day.day}日 周{weekday}"
        year = "" if day.year == self.today.year else f" {day.year}"
        return f"{weekday} {day.day} {MONTHS[day.month - 1]}{year}"

    def at(self, at: datetime) -> str:
        """Return an instant: the time alone today, with its day otherwise."""
        day = self._local(at).date()
        return self.clock(at) if day == self.today else f"{self.day(day)} {self.clock(at)}"

    def span(self, start_at: datetime, end_at: datetime) -> str:
        """Return a stretch of time, its day told once where it is one."""
        first, last = self._local(start_at).date(), self._local(end_at).date()
        if first == last:
            return f"{self.at(start_at)}–{self.clock(end_at)}"
        return f"{self.day(first)} {self.clock(start_at)} – {self.day(last)} {self.clock(end_at)}"

    def when(self, at: datetime | str | None) -> str:
        """Return day and minute, whole."""
        return "" if at is None else self._local(at).strftime("%Y-%m-%d %H:%M")

    def between(self, from_at: datetime | None, until_at: datetime | None) -> str:
        """Return a stretch of time whole; the day, or all of it, is told once where it is one."""
        if from_at is None or until_at is None:
            return f"{self.when(from_at)}–{self.when(until_at)}" if from_at or until_at else ""
        first, last = self.when(from_at), self.when(until_at)
        if first == last:
            return first
        return f"{first}–{self.clock(until_at) if first[:10] == last[:10] else last}"

    def clock(self, at: datetime | str | None) -> str:
        """Return the minute of the day."""
        return "" if at is None else self._local(at).strftime("%H:%M")

    def typed(self, at: datetime) -> str:
        """Return an instant as a `datetime-local` control takes it."""
        return self._local(at).strftime("%Y-%m-%dT%H:%M")

    def km(self, metres: int | None) -> str:
        """Return metres as kilometres, exactly: three places always, so that sums can be checked by eye."""
        return "" if metres is None else f"{'-' if metres < 0 else ''}{abs(metres) // 1000:,}.{abs(metres) % 1000:03d}"

    def lasted(self, seconds: float | None) -> str:
        """Return how long something took, in its two largest units."""
        if seconds is None:
            return ""
        whole = round(abs(seconds))
        units = (("天", "d", DAY_S), ("小时", "h", HOUR_S), ("分", "min", MINUTE_S), ("秒", "s", 1))
        said = []
        for zh, en, length_s in units:
            count, whole = divmod(whole, length_s)
            if count:
                said.append(f"{count} {self.choose(zh, en)}")
        return " ".join(said[:2]) or f"0 {self.choose('秒', 's')}"

    def word(self, one: Any) -> str:
        """Return a word of the domain by its name in the reader's language."""
        if one is None:
            return ""
        return self.choose(one.zh, one.en) if isinstance(one, Named) else str(one)

    def sentence(self, code: str) -> str:
        """Return the sentence of a reason."""
        return sentence_of(code, self.language)

    def choose(self, zh: str, en: str) -> str:
        """Return one of two texts by the reader's language."""
        return en if self.language == "en" else zh

    def _local(self, at: datetime | str) -> datetime:
        known = datetime.fromisoformat(at) if isinstance(at, str) else at
        return known.astimezone(self.zone)


async def written_for(reader: Reader, language: str) -> Written:
    """Return how the reader's bureau writes for whoever reads this language."""
    return Written(language, await zone_of(reader), reader.now)
