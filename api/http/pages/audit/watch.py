"""`/audit/lots`, `/pairs`, `/keys`, `/looks`, `/bureaus`: whom an auditor asks, and who watches the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template
from sqlmodel import col

from api.db.database import Reader
from api.db.queries.lots import consumers_of, lots_of_months, people_of_trips
from api.db.queries.newest import newest
from api.db.queries.people import names_of
from api.db.queries.settings import settings_of
from api.db.queries.signed_acts import keys_page
from api.db.queries.trips import order_numbers
from api.db.tables.people import AuditMandate, Look, MandateAccess, PersonalAccess
from api.http.access import Allow
from api.http.accesses import Subject, access_filter
from api.http.device_keys import key_view
from api.http.fields import MonthOrNone
from api.http.looks import HEADS
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked
from api.http.pages.audit.words_of_looks import looked
from api.http.paging import After, cursor, instant_cursor, parse_id_cursor, parse_instant_cursor
from api.usecases.mandates_held import mandates_held
from domain.calendar import month_span, months_back
from domain.lots import CallBackResult
from domain.months import months_of
from domain.pairs import pairs_of
from domain.shown import Door, Shown
from domain.values import Role

AUDITOR = Allow(Role.AUDITOR)
SHOWN = 100
Elsewhere = Annotated[str | None, QueryParameter(max_length=500, description="the page of looks under mandates")]


@get(f"{AUDIT}/lots", guards=[AUDITOR], include_in_schema=False, name="audit.lots", opt=PAGE)
async def lots_page(asked: NamedDependency[Asked]) -> Template:
    """Show a month's lots: draw them, and enter what consumers say who are called back."""
    async with asked.desk() as desk:
        reader = desk.reader
        months = await lots_of_months(reader)
        lots = next((one for one in months if one.month == desk.month), None)
        drawn = list(lots.drawn or ()) if lots else []
        orders = await order_numbers(reader, drawn)
        called = await consumers_of(reader, drawn)
        over = reader.now >= month_span(desk.month, desk.w.zone)[1]
        names = await names_of(reader)
    said: dict[tuple[str, str], list[Any]] = {}
    for one in lots.call_backs if lots else ():
        said.setdefault((one["trip_id"], one["complaint_id"]), []).append(one)
    return desk.page(
        "lots",
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
async def pairs_page(*, asked: NamedDependency[Asked], from_month: MonthOrNone = None) -> Template:
    """Show who acts together how often, from a month to the one looked at."""
    async with asked.desk() as desk:
        reader = desk.reader
        first = from_month or f"{months_back(desk.month, 2):%Y-%m}"
        months = months_of(None, None, first, f"{desk.month:%Y-%m}")
        from_at, *_, until_at = months.instants(desk.w.zone)
        least = (await settings_of(reader))["pairs_least"]
        trips = await people_of_trips(reader, from_at, until_at)
        names = await names_of(reader)
    return desk.page(
        "pairs",
        pairs=pairs_of(trips, least),
        trips=len(trips),
        least=least,
        names=names,
        first=first,
        firsts=[months_back(desk.month, back) for back in range(24)],
    )


@get(f"{AUDIT}/keys", guards=[LOOKS_ON], include_in_schema=False, name="audit.keys", opt=PAGE)
async def keys_list(*, asked: NamedDependency[Asked], after: After = None) -> Template:
    """Show the chains of what phones sign: how far each goes, what is missing in it, and what stands beside it."""
    async with asked.desk() as desk:
        rows = await keys_page(desk.reader, parse_instant_cursor(after), SHOWN + 1)
        names = await names_of(desk.reader)
    keys = [key_view(row) for row in rows[:SHOWN]]
    more = len(rows) > SHOWN
    return desk.page(
        "keys",
        keys=keys,
        names=names,
        next=instant_cursor(keys[-1].enrolled_at, keys[-1].key_id) if more else None,
    )


@get(f"{AUDIT}/looks", guards=[LOOKS_ON], include_in_schema=False, name="audit.looks", opt=PAGE | {"home": True})
async def looks_page(*, asked: NamedDependency[Asked], after: After = None, elsewhere: Elsewhere = None) -> Template:
    """Show what auditors looked at: to the heads all of it, to an auditor the own looks."""
    head = bool(asked.actor.roles & HEADS)
    async with asked.desk() as desk:
        reader = desk.reader
        only = () if head else (Look.person_id == asked.actor.who,)
        rows = await newest(reader, Look, col(Look.look_id), parse_id_cursor(after), SHOWN + 1, *only)
        names = await names_of(reader)
        mandates = await newest(reader, AuditMandate, col(AuditMandate.mandate_id), None, SHOWN) if head else []
        visits = await _visits(reader, elsewhere) if mandates else []
    return desk.page(
        "looks",
        rows=rows[:SHOWN],
        names=names,
        mandates={one.mandate_id: one for one in mandates},
        visits=visits[:SHOWN],
        next_elsewhere=cursor(str(visits[SHOWN - 1].access_id)) if len(visits) > SHOWN else None,
        looked=looked,
        head=head,
        next=cursor(str(rows[SHOWN - 1].look_id)) if len(rows) > SHOWN else None,
    )


@get(f"{AUDIT}/accesses", guards=[LOOKS_ON], include_in_schema=False, name="audit.accesses", opt=PAGE)
async def accesses_page(
    *,
    asked: NamedDependency[Asked],
    person_id: FromQuery[UUID | None] = None,
    subject: Subject = None,
    after: After = None,
) -> Template:
    """Show who opened personal data of this bureau, all of it or of one person or thing."""
    async with asked.desk() as desk:
        only = access_filter(person_id, None, subject)
        table = PersonalAccess
        rows = await newest(desk.reader, table, col(table.access_id), parse_id_cursor(after), SHOWN + 1, *only)
        names = await names_of(desk.reader)
    return desk.page(
        "accesses",
        rows=rows[:SHOWN],
        names=names,
        shown=Shown,
        door=Door,
        person_id=person_id,
        subject=subject,
        next=cursor(str(rows[SHOWN - 1].access_id)) if len(rows) > SHOWN else None,
    )


async def _visits(reader: Reader, after: str | None) -> Sequence[MandateAccess]:
    """Return what auditors from outside looked at, one more than is shown."""
    return await newest(reader, MandateAccess, col(MandateAccess.access_id), parse_id_cursor(after), SHOWN + 1)


@get(f"{AUDIT}/bureaus", guards=[AUDITOR], include_in_schema=False, name="audit.bureaus", opt=PAGE | {"home": True})
async def bureaus_page(asked: NamedDependency[Asked]) -> Template:
    """Let an auditor choose whose books to look into: the own bureau's, or another's under a mandate."""
    held = await mandates_held(asked.database, asked.actor)
    async with asked.desk() as desk:
        return desk.page("bureaus", held=held)
