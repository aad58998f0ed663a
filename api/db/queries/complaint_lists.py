"""Complaints as people look for them, and one with everything that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, tuple_
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.complaints import complaint_row, facts_in, newest_first, pack_of
from api.db.tables.complaints import Complaint, ComplaintAct, ComplaintParticulars, Job
from domain.complaint.deadlines import RunningDeadline, running_deadlines
from domain.complaint.states import ComplaintFacts
from domain.complaint.telephone import BadTelephone, check_telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list of complaints is narrowed to; a field that is None narrows nothing. `words` looks everywhere."""

    words: str | None = None
    number: str | None = None
    source_number: str | None = None
    name: str | None = None
    telephone: str | None = None
    respondent: str | None = None
    state: str | None = None
    source: str | None = None
    unit_id: UUID | None = None
    received_from: date | None = None
    received_until: date | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A complaint with its newest particulars."""

    complaint: Complaint
    particulars: ComplaintParticulars


@dataclass(frozen=True, slots=True)
class WholeComplaint:
    """A complaint with its revisions and acts, oldest first, and the terms that run for it today."""

    complaint: Complaint
    facts: ComplaintFacts
    revisions: Sequence[ComplaintParticulars]
    acts: Sequence[ComplaintAct]
    deadlines: Sequence[RunningDeadline]
    merged_from: Sequence[UUID]
    jobs: Sequence[UUID]


async def list_complaints(
    reader: Reader, wanted: Wanted, limit: int, after: tuple[datetime, UUID] | None
) -> list[Found]:
    """Return up to `limit` complaints, the last received first, that come after that key.

    Names, telephones and respondents are looked for in every revision: a corrected name is still found.
    """
    newest = ComplaintParticulars
    statement = (
        select(Complaint, newest)
        .where(
            Complaint.bureau_id == reader.bureau_id,
            newest.bureau_id == reader.bureau_id,
            newest.complaint_id == Complaint.complaint_id,
            newest.rev == Complaint.particulars_rev,
            *await _conditions(reader, wanted),
        )
        .order_by(col(Complaint.received_at).desc(), col(Complaint.complaint_id).desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(Complaint.received_at, Complaint.complaint_id) < tuple_(*after))
    return [Found(complaint, particulars) for complaint, particulars in await reader.all(statement)]


async def whole_complaint(reader: Reader, complaint_id: UUID) -> WholeComplaint:
    """Return a complaint with everything that is known of it.

    Raises:
        NotFound: this bureau has no such complaint.
    """
    row = await complaint_row(reader, complaint_id)
    of_it = (ComplaintParticulars.bureau_id == reader.bureau_id, ComplaintParticulars.complaint_id == complaint_id)
    revisions = await reader.all(select(ComplaintParticulars).where(*of_it).order_by(col(ComplaintParticulars.rev)))
    acts = (await newest_first(reader, complaint_id))[::-1]
    facts = facts_in(next(act.detail for act in acts if act.act_id == row.act_id))
    today = reader.now.astimezone(await zone_of(reader)).date()
    terms = running_deadlines(facts, await pack_of(reader, row.pack), await calendar_of(reader), today)
    merged = select(Complaint.complaint_id).where(
        Complaint.bureau_id == reader.bureau_id, Complaint.merged_into == complaint_id
    )
    jobs = select(Job.job_id).where(Job.bureau_id == reader.bureau_id, Job.complaint_id == complaint_id)
    return WholeComplaint(
        row,
        facts,
        revisions,
        acts,
        terms,
        await reader.all(merged.order_by(col(Complaint.complaint_id))),
        await reader.all(jobs.order_by(col(Job.job_id))),
    )


async def _conditions(reader: Reader, wanted: Wanted) -> list[Any]:
    conditions: list[Any] = []
    for column, value in (
        (Complaint.number, wanted.number),
        (Complaint.source_number, wanted.source_number),
        (Complaint.state, wanted.state),
        (Complaint.source, wanted.source),
        (Complaint.unit_id, wanted.unit_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.received_from or wanted.received_until:
        zone = await zone_of(reader)
        if wanted.received_from:
            conditions.append(Complaint.received_at >= datetime.combine(wanted.received_from, time(), zone))
        if wanted.received_until:
            after = wanted.received_until + timedelta(days=1)
            conditions.append(Complaint.received_at < datetime.combine(after, time(), zone))
    if wanted.name:
        conditions.append(_in_a_revision(reader, _holds(ComplaintParticulars.complainant_name, wanted.name)))
    if wanted.respondent:
        conditions.append(_in_a_revision(reader, _respondent(wanted.respondent)))
    if wanted.telephone:
        conditions.append(_in_a_revision(reader, _telephone(wanted.telephone)))
    if wanted.words:
        words = wanted.words.strip()
        conditions.append(
            or_(
                Complaint.number == words,  # type: ignore[arg-type]  # SQLModel types columns as their values
                Complaint.source_number == words,  # type: ignore[arg-type]  # the same
                _in_a_revision(
                    reader,
                    or_(
                        _holds(ComplaintParticulars.complainant_name, words),
                        _respondent(words),
                        _telephone(words),
                    ),
                ),
            )
        )
    return conditions


def _in_a_revision(reader: Reader, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    revision = select(ComplaintParticulars.complaint_id).where(
        ComplaintParticulars.bureau_id == reader.bureau_id, condition
    )
    return col(Complaint.complaint_id).in_(revision)


def _holds(column: Any, words: str) -> ColumnElement[bool]:
    """Tell whether a text holds the words, whatever their case; signs that LIKE knows mean themselves."""
    held: ColumnElement[bool] = func.strpos(func.lower(column), words.lower()) > 0
    return held


def _respondent(words: str) -> ColumnElement[bool]:
    code: ColumnElement[bool] = col(ComplaintParticulars.respondent_credit_code) == words.strip().upper()
    return or_(_holds(ComplaintParticulars.respondent_name, words), code)


def _telephone(words: str) -> ColumnElement[bool]:
    """Tell whether a telephone is the one given, in whatever form; part of a number finds nothing."""
    try:
        number = check_telephone(words)
    except BadTelephone:
        number = words
    return or_(
        col(ComplaintParticulars.complainant_telephone) == number,
        col(ComplaintParticulars.respondent_telephone) == number,
    )
