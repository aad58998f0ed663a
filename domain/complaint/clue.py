"""The acts about a clue of a violation (违法线索) found in mediation: others check it, within its term."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from domain.complaint.act import Act, ActNotAllowed, ActOutOfOrder, check_text
from domain.complaint.packs import DeadlineCode, NoExtension, Pack
from domain.complaint.states import ComplaintFacts, State


@dataclass(frozen=True, slots=True, kw_only=True)
class FindClue(Act):
    """A clue of a violation is found in mediation: to be checked within fifteen working days (art. 27)."""

    verb: ClassVar[str] = "find-clue"
    any_day: ClassVar[bool] = True
    from_states: ClassVar[frozenset[State]] = frozenset(State) - {State.RETURNED, State.MERGED}

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        return replace(facts, clue_found_on=facts.clue_found_on or self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendClueCheck(Act):
    """The check of the clue is given its one extension (延长核查): fifteen working days more (art. 27).

    The head of the authority approves it: `approved_by` says who, `reason` why.
    """

    verb: ClassVar[str] = "extend-clue-check"
    any_day: ClassVar[bool] = True
    from_states: ClassVar[frozenset[State]] = FindClue.from_states
    approved_by: str
    reason: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        check_text(self.approved_by, self.reason)
        if pack.deadline(DeadlineCode.CLUE_CHECK).extension is None:
            raise NoExtension(pack=pack.code, deadline=DeadlineCode.CLUE_CHECK)
        found_on, extended_on = facts.clue_found_on, facts.clue_extended_on
        if found_on is None or extended_on is not None or facts.clue_passed_on is not None:
            raise ActNotAllowed(act=self.verb, state=facts.state, clue_found_on=found_on, clue_extended_on=extended_on)
        if self.on < found_on:
            raise ActOutOfOrder(act=self.verb, on=self.on.isoformat(), latest_on=found_on.isoformat())
        return replace(facts, clue_extended_on=self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassClue(Act):
    """The clue is passed on to those who check it (线索移交); the check itself is no mediation (art. 9)."""

    verb: ClassVar[str] = "pass-clue"
    any_day: ClassVar[bool] = True
    from_states: ClassVar[frozenset[State]] = FindClue.from_states

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        found_on = facts.clue_found_on
        if found_on is None:
            raise ActNotAllowed(act=self.verb, state=facts.state, clue_found_on=None)
        if self.on < found_on:
            raise ActOutOfOrder(act=self.verb, on=self.on.isoformat(), latest_on=found_on.isoformat())
        return replace(facts, clue_passed_on=facts.clue_passed_on or self.on)
