"""Register a complaint 投诉, and accept it in the same act where the counter can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.complaints import acceptance_deadline, pack_of
from api.db.tables.bureau import Unit
from api.db.tables.complaints import Complaint, ComplaintAct
from api.usecases.act_on_complaint import CLOCKS_APART, apply_act, particulars_row
from api.usecases.add_job import NewVisit, insert_job
from api.usecases.complaint_step import columns_of
from domain.complaint.acts import Accept
from domain.complaint.packs import pack_for, packs
from domain.complaint.particulars import Particulars
from domain.complaint.states import ComplaintFacts
from domain.complaint.words import Source
from domain.errors import InvalidInput, NotFound, StateConflict


class SourceNumberTaken(StateConflict):
    """A complaint with this number at its source is registered already."""

    code = "source-number-taken"
    zh = "该来源编号的投诉已登记。"


class ReceiptOutOfRange(InvalidInput):
    """A complaint was received by now, and on a day that an order covers."""

    code = "receipt-out-of-range"
    zh = "收到时间不能晚于现在，且须在现有规章施行期内。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComplaint:
    """A complaint as it is taken down: received now unless told otherwise, handled by the unit of who registers it."""

    particulars: Particulars
    source: Source
    source_number: str | None = None
    received_at: datetime | None = None
    received_via: str = ""
    unit_id: UUID | None = None
    accept: bool = False
    visit: NewVisit | None = None
    """The first job of the complaint, where it is known at once that somebody must go there."""
    complaint_id: UUID | None = None
    """The id that a phone without a network gave it; None: it is given one here."""


@dataclass(frozen=True, slots=True)
class RegisteredComplaint:
    """The complaint's id, and the number it was given in its bureau."""

    complaint_id: UUID
    number: str


async def register_complaint(
    database: Database, actor: Actor, new: NewComplaint, once: Once | None = None
) -> RegisteredComplaint:
    """Register a complaint, with its acceptance and first job where they come along; return its id and number.

    Raises:
        SourceNumberTaken: its number at the source is registered already; `complaint_id` says as which.
        ReceiptOutOfRange: it was received later than now, or before any order.
        NotFound: there is no such unit.
        InvalidInput: the particulars lack something.
    """
    return await database.write(actor, lambda uow: insert_complaint(uow, new), once=once, answer=RegisteredComplaint)


async def insert_complaint(uow: UnitOfWork, new: NewComplaint) -> RegisteredComplaint:
    """Write a complaint with its first particulars and act, so that another use case may carry it."""
    particulars = new.particulars.checked()
    received_at = new.received_at or uow.now
    received_on = received_at.astimezone(await zone_of(uow)).date()
    if received_at > uow.now + CLOCKS_APART or received_on < packs()[0].valid_from:
        raise ReceiptOutOfRange(received_at=received_at.isoformat())
    unit_id = new.unit_id or uow.actor.unit_id
    if unit_id is None or await uow.get(Unit, unit_id) is None:
        raise NotFound("There is no such unit.", unit_id=str(unit_id))
    # The number comes first: its lock makes registrations follow one another, so that the check below sees them all.
    number = await _next_number(uow)
    await _refuse_taken(uow, new)
    pack = await pack_of(uow, pack_for(received_on).code)
    term = acceptance_deadline(received_on, pack, await calendar_of(uow))
    facts = ComplaintFacts(new.complaint_id or new_id(), received_on)
    entry_id = await uow.enter(
        "complaint-register",
        facts={
            "complaint_id": facts.complaint_id,
            "number": number,
            "source": new.source,
            "source_number": new.source_number,
            "received_at": received_at,
            "unit_id": unit_id,
            "pack": pack.code,
            "accept_by": term.nominal_on,
            "accept_due_on": term.due_on,
        },
        person=msgspec.to_builtins(particulars) | {"received_via": new.received_via},
    )
    act_id = new_id()
    row = Complaint(
        bureau_id=uow.bureau_id,
        complaint_id=facts.complaint_id,
        number=number,
        source=new.source.value,
        source_number=new.source_number,
        received_at=received_at,
        received_via=new.received_via,
        registered_by=uow.actor.who,
        registered_at=uow.now,
        unit_id=unit_id,
        pack=pack.code,
        particulars_rev=1,
        accept_nominal_on=term.nominal_on,
        accept_due_on=term.due_on,
        accept_provisional=term.provisional,
        mediate_nominal_on=None,
        mediate_due_on=None,
        mediate_provisional=None,
        act_id=act_id,
        **columns_of(facts),
    )
    await uow.insert(row, particulars_row(uow, facts.complaint_id, 1, particulars, entry_id))
    await uow.insert(_first_act(uow, facts, act_id, received_at, entry_id))
    if new.accept:
        await apply_act(uow, facts.complaint_id, Accept)
    if new.visit:
        await insert_job(uow, new.visit.of(facts.complaint_id))
    return RegisteredComplaint(facts.complaint_id, number)


def _first_act(
    uow: UnitOfWork, facts: ComplaintFacts, act_id: UUID, received_at: datetime, entry_id: UUID
) -> ComplaintAct:
    return ComplaintAct(
        bureau_id=uow.bureau_id,
        act_id=act_id,
        complaint_id=facts.complaint_id,
        verb="register",
        to_state=facts.state.value,
        detail={"act": {"on": facts.received_on.isoformat()}, "after": msgspec.to_builtins(facts)},
        stated_at=received_at,
        actor_id=uow.actor.person_id,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def _next_number(uow: UnitOfWork) -> str:
    year = uow.now.astimezone(await zone_of(uow)).year
    rows = await uow.execute(
        text(
            "INSERT INTO complaint_counter (bureau_id, year, last) VALUES (:bureau_id, :year, 1)"
            " ON CONFLICT (bureau_id, year) DO UPDATE SET last = complaint_counter.last + 1 RETURNING last"
        ),
        {"bureau_id": uow.bureau_id, "year": year},
    )
    return f"{year}-{rows.scalar_one():06d}"


async def _refuse_taken(uow: UnitOfWork, new: NewComplaint) -> None:
    if new.source_number is None:
        return
    statement = select(Complaint.complaint_id).where(
        Complaint.bureau_id == uow.bureau_id,
        Complaint.source == new.source.value,
        Complaint.source_number == new.source_number,
    )
    taken = await uow.one(statement)
    if taken is not None:
        raise SourceNumberTaken(complaint_id=str(taken), source=new.source, source_number=new.source_number)
