"""Marks on a permit: what of consent and announcement is missing is said, and stops nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.complaint.job import JobKind
from domain.complaint.marks import Mark, MarkCode, mediation_marks
from domain.complaint.packs import pack_by_code
from domain.complaint.states import Announcement, ComplaintFacts, State, Told
from domain.complaint.words import Party
from domain.values import Window

ORDER_51, ORDER_20, ORDER_121 = (pack_by_code(code) for code in ("SAIC51-1996", "SAMR20-2019", "SAMR121-2026"))
MEETING_AT = datetime(2026, 5, 12, 2, 0, tzinfo=UTC)
TOLD_AT = MEETING_AT - timedelta(hours=20)
TOLD = tuple(Told(party, TOLD_AT, "telephone 电话") for party in Party)
MEETING = Announcement(MEETING_AT, "market, stall 12", ("Chen 陈",), TOLD)
COMPLETE = ComplaintFacts(
    UUID(int=1),
    date(2026, 5, 11),
    state=State.MEDIATING,
    accepted_on=date(2026, 5, 11),
    complainant_consented_at=TOLD_AT,
    respondent_consented_at=TOLD_AT,
    announcement=MEETING,
)


def codes(facts: ComplaintFacts, **other: object) -> list[MarkCode]:
    """Return the codes of the marks under Order 121."""
    return [mark.code for mark in mediation_marks(facts, ORDER_121, **other)]  # type: ignore[arg-type]


def announced(**changed: object) -> ComplaintFacts:
    """Return facts whose announcement differs in what is given."""
    return replace(COMPLETE, announcement=replace(MEETING, **changed))  # type: ignore[arg-type]


def test_a_mediation_consented_to_and_announced_bears_no_mark() -> None:
    """Both consents, time, place, mediators, both told beforehand."""
    assert mediation_marks(COMPLETE, ORDER_121) == ()


def test_a_visit_to_which_nobody_consented_and_of_which_nobody_was_told_says_both() -> None:
    """A job made at the counter five minutes ago: the car goes, and the permit says what is missing."""
    facts = replace(COMPLETE, complainant_consented_at=None, respondent_consented_at=None, announcement=None)
    assert mediation_marks(facts, ORDER_121) == (
        Mark(MarkCode.CONSENT_MISSING, 18, (Party.COMPLAINANT, Party.RESPONDENT)),
        Mark(MarkCode.ANNOUNCEMENT_MISSING, 20),
    )


def test_a_missing_consent_names_the_party() -> None:
    """Usually the merchant's, who is asked at the stall."""
    marks = mediation_marks(replace(COMPLETE, respondent_consented_at=None), ORDER_121)
    assert marks == (Mark(MarkCode.CONSENT_MISSING, 18, (Party.RESPONDENT,)),)


@pytest.mark.parametrize("changed", [{"place": " "}, {"mediators": ()}, {"mediators": ("",)}, {"told": TOLD[:1]}])
def test_an_announcement_without_place_mediators_or_a_party_is_incomplete(changed: dict[str, object]) -> None:
    """Art. 20 names time, place and mediators, and both parties."""
    assert codes(announced(**changed)) == [MarkCode.ANNOUNCEMENT_INCOMPLETE]


@pytest.mark.parametrize(("late_s", "marked"), [(-1, False), (0, True), (1, True)])
def test_a_party_is_told_before_the_meeting_not_at_it(late_s: int, *, marked: bool) -> None:
    """A second before is beforehand; the very instant and a second after are not."""
    told = (TOLD[0], replace(TOLD[1], told_at=MEETING_AT + timedelta(seconds=late_s)))
    marks = mediation_marks(announced(told=told), ORDER_121)
    assert marks == ((Mark(MarkCode.ANNOUNCEMENT_LATE, 20, (Party.RESPONDENT,)),) if marked else ())


def test_a_party_told_early_and_reminded_late_was_told_in_time() -> None:
    """The first telling counts, a second call harms nothing."""
    again = Told(Party.RESPONDENT, MEETING_AT + timedelta(minutes=5), "telephone")
    assert codes(announced(told=(*TOLD, again))) == []


@pytest.mark.parametrize(
    ("start_s", "end_s", "marked"),
    [(0, 60, False), (1, 60, True), (-60, 1, False), (-60, 0, True)],
)
def test_the_announced_time_lies_in_the_window_of_the_visit(start_s: int, end_s: int, *, marked: bool) -> None:
    """A visit put off needs a new announcement; a window begins inclusive and ends exclusive."""
    window = Window(MEETING_AT + timedelta(seconds=start_s), MEETING_AT + timedelta(seconds=end_s))
    assert codes(COMPLETE, window=window) == ([MarkCode.ANNOUNCEMENT_OTHER_TIME] if marked else [])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (JobKind.MEDIATION, [MarkCode.CONSENT_MISSING, MarkCode.ANNOUNCEMENT_MISSING]),
        (JobKind.LOOK_AT_GOODS, [MarkCode.CONSENT_MISSING]),
        (JobKind.FETCH_SAMPLE, [MarkCode.CONSENT_MISSING]),
        (JobKind.SERVE_PAPERS, []),
    ],
)
def test_only_a_meeting_is_announced_and_papers_need_no_consent(kind: JobKind, expected: list[MarkCode]) -> None:
    """What each kind of visit needs beforehand."""
    facts = replace(COMPLETE, complainant_consented_at=None, announcement=None)
    assert codes(facts, kind=kind) == expected


def test_marks_rest_on_the_articles_of_their_order() -> None:
    """Order 20 has them in art. 16 and 18; of Order 51 nothing was read, so nothing is missing."""
    facts = replace(COMPLETE, complainant_consented_at=None, respondent_consented_at=None, announcement=None)
    assert [mark.article for mark in mediation_marks(facts, ORDER_20)] == [16, 18]
    assert mediation_marks(facts, ORDER_51) == ()


def test_every_mark_speaks_both_languages() -> None:
    """A permit is printed in Chinese and read in English."""
    for code in MarkCode:
        mark = Mark(code, 20)
        assert mark.sentence("zh").endswith("。")
        assert mark.sentence("en").endswith(".")
