"""A complaint of which little is there but its words: `thin-complaint`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from domain.complaint.words import Source
from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.outing import ComplaintKept, Outing
from domain.lots import CallBackResult
from domain.settings import BureauSettings

NUMBERED: Final = frozenset({Source.PLATFORM_12315, Source.HOTLINE_12345})
"""Sources that give every complaint a number of theirs."""
UNREACHED_TWICE: Final = 2


def thin_complaint(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:  # noqa: ARG001 - as all of outings
    """Yield each complaint that those who took the vehicle registered just before, and that nobody else knows of.

    Who registers often rides along, so that alone is nothing. A second sign is asked for: its consumer was called back
    twice and not reached, or its source gives numbers and it has none. That the consumer denies it is red, and enough
    with either half of the first sign. Rests on `thin_complaint_min`.
    """
    for complaint in outing.complaints:
        before = complaint.asked_at - complaint.registered_at
        just_before = before < timedelta(minutes=settings["thin_complaint_min"])
        sign = second_sign(complaint)
        first_sign = just_before and complaint.by_crew
        if sign == "denied":
            first_sign = just_before or complaint.by_crew
        if sign is None or not first_sign:
            continue
        yield Happening(
            kind=FindingKind.THIN_COMPLAINT,
            use_id=outing.use_id,
            from_at=outing.from_at,
            until_at=outing.from_at,
            ended=True,
            graver=sign == "denied",
            evidence={
                "complaint_id": str(complaint.complaint_id),
                "registered_before_s": round(before.total_seconds()),
                "registered_by_crew": complaint.by_crew,
                "sign": sign,
            },
            key=complaint.complaint_id,
        )


def second_sign(complaint: ComplaintKept) -> str | None:
    """Return what beside its registration speaks against a complaint, the gravest, or None."""
    results = complaint.called_back
    if CallBackResult.DENIED in results:
        return "denied"
    if CallBackResult.CONFIRMED in results:
        return None
    if results.count(CallBackResult.UNREACHED) >= UNREACHED_TWICE:
        return "unreached"
    return "no-source-number" if complaint.source in NUMBERED and not complaint.numbered else None
