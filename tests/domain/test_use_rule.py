"""The complaint-only rule: every reason alone, every pair, each boundary, and that a defect never helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.complaint.job import JobKind
from domain.use_rule.facts import (
    ApproverFacts,
    CrewFacts,
    JobFacts,
    OpenFinding,
    OtherUse,
    Seat,
    Stage,
    UseFacts,
    Validity,
    days_of,
)
from domain.use_rule.reasons import ReasonCode, UseMark
from domain.use_rule.rule import Permit, Refusal, decide
from domain.use_rule.site import DecidedPlace, SiteStanding, site_standing
from domain.values import Point

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
YEAR = Validity(date(2026, 1, 1), date(2026, 12, 31))
WHOLE_STAGES = tuple(stage for stage in Stage if stage is not Stage.UNDER_WAY)


def uid(number: int) -> UUID:
    """Return an id."""
    return UUID(int=number)


REQUESTER, DRIVER, OFFICER, CUSTODIAN, VEHICLE, DESK, STATION, OTHER = (uid(number) for number in range(1, 9))


def a_job(number: int = 100) -> JobFacts:
    """Return a job that nothing is wrong with."""
    return JobFacts(
        job_id=uid(number),
        complaint_id=uid(number + 1000),
        kind=JobKind.MEDIATION,
        on_site=True,
        open=True,
        complaint_open=True,
        site=SiteStanding.INSIDE,
    )


FIT = UseFacts(
    stage=Stage.DEPARTURE,
    at=MORNING,
    vehicle_id=VEHICLE,
    planned_from=MORNING,
    planned_until=MORNING + timedelta(hours=2),
    grace_s=1800,
    first_day=DAY,
    last_day=DAY,
    for_mediation=True,
    requester_id=REQUESTER,
    requester_unit_id=DESK,
    using_unit_id=DESK,
    dedicated=True,
    jobs=(a_job(),),
    crew=(CrewFacts(DRIVER, Seat.DRIVER, YEAR, None), CrewFacts(OFFICER, Seat.OFFICER, None, YEAR)),
    approver=ApproverFacts(CUSTODIAN, heads_using_unit=True, delegated=False),
    other_uses=(),
    inspection=YEAR,
    insurance=YEAR,
    under_repair=False,
    findings=(),
)

Defect = Callable[[UseFacts], UseFacts]


def to_first_job(**changes: object) -> Defect:
    """Return the defect of a job that is different so; facts without a job get one."""
    return lambda facts: replace(
        facts,
        jobs=(replace((facts.jobs or (a_job(),))[0], **changes), *facts.jobs[1:]),  # type: ignore[arg-type]  # a test names real fields
    )


def seated(seat: Seat, **changes: object) -> Defect:
    """Return the defect of a member of the crew who is different so."""
    return lambda facts: replace(
        facts,
        crew=tuple(
            replace(member, **changes) if member.seat is seat else member  # type: ignore[arg-type]  # a test names real fields
            for member in facts.crew
        ),
    )


def approved_by(**changes: object) -> Defect:
    """Return the defect of an approver who is different so."""

    def with_approver(facts: UseFacts) -> UseFacts:
        approver = facts.approver or ApproverFacts(CUSTODIAN, heads_using_unit=True, delegated=False)
        return replace(facts, approver=replace(approver, **changes))  # type: ignore[arg-type]  # a test names real fields

    return with_approver


def out_now(facts: UseFacts) -> UseFacts:
    """Return facts in which another use has the vehicle and is planned now."""
    other = OtherUse(OTHER, facts.planned_from, facts.planned_until, holds_plan=True, actual_from=facts.planned_from)
    return replace(facts, other_uses=(*facts.other_uses, other))


LAPSED = Validity(date(2026, 1, 1), date(2026, 11, 22))

DEFECTS: dict[ReasonCode, tuple[Defect, ...]] = {
    ReasonCode.NO_COMPLAINT: (lambda facts: replace(facts, jobs=()),),
    ReasonCode.NOT_A_MEDIATION: (
        lambda facts: replace(facts, for_mediation=False),
        to_first_job(kind=JobKind.REPORT_CHECK),
        to_first_job(kind=JobKind.INSPECTION),
        to_first_job(kind=JobKind.ERRAND),
    ),
    ReasonCode.COMPLAINT_NOT_OPEN: (to_first_job(complaint_open=False),),
    ReasonCode.JOB_NOT_ON_SITE: (to_first_job(on_site=False), to_first_job(open=False)),
    ReasonCode.OUTSIDE_JURISDICTION: (
        to_first_job(site=SiteStanding.OUTSIDE),
        to_first_job(site=SiteStanding.DECIDED_OUTSIDE),
    ),
    ReasonCode.BORROWED: (lambda facts: replace(facts, requester_unit_id=STATION),),
    ReasonCode.OFFICER_NOT_QUALIFIED: (
        seated(Seat.OFFICER, examination=None),
        seated(Seat.OFFICER, examination=LAPSED),
        seated(Seat.OFFICER, examination=replace(YEAR, stands=False)),
        lambda facts: replace(facts, crew=tuple(one for one in facts.crew if one.seat is Seat.DRIVER)),
    ),
    ReasonCode.DRIVER_NOT_LICENSED: (
        seated(Seat.DRIVER, licence=None),
        seated(Seat.DRIVER, licence=LAPSED),
        seated(Seat.DRIVER, licence=replace(YEAR, stands=False)),
        lambda facts: replace(facts, crew=tuple(one for one in facts.crew if one.seat is Seat.OFFICER)),
    ),
    ReasonCode.SELF_APPROVAL: (approved_by(person_id=REQUESTER),),
    ReasonCode.APPROVER_NOT_CUSTODIAN: (approved_by(heads_using_unit=False),),
    ReasonCode.VEHICLE_NOT_DEDICATED: (lambda facts: replace(facts, dedicated=False),),
    ReasonCode.VEHICLE_BUSY: (out_now,),
    ReasonCode.VEHICLE_UNFIT: (
        lambda facts: replace(facts, inspection=None),
        lambda facts: replace(facts, inspection=LAPSED),
        lambda facts: replace(facts, insurance=None),
        lambda facts: replace(facts, insurance=LAPSED),
        lambda facts: replace(facts, under_repair=True),
    ),
    ReasonCode.WINDOW_MISSED: (
        lambda facts: replace(facts, at=facts.planned_until + timedelta(hours=1)),
        lambda facts: replace(facts, at=facts.planned_from - timedelta(hours=1)),
    ),
    ReasonCode.FINDINGS_OVERDUE: (
        lambda facts: replace(facts, findings=(OpenFinding(uid(900), MORNING - timedelta(days=2)),)),
    ),
}
"""For each reason, what makes it apply and no other."""

ALL_DEFECTS = [(code, defect) for code, defects in DEFECTS.items() for defect in defects]


def codes(facts: UseFacts) -> list[str]:
    """Return the reasons for which the facts are refused, none where they are permitted."""
    answer = decide(facts)
    return [] if isinstance(answer, Permit) else list(answer.codes)


def test_every_reason_has_a_way_to_come_about_and_a_sentence_in_each_language() -> None:
    """The fifteen reasons of the design are the reasons of the rule."""
    assert len(ReasonCode) == 15
    assert set(DEFECTS) == set(ReasonCode)
    for code in ReasonCode:
        assert code.sentence("zh") != code.sentence("en")


def test_what_is_fit_is_permitted_and_the_permit_names_the_complaints_it_rests_on() -> None:
    """Each complaint once, whatever number of its jobs is carried."""
    twice = replace(a_job(101), complaint_id=a_job().complaint_id)
    answer = decide(replace(FIT, jobs=(a_job(102), a_job(), twice)))
    assert answer == Permit((a_job().complaint_id, a_job(102).complaint_id), ())


@pytest.mark.parametrize(
    ("code", "defect"), ALL_DEFECTS, ids=[f"{code}-{number}" for number, (code, _) in enumerate(ALL_DEFECTS)]
)
def test_each_defect_alone_is_its_reason_alone(code: ReasonCode, defect: Defect) -> None:
    """One fault, one reason."""
    assert codes(defect(FIT)) == [code.value]


IMPOSSIBLE = {
    # Without a job there is no fault of a job; a fault of a job brings the job.
    frozenset({ReasonCode.NO_COMPLAINT, code})
    for code in (
        ReasonCode.NOT_A_MEDIATION,
        ReasonCode.COMPLAINT_NOT_OPEN,
        ReasonCode.JOB_NOT_ON_SITE,
        ReasonCode.OUTSIDE_JURISDICTION,
    )
}


@pytest.mark.parametrize("pair", list(combinations(ReasonCode, 2)), ids="+".join)
def test_each_pair_of_defects_is_both_reasons_in_the_order_of_the_list(pair: tuple[ReasonCode, ReasonCode]) -> None:
    """Nobody mends one fault to be told of the next."""
    first, second = pair
    for one in DEFECTS[first]:
        for other in DEFECTS[second]:
            if frozenset(pair) not in IMPOSSIBLE:
                assert codes(other(one(FIT))) == [first.value, second.value]


def test_an_errand_without_a_complaint_is_refused_for_both() -> None:
    """The one pair with no job that there is."""
    assert codes(replace(FIT, jobs=(), for_mediation=False)) == ["no-complaint", "not-a-mediation"]


@pytest.mark.parametrize("stage", WHOLE_STAGES)
def test_at_every_stage_the_whole_rule_is_asked(stage: Stage) -> None:
    """But what only a stage can know: whether the window was missed, and what is in the way then."""
    untimely = {ReasonCode.WINDOW_MISSED, ReasonCode.VEHICLE_BUSY}
    for code, defect in ALL_DEFECTS:
        if code not in untimely:
            assert codes(replace(defect(FIT), stage=stage)) == [code.value]


def test_under_way_a_job_is_judged_and_nothing_else() -> None:
    """The trip itself was judged when it departed."""
    of_jobs = set(list(ReasonCode)[:5])
    for code, defect in ALL_DEFECTS:
        expected = [code.value] if code in of_jobs else []
        assert codes(replace(defect(FIT), stage=Stage.UNDER_WAY)) == expected


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.REQUEST, []),
        (Stage.CREW, []),
        (Stage.APPROVAL, ["approver-not-custodian"]),
        (Stage.DEPARTURE, ["approver-not-custodian"]),
        (Stage.CLOSE, ["approver-not-custodian"]),
    ],
)
def test_an_approver_is_needed_from_approval_on(stage: Stage, expected: list[str]) -> None:
    """A request has none yet; a departure without one is none."""
    assert codes(replace(FIT, stage=stage, approver=None)) == expected


def test_a_delegation_is_as_good_as_heading_the_unit() -> None:
    """Either right is enough."""
    assert codes(replace(FIT, approver=ApproverFacts(CUSTODIAN, heads_using_unit=False, delegated=True))) == []


@pytest.mark.parametrize("aboard", [DRIVER, OFFICER, REQUESTER])
def test_the_approver_neither_asked_nor_goes_along(aboard: UUID) -> None:
    """Driver, officer and requester alike."""
    assert codes(approved_by(person_id=aboard)(FIT)) == ["self-approval"]


SECOND = timedelta(seconds=1)
GRACE = timedelta(seconds=1800)


@pytest.mark.parametrize(
    ("at", "missed"),
    [
        (FIT.planned_from - GRACE - SECOND, True),
        (FIT.planned_from - GRACE, False),
        (FIT.planned_from - GRACE + SECOND, False),
        (FIT.planned_until + GRACE - SECOND, False),
        (FIT.planned_until + GRACE, False),
        (FIT.planned_until + GRACE + SECOND, True),
    ],
)
def test_the_window_and_its_grace_end_at_the_second(at: datetime, missed: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Exactly at the end of the grace is in time."""
    assert codes(replace(FIT, at=at)) == (["window-missed"] if missed else [])


