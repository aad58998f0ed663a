"""Which terms run for a complaint, from when, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.calendar import Deadline
from domain.complaint.act import (
    ActIncomplete,
    ActNotAllowed,
    ActOutOfOrder,
)
from domain.complaint.acts import (
    TellTermination,
    Withdraw,
    decide,
)
from domain.complaint.clue import ExtendClueCheck, FindClue, PassClue
from domain.complaint.deadlines import deadline, running_deadlines
from domain.complaint.packs import DeadlineCode, NoSuchDeadline, pack_by_code
from domain.complaint.power import DisputePower, SettlePower
from domain.complaint.states import ComplaintFacts, State
from tests.domain.complaint_lives import (
    ACCEPTED,
    BOTH_TOLD,
    CALENDAR,
    IN_STATE,
    MEDIATED,
    MEDIATING,
    PACK,
    RECEIVED,
    TERMINATED,
    TESTED,
    after,
    day,
)


def running(facts: ComplaintFacts, as_of: date | None = None) -> dict[DeadlineCode, Deadline]:
    """Return the running deadlines by code."""
    return {one.code: one.deadline for one in running_deadlines(facts, PACK, CALENDAR, as_of)}


def test_each_state_has_the_terms_that_run_in_it() -> None:
    """Seven working days to accept, sixty days to mediate, seven working days to tell the parties, then none."""
    assert list(running(RECEIVED)) == [DeadlineCode.ACCEPT]
    for facts in (ACCEPTED, MEDIATING, TESTED):
        assert running(facts)[DeadlineCode.MEDIATE].nominal_on == day(61)
    assert running(TERMINATED) == {
        DeadlineCode.NOTIFY_TERMINATION: deadline(PACK, DeadlineCode.NOTIFY_TERMINATION, day(3), CALENDAR)
    }
    told = after(TellTermination(on=day(4), told=BOTH_TOLD), facts=TERMINATED)
    for facts in (told, MEDIATED, IN_STATE[State.CLOSED], IN_STATE[State.REFUSED], IN_STATE[State.MERGED]):
        assert running(facts) == {}


def test_a_clue_has_its_term_until_it_is_passed_on() -> None:
    """It runs beside mediation, and what is due first comes first."""
    found = after(FindClue(on=day(3)), facts=MEDIATING)
    assert list(running(found)) == [DeadlineCode.CLUE_CHECK, DeadlineCode.MEDIATE]
    assert list(running(after(PassClue(on=day(4)), facts=found))) == [DeadlineCode.MEDIATE]


def extended(n: int) -> ExtendClueCheck:
    """Extend the check of a clue on the `n`-th day."""
    return ExtendClueCheck(on=day(n), approved_by="the head 局长", reason="asked the maker abroad")


def test_the_check_of_a_clue_is_extended_once_and_before_it_is_passed_on() -> None:
    """Fifteen working days, and fifteen more with the head's approval: thirty, never forty-five."""
    found = after(FindClue(on=day(3)), facts=MEDIATING)
    longer = after(extended(5), facts=found)
    term = running(longer)[DeadlineCode.CLUE_CHECK]
    assert term == deadline(PACK, DeadlineCode.CLUE_CHECK, day(3), CALENDAR, extended=True)
    assert term == CALENDAR.add_working_days(day(3), 30)
    for facts, act in (
        (longer, extended(6)),
        (MEDIATING, extended(6)),
        (after(PassClue(on=day(4)), facts=found), extended(6)),
    ):
        with pytest.raises(ActNotAllowed):
            decide(facts, act, PACK)
    with pytest.raises(ActOutOfOrder):
        decide(found, extended(2), PACK)
    for lacking in (replace(extended(5), approved_by=" "), replace(extended(5), reason="")):
        with pytest.raises(ActIncomplete):
            decide(found, lacking, PACK)
    with pytest.raises(NoSuchDeadline):
        decide(found, extended(5), pack_by_code("SAIC51-1996"))


def test_a_dispute_about_who_has_power_runs_seven_working_days_until_it_is_settled() -> None:
    """It neither stops the term of accepting nor lets a second one begin beside it."""
    disputed = after(DisputePower(on=day(1), with_whom="the next district", reason="two addresses"))
    assert set(running(disputed)) == {DeadlineCode.ACCEPT, DeadlineCode.JURISDICTION_DISPUTE}
    term = running(disputed)[DeadlineCode.JURISDICTION_DISPUTE]
    assert term == CALENDAR.add_working_days(day(1), 7)
    settled = after(SettlePower(on=day(2), result="agreed: ours"), facts=disputed)
    assert list(running(settled)) == [DeadlineCode.ACCEPT]
    again = DisputePower(on=day(2), with_whom="the next district", reason="two addresses")
    for facts, act in ((disputed, again), (settled, SettlePower(on=day(3), result="again"))):
        with pytest.raises(ActNotAllowed):
            decide(facts, act, PACK)
    assert after(again, facts=settled).disputed_on == day(2)
    with pytest.raises(NoSuchDeadline):
        decide(RECEIVED, again, pack_by_code("SAIC51-1996"))


def test_a_dispute_is_settled_in_any_state_but_merged() -> None:
    """Word of the authority above may come when the complaint was withdrawn long ago; its term no longer ran."""
    disputed = after(DisputePower(on=day(1), with_whom="the next district", reason="two addresses"))
    withdrawn = after(Withdraw(on=day(2)), facts=disputed)
    assert running(withdrawn) == {}
    assert after(SettlePower(on=day(3), result="theirs"), facts=withdrawn).disputed_on is None


def test_the_last_day_of_mediation_moves_on_while_goods_are_tested() -> None:
    """Told as of a day, the days of testing so far are left out; without one, none yet."""
    assert running(TESTED, day(12))[DeadlineCode.MEDIATE].nominal_on == day(71)
    assert running(MEDIATING, day(12))[DeadlineCode.MEDIATE].nominal_on == day(61)
