"""Enter what was paid for a vehicle 费用登记, and what a wrong entry should have said.

`insert_cost` is the one way a cost is written; settling an upkeep order enters its cost by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.attachments import hold_files
from api.db.tables.upkeep import VehicleCost
from api.db.tables.uses import VehicleUse
from api.usecases.enter_fact import enter_fact
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.record_reading import NewReading, insert_reading
from domain.books.readings import Obtained
from domain.errors import NotFound
from domain.upkeep.costs import BadCost, CostCorrectedAlready, CostKind, CostTimeImpossible, check_cost

AHEAD: Final = timedelta(minutes=5)
"""How far a phone's clock may run before ours."""
FIRST_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCost:
    """A cost as paid, of a use where one brought it. `odometer_m` is entered as a reading; fuel has one."""

    vehicle_id: UUID
    kind: CostKind
    amount_fen: int
    incurred_at: datetime
    use_id: UUID | None = None
    fuel_ml: int | None = None
    odometer_m: int | None = None
    receipt_sha256: str | None = None
    document_no: str | None = None
    card_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCostCorrection:
    """What a wrong cost should have said, and why it was wrong; 0 fen: it never was."""

    corrects: UUID
    kind: CostKind
    amount_fen: int
    reason: str
    fuel_ml: int | None = None
    receipt_sha256: str | None = None
    document_no: str | None = None
    card_no: str | None = None


async def record_cost(database: Database, actor: Actor, new: NewCost, once: Once | None = None) -> UUID:
    """Enter a cost and return its id.

    Raises:
        NotFound: there is no such vehicle, or no such use of it.
        BadCost, CostTimeImpossible: it cannot be.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
    """
    return await database.write(actor, lambda uow: insert_cost(uow, new), once=once, answer=UUID)


async def insert_cost(uow: UnitOfWork, new: NewCost) -> UUID:
    """Enter a cost within a larger act and return its id. Raises like `record_cost`."""
    await known_vehicle(uow, new.vehicle_id)
    check_cost(new.kind, new.amount_fen, new.fuel_ml)
    if new.kind is CostKind.FUEL and new.odometer_m is None:
        raise BadCost(kind=new.kind.value, odometer_m=None)
    await _check_time(uow, new)
    reading_id = None
    if new.odometer_m is not None:
        shown = NewReading(
            vehicle_id=new.vehicle_id,
            odometer_m=new.odometer_m,
            read_at=new.incurred_at,
            occasion="fuel" if new.kind is CostKind.FUEL else "spot",
            obtained=Obtained.TYPED,
            use_id=new.use_id,
        )
        reading_id = await insert_reading(uow, shown)
    cost_id = new_id()
    await hold_files(uow, [new.receipt_sha256])
    await enter_fact(
        uow,
        "cost-entered",
        VehicleCost,
        {
            "cost_id": cost_id,
            "vehicle_id": new.vehicle_id,
            "use_id": new.use_id,
            "kind": new.kind.value,
            "amount_fen": new.amount_fen,
            "fuel_ml": new.fuel_ml,
            "incurred_at": new.incurred_at,
            "odometer_m": new.odometer_m,
            "reading_id": reading_id,
            "receipt_sha256": new.receipt_sha256,
            "document_no": new.document_no,
            "card_no": new.card_no,
            "corrects": None,
            "reason": None,
        },
    )
    return cost_id


async def correct_cost(database: Database, actor: Actor, new: NewCostCorrection, once: Once | None = None) -> UUID:
    """Enter a cost that stands in for a wrong one, at its time and in its use; return its id.

    Raises:
        NotFound: there is no such cost.
        CostCorrectedAlready: another one stands in for it.
        BadCost: it cannot be.
    """

    async def work(uow: UnitOfWork) -> UUID:
        wrong = await uow.get(VehicleCost, new.corrects)
        if wrong is None:
            raise NotFound("There is no such cost.", cost_id=str(new.corrects))
        later = select(VehicleCost.cost_id).where(
            VehicleCost.bureau_id == uow.bureau_id, VehicleCost.corrects == new.corrects
        )
        if await uow.one(later) is not None:
            raise CostCorrectedAlready(cost_id=str(new.corrects))
        check_cost(new.kind, new.amount_fen, new.fuel_ml, correction=True)
        if new.kind is CostKind.FUEL and new.amount_fen and wrong.odometer_m is None:
            raise BadCost(kind=new.kind.value, odometer_m=None)
        cost_id = new_id()
        await hold_files(uow, [new.receipt_sha256])
        await enter_fact(
            uow,
            "cost-corrected",
            VehicleCost,
            {
                "cost_id": cost_id,
                "vehicle_id": wrong.vehicle_id,
                "use_id": wrong.use_id,
                "kind": new.kind.value,
                "amount_fen": new.amount_fen,
                "fuel_ml": new.fuel_ml,
                "incurred_at": wrong.incurred_at,
                "odometer_m": wrong.odometer_m,
                "reading_id": wrong.reading_id,
                "receipt_sha256": new.receipt_sha256,
                "document_no": new.document_no,
                "card_no": new.card_no,
                "corrects": wrong.cost_id,
                "reason": new.reason,
            },
            previous=wrong.entry_id,
            revision=await _revision(uow, wrong),
        )
        return cost_id

    return await database.write(actor, work, once=once, answer=UUID)


async def _check_time(uow: UnitOfWork, new: NewCost) -> None:
    """Refuse a cost out of all time, or outside its use. Raises `NotFound` or `CostTimeImpossible`."""
    earliest, latest = FIRST_AT, uow.now + AHEAD
    if new.use_id is not None:
        use = await uow.get(VehicleUse, new.use_id)
        if use is None or use.vehicle_id != new.vehicle_id:
            raise NotFound("There is no such use of this vehicle.", use_id=str(new.use_id))
        if use.actual_from is None:
            raise CostTimeImpossible(use_id=str(new.use_id), departed=False)
        earliest = use.actual_from
        latest = use.actual_until or latest
    if new.incurred_at.tzinfo is None or not earliest <= new.incurred_at <= latest:
        raise CostTimeImpossible(incurred_at=new.incurred_at.isoformat())


async def _revision(uow: UnitOfWork, wrong: VehicleCost | None) -> int:
    revision = 1
    while wrong is not None:
        revision += 1
        wrong = await uow.get(VehicleCost, wrong.corrects) if wrong.corrects else None
    return revision
