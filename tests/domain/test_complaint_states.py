"""The life of a complaint: which act comes from which state, what it leaves behind, and when the vehicle may visit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Stretch
from domain.complaint.act import (
    Act,
    ActIncomplete,
    ActNotAllowed,
    ActOutOfOrder,
    GroundNotYet,
    MergeImpossible,
    OnlyIntakeDistributes,
    OutcomeMismatch,
    PartiesUntold,
)
from domain.complaint.acts import (
    ACTS,
    Accept,
    Announce,
    Close,
    Correct,
    Merge,
    ReachAgreement,
    RecordConsent,
    Refuse,
    Resume,
    Settle,
    Suspend,
    TellTermination,
    Terminate,
    Withdraw,
    decide,
)
from domain.complaint.clue import FindClue, PassClue
from domain.complaint.deadlines import deadline
from domain.complaint.job import JobKind, is_mediation
from domain.complaint.packs import DeadlineCode, NoSuchDeadline, Pack, UnknownGround, packs
from domain.complaint.power import DisputePower, Distribute, ReturnToIntake
from domain.complaint.states import State, allows_visit
from domain.complaint.words import AGREEMENTS, Outcome, Party, SuspensionKind
from domain.errors import DomainError
from tests.domain.complaint_lives import (
    ACCEPTED,
    BOTH_TOLD,
    CALENDAR,
    DAY,
    IN_STATE,
    MEDIATING,
    MEETING,
    MINE,
    NOON,
    OTHER,
    PACK,
    RECEIVED,
    TERMINATED,
    TESTED,
    after,
    consent,
    day,
)

LATER = day(9)
ONE_OF_EACH: dict[str, Act] = {
    "accept": Accept(on=LATER),
    "refuse": Refuse(on=LATER, ground="121-16-1"),
    "record-consent": consent(Party.COMPLAINANT, 9),
    "announce": Announce(on=LATER, announcement=MEETING),
    "suspend": Suspend(on=LATER, kind=SuspensionKind.RECUSAL),
    "resume": Resume(on=LATER, result="no fault found 未发现质量问题"),
    "reach-agreement": ReachAgreement(on=LATER, outcome=Outcome.MEDIATED_PERFORMED),
    "settle": Settle(on=LATER),
    "withdraw": Withdraw(on=LATER),
    "terminate": Terminate(on=LATER, ground="121-23-2"),
    "tell-termination": TellTermination(on=LATER, told=BOTH_TOLD),
    "find-clue": FindClue(on=LATER),
    "return-to-intake": ReturnToIntake(on=LATER, reason="no power over it"),
    "distribute": Distribute(on=LATER, by_intake=True),
    "dispute-power": DisputePower(on=LATER, with_whom="the next district 荔城区局", reason="two addresses"),
    "merge": Merge(on=LATER, into=OTHER, into_state=State.ACCEPTED),
    "correct": Correct(on=LATER, reason="digit of the telephone 电话号码有误"),
}
OPEN_STATES = {State.ACCEPTED, State.MEDIATING, State.SUSPENDED}
ENDED_STATES = {State.SETTLED, State.WITHDRAWN, State.TERMINATED}
ALLOWED: dict[str, set[State]] = {
    "accept": {State.RECEIVED},
    "refuse": {State.RECEIVED},
    "record-consent": {State.RECEIVED, *OPEN_STATES},
    "announce": OPEN_STATES,
    "suspend": {State.ACCEPTED, State.MEDIATING},
    "resume": {State.SUSPENDED},
    "reach-agreement": {State.MEDIATING},
    "settle": {State.RECEIVED, *OPEN_STATES},
    "withdraw": {State.RECEIVED, *OPEN_STATES},
    "terminate": OPEN_STATES,
    "tell-termination": ENDED_STATES,
    "find-clue": set(State) - {State.RETURNED, State.MERGED},
    "return-to-intake": {State.RECEIVED, State.ACCEPTED},
    "distribute": {State.RECEIVED, State.ACCEPTED, State.RETURNED},
    "dispute-power": {State.RECEIVED, State.ACCEPTED, State.RETURNED},
    "merge": {State.RECEIVED, *OPEN_STATES},
    "correct": set(State) - {State.MERGED},
}


def test_every_state_is_reached_by_acts() -> None:
    """The twelve states the tests start from were all made by the machine itself."""
    assert {state: facts.state for state, facts in IN_STATE.items()} == {state: state for state in State}


def test_every_act_has_its_own_verb_and_stands_in_the_tables_here() -> None:
    """An act added without its row in these tables fails here."""
    verbs = [act.verb for act in ACTS]
    assert len(verbs) == len(set(verbs))
    elsewhere = {"extend-clue-check", "pass-clue", "close", "settle-power"}
    assert set(verbs) == set(ALLOWED) | elsewhere == set(ONE_OF_EACH) | elsewhere


@pytest.mark.parametrize(("verb", "state"), tuple(product(ALLOWED, State)))
def test_an_act_comes_from_its_states_and_from_no_other(verb: str, state: State) -> None:
    """Every act against every state: done, or refused with both named."""
    facts, act = IN_STATE[state], ONE_OF_EACH[verb]
    if state in ALLOWED[verb]:
        assert decide(facts, act, PACK).complaint_id == MINE
    else:
        with pytest.raises(ActNotAllowed) as fault:
            decide(facts, act, PACK)
        assert (fault.value.detail["act"], fault.value.detail["state"]) == (verb, state)


def test_a_complaint_from_the_counter_can_be_visited_after_one_act() -> None:
    """Registering and accepting are enough for the car; consents may be asked for at the stall."""
    assert not allows_visit(RECEIVED.state, PACK)
    assert allows_visit(ACCEPTED.state, PACK)


def test_mediation_begins_with_the_second_consent() -> None:
    """One side's consent is not enough; which side comes first does not matter (art. 18)."""
    for first, second in ((Party.COMPLAINANT, Party.RESPONDENT), (Party.RESPONDENT, Party.COMPLAINANT)):
        one = after(consent(first), facts=ACCEPTED)
        assert one.state is State.ACCEPTED
        assert one.without_consent == (second,)
        assert after(consent(second), facts=one).state is State.MEDIATING


