"""Write one step in the life of a complaint: the act, the complaint's row, its jobs' terms, the ledger entry.

The newest act of a complaint keeps the facts as they stand after it, so that the next one starts from there; the row
of the complaint is what lists, terms and the database's own rule look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.complaints import Complaint, ComplaintAct
from domain.calendar import Deadline
from domain.complaint.states import ComplaintFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is known before and after an act, and what the act said.

    `facts` holds nothing about a person, `person` what the act said besides, `sealed` what goes into the ledger's
    personal group alone. `term` is the term of mediation that runs from now on, `moved` further columns of the row.
    """

    verb: str
    before: ComplaintFacts
    after: ComplaintFacts
    term: Deadline | None
    stated_at: datetime
    facts: dict[str, Any]
    person: dict[str, Any] = field(default_factory=dict)
    sealed: dict[str, Any] = field(default_factory=dict)
    moved: dict[str, Any] = field(default_factory=dict)
    previous: UUID | None = None
    revision: int = 1


async def write_step(uow: UnitOfWork, row: Complaint, step: Step) -> UUID:
    """Write the step and return its act's id.

    Acts of a complaint are recorded in the order in which they took effect (`UnitOfWork.after`).
    """
    before, term = step.before, step.term
    last = await uow.get(ComplaintAct, row.act_id)
    recorded_at = uow.after(last.recorded_at if last else None)
    after = step.after if term is None else replace(step.after, mediate_due_on=term.due_on)
    entry_id = await uow.enter(
        f"complaint-{step.verb}",
        facts={
            "complaint_id": row.complaint_id,
            "from_state": before.state,
            "to_state": after.state,
            "ground": after.ground,
            "stated_at": step.stated_at,
            **step.facts,
            **step.moved,
            **({} if term is None else {"mediate_by": term.nominal_on, "mediate_due_on": term.due_on}),
        },
        person=(step.person | step.sealed) or None,
        previous=step.previous,
        revision=step.revision,
    )
    act_id = new_id()
    said = msgspec.to_builtins(step.facts | step.person | step.moved)
    await uow.insert(
        ComplaintAct(
            bureau_id=uow.bureau_id,
            act_id=act_id,
            complaint_id=row.complaint_id,
            verb=step.verb,
            from_state=before.state,
            to_state=after.state,
            ground=after.ground if after.ground != before.ground else None,
            detail={"act": said, "after": msgspec.to_builtins(after)},
            stated_at=step.stated_at,
            actor_id=uow.actor.person_id,
            recorded_at=recorded_at,
            entry_id=entry_id,
        )
    )
    announced = {"announced_at": step.stated_at} if after.announcement != before.announcement else {}
    columns = columns_of(after) | _term_columns(term) | announced | step.moved
    await uow.update(Complaint, row.complaint_id, act_id=act_id, **columns)
    if term is not None:
        await carry_to_jobs(uow, row.complaint_id, term)
    return act_id


def columns_of(facts: ComplaintFacts) -> dict[str, Any]:
    """Return the columns of a complaint's row that follow from its facts."""
    return {
        "state": facts.state.value,
        "suspension": facts.suspension.value if facts.suspension else None,
        "suspended_on": facts.suspended_on,
        "suspended_days": sum((still.through - still.after).days for still in facts.stood_still),
        "accepted_on": facts.accepted_on,
        "complainant_consented_at": facts.complainant_consented_at,
        "respondent_consented_at": facts.respondent_consented_at,
        "merged_into": facts.merged_into,
    }


def _term_columns(term: Deadline | None) -> dict[str, Any]:
    if term is None:
        return {}
    return {
        "mediate_nominal_on": term.nominal_on,
        "mediate_due_on": term.due_on,
        "mediate_provisional": term.provisional,
    }


_CARRY = text(
    "UPDATE job SET due_nominal_on = :nominal_on, due_on = :due_on, due_provisional = :provisional"
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id AND state = 'open'"
)


async def carry_to_jobs(uow: UnitOfWork, complaint_id: UUID, term: Deadline) -> None:
    """Give the open jobs of a complaint the term that now runs for it."""
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
