"""Enter what the rule asks of a person: the examination before the post, the driving licence, the duty shift."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.people import DrivingLicence, DutyShift, Examination, Person
from api.usecases.act_on_person import held_person
from api.usecases.enter_fact import enter_fact
from domain.errors import InvalidInput, NotFound, StateConflict


class ShiftStands(StateConflict):
    """The shift was taken off the roster before, or it is over."""

    code = "shift-stands"
    zh = "该班次已撤销或已结束。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExamination:
    """One sitting of the examination before the post 岗前培训考核."""

    person_id: UUID
    taken_on: date
    passed: bool
    valid_until: date
    examiner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLicence:
    """A driving licence as seen; `withdrawn` enters that it no longer stands."""

    person_id: UUID
    number: str
    vehicle_class: str
    valid_from: date
    valid_until: date
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShift:
    """Who is on duty when."""

    person_id: UUID
    start_at: datetime
    end_at: datetime


async def enter_examination(database: Database, actor: Actor, new: NewExamination, once: Once | None = None) -> UUID:
    """Enter an examination and return its id.

    Raises:
        NotFound: there is no such person.
        InvalidInput: it would be valid only before it was taken.
    """
    if new.valid_until < new.taken_on:
        raise InvalidInput("An examination is valid from the day it was taken.")

    async def work(uow: UnitOfWork) -> UUID:
        await _known(uow, new.person_id)
        examination_id = new_id()
        columns = {"examination_id": examination_id} | asdict(new)
        await enter_fact(uow, "examination-entered", Examination, columns, personal={"examiner"})
        return examination_id

    return await database.write(actor, work, once=once, answer=UUID)


async def enter_licence(database: Database, actor: Actor, new: NewLicence, once: Once | None = None) -> UUID:
    """Enter a driving licence and return its id.

    Raises:
        NotFound: there is no such person.
        InvalidInput: it ends before it begins.
    """
    if new.valid_until < new.valid_from:
        raise InvalidInput("A licence ends after it begins.")

    async def work(uow: UnitOfWork) -> UUID:
        await _known(uow, new.person_id)
        licence_id = new_id()
        columns = {"licence_id": licence_id} | asdict(new)
        await enter_fact(uow, "licence-entered", DrivingLicence, columns, personal={"number"})
        return licence_id

    return await database.write(actor, work, once=once, answer=UUID)


async def enter_shift(database: Database, actor: Actor, new: NewShift, once: Once | None = None) -> UUID:
    """Enter a duty shift and return its id.

    Raises:
        NotFound: there is no such person.
        InvalidInput: it ends before it begins.
    """
    if new.end_at <= new.start_at:
        raise InvalidInput("A shift ends after it begins.")

    async def work(uow: UnitOfWork) -> UUID:
        await _known(uow, new.person_id)
        shift_id = new_id()
        await enter_fact(uow, "shift-entered", DutyShift, {"shift_id": shift_id, "withdraws": None} | asdict(new))
        return shift_id

    return await database.write(actor, work, once=once, answer=UUID)


async def withdraw_shift(database: Database, actor: Actor, shift_id: UUID, once: Once | None = None) -> UUID:
    """Take a shift off the roster and return the id of that act; a shift that is over stands.

    Raises:
        NotFound: there is no such shift.
        ShiftStands: it was taken off before, or is over.
    """

    async def work(uow: UnitOfWork) -> UUID:
        shift = await uow.get(DutyShift, shift_id)
        if shift is None or shift.withdraws is not None:
            raise NotFound("There is no such shift.")
        await held_person(uow, shift.person_id)
        taken_off = select(DutyShift.shift_id).where(
            DutyShift.bureau_id == uow.bureau_id, DutyShift.withdraws == shift_id
        )
        if shift.end_at <= uow.now or await uow.one(taken_off):
            raise ShiftStands
        withdrawal_id = new_id()
        columns = {
            "shift_id": withdrawal_id,
            "person_id": shift.person_id,
            "start_at": shift.start_at,
            "end_at": shift.end_at,
            "withdraws": shift_id,
        }
        await enter_fact(uow, "shift-withdrawn", DutyShift, columns, previous=shift.entry_id, revision=2)
        return withdrawal_id

    return await database.write(actor, work, once=once, answer=UUID)


async def _known(uow: UnitOfWork, person_id: UUID) -> None:
    if await uow.get(Person, person_id) is None:
        raise NotFound("There is no such person.", person_id=str(person_id))
