"""What would cure a refusal: each reason's cures are offered only where they cure it, and a loan has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.complaint.job import JobKind
from domain.use_rule.cures import MOST, Candidate, Cure, CureKind, FreeSlot, OtherVehicle, Possible, cures, mark_cures
from domain.use_rule.facts import CrewFacts, Seat, Stage, UseFacts, Validity
from domain.use_rule.reasons import Reason, ReasonCode
from domain.use_rule.rule import Permit, Refusal, decide
from domain.use_rule.site import SiteStanding
from domain.values import Window
from tests.domain.test_use_rule import DEFECTS, FIT, LAPSED, YEAR, a_job, out_now, to_first_job, uid

ASKED = replace(FIT, stage=Stage.REQUEST, approver=None)
SPARE_DRIVER, LAPSED_DRIVER, SPARE_OFFICER, CAR, OFF_DUTY = (uid(number) for number in range(40, 45))
AFTERNOON = Window(FIT.planned_until + timedelta(hours=3), FIT.planned_until + timedelta(hours=5))
THERE_IS = Possible(
    slots=(FreeSlot(AFTERNOON, keeps_deadline=True),),
    crew=(
        Candidate(CrewFacts(OFF_DUTY, Seat.DRIVER, YEAR, None), "丁", on_duty=False, free=True),
        Candidate(CrewFacts(LAPSED_DRIVER, Seat.DRIVER, LAPSED, None), "乙", on_duty=True, free=True),
        Candidate(CrewFacts(SPARE_DRIVER, Seat.DRIVER, YEAR, None), "甲", on_duty=True, free=True),
        Candidate(CrewFacts(SPARE_OFFICER, Seat.OFFICER, None, YEAR), "丙", on_duty=True, free=True),
    ),
    vehicles=(OtherVehicle("闽B20002", replace(ASKED, vehicle_id=CAR)),),
    custodians=((uid(4), "王局"),),
)


def reason_of(facts: UseFacts, code: ReasonCode) -> Reason:
    """Return that reason of the refusal of those facts."""
    answer = decide(facts)
    assert isinstance(answer, Refusal)
    return next(reason for reason in answer.reasons if reason.code is code)


def offered(facts: UseFacts, code: ReasonCode, possible: Possible = THERE_IS) -> list[tuple[CureKind, UUID | None]]:
    """Return kind and subject of what is offered for that reason."""
    return [(cure.kind, cure.about) for cure in cures(reason_of(facts, code), facts, possible)]


def test_a_driver_without_a_licence_gives_way_to_those_who_have_one_on_duty_first() -> None:
    """Who is on the roster comes before who is not; whose own licence has lapsed is not offered."""
    for defect in DEFECTS[ReasonCode.DRIVER_NOT_LICENSED]:
        assert offered(defect(ASKED), ReasonCode.DRIVER_NOT_LICENSED) == [
            (CureKind.DRIVER, SPARE_DRIVER),
            (CureKind.DRIVER, OFF_DUTY),
        ]


def test_taking_the_driver_that_is_offered_cures_the_refusal() -> None:
    """The rule, asked with the driver it was told of, permits."""
    facts = DEFECTS[ReasonCode.DRIVER_NOT_LICENSED][0](ASKED)
    first, *_ = cures(reason_of(facts, ReasonCode.DRIVER_NOT_LICENSED), facts, THERE_IS)
    driver = next(one.facts for one in THERE_IS.crew if one.facts.person_id == first.about)
    crew = (*(one for one in facts.crew if one.seat is not Seat.DRIVER), driver)
    assert isinstance(decide(replace(facts, crew=crew)), Permit)


def test_only_the_officer_who_does_not_pass_makes_room() -> None:
    """A second officer without an examination is replaced; the first one stays."""
    unexamined = CrewFacts(uid(50), Seat.OFFICER, None, None)
    facts = replace(ASKED, crew=(*ASKED.crew, unexamined))
    assert offered(facts, ReasonCode.OFFICER_NOT_QUALIFIED) == [(CureKind.OFFICER, SPARE_OFFICER)]


def test_nobody_who_is_aboard_already_is_offered_another_seat() -> None:
    """A crew names each person once."""
    facts = DEFECTS[ReasonCode.DRIVER_NOT_LICENSED][0](ASKED)
    aboard = facts.crew[1].person_id
    possible = Possible(crew=(Candidate(CrewFacts(aboard, Seat.DRIVER, YEAR, None), "甲", on_duty=True, free=True),))
    assert offered(facts, ReasonCode.DRIVER_NOT_LICENSED, possible) == []


def test_a_busy_vehicle_has_a_free_slot_or_another_vehicle() -> None:
    """The slot tells whether it keeps the deadline; a car that is busy too is not offered."""
    facts = out_now(ASKED)
    found = cures(reason_of(facts, ReasonCode.VEHICLE_BUSY), facts, THERE_IS)
    assert found == (
        Cure(CureKind.SLOT, window=AFTERNOON, keeps_deadline=True),
        Cure(CureKind.VEHICLE, CAR, "闽B20002"),
    )
    busy = replace(THERE_IS, vehicles=(OtherVehicle("闽B20002", replace(facts, vehicle_id=CAR)),))
    assert offered(facts, ReasonCode.VEHICLE_BUSY, busy) == [(CureKind.SLOT, None)]


@pytest.mark.parametrize("code", [ReasonCode.VEHICLE_NOT_DEDICATED, ReasonCode.VEHICLE_UNFIT])
def test_a_vehicle_that_may_not_drive_gives_way_to_one_that_may(code: ReasonCode) -> None:
    """Another unit's car is none: the request would be a loan."""
    for defect in DEFECTS[code]:
        facts = defect(ASKED)
        assert offered(facts, code) == [(CureKind.VEHICLE, CAR)]
        others = Possible(vehicles=(OtherVehicle("闽B20003", replace(ASKED, vehicle_id=CAR, using_unit_id=uid(60))),))
        assert offered(facts, code, others) == []