def test_consents_given_at_registration_count_when_the_complaint_is_accepted() -> None:
    """Nobody is asked twice: mediation begins with acceptance when both consented before."""
    both = after(consent(Party.COMPLAINANT, 0), consent(Party.RESPONDENT, 0))
    assert both.state is State.RECEIVED
    assert after(Accept(on=day(1)), facts=both).state is State.MEDIATING


def test_consent_given_while_suspended_does_not_resume() -> None:
    """Only the act of resuming ends a suspension; then both consents count."""
    waiting = after(Suspend(on=day(2), kind=SuspensionKind.TESTING), consent(Party.COMPLAINANT, 3), facts=ACCEPTED)
    both = after(consent(Party.RESPONDENT, 3), facts=waiting)
    assert both.state is State.SUSPENDED
    assert after(Resume(on=day(4), result="as promised"), facts=both).state is State.MEDIATING


def test_a_refusal_needs_a_ground_of_its_pack() -> None:
    """Art. 16 has seven grounds; a ground of Order 20 or of termination is none of them."""
    refused = after(Refuse(on=day(1), ground="121-16-7"))
    assert (refused.ground, refused.outcome) == ("121-16-7", Outcome.REFUSED)
    for ground in ("20-15-4", "121-23-1", ""):
        with pytest.raises(UnknownGround):
            after(Refuse(on=day(1), ground=ground))


def test_an_agreement_says_how_it_is_kept() -> None:
    """With a document, performed at once, or document waived by both (art. 24); nothing else is an agreement."""
    for outcome in Outcome:
        if outcome in AGREEMENTS:
            assert after(ReachAgreement(on=day(3), outcome=outcome), facts=MEDIATING).outcome is outcome
        else:
            with pytest.raises(OutcomeMismatch):
                after(ReachAgreement(on=day(3), outcome=outcome), facts=MEDIATING)


@pytest.mark.parametrize(("n", "taken"), [(59, False), (60, False), (61, True)])
def test_the_lapse_of_sixty_days_is_a_ground_only_after_they_have_passed(n: int, *, taken: bool) -> None:
    """The day before the last, the last day itself, and the day after it (art. 23-5)."""
    facts = replace(MEDIATING, mediate_due_on=day(60))
    lapse = Terminate(on=day(n), ground="121-23-5")
    if taken:
        assert decide(facts, lapse, PACK).state is State.TERMINATED
    else:
        with pytest.raises(GroundNotYet):
            decide(facts, lapse, PACK)


def test_the_term_cannot_lapse_while_testing_stops_the_clock() -> None:
    """Goods that lie in the laboratory keep the complaint alive past its sixtieth day."""
    facts = replace(TESTED, mediate_due_on=day(60))
    with pytest.raises(GroundNotYet):
        decide(facts, Terminate(on=day(80), ground="121-23-5"), PACK)
    assert decide(facts, Terminate(on=day(80), ground="121-23-4"), PACK).state is State.TERMINATED