@pytest.mark.parametrize(
    ("valid", "holds"),
    [
        (Validity(DAY + timedelta(days=1), DAY + timedelta(days=9)), False),
        (Validity(DAY, DAY + timedelta(days=9)), True),
        (Validity(DAY - timedelta(days=1), DAY + timedelta(days=9)), True),
        (Validity(DAY - timedelta(days=9), DAY - timedelta(days=1)), False),
        (Validity(DAY - timedelta(days=9), DAY), True),
        (Validity(DAY - timedelta(days=9), DAY + timedelta(days=1)), True),
    ],
)
def test_papers_licences_and_examinations_hold_on_their_first_and_last_day(valid: Validity, holds: bool) -> None:  # noqa: FBT001 - a column of the table above
    """The day before and the day after they do not."""
    for defect, code in (
        (lambda facts: replace(facts, inspection=valid), "vehicle-unfit"),
        (lambda facts: replace(facts, insurance=valid), "vehicle-unfit"),
        (seated(Seat.DRIVER, licence=valid), "driver-not-licensed"),
        (seated(Seat.OFFICER, examination=valid), "officer-not-qualified"),
    ):
        assert codes(defect(FIT)) == ([] if holds else [code])


def test_a_trip_over_midnight_needs_papers_for_both_days() -> None:
    """The last day is that of the window's end, in the bureau's zone."""
    late = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert days_of(late, late + timedelta(hours=3), "Asia/Shanghai") == (DAY, DAY + timedelta(days=1))
    until = Validity(date(2026, 1, 1), DAY)
    assert codes(replace(FIT, last_day=DAY + timedelta(days=1), insurance=until)) == ["vehicle-unfit"]


