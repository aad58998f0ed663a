"""`/v1/findings`: what does not add up, explained by the custodian and ruled on by the auditor."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.findings import finding_view, findings_page
from api.headers import language_of
from api.http.access import EVERYONE, Allow
from api.http.fields import SAYS_SOMETHING, WITHOUT_NUL, MonthOrNone
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.usecases.act_on_finding import Said, explain_finding, rule_on_finding
from domain.books.statement_facts import FindingState
from domain.errors import NotFound
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import Verb, What, words_of
from domain.values import Role

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=SAYS_SOMETHING, examples=["投诉人临时撤诉"])]


class NamedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was sent to `/v1/attachments/{sha256}` before, and what it is called here."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", examples=["9f" * 32])]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITHOUT_NUL, examples=["过路费收据.jpg"])]


Attachments = Annotated[list[NamedFile], msgspec.Meta(max_length=20, description="what shows it")]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the custodian says of a finding."""

    text: Words
    attachments: Attachments = []


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the auditor rules on the explanation; `ask` returns it to the custodian with a question."""

    verb: Annotated[Literal["accept", "reject", "ask"], msgspec.Meta(examples=["accept"])]
    text: Words
    attachments: Attachments = []


class FindingActView(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation or a ruling."""

    act_id: UUID
    verb: str
    text: str
    actor_id: UUID
    recorded_at: datetime
    attachments: list[NamedFile]


class FindingUpdateView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a finding: it lasts, got graver, ended, or was cleared (green)."""

    update_id: UUID
    what: str
    colour: str
    from_at: datetime | None
    until_at: datetime | None
    evidence: dict[str, Any]
    recorded_at: datetime


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it was raised, what became of it, its term, and what was said of it.

    `colour`, `from_at` and `until_at` are what is known now; `evidence` is that of the raising.
    """

    finding_id: UUID
    kind: str
    sentence: str
    colour: str
    vehicle_id: UUID
    trip_id: UUID | None
    subject_id: UUID
    evidence: dict[str, Any]
    from_at: datetime | None
    until_at: datetime | None
    term_at: Annotated[
        datetime,
        msgspec.Meta(description="until when it is to be explained, or explained anew"),
    ]
    overdue: Annotated[bool, msgspec.Meta(description="past its term without an explanation that stands")]
    open: Annotated[bool, msgspec.Meta(description="neither cleared nor, as grave as it is, accepted by the auditor")]
    recorded_at: datetime
    updates: list[FindingUpdateView]
    acts: list[FindingActView]


def finding_of(row: Any, language: str, now: datetime) -> FindingView:
    """Return the wire form of a finding."""
    kind = FindingKind(row.kind)
    acts = msgspec.convert(row.acts, list[FindingActView])
    updates = msgspec.convert(row.updates, list[FindingUpdateView])
    spans = [(one.from_at, one.until_at) for one in (row, *updates) if one.from_at and one.until_at]
    cleared = bool(updates) and updates[-1].what == What.CLEARED.value
    words = words_of(acts, updates)
    due_at = words.due_at(row.recorded_at, row.term_at)
    return FindingView(
        finding_id=row.finding_id,
        kind=kind.value,
        sentence=kind.zh if language == "zh" else kind.en,
        colour=updates[-1].colour if updates else row.colour,
        vehicle_id=row.vehicle_id,
        trip_id=row.use_id,
        subject_id=row.subject_id,
        evidence=row.evidence,
        from_at=min((span[0] for span in spans), default=None),
        until_at=max((span[1] for span in spans), default=None),
        term_at=due_at,
        overdue=due_at < now and not words.explained and not cleared,
        open=not words.accepted and not cleared,
        recorded_at=row.recorded_at,
        updates=updates,
        acts=acts,
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
        month: MonthOrNone = None,
        colour: Annotated[Colour | None, QueryParameter(description="only those of this colour by now")] = None,
        standing: Annotated[
            FindingState | None, QueryParameter(name="state", description="only those that stand so by now")
        ] = None,
        trip_id: FromQuery[UUID | None] = None,
        explained: Annotated[bool | None, QueryParameter(description="only explained ones, or only others")] = None,
        still_open: Annotated[
            bool | None,
            QueryParameter(name="open", description="only what is neither cleared nor accepted, or only others"),
        ] = None,
        overdue: Annotated[
            bool | None, QueryParameter(description="only those past their term without an explanation, or only others")
        ] = None,
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
                month=date.fromisoformat(f"{month}-01") if month else None,
                colour=colour.value if colour else None,
                state=standing.value if standing else None,
                use_id=trip_id,
                explained=explained,
                open_=still_open,
                overdue=overdue,
            )
        items = [finding_of(row, language, reader.now) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].recorded_at, items[-1].finding_id) if more else None)

    @get("/{finding_id:uuid}", guards=[Allow(EVERYONE)], summary="One finding", name="findings.read")
    async def finding(
        self,
        finding_id: FromPath[UUID],
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> FindingView:
        """Return a finding with its evidence, what became of it and what was said of it."""
        return await _shown(database, actor, finding_id, request)

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
        """Explain a finding; once more after the auditor rejected an explanation or asked back."""
        await explain_finding(database, actor, finding_id, _said(data), once)
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
        """Accept or reject the custodian's explanation, or ask back: the custodian answers by explaining anew."""
        await rule_on_finding(database, actor, finding_id, _said(data), once, ruling=Verb(data.verb))
        return await _shown(database, actor, finding_id, request)


def _said(data: Explanation | Ruling) -> Said:
    return Said(data.text, tuple((file.sha256, file.name) for file in data.attachments))


async def _shown(database: Database, actor: Actor, finding_id: UUID, request: Request[Any, Any, Any]) -> FindingView:
    async with database.read(actor.bureau_id) as reader:
        row = await finding_view(reader, finding_id)
    if row is None:
        raise NotFound("There is no such finding.", finding_id=str(finding_id))
    return finding_of(row, language_of(request.headers.get("accept-language", "")), reader.now)
