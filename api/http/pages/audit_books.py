"""`/audit/readings` and `/audit/statements`: the odometer's readings with a spot reading, and the months' seals."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlmodel import col, select

from api.db.database import Actor, Database
from api.db.queries.people import names_of
from api.db.queries.readings import readings_page
from api.db.tables.seals import MonthSeal
from api.http.fields import MonthOrNone
from api.http.pages.auditing import AUDIT, LOOKS_ON, PAGE, audit_page, desk_of
from api.http.pages.told_of_trip import OBTAINED, OCCASIONS
from api.http.pages.written import Written
from api.usecases.amend_months import amendment_rows
from api.usecases.seal_month import due_months
from domain.books.late import LateKind

READINGS = 60


@get(f"{AUDIT}/readings", guards=[LOOKS_ON], include_in_schema=False, name="audit.readings", opt=PAGE)
async def readings_list(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
) -> Template:
    """Show the latest readings, wrong ones struck through, and let the auditor enter one read on the spot."""
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, vehicle_id, month)
        rows = await readings_page(reader, desk.chosen.vehicle_id, None, READINGS)
        names = await names_of(reader)
        now = Written("zh", desk.bureau.zone).when(reader.now).replace(" ", "T")
    return audit_page(
        request, "readings", actor, desk, rows=rows, names=names, now=now, occasions=OCCASIONS, obtained=OBTAINED
    )


@get(f"{AUDIT}/statements", guards=[LOOKS_ON], include_in_schema=False, name="audit.statements", opt=PAGE)
async def statements_list(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
) -> Template:
    """Show each month's statement and seal, and of the month looked at what became known after it."""
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, vehicle_id, month)
        of = desk.chosen.vehicle_id
        seals = await reader.all(
            select(MonthSeal)
            .where(MonthSeal.bureau_id == reader.bureau_id, MonthSeal.vehicle_id == of)
            .order_by(col(MonthSeal.month))
        )
        names = await names_of(reader)
        due = (await due_months(reader, of, desk.months[0]))[:1]
        amended = await amendment_rows(reader, of, desk.month)
    return audit_page(
        request,
        "statements",
        actor,
        desk,
        seals={one.month: one for one in seals},
        names=names,
        due=due,
        amended=amended,
        kinds=LateKind,
        may_seal=actor.mandate_id is None,
    )
