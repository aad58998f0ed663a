"""`/audit` and `/audit/log`: a month at a glance, and its log as the ordinary view with old values struck through."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.db.database import Actor, Database
from api.db.queries.log import hold_snapshot
from api.http.fields import MonthOrNone
from api.http.pages.auditing import AUDIT, LOOKS_ON, PAGE, Chosen, audit_page, chosen_of, desk_of
from api.http.pages.shares import parts_of
from api.http.pages.shell import language_of_page
from api.http.pages.told_of_trip import SOURCES
from api.usecases.show_month import show_month
from domain.books.amendments import AmendmentKind
from domain.books.glance import Delay, Sieve, delay_of
from domain.books.log import RowKind
from domain.trip.life import UseVerb


@get(AUDIT, guards=[LOOKS_ON], include_in_schema=False, name="audit.month", opt=PAGE)
async def month_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
) -> Template:
    """Show a month at a glance; every figure leads to its rows."""
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        desk = await desk_of(reader, actor, vehicle_id, month)
        shown = await show_month(reader, desk.vehicle.vehicle_id, desk.month) if desk.vehicle else None
    parts = parts_of(shown.glance) if shown else []
    return audit_page(request, "month", actor, desk, shown=shown, parts=parts)


@get(f"{AUDIT}/log", guards=[LOOKS_ON], include_in_schema=False, name="audit.log", opt=PAGE)
async def log_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
    kind: Chosen = None,
    complaint: Chosen = None,
    amended: Chosen = None,
    delay: Chosen = None,
    reason: Chosen = None,
) -> Template:
    """Show the log of a month, all of it or what is asked for."""
    sieve = Sieve(
        kind=chosen_of(RowKind, kind),
        complaint=complaint or None,
        amended=chosen_of(AmendmentKind, amended),
        delay=chosen_of(Delay, delay),
        reason=reason or None,
    )
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        desk = await desk_of(reader, actor, vehicle_id, month)
        shown = await show_month(reader, desk.chosen.vehicle_id, desk.month)
    uses = {one["use_id"]: one for one in shown.told["uses"]}
    rows = [row for row in shown.log.rows if sieve.lets(row)]
    return audit_page(
        request,
        "log",
        actor,
        desk,
        shown=shown,
        rows=rows,
        metres=sum(row.length_m or 0 for row in rows),
        charged_m=sum(
            part["metres"] for one in uses.values() for part in one["charges"] if part["number"] == sieve.complaint
        ),
        sieve=sieve,
        uses=uses,
        delay_of=delay_of,
        verb=UseVerb,
        sources=SOURCES,
        stage_of=lambda stage: stage_word(stage, language_of_page(request)),
        kinds=RowKind,
        amendments=AmendmentKind,
        delays=Delay,
        complaints=[one["number"] for one in shown.told["complaints"]],
    )


STAGES: Final = {
    "request": ("申请时", "at request"),
    "approval": ("批准时", "at approval"),
    "departure": ("出车时", "at departure"),
    "under-way": ("途中", "under way"),
    "crew": ("变更人员时", "as the crew changed"),
    "close": ("办结时", "at close"),
    "borrow": ("借用", "to borrow"),
}


def stage_word(stage: str, language: str) -> str:
    """Return when the rule refused, or which act was reported, in words."""
    if stage in STAGES:
        return STAGES[stage][language == "en"]
    verb = UseVerb(stage)
    return verb.en if language == "en" else verb.zh
