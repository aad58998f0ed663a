"""`/audit/findings`: what waits for a ruling, and one finding with its evidence, its words, and the ruling itself."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from api.db.database import Actor, Database
from api.db.queries.findings import finding_view, findings_page
from api.db.queries.people import names_of
from api.db.queries.trips import order_numbers
from api.http.fields import MonthOrNone
from api.http.findings import FindingView, finding_of
from api.http.pages.auditing import AUDIT, LOOKS_ON, PAGE, Chosen, audit_page, chosen_of, desk_of
from api.http.pages.shell import language_of_page
from api.http.paging import After, instant_cursor, parse_instant_cursor
from domain.books.statement_facts import FindingState
from domain.errors import NotFound
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import Verb

SHOWN = 50
Still = Annotated[str | None, QueryParameter(pattern="^(open|all)?$")]


@get(f"{AUDIT}/findings", guards=[LOOKS_ON], include_in_schema=False, name="audit.findings", opt=PAGE)
async def queue_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
    colour: Chosen = None,
    standing: Annotated[str | None, QueryParameter(name="state", max_length=20)] = None,
    kind: Chosen = None,
    still: Still = None,
    after: After = None,
) -> Template:
    """Show the findings of a month, or (`still=open`, and where nothing else is asked for) all that are not settled."""
    state = chosen_of(FindingState, standing)
    wanted = {"colour": chosen_of(Colour, colour), "state": state, "kind": chosen_of(FindingKind, kind)}
    settled_too = still == "all" or state is not None
    async with database.read(actor.bureau_id) as reader:
        desk = await desk_of(reader, actor, vehicle_id, month)
        rows = await findings_page(
            reader,
            parse_instant_cursor(after),
            SHOWN + 1,
            vehicle_id=desk.vehicle.vehicle_id if desk.vehicle and (settled_too or vehicle_id) else None,
            month=date(desk.month.year, desk.month.month, 1) if settled_too else None,
            open_=None if settled_too else True,
            colour=colour or None,
            state=standing or None,
            kind=kind or None,
        )
        orders = await order_numbers(reader, [row.use_id for row in rows if row.use_id])
        language = language_of_page(request)
        findings = [finding_of(row, language, reader.now) for row in rows[:SHOWN]]
    last = findings[-1] if findings else None
    # What waits for the auditor stands first, then what is overdue; each as it came.
    findings.sort(key=lambda one: (not (one.open and awaits_ruling(one)), not one.overdue))
    return audit_page(
        request,
        "findings",
        actor,
        desk,
        findings=findings,
        orders=orders,
        plates={one.vehicle_id: one.plate for one in desk.vehicles},
        settled_too=settled_too,
        wanted=wanted,
        states=FindingState,
        colours=Colour,
        kinds=FindingKind,
        next=instant_cursor(last.recorded_at, last.finding_id) if last and len(rows) > SHOWN else None,
    )


@get(
    f"{AUDIT}/findings/{{finding_id:uuid}}", guards=[LOOKS_ON], include_in_schema=False, name="audit.finding", opt=PAGE
)
async def finding_page(
    request: Request[Any, Any, Any],
    *,
    finding_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> Template:
    """Show a finding with its evidence, what became of it and what was said; an auditor rules on it here."""
    async with database.read(actor.bureau_id) as reader:
        row = await finding_view(reader, finding_id)
        if row is None:
            raise NotFound("There is no such finding.", finding_id=str(finding_id))
        desk = await desk_of(reader, actor, row.vehicle_id, None)
        names = await names_of(reader)
        orders = await order_numbers(reader, [row.use_id] if row.use_id else [])
        finding = finding_of(row, language_of_page(request), reader.now)
    return audit_page(
        request,
        "finding",
        actor,
        desk,
        finding=finding,
        names=names,
        orders=orders,
        to_rule=finding.open and awaits_ruling(finding),
        evidence=evidence_of,
    )


def awaits_ruling(finding: FindingView) -> bool:
    """Tell whether the last word is the custodian's."""
    return bool(finding.acts) and finding.acts[-1].verb == Verb.EXPLAIN


WORDS = {
    "length_m": ("实际里程", "driven"),
    "should_m": ("应行里程", "should have been"),
    "over_percent": ("超出 %", "over by %"),
    "stood_s": ("停留", "stood"),
    "nearest_m": ("距最近的应到地点", "from the nearest place it was for"),
    "beyond_m": ("超出辖区", "beyond the district"),
    "late_s": ("超时", "late by"),
    "reading_m": ("读数里程", "by reading"),
    "track_m": ("轨迹里程", "by track"),
    "silent_s": ("失联", "silent for"),
    "apart_m": ("相距", "apart"),
    "moved_m": ("移动", "moved"),
    "speed_kmh": ("时速（公里）", "km/h"),
    "limit_kmh": ("限速（公里/时）", "limit km/h"),
    "stops": ("停留次数", "stops"),
    "sealed": ("封存期间", "while sealed"),
}
"""Names of what findings measure; what has none here is told by its own name."""


def evidence_of(one: dict[str, Any], w: Any) -> list[tuple[str, str]]:
    """Return evidence as pairs of what was measured and how much, lengths and times written out."""
    found = []
    for name, value in one.items():
        title = w.choose(*WORDS[name]) if name in WORDS else name
        if isinstance(value, bool):
            said = w.choose("是", "yes") if value else w.choose("否", "no")
        elif name.endswith("_m") and isinstance(value, int | float):
            said = f"{w.km(round(value))} {w.choose('公里', 'km')}"
        elif name.endswith("_s") and isinstance(value, int | float):
            said = w.lasted(value)
        elif name.endswith("_at") and isinstance(value, str):
            said = w.when(value)
        else:
            said = str(value)
        found.append((title, said))
    return found
