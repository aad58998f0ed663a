"""One step in the life of a use of a vehicle: its decision, its ledger entry, and the use moved on.

Trips and upkeep orders take the same steps here, so that a decision never goes without its entry or its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id, plain
from api.db.tables.uses import Decision, VehicleUse
from api.ingest.devices import tell_devices
from api.ingest.held import promote_held
from api.usecases.refresh_measures import refresh_measures
from domain.errors import NotFound
from domain.trip.life import UseKind, UseState, UseVerb, after


class Source(StrEnum):
    """How word of a step came."""

    ONLINE = "online"
    OFFLINE = "offline"
    """recorded on the phone without a network and sent later"""
    SPOKEN = "spoken"
    PAPER = "paper"
    """entered later from a sheet of paper"""
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done, by which permit if the rule was asked, and what else the decision keeps."""

    verb: UseVerb
    stated_at: datetime
    source: Source = Source.ONLINE
    permit: bool = False
    refused: bool = False
    """It is declined, or the rule refused what had happened already (at close); a refusal says why."""
    complaint_ids: tuple[UUID, ...] = ()
    marks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Identifiers, times and codes; no floats."""
    said: Mapping[str, Any] | None = None
    """Words that people typed: kept with the decision, committed to by the ledger in a group that can be erased."""
    person: Mapping[str, Any] | None = None
    """Names of people, for the ledger's own group alone."""
    place: Mapping[str, Any] | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Columns of `vehicle_use` that move with the step."""

    @property
    def outcome(self) -> str:
        """The word the decision has for what the rule said."""
        if self.refused:
            return "refusal"
        return "permit" if self.permit else "done"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step as it was recorded."""

    decision_id: UUID
    entry_id: UUID
    state: UseState


async def lock_use(uow: UnitOfWork, use_id: UUID, kind: UseKind) -> VehicleUse:
    """Return the use, locked until the transaction ends, so that its steps come one after another.

    Raises:
        NotFound: this bureau has no such use of that kind.
    """
    use: VehicleUse | None = await uow.one(
        select(VehicleUse)
        .where(VehicleUse.bureau_id == uow.bureau_id, VehicleUse.use_id == use_id, VehicleUse.kind == kind.value)
        .with_for_update(key_share=True)
    )
    if use is None:
        raise NotFound(f"There is no such {'trip' if kind is UseKind.TRIP else 'upkeep order'}.", id=str(use_id))
    # Steps are written by UPDATE; the session must not write what `take_step` sets on the row a second time.
    uow.session.expunge(use)
    return use


async def begin_use(uow: UnitOfWork, use: VehicleUse, step: Step) -> Taken:
    """Write a new use with its first decision; its state and `decision_id` are set here, and `decision` follows."""
    state = UseState.REQUESTED if use.kind == UseKind.TRIP else UseState.APPROVED
    use.state, use.decision_id = state.value, new_id()
    entry_id = await _enter(uow, use, step, state, use.decision_id)
    await uow.insert(use, _decision(uow, use, step, state, entry_id, recorded_at=uow.now))
    return Taken(use.decision_id, entry_id, state)


async def take_step(uow: UnitOfWork, use: VehicleUse, step: Step) -> Taken:
    """Write the decision and its ledger entry, and move a locked use on.

    Decisions of a use are recorded in the order in which they took effect (`UnitOfWork.after`).

    Raises:
        NotNow: the use's state does not allow the verb.
    """
    state = after(UseState(use.state), step.verb)
    last = await uow.get(Decision, use.decision_id)
    recorded_at = uow.after(last.recorded_at if last else None)
    decision_id = new_id()
    entry_id = await _enter(uow, use, step, state, decision_id)
    changed = dict(step.columns) | {"state": state.value, "decision_id": decision_id}
    await uow.update(VehicleUse, use.use_id, **changed)
    for name, value in changed.items():
        setattr(use, name, value)
    await uow.insert(_decision(uow, use, step, state, entry_id, recorded_at=recorded_at))
    if changed.keys() & {"actual_from", "actual_until"}:
        if use.kind == UseKind.TRIP:
            await promote_held(uow, use.use_id)
        else:
            await tell_devices(uow)
    if "actual_until" in changed:
        await refresh_measures(uow, [use.use_id])
    return Taken(decision_id, entry_id, state)


async def _enter(uow: UnitOfWork, use: VehicleUse, step: Step, state: UseState, decision_id: UUID) -> UUID:
    return await uow.enter(
        f"{use.kind}-{step.verb.en}",
        facts={
            "decision_id": decision_id,
            "use_id": use.use_id,
            "vehicle_id": use.vehicle_id,
            "to_state": state.value,
            "outcome": step.outcome,
            "complaint_ids": step.complaint_ids,
            "marks": step.marks,
            "source": step.source,
            "stated_at": step.stated_at,
            **step.facts,
        },
        person=(dict(step.said or {}) | dict(step.person or {})) or None,
        place=dict(step.place) if step.place else None,
    )


def _decision(
    uow: UnitOfWork, use: VehicleUse, step: Step, state: UseState, entry_id: UUID, *, recorded_at: datetime
) -> Decision:
    return Decision(
        bureau_id=uow.bureau_id,
        decision_id=use.decision_id,
        use_id=use.use_id,
        verb=step.verb.value,
        to_state=state.value,
        outcome=step.outcome,
        complaint_ids=list(step.complaint_ids),
        marks=list(step.marks),
        facts=plain(dict(step.facts) | dict(step.said or {})),
        source=step.source.value,
        stated_at=step.stated_at,
        actor_id=uow.actor.person_id,
        recorded_at=recorded_at,
        entry_id=entry_id,
    )
