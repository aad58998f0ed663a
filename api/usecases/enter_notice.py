"""Enter the State Council's notice of a year's holidays (节假日安排的通知), and recompute what rested on it.

The calendar is the same for every bureau, so entering a notice is the owner's act; each bureau's terms are recomputed
by an act of its own, which leaves the term before and after visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.queries.calendar import calendar_of, calendar_with
from api.db.queries.complaints import (
    acceptance_deadline,
    complaint_row,
    facts_of_row,
    mediation_deadline,
    pack_of,
)
from api.db.tables.bureau import CalendarDay, CalendarNotice
from api.db.tables.complaints import Complaint
from api.usecases.complaint_step import Step, carry_to_jobs, write_step
from domain.calendar import Calendar, Deadline, Notice
from domain.complaint.states import OPEN, ComplaintFacts, State

NO_BUREAU = "000000"
"""Transactions on what is no bureau's see no bureau's rows."""


async def enter_notice(owner: Database, notice: Notice, entered_by: str) -> int:
    """Enter a notice, or an amended one in its place, and return how many complaints' terms moved.

    Entering the same notice again changes nothing, but finishes a recomputation that was cut short.

    Args:
        owner: a database of the owner role; the service may not change the calendar.
        notice: as `domain.calendar.read_notice` reads it.
        entered_by: who entered it, in words.

    Raises:
        BadNotice: the notice of another year names one of its days too.
    """

    async def work(uow: UnitOfWork) -> None:
        row = await uow.one(select(CalendarNotice).where(CalendarNotice.year == notice.year).with_for_update())
        days = await uow.all(select(CalendarDay).where(CalendarDay.year == notice.year))
        known, told = ({(one.day, one.working, one.name) for one in some} for some in (days, notice.days))
        if row is not None and row.link == notice.link and known == told:
            return
        await calendar_with(uow, notice)  # refuses
        await uow.execute(delete(CalendarDay).where(col(CalendarDay.year) == notice.year))
        await uow.execute(delete(CalendarNotice).where(col(CalendarNotice.year) == notice.year))
        await uow.insert(
            CalendarNotice(
                year=notice.year,
                title=notice.title,
                link=notice.link,
                source=notice.source,
                entered_by=entered_by,
                entered_at=uow.now,
            ),
            *(CalendarDay(day=one.day, year=notice.year, name=one.name, working=one.working) for one in notice.days),
        )

    await owner.write(Actor(NO_BUREAU), work)
    return sum([await recompute_terms(owner, bureau_id, notice) for bureau_id in await owner.bureaus()])


async def enter_missing_notices(owner: Database, notices: Iterable[Notice]) -> int:
    """Enter those notices whose year has none yet, as a release brings them along; return how many terms moved."""
    async with owner.read(NO_BUREAU) as reader:
        known = set(await reader.all(select(CalendarNotice.year)))
    return sum([await enter_notice(owner, one, "shipped") for one in notices if one.year not in known])


async def would_move(owner: Database, notice: Notice) -> int:
    """Return how many terms entering a notice would move, and change nothing. Raises as `enter_notice` does."""
    async with owner.read(NO_BUREAU) as reader:
        await calendar_with(reader, notice)
    moving = 0
    for bureau_id in await owner.bureaus():
        async with owner.read(bureau_id) as reader:
            calendar = await calendar_with(reader, notice)
            for complaint_id in await _live(reader):
                row = await complaint_row(reader, complaint_id)
                moving += await _moved(reader, row, await facts_of_row(reader, row), calendar) is not None
    return moving


async def recompute_terms(database: Database, bureau_id: str, notice: Notice) -> int:
    """Recompute the terms of a bureau's open complaints by the calendar as it is now; return how many moved."""
    async with database.read(bureau_id) as reader:
        ids = await _live(reader)
    moved = 0
    for complaint_id in ids:

        async def work(uow: UnitOfWork, complaint_id: UUID = complaint_id) -> bool:
            return await _recompute(uow, complaint_id, notice)

        moved += await database.write(Actor(bureau_id), work)
    return moved


async def _live(reader: Reader) -> Sequence[UUID]:
    live = [State.RECEIVED.value, *(state.value for state in OPEN)]
    return await reader.all(
        select(Complaint.complaint_id)
        .where(Complaint.bureau_id == reader.bureau_id, col(Complaint.state).in_(live))
        .order_by(col(Complaint.complaint_id))
    )


async def _moved(
    reader: Reader, row: Complaint, facts: ComplaintFacts, calendar: Calendar
) -> tuple[Deadline, Deadline] | None:
    """Return the term that runs, and as a calendar has it; None where none runs or it stays."""
    pack = await pack_of(reader, row.pack)
    if facts.state is State.RECEIVED:
        term: Deadline | None = acceptance_deadline(facts.received_on, pack, calendar)
        before = Deadline(row.accept_nominal_on, row.accept_due_on, row.accept_provisional)
    elif facts.state in OPEN and row.mediate_nominal_on is not None and row.mediate_due_on is not None:
        term = mediation_deadline(facts, pack, calendar)
        before = Deadline(row.mediate_nominal_on, row.mediate_due_on, bool(row.mediate_provisional))
    else:
        return None
    return None if term is None or term == before else (before, term)


async def _recompute(uow: UnitOfWork, complaint_id: UUID, notice: Notice) -> bool:
    row = await complaint_row(uow, complaint_id, lock=True)
    facts = await facts_of_row(uow, row)
    moved = await _moved(uow, row, facts, await calendar_of(uow))
    if moved is None:
        return False
    before, term = moved
    kind = "accept" if facts.state is State.RECEIVED else "mediate"
    columns = (f"{kind}_nominal_on", f"{kind}_due_on", f"{kind}_provisional")
    await write_step(
        uow,
        row,
        Step(
            verb="recompute-term",
            before=facts,
            after=facts,
            term=term if facts.state in OPEN else None,
            stated_at=uow.now,
            facts={
                "notice_year": notice.year,
                "notice_link": notice.link,
                "term_before": _told(before),
                "term_after": _told(term),
            },
            moved=dict(zip(columns, (term.nominal_on, term.due_on, term.provisional), strict=True)),
        ),
    )
    await carry_to_jobs(uow, complaint_id, term)
    return True


def _told(term: Deadline) -> dict[str, Any]:
    return {"nominal_on": term.nominal_on, "due_on": term.due_on, "provisional": term.provisional}