@pytest.mark.parametrize(("late", "overdue"), [(-SECOND, False), (timedelta(0), False), (SECOND, True)])
def test_a_finding_is_overdue_after_its_term(late: timedelta, overdue: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Exactly at its term it is not."""
    facts = replace(FIT, findings=(OpenFinding(uid(900), FIT.at - late),))
    assert codes(facts) == (["findings-overdue"] if overdue else [])


@pytest.mark.parametrize(
    ("begins", "busy"),
    [(-SECOND, True), (timedelta(0), False), (SECOND, False)],
)
def test_before_departure_the_planned_windows_of_two_uses_do_not_overlap(begins: timedelta, busy: bool) -> None:  # noqa: FBT001 - a column of the table above
    """One may begin at the instant the other ends."""
    other = OtherUse(OTHER, FIT.planned_until + begins, FIT.planned_until + timedelta(hours=9), holds_plan=True)
    facts = replace(FIT, stage=Stage.APPROVAL, other_uses=(other,))
    assert codes(facts) == (["vehicle-busy"] if busy else [])
    assert codes(replace(facts, other_uses=(replace(other, holds_plan=False),))) == []


@pytest.mark.parametrize(("back", "busy"), [(None, True), (SECOND, True), (timedelta(0), False), (-SECOND, False)])
def test_at_departure_every_other_use_is_back(back: timedelta | None, busy: bool) -> None:  # noqa: FBT001 - a column of the table above
    """A late one is in the way, however long its planned window is over; back at the same instant is back."""
    gone = MORNING - timedelta(hours=6)
    other = OtherUse(OTHER, gone, gone + timedelta(hours=1), False, gone, None if back is None else FIT.at + back)
    assert codes(replace(FIT, other_uses=(other,))) == (["vehicle-busy"] if busy else [])


def test_a_tolerated_site_and_what_is_missing_of_consent_are_marks_and_no_reasons() -> None:
    """The permit says so; the car goes."""
    tolerated = replace(a_job(), site=SiteStanding.TOLERATED, marks=("consent-missing",))
    decided = replace(a_job(101), site=SiteStanding.DECIDED_INSIDE)
    answer = decide(replace(FIT, jobs=(tolerated, decided)))
    assert isinstance(answer, Permit)
    assert answer.marks == ("consent-missing", UseMark.SITE_DECIDED.value, UseMark.SITE_TOLERATED.value)


def test_the_newest_decision_about_a_place_settles_it() -> None:
    """Within its radius, exactly at it included; without a boundary nothing else can be inside."""
    here = Point(25.4337, 118.9962)
    inside = DecidedPlace(here, 100, True, DAY, MORNING)
    outside = replace(inside, inside=False, recorded_at=MORNING + SECOND)
    assert site_standing(here, None, 150, [inside]) is SiteStanding.DECIDED_INSIDE
    assert site_standing(here, None, 150, [outside, inside]) is SiteStanding.DECIDED_OUTSIDE
    assert site_standing(here, None, 150, []) is SiteStanding.OUTSIDE
    north = Point(here.lat + 100 / 111_319.49, here.lon)
    assert site_standing(north, None, 150, [inside]) is SiteStanding.DECIDED_INSIDE
    beyond = Point(here.lat + 101 / 111_319.49, here.lon)
    assert site_standing(beyond, None, 150, [inside]) is SiteStanding.OUTSIDE


@given(
    st.lists(st.sampled_from(range(len(ALL_DEFECTS))), max_size=6),
    st.sampled_from(range(len(ALL_DEFECTS))),
    st.sampled_from(list(Stage)),
    st.randoms(use_true_random=False),
)
def test_a_defect_more_never_turns_a_refusal_into_a_permit_and_order_does_not_matter(
    those: list[int], more: int, stage: Stage, shuffle: object
) -> None:
    """Reasons are only added, except that a job that is there is no longer missing."""
    facts = replace(FIT, stage=stage, jobs=(a_job(), a_job(105)), findings=())
    for index in those:
        facts = ALL_DEFECTS[index][1](facts)
    worse = ALL_DEFECTS[more][1](facts)
    if codes(facts):
        assert codes(worse)
    shuffled = replace(
        worse,
        jobs=tuple(reversed(worse.jobs)),
        crew=tuple(sorted(worse.crew, key=lambda _: shuffle.random())),  # type: ignore[attr-defined]  # hypothesis gives a Random
        other_uses=tuple(reversed(worse.other_uses)),
        findings=tuple(reversed(worse.findings)),
    )
    assert decide(shuffled) == decide(worse)


def test_a_refusal_says_what_each_reason_is_about() -> None:
    """Jobs, people, uses and findings by their ids."""
    answer = decide(to_first_job(open=False)(out_now(FIT)))
    assert isinstance(answer, Refusal)
    assert [(reason.code.value, reason.about) for reason in answer.reasons] == [
        ("job-not-on-site", (uid(100),)),
        ("vehicle-busy", (OTHER,)),
    ]