def test_a_finding_past_its_term_is_for_the_custodian_to_explain() -> None:
    """Or another vehicle is taken."""
    facts = DEFECTS[ReasonCode.FINDINGS_OVERDUE][0](ASKED)
    about = reason_of(facts, ReasonCode.FINDINGS_OVERDUE).about
    assert offered(facts, ReasonCode.FINDINGS_OVERDUE) == [
        *((CureKind.EXPLAIN, finding_id) for finding_id in about),
        (CureKind.VEHICLE, CAR),
    ]


def test_a_complaint_that_was_merely_received_is_accepted() -> None:
    """One that is closed is not, and cannot be cured where it is the only one."""
    facts = to_first_job(complaint_open=False)(ASKED)
    complaint_id = facts.jobs[0].complaint_id
    received = Possible(received=frozenset({complaint_id, uid(70)}))
    assert offered(facts, ReasonCode.COMPLAINT_NOT_OPEN, received) == [(CureKind.ACCEPT, complaint_id)]
    assert offered(facts, ReasonCode.COMPLAINT_NOT_OPEN) == []


def test_one_job_of_two_is_left_out_and_the_last_one_is_not() -> None:
    """A trip without a job would be refused all the same."""
    alone = to_first_job(kind=JobKind.INSPECTION)(ASKED)
    assert offered(alone, ReasonCode.NOT_A_MEDIATION) == []
    both = replace(alone, jobs=(*alone.jobs, a_job(101)))
    assert offered(both, ReasonCode.NOT_A_MEDIATION) == [(CureKind.DROP_JOB, alone.jobs[0].job_id)]


def test_a_site_outside_is_for_a_custodian_to_decide() -> None:
    """Their name is told, so that somebody is asked."""
    facts = to_first_job(site=SiteStanding.OUTSIDE)(ASKED)
    assert cures(reason_of(facts, ReasonCode.OUTSIDE_JURISDICTION), facts, THERE_IS) == (
        Cure(CureKind.SITE_DECISION, uid(4), "王局"),
    )


def test_a_request_without_a_complaint_is_told_to_register_one() -> None:
    """There is no other way to the car."""
    assert offered(replace(ASKED, jobs=()), ReasonCode.NO_COMPLAINT) == [(CureKind.ADD_JOB, None)]


def test_nothing_cures_a_loan() -> None:
    """No unit and no person may borrow the vehicle for any reason."""
    facts = DEFECTS[ReasonCode.BORROWED][0](ASKED)
    assert offered(facts, ReasonCode.BORROWED) == []


def test_of_many_only_a_choice_is_offered() -> None:
    """A list of forty drivers helps nobody."""
    many = tuple(
        Candidate(CrewFacts(uid(number), Seat.DRIVER, YEAR, None), str(number), on_duty=False, free=True)
        for number in range(100, 140)
    )
    facts = DEFECTS[ReasonCode.DRIVER_NOT_LICENSED][0](ASKED)
    assert len(offered(facts, ReasonCode.DRIVER_NOT_LICENSED, Possible(crew=many))) == MOST


def test_missing_consent_is_a_mark_with_its_own_cure() -> None:
    """Consent is asked of the parties of the jobs that lack it; another mark has no cure."""
    jobs = (replace(a_job(), marks=("consent-missing",)), a_job(101))
    assert mark_cures("consent-missing", jobs) == (Cure(CureKind.CONSENT, jobs[0].complaint_id),)
    assert mark_cures("site-tolerated", jobs) == ()


def test_every_offered_driver_has_a_licence_on_every_day_of_the_trip() -> None:
    """One whose licence ends before the last day is not offered."""
    facts = DEFECTS[ReasonCode.DRIVER_NOT_LICENSED][0](ASKED)
    ends = Validity(YEAR.valid_from, facts.last_day)
    short = Validity(YEAR.valid_from, facts.last_day - timedelta(days=1))
    for licence, count in ((ends, 1), (short, 0)):
        one = Candidate(CrewFacts(SPARE_DRIVER, Seat.DRIVER, licence, None), "甲", on_duty=True, free=True)
        assert len(offered(facts, ReasonCode.DRIVER_NOT_LICENSED, Possible(crew=(one,)))) == count
