"""Marks (标注) on a permit: what of consent and announcement is missing before mediation at a site.

The law wants both parties' consent (Order 121 art. 18) and time, place and mediators told beforehand (art. 20). What is
missing does not stop the car, since consent is often asked for at the stall itself; it is printed on the permit.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.complaint.job import JobKind
from domain.complaint.packs import Pack
from domain.complaint.states import Announcement, ComplaintFacts, parties_missing
from domain.complaint.words import Party
from domain.values import Named, Window


class MarkCode(Named):
    """What a mark says, a sentence in each language."""

    CONSENT_MISSING = (
        "consent-missing",
        "尚未取得当事人同意调解的记录。",
        "Consent to mediation is not recorded for every party.",
    )
    ANNOUNCEMENT_MISSING = (
        "announcement-missing",
        "尚未告知当事人调解的时间、地点和调解人员。",
        "Time, place and mediators have not been announced.",
    )
    ANNOUNCEMENT_INCOMPLETE = (
        "announcement-incomplete",
        "调解告知不完整：地点、调解人员或者一方当事人未告知。",
        "The announcement lacks the place, the mediators, or a party told.",
    )
    ANNOUNCEMENT_LATE = (
        "announcement-late",
        "调解告知未在调解开始之前作出。",
        "A party was not told before the mediation was to begin.",
    )
    ANNOUNCEMENT_OTHER_TIME = (
        "announcement-other-time",
        "告知的调解时间不在本次任务的时间窗口内。",
        "The announced time lies outside the window of this visit.",
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: the article it rests on, and the parties it concerns, none where it concerns no party alone."""

    code: MarkCode
    article: int
    parties: tuple[Party, ...] = ()

    def sentence(self, language: str) -> str:
        """Return the sentence for people: `language` is "zh" or "en"."""
        return self.code.zh if language == "zh" else self.code.en


def mediation_marks(
    facts: ComplaintFacts, pack: Pack, *, kind: JobKind = JobKind.MEDIATION, window: Window | None = None
) -> tuple[Mark, ...]:
    """Return what is missing for a visit of that kind within that window, in the order of `MarkCode`.

    Serving papers needs neither consent nor announcement; looking at goods and fetching samples need no announcement.
    Where an order says nothing of either, nothing is missing.
    """
    marks: list[Mark] = []
    if pack.on_site.consent is not None and kind is not JobKind.SERVE_PAPERS and facts.without_consent:
        marks.append(Mark(MarkCode.CONSENT_MISSING, pack.on_site.consent, facts.without_consent))
    if pack.on_site.announcement is not None and kind is JobKind.MEDIATION:
        marks.extend(_announcement_marks(facts.announcement, pack.on_site.announcement, window))
    return tuple(marks)


def _announcement_marks(announcement: Announcement | None, article: int, window: Window | None) -> list[Mark]:
    if announcement is None:
        return [Mark(MarkCode.ANNOUNCEMENT_MISSING, article)]
    marks: list[Mark] = []
    untold = parties_missing(told.party for told in announcement.told)
    if untold or not announcement.place.strip() or not any(name.strip() for name in announcement.mediators):
        marks.append(Mark(MarkCode.ANNOUNCEMENT_INCOMPLETE, article, untold))
    before = {told.party for told in announcement.told if told.told_at < announcement.meeting_at}
    late = tuple(party for party in parties_missing(before) if party not in untold)
    if late:
        marks.append(Mark(MarkCode.ANNOUNCEMENT_LATE, article, late))
    if window is not None and not window.start_at <= announcement.meeting_at < window.end_at:
        marks.append(Mark(MarkCode.ANNOUNCEMENT_OTHER_TIME, article))
    return marks