def test_a_term_nobody_computed_has_not_lapsed() -> None:
    """Without a recorded last day the machine takes no one's word for it."""
    with pytest.raises(GroundNotYet):
        decide(MEDIATING, Terminate(on=day(400), ground="121-23-5"), PACK)


def test_withdrawing_an_accepted_complaint_ends_its_mediation_by_item_one() -> None:
    """Art. 23-1: withdrawal and settlement terminate mediation, so the parties are to be told."""
    for act in (Withdraw(on=day(3)), Settle(on=day(3))):
        ended = after(act, facts=MEDIATING)
        assert (ended.ground, ended.ended_on, ended.untold) == ("121-23-1", day(3), tuple(Party))


def test_withdrawing_before_acceptance_leaves_nobody_to_tell() -> None:
    """No mediation was begun, so none is terminated, and the complaint can be closed."""
    for act, outcome in ((Withdraw(on=day(1)), Outcome.WITHDRAWN), (Settle(on=day(1)), Outcome.SETTLED)):
        ended = after(act)
        assert (ended.ground, ended.ended_on, ended.untold) == (None, None, ())
        assert after(Close(on=day(1), outcome=outcome), facts=ended).state is State.CLOSED


def test_a_terminated_complaint_is_closed_only_when_both_parties_were_told() -> None:
    """One party told is not enough; telling may be done in two calls (art. 23)."""
    close = Close(on=day(5), outcome=Outcome.TERMINATED)
    one = after(TellTermination(on=day(4), told=BOTH_TOLD[:1]), facts=TERMINATED)
    for facts in (TERMINATED, one):
        with pytest.raises(PartiesUntold):
            decide(facts, close, PACK)
    both = after(TellTermination(on=day(4), told=BOTH_TOLD[1:]), facts=one)
    assert decide(both, close, PACK).state is State.CLOSED


@pytest.mark.parametrize("state", [State.REFUSED, State.MEDIATED, *sorted(ENDED_STATES), State.RETURNED])
def test_a_complaint_is_closed_with_the_outcome_it_came_to(state: State) -> None:
    """A terminated complaint cannot be counted as mediated, nor a mediated one as settled."""
    facts = replace(IN_STATE[state], told=frozenset(Party))
    for outcome in Outcome:
        if outcome is facts.outcome:
            closed = decide(facts, Close(on=LATER, outcome=outcome), PACK)
            assert (closed.state, closed.outcome, closed.closed_on) == (State.CLOSED, outcome, LATER)
        else:
            with pytest.raises(OutcomeMismatch):
                decide(facts, Close(on=LATER, outcome=outcome), PACK)


@pytest.mark.parametrize("state", [State.RECEIVED, *sorted(OPEN_STATES), State.CLOSED, State.MERGED])
def test_what_has_come_to_no_outcome_cannot_be_closed(state: State) -> None:
    """Closing is no way round deciding, and nothing is closed twice."""
    with pytest.raises(ActNotAllowed):
        decide(IN_STATE[state], Close(on=LATER, outcome=Outcome.WITHDRAWN), PACK)


def test_a_clue_that_was_passed_on_may_be_the_outcome() -> None:
    """A refused complaint whose report part goes its own way (art. 9) is closed as that."""
    refused = IN_STATE[State.REFUSED]
    close = Close(on=LATER, outcome=Outcome.CLUE_PASSED_ON)
    found = after(FindClue(on=day(2)), facts=refused)
    with pytest.raises(OutcomeMismatch):
        decide(found, close, PACK)
    passed = after(PassClue(on=day(2)), facts=found)
    assert decide(passed, close, PACK).outcome is Outcome.CLUE_PASSED_ON


def test_a_clue_is_found_before_it_is_passed_on_and_its_first_day_stays() -> None:
    """The fifteen days count from the first finding, however often it is reported."""
    with pytest.raises(ActNotAllowed):
        decide(MEDIATING, PassClue(on=day(3)), PACK)
    found = after(FindClue(on=day(3)), FindClue(on=day(5)), facts=MEDIATING)
    assert found.clue_found_on == day(3)
    with pytest.raises(ActOutOfOrder):
        decide(found, PassClue(on=day(2)), PACK)
    assert decide(found, PassClue(on=day(3)), PACK).clue_passed_on == day(3)


