"""What a month's statement 月度结算表 is made of beside the log: witnesses, findings, settings, who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.books.charges import Way
from domain.books.log_facts import LogFacts
from domain.upkeep.costs import Cost
from domain.values import Named


class FindingState(Named):
    """Where a finding stands."""

    RAISED = "raised", "待说明", "not explained"
    EXPLAINED = "explained", "已说明", "explained"
    ACCEPTED = "accepted", "已认可", "accepted"
    REJECTED = "rejected", "说明未获认可", "explanation rejected"
    ASKED = "asked", "待补充说明", "asked back"
    CLEARED = "cleared", "已消除", "cleared"


OPEN = frozenset({FindingState.RAISED, FindingState.REJECTED, FindingState.ASKED})
"""In these states a finding waits for its explanation."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What the best witness of a use says, and the terminal's own count of metres. None: nobody told anything."""

    track_m: int | None = None
    unobserved_m: int | None = None
    fixes: int = 0
    terminal_m: int | None = None
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """A complaint that a trip was driven for."""

    complaint_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class Aboard:
    """An officer who went along."""

    person_id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFinding:
    """A finding about the month, and until when it is to be explained."""

    finding_id: UUID
    kind: str
    colour: str
    at: datetime
    term_at: datetime
    state: FindingState
    use_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A setting that was changed in the month."""

    name: str
    old: int | None
    new: int
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBase:
    """A move of the vehicle's base that takes effect in the month: from where to where, and how far apart they are."""

    old: str
    new: str
    moved_m: int
    effective_at: datetime
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """When a month was sealed and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """All of a month; mappings are by use, and a use they do not name has none of it."""

    bureau_id: str
    bureau: str
    unit: str
    answerable: str
    """The head of the using unit, who answers for what belongs to nobody."""
    vehicle_id: UUID
    plate: str
    vehicle: str
    month: str
    """Such as 2026-11."""
    log: LogFacts
    previous_sha256: str | None = None
    sealed: Sealed | None = None
    """None: a draft."""
    witnessed: Mapping[UUID, Witnessed] = field(default_factory=dict)
    carried: Mapping[UUID, tuple[Carried, ...]] = field(default_factory=dict)
    aboard: Mapping[UUID, tuple[Aboard, ...]] = field(default_factory=dict)
    notes: Mapping[UUID, int] = field(default_factory=dict)
    """How many visit notes were made on a trip."""
    findings: tuple[MonthFinding, ...] = ()
    settings: tuple[ChangedSetting, ...] = ()
    bases: tuple[MovedBase, ...] = ()
    costs: tuple[Cost, ...] = ()
    """What was paid in the month, corrected ones and their corrections too."""
