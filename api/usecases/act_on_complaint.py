"""Do any act of `domain.complaint.acts` to a complaint: the domain decides, the act is kept with what it left behind.

How an act is written is in `api.usecases.complaint_step`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.complaints import complaint_row, facts_of_row, mediation_deadline, pack_of
from api.db.tables.bureau import Unit
from api.db.tables.complaints import Complaint, ComplaintAct, ComplaintParticulars
from api.usecases.complaint_step import Step, write_step
from domain.complaint.act import Act
from domain.complaint.acts import Correct, decide
from domain.complaint.particulars import Particulars
from domain.complaint.power import Distribute, ReturnToIntake
from domain.complaint.states import OPEN
from domain.errors import InvalidInput, NotFound

CLOCKS_APART: Final = timedelta(minutes=2)
"""A desk's clock may be that far ahead of ours."""
IMPERSONAL: Final = frozenset({"on", "ground", "party", "given_at", "kind", "outcome", "into", "by_intake"})
"""The fields of acts that can hold nothing about a person; all others are sealed apart, so that they can be erased."""


class ActInFuture(InvalidInput):
    """What is recorded here has happened: its time cannot lie in the future."""

    code = "act-in-future"
    zh = "此处记录已发生的事项，时间不能晚于现在。"


class MakeAct(Protocol):
    """Makes the act once the day it happened on is known: a class of `domain.complaint.acts`, or a `partial` of it."""

    def __call__(self, *, on: date) -> Act:
        """Return the act of that day."""


async def act_on_complaint(
    database: Database,
    actor: Actor,
    complaint_id: UUID,
    make: MakeAct,
    *,
    at: datetime | None = None,
    once: Once | None = None,
) -> UUID:
    """Do one act to a complaint and return the act's id.

    Args:
        database: where it is kept.
        actor: who records it.
        complaint_id: the complaint.
        make: the act, such as `Accept` or `partial(Refuse, ground="121-16-4")`.
        at: when it happened; now, if left out.
        once: the Idempotency-Key.

    Raises:
        NotFound: there is no such complaint.
        ActInFuture: it is said to have happened later than now.
        DomainError: what `domain.complaint.acts.decide` raises.
    """
    return await database.write(actor, lambda uow: apply_act(uow, complaint_id, make, at=at), once=once, answer=UUID)


async def apply_act(uow: UnitOfWork, complaint_id: UUID, make: MakeAct, *, at: datetime | None = None) -> UUID:
    """Do one act within a unit of work, so that another use case may carry it."""
    return await _do(uow, await complaint_row(uow, complaint_id, lock=True), make, at)


async def distribute_complaint(
    database: Database,
    actor: Actor,
    complaint_id: UUID,
    unit_id: UUID,
    *,
    at: datetime | None = None,
    once: Once | None = None,
) -> UUID:
    """Send a complaint to the unit with power over it (分送): only people of the desk, the intake unit, do.

    Raises:
        NotFound: there is no such complaint or unit.
        OnlyIntakeDistributes: the actor belongs to another unit.
    """

    async def work(uow: UnitOfWork) -> UUID:
        row = await complaint_row(uow, complaint_id, lock=True)
        if await uow.get(Unit, unit_id) is None:
            raise NotFound("There is no such unit.", unit_id=str(unit_id))
        own = await uow.get(Unit, actor.unit_id)

        def make(*, on: date) -> Act:
            return Distribute(on=on, by_intake=own is not None and own.kind == "desk")

        return await _do(uow, row, make, at, moved={"unit_id": unit_id})

    return await database.write(actor, work, once=once, answer=UUID)


async def correct_complaint(
    database: Database,
    actor: Actor,
    complaint_id: UUID,
    particulars: Particulars,
    reason: str,
    *,
    once: Once | None = None,
) -> UUID:
    """Correct the particulars of a complaint: a new revision, the old ones stay.

    Raises:
        NotFound: there is no such complaint.
        InvalidInput: the particulars lack something.
    """
    checked = particulars.checked()

    async def work(uow: UnitOfWork) -> UUID:
        row = await complaint_row(uow, complaint_id, lock=True)
        before = await uow.get(ComplaintParticulars, complaint_id, row.particulars_rev)
        rev = row.particulars_rev + 1

        def make(*, on: date) -> Act:
            return Correct(on=on, reason=reason)

        act_id = await _do(
            uow,
            row,
            make,
            None,
            moved={"particulars_rev": rev},
            person=msgspec.to_builtins(checked),
            previous=before.entry_id if before else None,
            revision=rev,
        )
        act = await uow.get(ComplaintAct, act_id)
        if act is None:
            raise LookupError("the act just written is gone")
        await uow.insert(particulars_row(uow, complaint_id, rev, checked, act.entry_id, reason=reason))
        return act_id

    return await database.write(actor, work, once=once, answer=UUID)


def particulars_row(
    uow: UnitOfWork,
    complaint_id: UUID,
    rev: int,
    particulars: Particulars,
    entry_id: UUID,
    *,
    reason: str | None = None,
) -> ComplaintParticulars:
    """Return the row of one revision of the particulars."""
    return ComplaintParticulars(
        bureau_id=uow.bureau_id,
        complaint_id=complaint_id,
        rev=rev,
        **msgspec.to_builtins(particulars),
        reason=reason,
        actor_id=uow.actor.who,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def _do(
    uow: UnitOfWork,
    row: Complaint,
    make: MakeAct,
    at: datetime | None,
    *,
    moved: dict[str, Any] | None = None,
    person: dict[str, Any] | None = None,
    previous: UUID | None = None,
    revision: int = 1,
) -> UUID:
    """Let the domain decide, and write what it decided."""
    stated_at = at or uow.now
    if stated_at > uow.now + CLOCKS_APART:
        raise ActInFuture(at=stated_at.isoformat())
    act = make(on=stated_at.astimezone(await zone_of(uow)).date())
    before = await facts_of_row(uow, row)
    pack = await pack_of(uow, row.pack)
    after = decide(before, act, pack)
    told = msgspec.to_builtins(act)
    step = Step(
        verb=act.verb,
        before=before,
        after=after,
        term=mediation_deadline(after, pack, await calendar_of(uow)) if after.state in OPEN else None,
        stated_at=stated_at,
        facts={name: value for name, value in told.items() if name in IMPERSONAL},
        person={name: value for name, value in told.items() if name not in IMPERSONAL},
        sealed=person or {},
        moved=moved or ({"unit_id": await _intake(uow)} if isinstance(act, ReturnToIntake) else {}),
        previous=previous,
        revision=revision,
    )
    return await write_step(uow, row, step)


async def _intake(uow: UnitOfWork) -> UUID:
    """Return the desk that was there first: the bureau's intake unit (统一接收机构)."""
    rows = await uow.execute(
        text(
            "SELECT unit_id FROM unit WHERE bureau_id = :bureau_id AND kind = 'desk'"
            " ORDER BY recorded_at, unit_id LIMIT 1"
        ),
        {"bureau_id": uow.bureau_id},
    )
    return rows.scalar_one()  # type: ignore[no-any-return]  # the column is a uuid
