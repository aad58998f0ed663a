"""What can be done with a complaint: each act says from which states it may come and what it makes of the facts.

Those about a clue of a violation are in `clue`, those about which unit has power over it in `power`.

`decide` is the whole machine: facts, an act and the regulation pack in, the facts afterwards out, or the fault that
says why not. It reads no clock; days are those in the bureau's zone on which a thing happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from domain.calendar import Stretch
from domain.complaint.act import (
    Act,
    GroundNotYet,
    MergeImpossible,
    OutcomeMismatch,
    PartiesUntold,
    agreed_to_mediate,
    check_aware,
    check_text,
)
from domain.complaint.clue import ExtendClueCheck, FindClue, PassClue
from domain.complaint.packs import Cause, Pack
from domain.complaint.power import DisputePower, Distribute, ReturnToIntake, SettlePower
from domain.complaint.states import ENDED, OPEN, Announcement, ComplaintFacts, State, Told
from domain.complaint.words import AGREEMENTS, Outcome, Party, SuspensionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Act):
    """The complaint is accepted (受理): within seven working days of receipt, Order 121 art. 15."""

    verb: ClassVar[str] = "accept"
    from_states: ClassVar[frozenset[State]] = frozenset({State.RECEIVED})

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        return agreed_to_mediate(replace(facts, state=State.ACCEPTED, accepted_on=self.on))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Act):
    """The complaint is not accepted (不予受理), on a ground of the pack: Order 121 art. 16."""

    verb: ClassVar[str] = "refuse"
    from_states: ClassVar[frozenset[State]] = frozenset({State.RECEIVED})
    ground: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        ground = pack.refusal(self.ground).code
        return replace(facts, state=State.REFUSED, ground=ground, outcome=Outcome.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent(Act):
    """A party consents to mediation (art. 18); with both consents of an accepted complaint mediation begins."""

    verb: ClassVar[str] = "record-consent"
    any_day: ClassVar[bool] = True
    from_states: ClassVar[frozenset[State]] = OPEN | {State.RECEIVED}
    party: Party
    given_at: datetime
    how: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_text(self.how)
        check_aware(self.given_at)
        if self.party is Party.COMPLAINANT:
            return agreed_to_mediate(replace(facts, complainant_consented_at=self.given_at))
        return agreed_to_mediate(replace(facts, respondent_consented_at=self.given_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Act):
    """Time, place and mediators of a mediation at a site are told to the parties (art. 20).

    What it leaves out is no fault here but a mark on the permit. The newest announcement counts.
    """

    verb: ClassVar[str] = "announce"
    from_states: ClassVar[frozenset[State]] = OPEN
    announcement: Announcement

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_aware(self.announcement.meeting_at, *(told.told_at for told in self.announcement.told))
        return replace(facts, announcement=self.announcement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(Act):
    """Mediation stands still for testing (art. 22) or a request for recusal (art. 21)."""

    verb: ClassVar[str] = "suspend"
    from_states: ClassVar[frozenset[State]] = frozenset({State.ACCEPTED, State.MEDIATING})
    kind: SuspensionKind

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        return replace(facts, state=State.SUSPENDED, suspension=self.kind, suspended_on=self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Act):
    """Mediation goes on: `result` says what testing found, or how the request for recusal was decided."""

    verb: ClassVar[str] = "resume"
    from_states: ClassVar[frozenset[State]] = frozenset({State.SUSPENDED})
    result: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        check_text(self.result)
        return agreed_to_mediate(replace(_clock_on(facts, self.on, pack), state=State.ACCEPTED))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachAgreement(Act):
    """An agreement is reached (达成调解协议): with a document, or performed at once, or both waive it (art. 24)."""

    verb: ClassVar[str] = "reach-agreement"
    from_states: ClassVar[frozenset[State]] = frozenset({State.MEDIATING})
    outcome: Outcome

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        if self.outcome not in AGREEMENTS:
            raise OutcomeMismatch(outcome=self.outcome, outcomes=[str(outcome) for outcome in AGREEMENTS])
        return replace(facts, state=State.MEDIATED, outcome=self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Act):
    """The parties settle by themselves (自行和解)."""

    verb: ClassVar[str] = "settle"
    from_states: ClassVar[frozenset[State]] = OPEN | {State.RECEIVED}

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        return _ended_by_parties(facts, self.on, State.SETTLED, Outcome.SETTLED, pack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Act):
    """The complainant withdraws the complaint (撤回投诉)."""

    verb: ClassVar[str] = "withdraw"
    from_states: ClassVar[frozenset[State]] = OPEN | {State.RECEIVED}

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        return _ended_by_parties(facts, self.on, State.WITHDRAWN, Outcome.WITHDRAWN, pack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate(Act):
    """Mediation is terminated (终止调解) on a ground of the pack: Order 121 art. 23."""

    verb: ClassVar[str] = "terminate"
    from_states: ClassVar[frozenset[State]] = OPEN
    ground: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        ground = pack.termination(self.ground)
        due_on = facts.mediate_due_on
        still = facts.suspension is not None and pack.stops_clock(facts.suspension)
        if ground.cause is Cause.LAPSE and (still or due_on is None or self.on <= due_on):
            raise GroundNotYet(ground=ground.code, due_on=due_on.isoformat() if due_on else None)
        ended = _clock_on(facts, self.on, pack)
        return replace(ended, state=State.TERMINATED, ground=ground.code, outcome=Outcome.TERMINATED, ended_on=self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellTermination(Act):
    """Parties are told that mediation was ended: within seven working days of the decision (art. 23)."""

    verb: ClassVar[str] = "tell-termination"
    from_states: ClassVar[frozenset[State]] = ENDED
    told: tuple[Told, ...]

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_text(*(one.how for one in self.told))
        check_aware(*(one.told_at for one in self.told))
        return replace(facts, told=facts.told | {one.party for one in self.told})


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Act):
    """The complaint is closed (办结) with the outcome it came to.

    One that was refused or terminated may instead be closed as its clue passed on.
    """

    verb: ClassVar[str] = "close"
    from_states: ClassVar[frozenset[State]] = ENDED | {State.REFUSED, State.MEDIATED, State.RETURNED}
    outcome: Outcome

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        fitting = {facts.outcome}
        if facts.state in {State.REFUSED, State.TERMINATED} and facts.clue_passed_on:
            fitting.add(Outcome.CLUE_PASSED_ON)
        if self.outcome not in fitting:
            raise OutcomeMismatch(outcome=self.outcome, outcomes=sorted(str(one) for one in fitting))
        if facts.untold:
            raise PartiesUntold(parties=[str(party) for party in facts.untold])
        return replace(facts, state=State.CLOSED, outcome=self.outcome, closed_on=self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(Act):
    """The complaint is one with another (并案): both stay visible, and the other goes on."""

    verb: ClassVar[str] = "merge"
    from_states: ClassVar[frozenset[State]] = OPEN | {State.RECEIVED}
    into: UUID
    into_state: State

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        if self.into == facts.complaint_id or self.into_state in {State.CLOSED, State.MERGED, State.RETURNED}:
            raise MergeImpossible(into=str(self.into), into_state=self.into_state)
        return replace(facts, state=State.MERGED, merged_into=self.into, suspension=None, suspended_on=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Act):
    """The particulars are corrected, with a reason; the old ones stay visible. The state does not change."""

    verb: ClassVar[str] = "correct"
    any_day: ClassVar[bool] = True
    from_states: ClassVar[frozenset[State]] = frozenset(State) - {State.MERGED}
    reason: str

    def _after(self, facts: ComplaintFacts, pack: Pack) -> ComplaintFacts:
        del pack
        check_text(self.reason)
        return facts


ACTS: tuple[type[Act], ...] = (
    Accept,
    Refuse,
    RecordConsent,
    Announce,
    Suspend,
    Resume,
    ReachAgreement,
    Settle,
    Withdraw,
    Terminate,
    TellTermination,
    FindClue,
    ExtendClueCheck,
    PassClue,
    Close,
    ReturnToIntake,
    Distribute,
    DisputePower,
    SettlePower,
    Merge,
    Correct,
)
"""Every act there is."""


def decide(facts: ComplaintFacts, act: Act, pack: Pack) -> ComplaintFacts:
    """Return the facts after the act.

    Raises `ActNotAllowed` where the state does not allow it, `ActOutOfOrder` where its day lies before the act it
    follows, `ActIncomplete`, `UnknownGround`, or what the act's own rule names.
    """
    return act.done_to(facts, pack)


def _clock_on(facts: ComplaintFacts, on: date, pack: Pack) -> ComplaintFacts:
    """End a suspension, keeping its days where they stop the clock: those after the first, up to `on`."""
    if facts.suspension is None or facts.suspended_on is None:
        return facts
    still = facts.stood_still
    if pack.stops_clock(facts.suspension) and on > facts.suspended_on:
        still = (*still, Stretch(facts.suspended_on, on))
    return replace(facts, suspension=None, suspended_on=None, stood_still=still)


def _ended_by_parties(facts: ComplaintFacts, on: date, state: State, outcome: Outcome, pack: Pack) -> ComplaintFacts:
    """End a complaint by the parties' own will. Only what was accepted has a mediation to terminate and to tell of."""
    ended = replace(_clock_on(facts, on, pack), state=state, outcome=outcome)
    if facts.accepted_on is None:
        return ended
    ground = pack.ground_of_parties()
    return replace(ended, ended_on=on, ground=ground.code if ground else None)