@pytest.mark.parametrize(
    ("kind", "n", "still"),
    [
        (SuspensionKind.TESTING, 2, ()),
        (SuspensionKind.TESTING, 3, (Stretch(day(2), day(3)),)),
        (SuspensionKind.TESTING, 12, (Stretch(day(2), day(12)),)),
        (SuspensionKind.RECUSAL, 5, (Stretch(day(2), day(5)),)),
    ],
)
def test_a_suspension_leaves_its_whole_days_out(kind: SuspensionKind, n: int, still: tuple[Stretch, ...]) -> None:
    """Resumed the same day it takes none, a day later one, ten days later ten."""
    facts = after(Suspend(on=day(2), kind=kind), Resume(on=day(n), result="decided"), facts=MEDIATING)
    assert facts.state is State.MEDIATING
    assert facts.stood_still == still
    assert (facts.suspension, facts.suspended_on) == (None, None)
    plain = deadline(PACK, DeadlineCode.MEDIATE, day(1), CALENDAR)
    moved = deadline(PACK, DeadlineCode.MEDIATE, day(1), CALENDAR, facts.stood_still)
    assert moved.nominal_on == plain.nominal_on + timedelta(days=n - 2)


def test_a_recusal_request_counts_where_the_bureau_has_it_so() -> None:
    """Art. 21 halts mediation but does not say that its time is left out: the stricter reading is a setting."""
    strict = PACK.with_settings(stops_clock={SuspensionKind.RECUSAL: False})
    halted = decide(MEDIATING, Suspend(on=day(2), kind=SuspensionKind.RECUSAL), strict)
    assert decide(halted, Resume(on=day(5), result="replaced"), strict).stood_still == ()


@pytest.mark.parametrize(("n", "taken"), [(-1, False), (0, True), (1, True)])
def test_nothing_is_accepted_before_it_was_received(n: int, *, taken: bool) -> None:
    """The day before receipt, the day itself, the day after."""
    if taken:
        assert after(Accept(on=day(n))).accepted_on == day(n)
    else:
        with pytest.raises(ActOutOfOrder):
            after(Accept(on=day(n)))


def test_no_act_lies_before_the_one_it_follows() -> None:
    """A suspension cannot end before it began, nor termination be told before it was decided."""
    with pytest.raises(ActOutOfOrder):
        decide(TESTED, Resume(on=day(1), result="early"), PACK)
    with pytest.raises(ActOutOfOrder):
        decide(TERMINATED, TellTermination(on=day(2), told=BOTH_TOLD), PACK)
    for kind in SuspensionKind:
        resumed = after(Suspend(on=day(2), kind=kind), Resume(on=day(5), result="done"), facts=MEDIATING)
        with pytest.raises(ActOutOfOrder):
            decide(resumed, Settle(on=day(4)), PACK.with_settings(stops_clock={SuspensionKind.RECUSAL: False}))


def test_a_consent_given_earlier_can_still_be_recorded() -> None:
    """The merchant agreed yesterday on the telephone; the record comes today."""
    assert after(consent(Party.RESPONDENT, 0), facts=ACCEPTED).respondent_consented_at == NOON


@pytest.mark.parametrize(
    "act",
    [
        RecordConsent(on=LATER, party=Party.COMPLAINANT, given_at=NOON, how=" "),
        RecordConsent(on=LATER, party=Party.COMPLAINANT, given_at=NOON.replace(tzinfo=None), how="telephone"),
        Announce(on=LATER, announcement=replace(MEETING, meeting_at=NOON.replace(tzinfo=None))),
        Correct(on=LATER, reason=""),
        ReturnToIntake(on=LATER, reason="\n"),
    ],
    ids=["consent-how", "consent-zone", "announce-zone", "correct-reason", "return-reason"],
)
def test_an_act_without_its_words_or_zone_is_refused(act: Act) -> None:
    """How consent was given, why it was corrected or returned, and in which zone a meeting is."""
    with pytest.raises(ActIncomplete):
        decide(ACCEPTED, act, PACK)


def test_resuming_says_what_came_of_the_suspension() -> None:
    """The result of testing, or the decision about the recusal (art. 21), is part of the record."""
    with pytest.raises(ActIncomplete):
        decide(TESTED, Resume(on=day(3), result=""), PACK)


@pytest.mark.parametrize(
    ("into", "into_state", "taken"),
    [
        (MINE, State.ACCEPTED, False),
        (OTHER, State.CLOSED, False),
        (OTHER, State.MERGED, False),
        (OTHER, State.RETURNED, False),
        (OTHER, State.RECEIVED, True),
        (OTHER, State.MEDIATED, True),
    ],
)
def test_a_complaint_is_merged_into_another_that_lives_on(into: UUID, into_state: State, *, taken: bool) -> None:
    """Never into itself, nor into one that is closed, merged or returned."""
    merge = Merge(on=LATER, into=into, into_state=into_state)
    if taken:
        assert decide(ACCEPTED, merge, PACK).merged_into == OTHER
    else:
        with pytest.raises(MergeImpossible):
            decide(ACCEPTED, merge, PACK)


