"""Seal a month 封账: balance its books, freeze its statement, and bind it to the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select

from api.db.database import Actor, Database, Once, Reader, UnitOfWork
from api.db.queries.calendar import zone_of
from api.db.queries.readings import first_read_at, lock_readings
from api.db.queries.statement import statement_facts
from api.db.tables.people import Person
from api.db.tables.seals import MonthSeal
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.sweep_books import look_at_all_of_month
from domain.books.statement import statement
from domain.books.statement_facts import Sealed
from domain.calendar import month_of, month_span, next_month
from domain.errors import StateConflict
from domain.ledger.canonical import Json, canonical


class MonthNotOver(StateConflict):
    """A month is sealed when it is over."""

    code = "month-not-over"
    zh = "该月尚未结束，不能封账。"


class MonthAlreadySealed(StateConflict):
    """This month of this vehicle is sealed; what came later stands beside it as an amendment."""

    code = "month-already-sealed"
    zh = "该车该月已封账；之后的变更另行列示。"


class SealOutOfOrder(StateConflict):
    """Months are sealed in order, without a gap, from that of the vehicle's first reading."""

    code = "seal-out-of-order"
    zh = "须自该车首次读数所在月份起，逐月依次封账。"


@dataclass(frozen=True, slots=True)
class SealedMonth:
    """A month that was sealed."""

    month: date
    statement_sha256: str
    unaccounted_m: int
    open_findings: int


async def seal_month(
    database: Database, actor: Actor, vehicle_id: UUID, month: date, once: Once | None = None
) -> SealedMonth:
    """Seal a month of a vehicle, after a last look at what its books show.

    Raises:
        NotFound: there is no such vehicle.
        MonthNotOver: it is not over in the bureau's zone.
        MonthAlreadySealed: it is sealed.
        SealOutOfOrder: the month before it is to be sealed first, or a later one is sealed already, or nothing was
            read yet.
    """

    async def work(uow: UnitOfWork) -> SealedMonth:
        await known_vehicle(uow, vehicle_id)
        zone = await zone_of(uow)
        if uow.now < month_span(month, zone)[1]:
            raise MonthNotOver(month=f"{month:%Y-%m}")
        # No reading comes in between the sums and the seal: who enters one waits for the same lock.
        await lock_readings(uow, vehicle_id)
        previous_sha256 = await _previous(uow, vehicle_id, month, zone)
        sealed = Sealed(uow.now, await _name_of(uow))
        facts = await statement_facts(uow, vehicle_id, month, previous_sha256=previous_sha256, sealed=sealed)
        told = statement(facts)
        return await _freeze(uow, vehicle_id, month, previous_sha256, told)

    await look_at_all_of_month(database, actor.bureau_id, vehicle_id, month)
    return await database.write(actor, work, once=once, answer=SealedMonth)


async def due_months(reader: Reader, vehicle_id: UUID, last: date) -> list[date]:
    """Return the months of a vehicle up to `last` that are over and not sealed, in their order."""
    zone = await zone_of(reader)
    newest: date | None = await reader.one(
        select(func.max(col(MonthSeal.month))).where(
            MonthSeal.bureau_id == reader.bureau_id, MonthSeal.vehicle_id == vehicle_id
        )
    )
    month = next_month(newest) if newest is not None else await _first_month(reader, vehicle_id, zone)
    if month is None:
        return []
    due = []
    while month <= last and month_span(month, zone)[1] <= reader.now:
        due.append(month)
        month = next_month(month)
    return due


async def _previous(uow: UnitOfWork, vehicle_id: UUID, month: date, zone: ZoneInfo) -> str | None:
    """Return the digest of the statement before this one, None of the first."""
    seals: dict[date, str] = dict(
        await uow.all(
            select(col(MonthSeal.month), col(MonthSeal.statement_sha256)).where(
                MonthSeal.bureau_id == uow.bureau_id, MonthSeal.vehicle_id == vehicle_id
            )
        )
    )
    if month in seals:
        raise MonthAlreadySealed(month=f"{month:%Y-%m}", statement_sha256=seals[month])
    before = (month - timedelta(days=1)).replace(day=1)
    if seals:
        if before not in seals or max(seals) > month:
            raise SealOutOfOrder(month=f"{month:%Y-%m}", last_sealed=f"{max(seals):%Y-%m}")
        return seals[before]
    first_month = await _first_month(uow, vehicle_id, zone)
    if first_month != month:
        raise SealOutOfOrder(month=f"{month:%Y-%m}", first_month=first_month and f"{first_month:%Y-%m}")
    return None


async def _first_month(reader: Reader, vehicle_id: UUID, zone: ZoneInfo) -> date | None:
    """Return the month of a vehicle's first reading, or None while nothing was read."""
    first_at = await first_read_at(reader, vehicle_id)
    return None if first_at is None else month_of(first_at, zone)


async def _name_of(uow: UnitOfWork) -> str:
    if uow.actor.person_id is None:
        return uow.actor.name
    person = await uow.get(Person, uow.actor.person_id)
    return person.name if person else ""


async def _freeze(
    uow: UnitOfWork, vehicle_id: UUID, month: date, previous_sha256: str | None, told: dict[str, Json]
) -> SealedMonth:
    bytes_ = canonical(told)
    sha256 = hashlib.sha256(bytes_).hexdigest()
    totals = told["totals"]
    if not isinstance(totals, dict):
        raise TypeError("a statement has totals")
    unaccounted_m, open_findings = int(str(totals["unaccounted_m"])), int(str(totals["open_findings"]))
    facts = {
        "vehicle_id": vehicle_id,
        "month": month,
        "statement_sha256": sha256,
        "previous_sha256": previous_sha256,
        "unaccounted_m": unaccounted_m,
        "open_findings": open_findings,
    }
    entry_id = await uow.enter("month-sealed", facts=facts)
    await uow.insert(
        MonthSeal(
            bureau_id=uow.bureau_id,
            vehicle_id=vehicle_id,
            month=month,
            statement_sha256=sha256,
            previous_sha256=previous_sha256,
            statement=bytes_,
            unaccounted_m=unaccounted_m,
            open_findings=open_findings,
            sealed_by=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return SealedMonth(month, sha256, unaccounted_m, open_findings)
