"""Seal a vehicle over a holiday 节假日封存停驶, and unseal it 启封, each with what its odometer shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.bases import bases_of
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.holiday_seals import lock_seals, seal_acts_of, under_way_then
from api.db.queries.settings import settings_of
from api.db.tables.upkeep import HolidaySeal
from api.usecases.enter_fact import enter_fact
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.record_reading import NewReading, insert_reading
from domain.books.readings import Obtained
from domain.duty import SealVerb, check_seal
from domain.place.base import base_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSealAct:
    """What was done to the seal, when and where, with the reading; unsealing has a reason."""

    vehicle_id: UUID
    verb: SealVerb
    at: datetime
    odometer_m: int
    reason: str = ""
    place: str | None = None
    """None: its base of then."""
    obtained: Obtained = Obtained.TYPED
    photo_sha256: str | None = None


async def seal_vehicle(database: Database, actor: Actor, new: NewSealAct, once: Once | None = None) -> UUID:
    """Enter the act and return its id.

    Raises:
        NotFound: there is no such vehicle.
        SealOutOfTurn: it is sealed already, or not sealed, or is under way then, or the act comes before the last one.
        SealUnexplained: it is unsealed without a reason.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: the odometer cannot have shown that.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        bases = (await bases_of(uow, [new.vehicle_id]))[new.vehicle_id]
        await lock_seals(uow, new.vehicle_id)
        check_seal(
            new.verb,
            new.at,
            new.reason,
            acts=await seal_acts_of(uow, new.vehicle_id),
            under_way=await under_way_then(uow, new.vehicle_id, new.at),
            calendar=await calendar_of(uow),
            zone=await zone_of(uow),
            by_calendar=bool((await settings_of(uow))["holiday_seal"]),
        )
        shown = NewReading(
            vehicle_id=new.vehicle_id,
            odometer_m=new.odometer_m,
            read_at=new.at,
            occasion="spot",
            obtained=new.obtained,
            photo_sha256=new.photo_sha256,
        )
        seal_id = new_id()
        columns: dict[str, Any] = {
            "seal_id": seal_id,
            "vehicle_id": new.vehicle_id,
            "verb": new.verb.value,
            "at": new.at,
            "place": new.place or base_at(bases, new.at).name,
            "reading_id": await insert_reading(uow, shown),
            "reason": new.reason,
        }
        await enter_fact(uow, f"vehicle-{new.verb}ed", HolidaySeal, columns)
        return seal_id

    return await database.write(actor, work, once=once, answer=UUID)
