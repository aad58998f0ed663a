"""`/audit/lots`, `/pairs`, `/keys`, `/looks`, `/bureaus`: whom an auditor asks, and who watches the auditor."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlmodel import col

from api.db.database import Actor, Database
from api.db.queries.calendar import zone_of
from api.db.queries.lots import consumers_of, lots_of_months, people_of_trips
from api.db.queries.newest import newest
from api.db.queries.people import names_of
from api.db.queries.settings import settings_of
from api.db.queries.signed_acts import keys_page
from api.db.queries.trips import order_numbers
from api.db.tables.people import AuditMandate, Look, MandateAccess
from api.http.access import Allow
from api.http.device_keys import key_view
from api.http.fields import MonthOrNone
from api.http.looks import HEADS
from api.http.pages.auditing import AUDIT, LOOKS_ON, PAGE, audit_page, desk_of
from api.http.pages.looked import looked
from api.http.paging import After, cursor, instant_cursor, parse_id_cursor, parse_instant_cursor
from api.usecases.mandates_held import mandates_held
from domain.calendar import month_span
from domain.lots import CallBackResult
from domain.months import months_of
from domain.pairs import pairs_of
from domain.values import Role

AUDITOR = Allow(Role.AUDITOR)
SHOWN = 100


@get(f"{AUDIT}/lots", guards=[AUDITOR], include_in_schema=False, name="audit.lots", opt=PAGE)
async def lots_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
) -> Template:
    """Show a month's lots: draw them, and enter what consumers say who are called back."""
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, vehicle_id, month)
        months = await lots_of_months(reader)
        lots = next((one for one in months if one.month == desk.month), None)
        drawn = list(lots.drawn or ()) if lots else []
        orders = await order_numbers(reader, drawn)
        called = await consumers_of(reader, drawn)
        over = reader.now >= month_span(desk.month, await zone_of(reader))[1]
        names = await names_of(reader)
    said: dict[tuple[str, str], list[Any]] = {}
    for one in lots.call_backs if lots else ():
        said.setdefault((one["trip_id"], one["complaint_id"]), []).append(one)
    return audit_page(
        request,
        "lots",
        actor,
        desk,
        lots=lots,
        seeded=[one.month for one in months],
        orders=orders,
        called=called,
        said=said,
        over=over,
        names=names,
        results=CallBackResult,
    )


@get(f"{AUDIT}/pairs", guards=[AUDITOR], include_in_schema=False, name="audit.pairs", opt=PAGE)
async def pairs_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
    from_month: MonthOrNone = None,
) -> Template:
    """Show who acts together how often, from a month to the one looked at."""
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, vehicle_id, month)
        first = from_month or f"{_back(desk.month, 2):%Y-%m}"
        months = months_of(None, None, first, f"{desk.month:%Y-%m}")
        from_at, *_, until_at = months.instants(await zone_of(reader))
        least = (await settings_of(reader))["pairs_least"]
        trips = await people_of_trips(reader, from_at, until_at)
        names = await names_of(reader)
    return audit_page(
        request,
        "pairs",
        actor,
        desk,
        pairs=pairs_of(trips, least),
        trips=len(trips),
        least=least,
        names=names,
        first=first,
        firsts=[_back(desk.month, back) for back in range(24)],
    )


def _back(month: date, months: int) -> date:
    count = month.year * 12 + month.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


@get(f"{AUDIT}/keys", guards=[LOOKS_ON], include_in_schema=False, name="audit.keys", opt=PAGE)
async def keys_list(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    after: After = None,
) -> Template:
    """Show the chains of what phones sign: how far each goes, what is missing in it, and what stands beside it."""
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, None, None)
        rows = await keys_page(reader, parse_instant_cursor(after), SHOWN + 1)
        names = await names_of(reader)
    keys = [key_view(row) for row in rows[:SHOWN]]
    more = len(rows) > SHOWN
    return audit_page(
        request,
        "keys",
        actor,
        desk,
        keys=keys,
        names=names,
        next=instant_cursor(keys[-1].enrolled_at, keys[-1].key_id) if more else None,
    )


@get(f"{AUDIT}/looks", guards=[LOOKS_ON], include_in_schema=False, name="audit.looks", opt=PAGE | {"home": True})
async def looks_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    after: After = None,
) -> Template:
    """Show what auditors looked at: to the heads all of it, to an auditor the own looks."""
    head = bool(actor.roles & HEADS)
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, None, None)
        only = () if head else (Look.person_id == actor.who,)
        rows = await newest(reader, Look, col(Look.look_id), parse_id_cursor(after), SHOWN + 1, *only)
        names = await names_of(reader)
        mandates = await newest(reader, AuditMandate, col(AuditMandate.mandate_id), None, SHOWN) if head else []
        visits = await newest(reader, MandateAccess, col(MandateAccess.access_id), None, SHOWN) if mandates else []
    return audit_page(
        request,
        "looks",
        actor,
        desk,
        rows=rows[:SHOWN],
        names=names,
        mandates={one.mandate_id: one for one in mandates},
        visits=visits,
        looked=looked,
        head=head,
        next=cursor(str(rows[SHOWN - 1].look_id)) if len(rows) > SHOWN else None,
    )


@get(f"{AUDIT}/bureaus", guards=[AUDITOR], include_in_schema=False, name="audit.bureaus", opt=PAGE | {"home": True})
async def bureaus_page(
    request: Request[Any, Any, Any], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> Template:
    """Let an auditor choose whose books to look into: the own bureau's, or another's under a mandate."""
    held = await mandates_held(database, actor)
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, None, None)
    return audit_page(request, "bureaus", actor, desk, held=held)
