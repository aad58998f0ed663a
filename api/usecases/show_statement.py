"""Show a month's statement: the very bytes that were sealed, or what they would be now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.log import hold_snapshot
from api.db.queries.statement import statement_facts
from api.db.tables.people import Person
from api.db.tables.seals import MonthSeal, SealAmendment
from api.usecases.amend_months import amendment_rows
from api.usecases.enter_vehicle import known_vehicle
from domain.books.statement import statement
from domain.books.year import MonthOfYear, year_statement
from domain.ledger.canonical import canonical, parse


@dataclass(frozen=True, slots=True)
class Shown:
    """A statement with what stands beside it; `seal` None is a draft, whose digest may be another one tomorrow."""

    bytes_: bytes
    told: dict[str, Any]
    sha256: str
    seal: MonthSeal | None
    sealed_by: str
    amendments: list[SealAmendment]


async def show_statement(database: Database, actor: Actor, vehicle_id: UUID, month: date) -> Shown:
    """Return the statement of a month as one instant of the database shows it.

    Raises:
        NotFound: there is no such vehicle.
    """
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        await known_vehicle(reader, vehicle_id)
        return await statement_of(reader, vehicle_id, month)


async def show_year(database: Database, actor: Actor, vehicle_id: UUID, year: int) -> dict[str, Any]:
    """Return the statement of a year: of its months that have begun, or of its first where none has.

    Raises:
        NotFound: there is no such vehicle.
    """
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        await known_vehicle(reader, vehicle_id)
        today = reader.now.astimezone(await zone_of(reader)).date()
        months = [date(year, number, 1) for number in range(1, 13)]
        begun = [month for month in months if month <= today] or months[:1]
        shown = [await statement_of(reader, vehicle_id, month) for month in begun]
    return year_statement(
        year, [MonthOfYear(one.told, one.sha256, len(one.amendments) if one.seal else None) for one in shown]
    )


async def statement_of(reader: Reader, vehicle_id: UUID, month: date) -> Shown:
    """Return the statement of a month of a vehicle that is there."""
    seal = await reader.get(MonthSeal, vehicle_id, month)
    if seal is None:
        before = await reader.get(MonthSeal, vehicle_id, (month - timedelta(days=1)).replace(day=1))
        facts = await statement_facts(
            reader, vehicle_id, month, previous_sha256=before.statement_sha256 if before else None, sealed=None
        )
        told: Any = statement(facts)
        bytes_ = canonical(told)
        return Shown(bytes_, told, hashlib.sha256(bytes_).hexdigest(), None, "", [])
    person = await reader.get(Person, seal.sealed_by) if seal.sealed_by else None
    read: Any = parse(seal.statement)
    amendments = await amendment_rows(reader, vehicle_id, month)
    name = person.name if person else str(read["sealed"]["by"])
    return Shown(seal.statement, read, seal.statement_sha256, seal, name, amendments)
