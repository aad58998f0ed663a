"""What the rule asks of people: delegations, examinations before the post, driving licences, the duty roster."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from api.db.database import Actor, Database, Once
from api.db.tables.people import Delegation as DelegationRow
from api.db.tables.people import DrivingLicence, DutyShift
from api.db.tables.people import Examination as ExaminationRow
from api.http.access import EVERYONE, Allow
from api.http.paging import After, Limit, Page, newest_page
from api.http.people import SUPERVISORS, Reasoned
from api.http.readings import Instant, Reason
from api.usecases.delegate_approval import NewDelegation, delegate_approval, end_delegation
from api.usecases.qualify_person import (
    NewExamination,
    NewLicence,
    NewShift,
    enter_examination,
    enter_licence,
    enter_shift,
    withdraw_shift,
)
from domain.values import Role

KEEPS_PAPERS = Allow(Role.ADMIN, Role.DESK_CHIEF)
KEEPS_ROSTER = Allow(Role.ADMIN, Role.DESK_CHIEF, Role.DISPATCHER)


class FactDone(msgspec.Struct, frozen=True, kw_only=True):
    """The id of the fact that was recorded."""

    id: UUID


class DelegationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may approve in my place, how long, and why; without `valid_from`, from now."""

    to_person_id: UUID
    valid_from: Instant | None = None
    valid_until: Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-12-01T18:00:00+08:00"])]
    reason: Reason


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """A delegation of approval, or (`ends` not null) the act that ended one early."""

    delegation_id: UUID
    unit_id: UUID
    from_person_id: UUID
    to_person_id: UUID
    valid_from: datetime
    valid_until: datetime
    reason: str
    ends: UUID | None
    recorded_at: datetime


class ExaminationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sitting of the examination before the post 岗前培训考核."""

    person_id: UUID
    taken_on: Annotated[date, msgspec.Meta(examples=["2026-03-02"])]
    passed: bool
    valid_until: Annotated[date, msgspec.Meta(examples=["2027-03-01"])]
    examiner: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S", examples=["局考核小组"])]


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """An examination as entered."""

    examination_id: UUID
    person_id: UUID
    taken_on: date
    passed: bool
    valid_until: date
    examiner: str
    actor_id: UUID
    recorded_at: datetime


class LicenceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A driving licence as seen; `withdrawn` enters that it no longer stands."""

    person_id: UUID
    number: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{6,20}$", examples=["350302199001010011"])]
    vehicle_class: Annotated[str, msgspec.Meta(pattern="^[A-Z][0-9]?$", examples=["C1"])]
    valid_from: Annotated[date, msgspec.Meta(examples=["2022-05-10"])]
    valid_until: Annotated[date, msgspec.Meta(examples=["2028-05-10"])]
    withdrawn: bool = False


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """A driving licence as entered; `number` is null for those who need not see it."""

    licence_id: UUID
    person_id: UUID
    number: str | None
    vehicle_class: str
    valid_from: date
    valid_until: date
    withdrawn: bool
    actor_id: UUID
    recorded_at: datetime


class ShiftIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on duty from when until when."""

    person_id: UUID
    start_at: Instant
    end_at: Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-24T18:00:00+08:00"])]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift on the roster, or (`withdraws` not null) the act that took one off."""

    shift_id: UUID
    person_id: UUID
    start_at: datetime
    end_at: datetime
    withdraws: UUID | None
    actor_id: UUID
    recorded_at: datetime


