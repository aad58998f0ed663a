"""What was amended of a use, beside what it was amended to, with who and when: the log hides nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.books.log_facts import LogFacts, LogStep, LogUse
from domain.trip.life import UseVerb
from domain.values import Named


class AmendmentKind(Named):
    """What was amended."""

    CREW = "crew-changed", "变更随车人员", "crew changed"
    WINDOW = "rescheduled", "改期", "rescheduled"
    JOB_ADDED = "job-added", "增加任务", "job added"
    JOB_DROPPED = "job-dropped", "撤下任务", "job dropped"
    READING = "reading-corrected", "更正读数（米）", "reading corrected (metres)"
    SPOKEN = "spoken-approval", "口头批准", "spoken approval"
    LATE_ENTRY = "entered-later", "补录", "entered later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What stood before, what stands now, who amended it and when; texts as people read them."""

    what: AmendmentKind
    old: str
    new: str
    by: str
    at: datetime
    reason: str = ""


def amendments_of(use: LogUse, zone: str) -> list[Amendment]:
    """Return what was amended of a use by its decisions, in the order of entry; times as read in the zone."""
    jobs = {job.job_id: f"{job.complaint_number} {job.site}".strip() for job in use.jobs}
    crews = {crew.decision_id: (before, crew) for before, crew in zip(use.crews, use.crews[1:], strict=False)}
    found: list[Amendment] = []

    def note(step: LogStep, what: AmendmentKind, old: str, new: str) -> None:
        found.append(Amendment(what=what, old=old, new=new, by=step.by, at=step.recorded_at, reason=step.reason))

    for step in use.steps:
        named = "；".join(jobs.get(job_id, str(job_id)) for job_id in step.job_ids)
        if step.verb is UseVerb.CHANGE_CREW and step.decision_id in crews:
            before, after = crews[step.decision_id]
            note(step, AmendmentKind.CREW, str(before), str(after))
        elif step.verb is UseVerb.RESCHEDULE and step.window and step.old_window:
            note(step, AmendmentKind.WINDOW, _window(step.old_window, zone), _window(step.window, zone))
        elif step.verb is UseVerb.ADD_JOB:
            note(step, AmendmentKind.JOB_ADDED, "", named)
        elif step.verb is UseVerb.DROP_JOB:
            note(step, AmendmentKind.JOB_DROPPED, named, "")
        elif step.source == "spoken":
            note(step, AmendmentKind.SPOKEN, "", clock_time(step.stated_at, zone))
        elif step.source in ("paper", "offline"):
            note(step, AmendmentKind.LATE_ENTRY, clock_time(step.stated_at, zone), step.verb.value)
    return found


def corrections_of(facts: LogFacts) -> dict[UUID | None, dict[UUID, Amendment]]:
    """Return the corrected readings of the month by the use they belong to, each by the id of the wrong one."""
    by_id = {one.reading.reading_id: one for one in facts.readings}
    found: dict[UUID | None, dict[UUID, Amendment]] = {}
    for one in facts.readings:
        wrong = by_id.get(one.reading.corrects) if one.reading.corrects else None
        if wrong is None or not facts.from_at <= one.reading.read_at < facts.until_at:
            continue
        found.setdefault(one.reading.use_id, {})[wrong.reading.reading_id] = Amendment(
            what=AmendmentKind.READING,
            old=str(wrong.reading.odometer_m),
            new=str(one.reading.odometer_m),
            by=one.by,
            at=one.recorded_at,
            reason=one.reading.reason,
        )
    return found


def _window(window: tuple[datetime, datetime], zone: str) -> str:
    return f"{clock_time(window[0], zone)} – {clock_time(window[1], zone)}"


def clock_time(at: datetime, zone: str) -> str:
    """Return an instant as a clock in the zone shows it, to the minute."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
