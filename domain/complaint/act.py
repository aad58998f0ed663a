"""What every act on a complaint has in common, and the faults an act can meet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from domain.complaint.packs import Pack
from domain.complaint.states import ComplaintFacts, State
from domain.errors import InvalidInput, StateConflict


class ActNotAllowed(StateConflict):
    """The complaint is not in a state that allows this act."""

    code = "complaint-state-conflict"
    zh = "投诉当前状态不允许此操作。"


class ActOutOfOrder(InvalidInput):
    """An act on a complaint cannot have happened before the one it follows."""

    code = "act-out-of-order"
    zh = "该操作的日期不能早于其前一操作的日期。"


class ActIncomplete(InvalidInput):
    """This act needs a reason or a text, and its times need a zone."""

    code = "act-incomplete"
    zh = "该操作须写明理由或内容，时间须带时区。"


class GroundNotYet(StateConflict):
    """The term of mediation has not passed yet, so it is no ground of terminating."""

    code = "ground-not-yet"
    zh = "调解期限尚未届满，不能以此为由终止调解。"


class PartiesUntold(StateConflict):
    """Both parties must be told that mediation was terminated before the complaint is closed."""

    code = "parties-untold"
    zh = "终止调解须先告知双方当事人，方可办结。"


class OutcomeMismatch(StateConflict):
    """A complaint is closed with the outcome it came to."""

    code = "outcome-mismatch"
    zh = "办结结果与投诉实际处理结果不符。"


class MergeImpossible(StateConflict):
    """A complaint is merged into another one that is not closed, merged or returned itself."""

    code = "merge-impossible"
    zh = "只能并入另一件尚未办结、未并案、未退回的投诉。"


class OnlyIntakeDistributes(StateConflict):
    """Only the intake unit distributes a complaint; a unit without power over it returns it and never passes it on."""

    code = "only-intake-distributes"
    zh = "投诉由统一接收机构分送；无处理权限的单位应退回，不得自行移送。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(ABC):
    """Something done with a complaint on a day.

    `verb` is its wire word, `from_states` where it may begin. `any_day`: it may tell of a day before the last act.
    """

    verb: ClassVar[str]
    from_states: ClassVar[frozenset[State]]
    any_day: ClassVar[bool] = False
    on: date

    def done_to(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        """Return the facts after it. Raises `ActNotAllowed`, `ActOutOfOrder`, or what the act's own rule names."""
        if facts.state not in self.from_states:
            allowed = [str(state) for state in State if state in self.from_states]
            raise ActNotAllowed(act=self.verb, state=facts.state, from_states=allowed)
        if self.any_day:
            return self._after(facts, pack)
        if self.on < facts.latest_on:
            raise ActOutOfOrder(act=self.verb, on=self.on.isoformat(), latest_on=facts.latest_on.isoformat())
        return replace(self._after(facts, pack), last_on=self.on)

    @abstractmethod
    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        """Return what the facts are after it, given that its state and day fit."""


def check_text(*texts: str) -> None:
    """Raise `ActIncomplete` unless every text says something."""
    if not all(text.strip() for text in texts):
        raise ActIncomplete


def check_aware(*instants: datetime) -> None:
    """Raise `ActIncomplete` unless every instant has its zone."""
    if any(instant.tzinfo is None for instant in instants):
        raise ActIncomplete


def agreed_to_mediate(facts: ComplaintFacts) -> ComplaintFacts:
    """Return the facts with mediation begun, once an accepted complaint has both consents."""
    if facts.state is State.ACCEPTED and not facts.without_consent:
        return replace(facts, state=State.MEDIATING)
    return facts
