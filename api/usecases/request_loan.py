"""A request to borrow the vehicle 借用: recorded, and refused by rule, always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from api.db.database import Actor, Database, Once, RecordedRefusal, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.answers import Refusal
from api.usecases.enter_vehicle import known_vehicle
from domain.use_rule.reasons import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoan:
    """Who wants the vehicle, and what for."""

    vehicle_id: UUID
    borrower: str
    reason: str


async def request_loan(database: Database, actor: Actor, new: NewLoan, once: Once | None = None) -> NoReturn:
    """Record the request and refuse it: no unit and no person may borrow the vehicle for any reason.

    Raises:
        NotFound: there is no such vehicle.
        RecordedRefusal: always.
    """

    async def work(uow: UnitOfWork) -> None:
        await known_vehicle(uow, new.vehicle_id)
        refusal_id, codes = new_id(), [ReasonCode.BORROWED.value]
        entry_id = await uow.enter(
            "loan-refused",
            facts={
                "refusal_id": refusal_id,
                "vehicle_id": new.vehicle_id,
                "requester_id": uow.actor.who,
                "reasons": codes,
            },
            person={"borrower": new.borrower, "reason": new.reason},
        )
        await uow.insert(
            Refusal(
                bureau_id=uow.bureau_id,
                refusal_id=refusal_id,
                stage="borrow",
                use_id=None,
                vehicle_id=new.vehicle_id,
                requester_id=uow.actor.who,
                reasons=codes,
                facts={"requester_unit_id": str(uow.actor.unit_id)},
                asked={"borrower": new.borrower, "reason": new.reason},
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        raise RecordedRefusal(refusal_id=str(refusal_id), reasons=[{"code": code, "about": []} for code in codes])

    await database.write(actor, work, once=once)
    raise AssertionError("a loan is always refused")
