"""`/audit/readings` and `/audit/statements`: the odometer's readings with a spot reading, and the months' seals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template
from sqlmodel import col, select

from api.db.queries.people import names_of
from api.db.queries.readings import readings_page
from api.db.queries.retired import retired_months
from api.db.queries.unsigned import Signing, signing_of
from api.db.tables.seals import MonthSeal
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked
from api.http.pages.audit.evidence import figure, measured
from api.http.pages.trip_record import OBTAINED, OCCASIONS
from api.http.paging import After, instant_cursor, parse_instant_cursor
from api.usecases.amend_months import amendment_rows
from api.usecases.seal_month import due_months
from domain.books.late import LateKind
from domain.calendar import month_of, month_span

READINGS = 60
AHEAD = timedelta(days=1)


def by_month(signing: Mapping[UUID, Signing], zone: ZoneInfo) -> dict[date, list[Signing]]:
    """Return trips by the month in which they began."""
    found: dict[date, list[Signing]] = {}
    for one in signing.values():
        found.setdefault(month_of(one.began_at, zone), []).append(one)
    return found


@get(f"{AUDIT}/readings", guards=[LOOKS_ON], include_in_schema=False, name="audit.readings", opt=PAGE)
async def readings_list(*, asked: NamedDependency[Asked], after: After = None) -> Template:
    """Show a month's readings, wrong ones struck through, and let the auditor enter one read on the spot."""
    async with asked.desk() as desk:
        month, before = month_span(desk.month, desk.w.zone), parse_instant_cursor(after)
        rows = await readings_page(desk.reader, desk.chosen.vehicle_id, before, READINGS + 1, within=month)
        names = await names_of(desk.reader)
    last = rows[READINGS - 1][0] if len(rows) > READINGS else None
    return desk.page(
        "readings",
        rows=rows[:READINGS],
        names=names,
        occasions=OCCASIONS,
        obtained=OBTAINED,
        next=instant_cursor(last.read_at, last.reading_id) if last else None,
    )


@get(f"{AUDIT}/statements", guards=[LOOKS_ON], include_in_schema=False, name="audit.statements", opt=PAGE)
async def statements_list(asked: NamedDependency[Asked]) -> Template:
    """Show each month's statement and seal, and of the month looked at what became known after it."""
    async with asked.desk() as desk:
        reader, of = desk.reader, desk.chosen.vehicle_id
        seals = await reader.all(
            select(MonthSeal)
            .where(MonthSeal.bureau_id == reader.bureau_id, MonthSeal.vehicle_id == of)
            .order_by(col(MonthSeal.month))
        )
        names = await names_of(reader)
        first_at = month_span(desk.months[-1], desk.w.zone)[0]
        signing = by_month(await signing_of(reader, of, first_at, reader.now + AHEAD), desk.w.zone)
        due = (await due_months(reader, of, desk.months[0]))[:1]
        amended = await amendment_rows(reader, of, desk.month)
        retired = await retired_months(reader)
    return desk.page(
        "statements",
        seals={one.month: one for one in seals},
        signing=signing,
        names=names,
        due=due,
        amended=amended,
        retired=retired,
        kinds=LateKind,
        measured=measured,
        figure=figure,
        may_seal=desk.actor.mandate_id is None,
    )
