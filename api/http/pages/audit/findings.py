"""`/audit/findings`: what waits for a ruling, and one finding with its evidence, its words, and the ruling itself."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from api.db.queries.findings import finding_view, findings_page
from api.db.queries.ledger import entries_of
from api.db.queries.people import names_of
from api.db.queries.trips import order_numbers
from api.http.findings import FindingView, finding_of
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked, Chosen, chosen_of
from api.http.pages.audit.evidence import evidence_of
from api.http.paging import After, instant_cursor, parse_instant_cursor
from domain.books.statement_facts import FindingState
from domain.errors import NotFound
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import Verb

SHOWN = 50
Still = Annotated[str | None, QueryParameter(pattern="^(open|all)?$")]


@get(f"{AUDIT}/findings", guards=[LOOKS_ON], include_in_schema=False, name="audit.findings", opt=PAGE)
async def queue_page(
    *,
    asked: NamedDependency[Asked],
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
    async with asked.desk() as desk:
        reader = desk.reader
        rows = await findings_page(
            reader,
            parse_instant_cursor(after),
            SHOWN + 1,
            vehicle_id=desk.vehicle.vehicle_id if desk.vehicle and (settled_too or asked.vehicle_id) else None,
            month=desk.month if settled_too else None,
            open_=None if settled_too else True,
            colour=colour or None,
            state=standing or None,
            kind=kind or None,
        )
        orders = await order_numbers(reader, [row.use_id for row in rows if row.use_id])
        findings = [finding_of(row, desk.w.language, reader.now) for row in rows[:SHOWN]]
    last = findings[-1] if findings else None
    # What waits for the auditor stands first, then what is overdue; each as it came.
    findings.sort(key=lambda one: (not (one.open and awaits_ruling(one)), not one.overdue))
    return desk.page(
        "findings",
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
async def finding_page(*, asked: NamedDependency[Asked], finding_id: FromPath[UUID]) -> Template:
    """Show a finding with its evidence, what became of it and what was said; an auditor rules on it here."""
    async with asked.desk() as books:
        reader = books.reader
        row = await finding_view(reader, finding_id)
        if row is None:
            raise NotFound("There is no such finding.", finding_id=str(finding_id))
        desk = await books.moved(row.vehicle_id, books.month)
        names = await names_of(reader)
        entries = await entries_of(reader, [row.finding_id, *(one["act_id"] for one in row.acts)])
        orders = await order_numbers(reader, [row.use_id] if row.use_id else [])
        finding = finding_of(row, desk.w.language, reader.now)
    return desk.page(
        "finding",
        finding=finding,
        names=names,
        orders=orders,
        to_rule=finding.open and awaits_ruling(finding),
        entries=entries,
        evidence=evidence_of,
    )


def awaits_ruling(finding: FindingView) -> bool:
    """Tell whether the last word is the custodian's."""
    return bool(finding.acts) and finding.acts[-1].verb == Verb.EXPLAIN
