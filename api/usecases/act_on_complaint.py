"""Do any act of `domain.complaint.acts` to a complaint: the domain decides, the act is kept with what it left behind.

The newest act of a complaint keeps the facts as they stand after it, so that the next one starts from there; the row
of the complaint is what lists, terms and the database's own rule look at.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.complaints import complaint_row, facts_of_row, mediation_deadline, pack_of
from api.db.tables.bureau import Unit
from api.db.tables.complaints import Complaint, ComplaintAct, ComplaintParticulars
from domain.calendar import Deadline
from domain.complaint.act import Act
from domain.complaint.acts import Correct, Distribute, Merge, ReturnToIntake, decide
from domain.complaint.particulars import Particulars
from domain.complaint.states import OPEN, ComplaintFacts
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


async def merge_complaint(
    database: Database,
    actor: Actor,
    complaint_id: UUID,
    into: UUID,
    *,
    at: datetime | None = None,
    once: Once | None = None,
) -> UUID:
    """Merge a complaint into another one (并案): both stay visible.

    Raises:
        NotFound: there is no such complaint.
        MergeImpossible: the other one is the same, or over.
    """

    async def work(uow: UnitOfWork) -> UUID:
        # Both rows are locked in the order of their ids, so that two merges never wait for each other.
        rows = {one: await complaint_row(uow, one, lock=True) for one in sorted({complaint_id, into})}
        other = await facts_of_row(uow, rows[into])

        def make(*, on: date) -> Act:
            return Merge(on=on, into=into, into_state=other.state)

        return await _do(uow, rows[complaint_id], make, at)

    return await database.write(actor, work, once=once, answer=UUID)


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
    """Decide and write: the act, the complaint's row, the terms of its open jobs, the ledger entry."""
    stated_at = at or uow.now
    if stated_at > uow.now + CLOCKS_APART:
        raise ActInFuture(at=stated_at.isoformat())
    act = make(on=stated_at.astimezone(await zone_of(uow)).date())
    moved = moved or ({"unit_id": await _intake(uow)} if isinstance(act, ReturnToIntake) else {})
    facts = await facts_of_row(uow, row)
    pack = await pack_of(uow, row.pack)
    after = decide(facts, act, pack)
    term = mediation_deadline(after, pack, await calendar_of(uow)) if after.state in OPEN else None
    if term is not None:
        after = replace(after, mediate_due_on=term.due_on)
    told = msgspec.to_builtins(act)
    entry_id = await uow.enter(
        f"complaint-{act.verb}",
        facts={
            "complaint_id": row.complaint_id,
            "from_state": facts.state,
            "to_state": after.state,
            "ground": after.ground,
            "stated_at": stated_at,
            **{name: value for name, value in told.items() if name in IMPERSONAL},
            **moved,
            **_term_facts(term),
        },
        person={name: value for name, value in told.items() if name not in IMPERSONAL} | (person or {}) or None,
        previous=previous,
        revision=revision,
    )
    act_id = new_id()
    await uow.insert(
        ComplaintAct(
            bureau_id=uow.bureau_id,
            act_id=act_id,
            complaint_id=row.complaint_id,
            verb=act.verb,
            from_state=facts.state,
            to_state=after.state,
            ground=after.ground if after.ground != facts.ground else None,
            detail={"act": told | msgspec.to_builtins(moved), "after": msgspec.to_builtins(after)},
            stated_at=stated_at,
            actor_id=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    announced = {"announced_at": stated_at} if after.announcement != facts.announcement else {}
    await uow.update(
        Complaint, row.complaint_id, act_id=act_id, **_columns(after), **_term_columns(term), **announced, **moved
    )
    await carry_term_to_jobs(uow, row.complaint_id, term)
    return act_id


def _columns(after: ComplaintFacts) -> dict[str, Any]:
    return {
        "state": after.state.value,
        "suspension": after.suspension.value if after.suspension else None,
        "suspended_on": after.suspended_on,
        "suspended_days": sum((still.through - still.after).days for still in after.stood_still),
        "accepted_on": after.accepted_on,
        "complainant_consented_at": after.complainant_consented_at,
        "respondent_consented_at": after.respondent_consented_at,
        "merged_into": after.merged_into,
    }


def _term_columns(term: Deadline | None) -> dict[str, Any]:
    if term is None:
        return {}
    return {
        "mediate_nominal_on": term.nominal_on,
        "mediate_due_on": term.due_on,
        "mediate_provisional": term.provisional,
    }


def _term_facts(term: Deadline | None) -> dict[str, Any]:
    return {} if term is None else {"mediate_by": term.nominal_on, "mediate_due_on": term.due_on}


_CARRY = text(
    "UPDATE job SET due_nominal_on = :nominal_on, due_on = :due_on, due_provisional = :provisional"
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id AND state = 'open'"
)


async def carry_term_to_jobs(uow: UnitOfWork, complaint_id: UUID, term: Deadline | None) -> None:
    """Give the open jobs of a complaint the term that now runs for it; without one they keep theirs."""
    if term is not None:
        await uow.execute(
            _CARRY,
            {
                "bureau_id": uow.bureau_id,
                "complaint_id": complaint_id,
                "nominal_on": term.nominal_on,
                "due_on": term.due_on,
                "provisional": term.provisional,
            },
        )


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
