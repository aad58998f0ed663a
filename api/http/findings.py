"""`/v1/findings`: what does not add up, explained by the custodian and ruled on by the auditor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.refusals import finding_view, findings_page
from api.headers import language_of
from api.http.access import EVERYONE, Allow
from api.http.fields import WITHOUT_NUL
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.usecases.act_on_finding import explain_finding, rule_on_finding
from domain.errors import NotFound
from domain.findings.kinds import FindingKind
from domain.values import Role

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=WITHOUT_NUL, examples=["投诉人临时撤诉"])]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the custodian says of a finding."""

    text: Words


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the auditor rules on the explanation."""

    verb: Annotated[Literal["accept", "reject"], msgspec.Meta(examples=["accept"])]
    text: Words


class FindingActView(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation or a ruling."""

    act_id: UUID
    verb: str
    text: str
    actor_id: UUID
    recorded_at: datetime


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with its evidence, its term, and what was said of it."""

    finding_id: UUID
    kind: str
    sentence: str
    colour: str
    vehicle_id: UUID
    trip_id: UUID | None
    subject_id: UUID
    evidence: dict[str, Any]
    term_at: datetime
    recorded_at: datetime
    acts: list[FindingActView]


def finding_of(row: Any, language: str) -> FindingView:
    """Return the wire form of a finding."""
    kind = FindingKind(row.kind)
    return FindingView(
        finding_id=row.finding_id,
        kind=kind.value,
        sentence=kind.zh if language == "zh" else kind.en,
        colour=row.colour,
        vehicle_id=row.vehicle_id,
        trip_id=row.use_id,
        subject_id=row.subject_id,
        evidence=row.evidence,
        term_at=row.term_at,
        recorded_at=row.recorded_at,
        acts=msgspec.convert(row.acts, list[FindingActView]),
    )


class FindingController(Controller):
    """Findings 异常."""

    path = "/v1/findings"
    tags = ("findings",)

    @get(guards=[Allow(EVERYONE)], summary="Findings", name="findings.list")
    async def findings(
        self,
        request: Request[Any, Any, Any],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        vehicle_id: FromQuery[UUID | None] = None,
        kind: Annotated[FindingKind | None, QueryParameter(description="only this kind")] = None,
        explained: Annotated[bool | None, QueryParameter(description="only explained ones, or only others")] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[FindingView]:
        """List findings, the newest first."""
        language = language_of(request.headers.get("accept-language", ""))
        async with database.read(actor.bureau_id) as reader:
            rows = await findings_page(
                reader,
                parse_instant_cursor(after),
                limit + 1,
                vehicle_id=vehicle_id,
                kind=kind.value if kind else None,
                explained=explained,
            )
        items = [finding_of(row, language) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].recorded_at, items[-1].finding_id) if more else None)

    @post(
        "/{finding_id:uuid}/explain",
        status_code=200,
        guards=[Allow(Role.CUSTODIAN)],
        summary="Explain a finding",
        name="findings.explain",
    )
    async def explain(
        self,
        finding_id: FromPath[UUID],
        *,
        data: JSONBody[Explanation],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FindingView:
        """Explain a finding; once more after the auditor rejected an explanation."""
        await explain_finding(database, actor, finding_id, data.text, once)
        return await _shown(database, actor, finding_id, request)

    @post(
        "/{finding_id:uuid}/rule",
        status_code=200,
        guards=[Allow(Role.AUDITOR)],
        summary="Rule on an explanation",
        name="findings.rule",
    )
    async def rule(
        self,
        finding_id: FromPath[UUID],
        *,
        data: JSONBody[Ruling],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FindingView:
        """Accept or reject the custodian's explanation."""
        await rule_on_finding(database, actor, finding_id, data.text, once, accept=data.verb == "accept")
        return await _shown(database, actor, finding_id, request)


async def _shown(database: Database, actor: Actor, finding_id: UUID, request: Request[Any, Any, Any]) -> FindingView:
    async with database.read(actor.bureau_id) as reader:
        row = await finding_view(reader, finding_id)
    if row is None:
        raise NotFound("There is no such finding.", finding_id=str(finding_id))
    return finding_of(row, language_of(request.headers.get("accept-language", "")))
