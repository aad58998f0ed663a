"""What is said of one thing: how it stands, in both languages, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Words = tuple[str, str]
"""In Chinese and in English."""


class State(StrEnum):
    """How it stands."""

    WELL = "well"
    UNKNOWN = "not-known"
    UNWELL = "not-well"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one thing, and what helps where it is not well."""

    check: str
    state: State
    said: Words
    helps: Words | None = None
    of: str = ""
    """The bureau that it is said of, where it is one's own."""


def judged(check: str, said: Words, helps: Words, *, amiss: bool, of: str = "") -> Verdict:
    """Return that something is well, or is not and what helps."""
    return Verdict(check, State.UNWELL if amiss else State.WELL, said, helps if amiss else None, of)


def unknown(check: str, zh: str = "未知", en: str = "not known", of: str = "") -> Verdict:
    """Return that something is not known, which is no fault."""
    return Verdict(check, State.UNKNOWN, (zh, en), of=of)
