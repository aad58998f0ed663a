"""What someone writes who holds the service's password and goes round the use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.complaints import ComplaintAct, Job
from api.db.tables.uses import Decision, Trip, TripCrew, TripJob, VehicleUse
from tests.world import World

Work = Callable[[UnitOfWork], Awaitable[None]]


@contextmanager
def held_as(code: str) -> Iterator[None]:
    """Expect the database to refuse with that code."""
    with pytest.raises(HeldByDatabase) as told:
        yield
    assert f"zhuanche:{code}" in told.value.detail["detail"], told.value.detail["detail"]


async def attack(world: World, work: Work, who: str = "dispatcher", *, held: str) -> None:
    """Do the work in one transaction of the service, and see it held with that code."""
    with held_as(held):
        await world.database.write(world[who], work)


async def decide(uow: UnitOfWork, use_id: UUID, verb: str, to_state: str, **changes: Any) -> UUID:
    """Write a decision with its ledger entry, which claims a permit unless told otherwise, and return its id."""
    decision_id = changes.pop("decision_id", None) or new_id()
    entry_id = await uow.enter("attack", facts={"use_id": use_id})
    values: dict[str, Any] = {
        "bureau_id": uow.bureau_id,
        "decision_id": decision_id,
        "use_id": use_id,
        "verb": verb,
        "to_state": to_state,
        "outcome": "permit",
        "complaint_ids": [],
        "marks": [],
        "facts": {},
        "source": "online",
        "stated_at": uow.now,
        "actor_id": uow.actor.who,
        "recorded_at": uow.now,
        "entry_id": entry_id,
    }
    await uow.insert(Decision(**(values | changes)))
    return UUID(str(decision_id))


async def step(uow: UnitOfWork, use_id: UUID, verb: str, to_state: str, **columns: Any) -> UUID:
    """Move a use on with a decision of its own, and return the decision's id; `columns` move with it."""
    decision_id = new_id()
    await uow.update(VehicleUse, use_id, state=to_state, decision_id=decision_id, **columns)
    return await decide(uow, use_id, verb, to_state, decision_id=decision_id)


async def act(uow: UnitOfWork, complaint_id: UUID, verb: str, states: tuple[str | None, str], **changes: Any) -> UUID:
    """Write an act on a complaint from one state to another with its ledger entry, and return its id."""
    act_id = new_id()
    entry_id = await uow.enter("attack", facts={"complaint_id": complaint_id})
    values: dict[str, Any] = {
        "bureau_id": uow.bureau_id,
        "act_id": act_id,
        "complaint_id": complaint_id,
        "verb": verb,
        "from_state": states[0],
        "to_state": states[1],
        "detail": {"act": {}, "after": {"state": states[1], "suspension": None}},
        "stated_at": uow.now,
        "actor_id": uow.actor.who,
        "recorded_at": uow.now,
        "entry_id": entry_id,
    }
    await uow.insert(ComplaintAct(**(values | changes)))
    return act_id


async def ask(uow: UnitOfWork, world: World, job_id: UUID, **changes: Any) -> UUID:
    """Ask for a trip as the use case does, row by row; `grace_s`, `requester_unit_id`, `kind` may be others."""
    use_id, decision_id = new_id(), new_id()
    job = await uow.get(Job, job_id)
    assert job is not None
    kind = changes.get("kind", "trip")
    await uow.insert(
        VehicleUse(
            bureau_id=uow.bureau_id,
            use_id=use_id,
            vehicle_id=world.vehicle_id,
            kind=kind,
            state="requested" if kind == "trip" else "approved",
            planned_from=uow.now + timedelta(hours=1),
            planned_until=uow.now + timedelta(hours=3),
            grace_s=changes.get("grace_s", 1_800),
            decision_id=decision_id,
            created_at=uow.now,
        )
    )
    verb, state = ("request", "requested") if kind == "trip" else ("order", "approved")
    await decide(uow, use_id, verb, state, decision_id=decision_id)
    if changes.get("bare"):
        return use_id
    await uow.insert(
        Trip(
            bureau_id=uow.bureau_id,
            use_id=use_id,
            requester_id=changes.get("requester_id", uow.actor.who),
            requester_unit_id=changes.get("requester_unit_id", world.desk_id),
            purpose="mediation",
            purpose_note="",
            crew_rev=1,
            approver_id=None,
            spoken_entered_by=None,
        ),
        crew_member(uow, use_id, world["officer"].who, decision_id=decision_id),
        crew_member(uow, use_id, world["driver"].who, seat="driver", decision_id=decision_id),
        carried(uow, use_id, job, decision_id=decision_id),
    )
    return use_id


def crew_member(uow: UnitOfWork, use_id: UUID, person_id: UUID, **changes: Any) -> TripCrew:
    """Return the row that seats an officer on a trip's first crew, with those columns changed."""
    values: dict[str, Any] = {"bureau_id": uow.bureau_id, "use_id": use_id, "rev": 1, "seat": "officer"}
    return TripCrew(**(values | {"person_id": person_id} | changes))


def carried(uow: UnitOfWork, use_id: UUID, job: Job, *, decision_id: UUID, under_way: bool = False) -> TripJob:
    """Return the row by which a trip carries a job."""
    return TripJob(
        bureau_id=uow.bureau_id,
        use_id=use_id,
        job_id=job.job_id,
        complaint_id=job.complaint_id,
        job_kind=job.kind,
        on_site=job.on_site,
        under_way=under_way,
        decision_id=decision_id,
        dropped_by=None,
    )
