"""Notice what became known of a sealed month after its seal: an amendment beside it, and not one byte in it (P10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import zone_of
from api.db.queries.readings import lock_readings
from api.db.queries.statement import statement_facts
from api.db.tables.seals import MonthSeal, SealAmendment
from api.usecases.sweep import each_by_itself
from domain.books.late import Late, LateKind, late
from domain.books.statement import statement
from domain.calendar import month_of, next_month
from domain.ledger.canonical import parse

RECENT: Final = timedelta(days=93)
"""A quarter: what comes later than that of a month is looked for once a day."""

_MOMENT: Final = timedelta(microseconds=1)


async def amend_about(uow: UnitOfWork, vehicle_id: UUID, at: datetime) -> int:
    """Notice what the act of this transaction makes of the sealed month it is about, and of the month after it.

    A reading at a month's end is also what the next one opens with. Later months are looked at by the job. Returns how
    many amendments there were; none where the month is not sealed.
    """
    month = month_of(at, await zone_of(uow))
    return sum([await amend_month(uow, vehicle_id, one) for one in (month, next_month(month))])


async def amend_month(uow: UnitOfWork, vehicle_id: UUID, month: date) -> int:
    """Compare a sealed month with what is known now, and enter what differs; return how many amendments that were."""
    seal = await uow.get(MonthSeal, vehicle_id, month)
    if seal is None:
        return 0
    # Of two who notice the same at once, the second finds it noticed; and no use is seen without its readings.
    await lock_readings(uow, vehicle_id)
    sealed: Any = parse(seal.statement)
    facts = await statement_facts(uow, vehicle_id, month, previous_sha256=seal.previous_sha256, sealed=None)
    rows = await amendment_rows(uow, vehicle_id, month)
    noticed = [Late(LateKind(row.kind), row.subject_id, row.old, row.new) for row in rows]
    found = late(sealed, noticed, statement(facts))
    # Who waited began earlier, and clocks differ: the order in which amendments stand is that in which they were made.
    noticed_at = max(uow.now, rows[-1].noticed_at + _MOMENT) if rows else uow.now
    for one in found:
        await _enter(uow, seal, one, noticed_at)
    return len(found)


async def amendment_rows(reader: Reader, vehicle_id: UUID, month: date) -> list[SealAmendment]:
    """Return the rows of a sealed month's amendments, in the order they were noticed."""
    rows = await reader.all(
        select(SealAmendment)
        .where(
            SealAmendment.bureau_id == reader.bureau_id,
            SealAmendment.vehicle_id == vehicle_id,
            SealAmendment.month == month,
        )
        .order_by(col(SealAmendment.noticed_at), col(SealAmendment.amendment_id))
    )
    return list(rows)


async def amend_recent(database: Database, bureau_id: str) -> int:
    """Look at the sealed months of the last quarter; return how many amendments there were."""
    return await _amend_since(database, bureau_id, (database.clock() - RECENT).date())


async def amend_all(database: Database, bureau_id: str) -> int:
    """Look at every sealed month; return how many amendments there were."""
    return await _amend_since(database, bureau_id, date.min)


async def _amend_since(database: Database, bureau_id: str, since: date) -> int:
    async with database.read(bureau_id) as reader:
        months = await reader.all(
            select(col(MonthSeal.vehicle_id), col(MonthSeal.month))
            .where(MonthSeal.bureau_id == bureau_id, col(MonthSeal.month) >= since)
            .order_by(col(MonthSeal.vehicle_id), col(MonthSeal.month))
        )

    async def look(vehicle_id: UUID, month: date) -> int:
        return await database.write(Actor(bureau_id), lambda uow: amend_month(uow, vehicle_id, month))

    return await each_by_itself(bureau_id, [(one[0], partial(look, *one)) for one in months])


async def _enter(uow: UnitOfWork, seal: MonthSeal, one: Late, noticed_at: datetime) -> None:
    """Enter an amendment; what it says may name people, and is held apart in the ledger."""
    amendment_id = new_id()
    entry_id = await uow.enter(
        "month-amended",
        facts={
            "amendment_id": amendment_id,
            "vehicle_id": seal.vehicle_id,
            "month": seal.month,
            "about": one.kind,
            "subject_id": one.subject_id,
            "statement_sha256": seal.statement_sha256,
        },
        person={"old": dict(one.old), "new": dict(one.new)},
    )
    await uow.insert(
        SealAmendment(
            bureau_id=uow.bureau_id,
            amendment_id=amendment_id,
            vehicle_id=seal.vehicle_id,
            month=seal.month,
            kind=one.kind.value,
            subject_id=one.subject_id,
            old=dict(one.old),
            new=dict(one.new),
            noticed_at=noticed_at,
            entry_id=entry_id,
        )
    )
