"""How figures, times and words are written on pages: in the reader's language, by the clock of the bureau."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.complaint.words import Named
from domain.use_rule.reasons import sentence_of

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Written:
    """What a template calls `w`: the reader's language ("zh" or "en") and the zone its clocks show."""

    language: str
    zone: str

    def when(self, at: datetime | str | None) -> str:
        """Return day and minute."""
        return "" if at is None else self._local(at).strftime("%Y-%m-%d %H:%M")

    def clock(self, at: datetime | str | None) -> str:
        """Return the minute of the day."""
        return "" if at is None else self._local(at).strftime("%H:%M")

    def span(self, from_at: datetime | None, until_at: datetime | None) -> str:
        """Return from when to when; the day is told once where it is one."""
        if from_at is None or until_at is None:
            return f"{self.when(from_at)}–{self.when(until_at)}" if from_at or until_at else ""
        same_day = self._local(from_at).date() == self._local(until_at).date()
        return f"{self.when(from_at)}–{self.clock(until_at) if same_day else self.when(until_at)}"

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

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone its clocks show."""
        return ZoneInfo(self.zone)

    def _local(self, at: datetime | str) -> datetime:
        known = datetime.fromisoformat(at) if isinstance(at, str) else at
        return known.astimezone(self.zone_info)
