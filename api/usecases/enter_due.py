"""Enter what was done to a vehicle, and when it is due again: service 保养, tyres, brakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.dues import odometer_before
from api.db.queries.vehicles import today_of
from api.db.tables.upkeep import VehicleDue
from api.usecases.enter_fact import enter_fact
from api.usecases.enter_vehicle import known_vehicle
from domain.books.readings import MAX_ODOMETER_M
from domain.upkeep.dues import BadDue, DueKind, check_due, months_after


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDue:
    """What was done on a day, and after how many months or metres it is due again.

    `done_m` is what the odometer in the vehicle now showed when it was done.
    """

    vehicle_id: UUID
    kind: DueKind
    done_on: date
    document_no: str
    every_months: int | None = None
    every_m: int | None = None
    done_m: int | None = None


async def enter_due(database: Database, actor: Actor, new: NewDue, once: Once | None = None) -> UUID:
    """Enter it and return its id; it takes the place of what was entered of its kind before.

    Raises:
        NotFound: there is no such vehicle.
        BadDue: it cannot be due so; or by kilometres, with more on the odometer than it shows.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        check_due(new.done_on, new.every_months, new.every_m, new.done_m, await today_of(uow))
        segment, due_m = None, None
        if new.done_m is not None and new.every_m is not None:
            odometer = await odometer_before(uow, new.vehicle_id, None)
            if odometer is None or not 0 <= new.done_m <= min(odometer.odometer_m, MAX_ODOMETER_M):
                raise BadDue(done_m=new.done_m, odometer_m=odometer.odometer_m if odometer else None)
            segment, due_m = odometer.segment, new.done_m + new.every_m
        due_id = new_id()
        columns = {
            "due_id": due_id,
            "vehicle_id": new.vehicle_id,
            "kind": new.kind.value,
            "done_on": new.done_on,
            "done_m": new.done_m,
            "segment": segment,
            "every_months": new.every_months,
            "every_m": new.every_m,
            "due_on": None if new.every_months is None else months_after(new.done_on, new.every_months),
            "due_m": due_m,
            "document_no": new.document_no,
        }
        await enter_fact(uow, "due-entered", VehicleDue, columns)
        return due_id

    return await database.write(actor, work, once=once, answer=UUID)
