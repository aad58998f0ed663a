"""The acts about who has power over a complaint (处理权限): one centre, two levels, and a dispute settled in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from domain.complaint.act import Act, ActNotAllowed, OnlyIntakeDistributes, agreed_to_mediate, check_text
from domain.complaint.packs import DeadlineCode, Pack
from domain.complaint.states import ComplaintFacts, State
from domain.complaint.words import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToIntake(Act):
    """A unit without power over the complaint returns it to the intake unit (退回, art. 41), before mediation."""

    verb: ClassVar[str] = "return-to-intake"
    from_states: ClassVar[frozenset[State]] = frozenset({State.RECEIVED, State.ACCEPTED})
    reason: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_text(self.reason)
        return replace(facts, state=State.RETURNED, outcome=Outcome.RETURNED_TO_INTAKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribute(Act):
    """The intake unit sends the complaint to the unit with power over it (分送, art. 41): one centre, two levels.

    What was accepted, by the intake unit at its counter, stays accepted.
    """

    verb: ClassVar[str] = "distribute"
    from_states: ClassVar[frozenset[State]] = frozenset({State.RECEIVED, State.ACCEPTED, State.RETURNED})
    by_intake: bool

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        if not self.by_intake:
            raise OnlyIntakeDistributes
        state = State.ACCEPTED if facts.accepted_on else State.RECEIVED
        return agreed_to_mediate(replace(facts, state=state, outcome=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputePower(Act):
    """Two authorities both claim or both decline the complaint (处理权限争议): they agree within seven working days.

    Order 121 art. 33. `with_whom` names the other authority.
    """

    verb: ClassVar[str] = "dispute-power"
    from_states: ClassVar[frozenset[State]] = frozenset({State.RECEIVED, State.ACCEPTED, State.RETURNED})
    with_whom: str
    reason: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        check_text(self.with_whom, self.reason)
        pack.deadline(DeadlineCode.JURISDICTION_DISPUTE)
        if facts.disputed_on is not None:
            raise ActNotAllowed(act=self.verb, state=facts.state, disputed_on=facts.disputed_on)
        return replace(facts, disputed_on=self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePower(Act):
    """The dispute is over: agreed between the two, or decided by the authority above both (art. 33)."""

    verb: ClassVar[str] = "settle-power"
    from_states: ClassVar[frozenset[State]] = frozenset(State) - {State.MERGED}
    result: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_text(self.result)
        if facts.disputed_on is None:
            raise ActNotAllowed(act=self.verb, state=facts.state, disputed_on=None)
        return replace(facts, disputed_on=None)