class DelegationController(Controller):
    """Who may approve in a custodian's place."""

    path = "/v1/delegations"
    tags = ("people",)

    @post(guards=[Allow(Role.CUSTODIAN)], summary="Delegate approval", name="delegations.add")
    async def add(
        self,
        data: JSONBody[DelegationIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Let another person approve in my place for a stretch of time, at most a year."""
        new = NewDelegation(
            to_person_id=data.to_person_id,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
            reason=data.reason,
        )
        return FactDone(id=await delegate_approval(database, actor, new, once))

    @post("/{delegation_id:uuid}/end", guards=[Allow(Role.CUSTODIAN)], summary="End early", name="delegations.end")
    async def end(
        self,
        delegation_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """End a delegation of mine before its time."""
        return FactDone(id=await end_delegation(database, actor, delegation_id, data.reason, once))

    @get(guards=[Allow(EVERYONE)], summary="Delegations", name="delegations.list")
    async def delegations(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        person_id: Annotated[UUID | None, QueryParameter(description="from or to this person")] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Delegation]:
        """List delegations and their ends, the newest first."""
        where = (
            []
            if person_id is None
            else [(col(DelegationRow.from_person_id) == person_id) | (col(DelegationRow.to_person_id) == person_id)]
        )
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                DelegationRow,
                col(DelegationRow.delegation_id),
                lambda row: msgspec.convert(row, Delegation, from_attributes=True),
                *where,
                after=after,
                limit=limit,
            )


class ExaminationController(Controller):
    """Examinations before the post."""

    path = "/v1/examinations"
    tags = ("people",)

    @post(guards=[KEEPS_PAPERS], summary="Enter an examination", name="examinations.add")
    async def add(
        self,
        data: JSONBody[ExaminationIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Enter one sitting; the newest sitting of a person counts."""
        new = NewExamination(
            person_id=data.person_id,
            taken_on=data.taken_on,
            passed=data.passed,
            valid_until=data.valid_until,
            examiner=data.examiner,
        )
        return FactDone(id=await enter_examination(database, actor, new, once))

    @get(guards=[Allow(EVERYONE)], summary="Examinations", name="examinations.list")
    async def examinations(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        person_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Examination]:
        """List examinations, the newest entered first."""
        where = [] if person_id is None else [ExaminationRow.person_id == person_id]
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                ExaminationRow,
                col(ExaminationRow.examination_id),
                lambda row: msgspec.convert(row, Examination, from_attributes=True),
                *where,
                after=after,
                limit=limit,
            )


class LicenceController(Controller):
    """Driving licences."""

    path = "/v1/licences"
    tags = ("people",)

    @post(guards=[KEEPS_PAPERS], summary="Enter a driving licence", name="licences.add")
    async def add(
        self,
        data: JSONBody[LicenceIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Enter a licence as seen, or that it no longer stands; of those that have begun the newest counts."""
        new = NewLicence(
            person_id=data.person_id,
            number=data.number,
            vehicle_class=data.vehicle_class,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
            withdrawn=data.withdrawn,
        )
        return FactDone(id=await enter_licence(database, actor, new, once))

    @get(guards=[Allow(EVERYONE)], summary="Driving licences", name="licences.list")
    async def licences(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        person_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Licence]:
        """List licences, the newest entered first; numbers of others only for those who look after them."""
        where = [] if person_id is None else [DrivingLicence.person_id == person_id]
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                DrivingLicence,
                col(DrivingLicence.licence_id),
                lambda row: licence_of(row, actor),
                *where,
                after=after,
                limit=limit,
            )


def licence_of(row: DrivingLicence, actor: Actor) -> Licence:
    """Return what `actor` may see of a licence."""
    licence = msgspec.convert(row, Licence, from_attributes=True)
    if row.person_id == actor.person_id or actor.roles & SUPERVISORS:
        return licence
    return msgspec.structs.replace(licence, number=None)


class ShiftController(Controller):
    """The duty roster 值班表."""

    path = "/v1/shifts"
    tags = ("people",)

    @post(guards=[KEEPS_ROSTER], summary="Put a shift on the roster", name="shifts.add")
    async def add(
        self,
        data: JSONBody[ShiftIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Say who is on duty from when until when."""
        new = NewShift(person_id=data.person_id, start_at=data.start_at, end_at=data.end_at)
        return FactDone(id=await enter_shift(database, actor, new, once))

    @post("/{shift_id:uuid}/withdraw", guards=[KEEPS_ROSTER], summary="Take a shift off", name="shifts.withdraw")
    async def withdraw(
        self,
        shift_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Take a shift off the roster that is not over yet; both stay in the list."""
        return FactDone(id=await withdraw_shift(database, actor, shift_id, once))

    @get(guards=[Allow(EVERYONE)], summary="The duty roster", name="shifts.list")
    async def shifts(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        on_duty_at: Annotated[
            datetime | None, QueryParameter(description="only shifts that stand and cover this instant")
        ] = None,
        person_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Shift]:
        """List shifts and withdrawals, the newest entered first, or who is on duty at an instant."""
        where: list[Any] = [] if person_id is None else [DutyShift.person_id == person_id]
        if on_duty_at is not None:
            withdrawal = aliased(DutyShift)
            where += [
                DutyShift.start_at <= on_duty_at,
                DutyShift.end_at > on_duty_at,
                col(DutyShift.withdraws).is_(None),
                ~exists(
                    select(withdrawal.shift_id).where(
                        withdrawal.bureau_id == actor.bureau_id, withdrawal.withdraws == DutyShift.shift_id
                    )
                ),
            ]
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                DutyShift,
                col(DutyShift.shift_id),
                lambda row: msgspec.convert(row, Shift, from_attributes=True),
                *where,
                after=after,
                limit=limit,
            )
