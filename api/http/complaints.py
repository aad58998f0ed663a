"""`/v1/complaints`: register, find, read one, act on it."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.complaint_lists import Wanted, list_complaints, whole_complaint
from api.db.queries.complaints import complaint_facts
from api.http.access import Allow
from api.http.complaint_acts import ActBody
from api.http.complaint_views import (
    ActView,
    ComplaintSummary,
    ComplaintView,
    GroundsView,
    ParticularsBody,
    act_view,
    grounds,
    summary,
    whole,
)
from api.http.fields import WITHOUT_NUL, Instant, Number, day_or_none, instant_or_none
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.visits import VisitBody
from api.usecases.register_complaint import NewComplaint, register_complaint
from domain.complaint.states import State
from domain.complaint.words import Source
from domain.values import Role

REGISTRARS = frozenset({Role.DISPATCHER, Role.OFFICER, Role.DESK_CHIEF})
"""Who takes complaints down and leads them."""
CASE_READERS = REGISTRARS | {Role.CUSTODIAN, Role.AUDITOR}
"""Who reads what people told the desk: not who drives, nor who looks after accounts."""

Searched = Annotated[str | None, QueryParameter(min_length=1, max_length=100, pattern=WITHOUT_NUL)]


class RegisterComplaint(ParticularsBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complaint as it is taken down.

    `accept` and `job` bring acceptance and the first visit along: one request at the counter, and the car can be
    asked for.
    """

    source: Source
    source_number: Annotated[Number, msgspec.Meta(examples=["1350302002026112300001"])] | None = None
    received_at: Instant | None = None
    received_via: Annotated[str, msgspec.Meta(max_length=300, pattern=WITHOUT_NUL, examples=["本人到窗口口述"])] = ""
    unit_id: UUID | None = None
    accept: bool = False
    job: VisitBody | None = None

    def new(self) -> NewComplaint:
        """Return it as the use case takes it."""
        return NewComplaint(
            particulars=self.particulars(),
            source=self.source,
            source_number=self.source_number,
            received_at=instant_or_none(self.received_at),
            received_via=self.received_via,
            unit_id=self.unit_id,
            accept=self.accept,
            visit=self.job.visit() if self.job else None,
        )


class ComplaintController(Controller):
    """Consumer disputes brought to the desk."""

    path = "/v1/complaints"
    tags = ("complaints",)

    @post(guards=[Allow(REGISTRARS)], summary="Register a complaint", name="complaint.register")
    async def register(
        self,
        data: JSONBody[RegisterComplaint],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> ComplaintView:
        """Take a complaint down; the same Idempotency-Key and body again answer the same complaint."""
        registered = await register_complaint(database, actor, data.new(), once)
        async with database.read(actor.bureau_id) as reader:
            return whole(await whole_complaint(reader, registered.complaint_id))

    @get(guards=[Allow(CASE_READERS)], summary="Find complaints", name="complaint.list")
    async def find(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        q: Searched = None,
        number: Searched = None,
        source_number: Searched = None,
        name: Searched = None,
        telephone: Searched = None,
        respondent: Searched = None,
        complaint_state: Annotated[State | None, QueryParameter(name="state")] = None,
        source: Annotated[Source | None, QueryParameter()] = None,
        unit_id: Annotated[UUID | None, QueryParameter()] = None,
        received_from: Annotated[date | None, QueryParameter()] = None,
        received_until: Annotated[date | None, QueryParameter()] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Page[ComplaintSummary]:
        """Return complaints, the last received first; `q` looks in numbers, names, telephones and respondents."""
        wanted = Wanted(
            words=q,
            number=number,
            source_number=source_number,
            name=name,
            telephone=telephone,
            respondent=respondent,
            state=complaint_state,
            source=source,
            unit_id=unit_id,
            received_from=day_or_none(received_from),
            received_until=day_or_none(received_until),
        )
        async with database.read(actor.bureau_id) as reader:
            found = await list_complaints(reader, wanted, limit + 1, parse_instant_cursor(after))
        items = [summary(one) for one in found[:limit]]
        if len(found) <= limit:
            return Page(items=items, next=None)
        return Page(items=items, next=instant_cursor(items[-1].received_at, items[-1].complaint_id))

    @get("/{complaint_id:uuid}", guards=[Allow(CASE_READERS)], summary="Read a complaint", name="complaint.read")
    async def read(
        self,
        complaint_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> ComplaintView:
        """Return a complaint with every revision of its particulars, every act, and the terms that run today."""
        async with database.read(actor.bureau_id) as reader:
            return whole(await whole_complaint(reader, complaint_id))

    @post(
        "/{complaint_id:uuid}/acts",
        guards=[Allow(REGISTRARS)],
        summary="Act on a complaint",
        name="complaint.act",
    )
    async def act(
        self,
        complaint_id: FromPath[UUID],
        data: JSONBody[ActBody],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> ComplaintView:
        """Accept, refuse, suspend, close …: `verb` says what is done; returns the complaint as it stands then."""
        await data.do(database, actor, complaint_id, once)
        async with database.read(actor.bureau_id) as reader:
            return whole(await whole_complaint(reader, complaint_id))

    @get(
        "/{complaint_id:uuid}/acts",
        guards=[Allow(CASE_READERS)],
        summary="Read the acts on a complaint",
        name="complaint.acts",
    )
    async def acts(
        self,
        complaint_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> list[ActView]:
        """Return every act on a complaint, oldest first."""
        async with database.read(actor.bureau_id) as reader:
            found = await whole_complaint(reader, complaint_id)
        return [act_view(act) for act in found.acts]

    @get(
        "/{complaint_id:uuid}/grounds",
        guards=[Allow(CASE_READERS)],
        summary="Read the grounds that may be named",
        name="complaint.grounds",
    )
    async def grounds(
        self,
        complaint_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> GroundsView:
        """Return the grounds of refusing and terminating, and the remedies told with a refusal."""
        async with database.read(actor.bureau_id) as reader:
            _, pack = await complaint_facts(reader, complaint_id)
        return grounds(pack)
