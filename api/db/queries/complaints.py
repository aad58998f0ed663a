"""What is known of complaints: facts for rules."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.settings import settings_of
from api.db.tables.complaints import Complaint, ComplaintAct
from domain.calendar import Calendar, Deadline
from domain.complaint.deadlines import deadline
from domain.complaint.job import JobKind
from domain.complaint.marks import Mark, mediation_marks
from domain.complaint.packs import DeadlineCode, Pack, pack_by_code
from domain.complaint.states import ComplaintFacts
from domain.errors import NotFound
from domain.values import Window

SET_BY_BUREAU: Final = "SAIC51-1996"
"""The pack whose text was not read: its numbers are settings."""


async def complaint_row(reader: Reader, complaint_id: UUID, *, lock: bool = False) -> Complaint:
    """Return the row of a complaint; with `lock`, nobody else acts on it until this transaction ends.

    Raises:
        NotFound: this bureau has no such complaint.
    """
    statement = select(Complaint).where(Complaint.bureau_id == reader.bureau_id, Complaint.complaint_id == complaint_id)
    row: Complaint | None = await reader.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise NotFound("There is no such complaint.", complaint_id=str(complaint_id))
    return row


async def facts_of_row(reader: Reader, row: Complaint) -> ComplaintFacts:
    """Return what the acts so far have made of the complaint of that row."""
    detail = await reader.one(
        select(ComplaintAct.detail).where(ComplaintAct.bureau_id == reader.bureau_id, ComplaintAct.act_id == row.act_id)
    )
    return facts_in(detail)


def facts_in(detail: dict[str, Any]) -> ComplaintFacts:
    """Return the facts after an act, which its detail keeps."""
    return msgspec.convert(detail["after"], ComplaintFacts)


async def complaint_facts(reader: Reader, complaint_id: UUID) -> tuple[ComplaintFacts, Pack]:
    """Return what is known of a complaint and the regulation pack it is led by.

    Raises:
        NotFound: this bureau has no such complaint.
    """
    row = await complaint_row(reader, complaint_id)
    return await facts_of_row(reader, row), await pack_of(reader, row.pack)


async def pack_of(reader: Reader, code: str) -> Pack:
    """Return a regulation pack as the bureau has set it."""
    pack = pack_by_code(code)
    if code != SET_BY_BUREAU:
        return pack
    settings = await settings_of(reader)
    return pack.with_settings(
        {
            DeadlineCode.ACCEPT: settings["saic51_accept_days"],
            DeadlineCode.MEDIATE: settings["saic51_mediate_days"],
        }
    )


async def mediation_marks_of(
    reader: Reader, complaint_id: UUID, kind: JobKind = JobKind.MEDIATION, window: Window | None = None
) -> tuple[Mark, ...]:
    """Return what of consent (art. 18) and announcement (art. 20) is missing for a visit of that kind then.

    Raises:
        NotFound: this bureau has no such complaint.
    """
    facts, pack = await complaint_facts(reader, complaint_id)
    return mediation_marks(facts, pack, kind=kind, window=window)


def mediation_deadline(facts: ComplaintFacts, pack: Pack, calendar: Calendar) -> Deadline | None:
    """Return the last day of mediation of an accepted complaint, days that stood still left out."""
    if facts.accepted_on is None:
        return None
    return deadline(pack, DeadlineCode.MEDIATE, facts.accepted_on, calendar, facts.stood_still)


def acceptance_deadline(received_on: date, pack: Pack, calendar: Calendar) -> Deadline:
    """Return the last day on which a complaint is accepted or refused."""
    return deadline(pack, DeadlineCode.ACCEPT, received_on, calendar)


async def newest_first(reader: Reader, complaint_id: UUID) -> list[ComplaintAct]:
    """Return every act on a complaint, the newest first."""
    rows = await reader.all(
        select(ComplaintAct)
        .where(ComplaintAct.bureau_id == reader.bureau_id, ComplaintAct.complaint_id == complaint_id)
        .order_by(col(ComplaintAct.recorded_at).desc(), col(ComplaintAct.act_id).desc())
    )
    return list(rows)