def test_a_returned_complaint_is_distributed_by_the_intake_unit_alone() -> None:
    """Art. 41: a unit without power over it returns it and never passes it on itself."""
    returned = IN_STATE[State.RETURNED]
    with pytest.raises(OnlyIntakeDistributes):
        decide(returned, Distribute(on=LATER, by_intake=False), PACK)
    again = decide(returned, Distribute(on=LATER, by_intake=True), PACK)
    assert (again.state, again.outcome) == (State.RECEIVED, None)


def test_what_was_accepted_stays_accepted_when_it_is_distributed_anew() -> None:
    """The day of acceptance, from which sixty days count, is not lost on the way."""
    back = after(ReturnToIntake(on=day(2), reason="other station"), facts=ACCEPTED)
    again = after(Distribute(on=day(3), by_intake=True), facts=back)
    assert (again.state, again.accepted_on) == (State.ACCEPTED, day(1))


def test_a_correction_changes_no_state() -> None:
    """Only the particulars have a new revision; a closed complaint can be corrected too."""
    closed = IN_STATE[State.CLOSED]
    assert decide(closed, Correct(on=DAY, reason="name"), PACK) == closed


EVERY_MEDIATION = {kind for kind in JobKind if is_mediation(kind)}
VISITS: dict[tuple[State, SuspensionKind | None], set[JobKind]] = {
    (State.ACCEPTED, None): EVERY_MEDIATION,
    (State.MEDIATING, None): EVERY_MEDIATION,
    (State.SUSPENDED, SuspensionKind.TESTING): EVERY_MEDIATION - {JobKind.MEDIATION},
    (State.MEDIATED, None): {JobKind.SERVE_PAPERS},
    (State.TERMINATED, None): {JobKind.SERVE_PAPERS},
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("suspension", [None, *SuspensionKind])
def test_the_vehicle_visits_only_for_complaints_that_can_be_mediated(
    state: State, suspension: SuspensionKind | None
) -> None:
    """Every state and kind: nothing before acceptance, nothing during recusal, papers only after the end."""
    expected = VISITS.get((state, suspension if state is State.SUSPENDED else None), set())
    for pack in packs():
        allowed = {kind for kind in JobKind if allows_visit(state, pack, suspension=suspension, kind=kind)}
        assert allowed == expected


ANY_ACT = st.builds(
    lambda make, n: make(day(n)),
    st.sampled_from(
        [lambda on, act=act: replace(act, on=on) for act in ONE_OF_EACH.values()]
        + [lambda on, outcome=outcome: Close(on=on, outcome=outcome) for outcome in Outcome]
        + [lambda on: PassClue(on=on), lambda on: consent(Party.RESPONDENT, (on - DAY).days)]
    ),
    st.integers(0, 30),
)


FAULTS = {
    fault.code
    for fault in (ActNotAllowed, ActOutOfOrder, NoSuchDeadline, OutcomeMismatch, PartiesUntold, UnknownGround)
}


@given(st.lists(ANY_ACT, max_size=25), st.sampled_from(packs()))
def test_whatever_is_tried_a_complaint_stays_sound(acts: list[Act], pack: Pack) -> None:
    """Any acts in any order: each is done or refused with a code, and what the states promise holds after each."""
    facts = RECEIVED
    codes: set[str] = set()
    for act in acts:
        before = facts
        try:
            facts = decide(facts, act, pack)
        except DomainError as fault:
            codes.add(fault.code)
            continue
        assert before.state is not State.MERGED
        assert before.state is not State.CLOSED or facts.state is State.CLOSED
        assert (facts.suspension is not None) == (facts.suspended_on is not None) == (facts.state is State.SUSPENDED)
        assert facts.accepted_on is not None or facts.state not in {*OPEN_STATES, State.MEDIATED, State.TERMINATED}
        assert facts.state is not State.MEDIATING or not facts.without_consent
        assert facts.state is not State.MEDIATED or facts.outcome in AGREEMENTS
        assert facts.state is not State.CLOSED or (facts.outcome is not None and not facts.untold)
        assert (facts.merged_into is not None) == (facts.state is State.MERGED)
        assert facts.latest_on >= before.latest_on
    assert codes <= FAULTS
