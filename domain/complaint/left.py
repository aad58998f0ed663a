"""What is left of a term 剩余期限, as a board shows it: by colour and by words, never by colour alone."""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.values import Named

RED_DAYS: Final = 3
"""So many days before the day to warn on, and nearer, a job is urgent: a working day may still be between."""
AMBER_DAYS: Final = 10
"""And so many days before it, it is to be planned now."""


class Urgency(Named):
    """How much of a term is left."""

    OVERDUE = "overdue", "已超期", "overdue"
    URGENT = "urgent", "紧急", "urgent"
    SOON = "soon", "临近", "soon"
    AHEAD = "ahead", "充裕", "ahead"

    @property
    def colour(self) -> str:
        """The colour it is shown in; its words and its sign stand beside."""
        return {Urgency.OVERDUE: "red", Urgency.URGENT: "red", Urgency.SOON: "amber", Urgency.AHEAD: "green"}[self]

    @property
    def sign(self) -> str:
        """A sign of its own shape for each, so that no one needs to tell colours apart."""
        return {Urgency.OVERDUE: "!", Urgency.URGENT: "▲", Urgency.SOON: "◆", Urgency.AHEAD: "●"}[self]


def urgency(warn_on: date, today: date) -> Urgency:
    """Return how urgent a term is whose earlier last day, nominal or rolled, is `warn_on`; that day itself is kept."""
    left = (warn_on - today).days
    if left < 0:
        return Urgency.OVERDUE
    if left <= RED_DAYS:
        return Urgency.URGENT
    return Urgency.SOON if left <= AMBER_DAYS else Urgency.AHEAD


def days_left(warn_on: date, today: date, language: str) -> str:
    """Return in words, "zh" or "en", how many days are left."""
    left = (warn_on - today).days
    if left < 0:
        return f"超期 {-left} 天" if language == "zh" else f"{-left} d overdue"
    if left == 0:
        return "今天到期" if language == "zh" else "due today"
    return f"剩 {left} 天" if language == "zh" else f"{left} d left"
