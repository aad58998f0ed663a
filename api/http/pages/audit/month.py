"""`/audit` and `/audit/log`: a month at a glance, and its log as the ordinary view with old values struck through."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from api.db.queries.clock import jumps_between
from api.db.queries.restores import restores
from api.db.queries.unsigned import signing_of
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked, Chosen, chosen_of
from api.http.pages.audit.shares import parts_of
from api.http.pages.words import SOURCES, STAGES
from api.http.pages.written import Written
from api.usecases.show_month import MonthShown, show_month
from domain.books.amendments import AmendmentKind
from domain.books.glance import Delay, Sieve, delay_of
from domain.books.log import RowKind
from domain.calendar import month_span
from domain.trip.life import UseVerb


@get(AUDIT, guards=[LOOKS_ON], include_in_schema=False, name="audit.month", opt=PAGE)
async def month_page(asked: NamedDependency[Asked]) -> Template:
    """Show a month at a glance; every figure leads to its rows."""
    async with asked.desk() as desk:
        shown = await show_month(desk.reader, desk.vehicle.vehicle_id, desk.month) if desk.vehicle else None
        begins_at, ends_at = month_span(desk.month, desk.w.zone)
        rolled_back = await restores(desk.reader, after=begins_at, taken_before=ends_at)
        clock_set = await jumps_between(desk.reader, begins_at, ends_at)
    return desk.page(
        "month",
        shown=shown,
        rolled_back=rolled_back,
        clock_set=clock_set,
        parts=parts_of(shown.glance) if shown else [],
        first_m=_first_m(shown) if shown else None,
    )


def _first_m(shown: MonthShown) -> int | None:
    """Return what the month's difference begins at: the last reading before it, or the vehicle's very first."""
    log = shown.log
    if log.opening_m is not None or log.closing_m is None or shown.told["odometers_replaced"]:
        return log.opening_m
    return log.closing_m - shown.glance.difference_m


@get(f"{AUDIT}/log", guards=[LOOKS_ON], include_in_schema=False, name="audit.log", opt=PAGE)
async def log_page(
    *,
    asked: NamedDependency[Asked],
    kind: Chosen = None,
    complaint: Chosen = None,
    amended: Chosen = None,
    delay: Chosen = None,
    reason: Chosen = None,
    unsigned: Annotated[str | None, QueryParameter(pattern="^(yes)?$")] = None,
) -> Template:
    """Show the log of a month, all of it or what is asked for."""
    sieve = Sieve(
        kind=chosen_of(RowKind, kind),
        complaint=complaint or None,
        amended=chosen_of(AmendmentKind, amended),
        delay=chosen_of(Delay, delay),
        reason=reason or None,
    )
    async with asked.desk() as desk:
        shown = await show_month(desk.reader, desk.chosen.vehicle_id, desk.month)
        signing = await signing_of(desk.reader, desk.chosen.vehicle_id, *month_span(desk.month, desk.w.zone))
    uses = {one["use_id"]: one for one in shown.told["uses"]}
    unsigned_of = {one.use_id: one for one in signing.values() if one.count}
    rows = [row for row in shown.log.rows if sieve.lets(row) and (not unsigned or row.id in unsigned_of)]
    return desk.page(
        "log",
        shown=shown,
        rows=rows,
        metres=sum(row.length_m or 0 for row in rows),
        charged_m=sum(
            part["metres"] for one in uses.values() for part in one["charges"] if part["number"] == sieve.complaint
        ),
        sieve=sieve,
        unsigned=bool(unsigned),
        unsigned_of=unsigned_of,
        unsigned_count=sum(unsigned_of[row.id].count for row in rows if row.id in unsigned_of),
        uses=uses,
        delay_of=delay_of,
        verb=UseVerb,
        sources=SOURCES,
        stage_of=lambda stage: stage_word(stage, desk.w),
        kinds=RowKind,
        amendments=AmendmentKind,
        delays=Delay,
        complaints=[one["number"] for one in shown.told["complaints"]],
    )


def stage_word(stage: str, w: Written) -> str:
    """Return when the rule refused, or which act was reported, in words."""
    return w.choose(*STAGES[stage]) if stage in STAGES else w.word(UseVerb(stage))
