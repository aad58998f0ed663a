"""`/v1/mandates`: outside auditors who may read this bureau 审计授权, and each look they took."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlmodel import col

from api.db.database import Actor, Database, Once
from api.db.tables.people import AuditMandate, MandateAccess
from api.http.access import Allow
from api.http.duty import FactDone
from api.http.paging import After, Limit, Page, newest_page
from api.http.people import SUPERVISORS, Name, Reasoned
from api.http.readings import Instant
from api.usecases.give_mandate import NewMandate, end_mandate, give_mandate
from domain.errors import NotFound
from domain.values import Role

GIVES = Allow(Role.ADMIN)


class MandateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may read this bureau, how long, by which document; without `valid_from`, from now.

    The auditor reads the two ids off `GET /v1/session` of the home bureau.
    """

    home_bureau_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", examples=["350300"])]
    home_person_id: UUID
    auditor_name: Name
    document_no: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S", examples=["莆审〔2026〕12号"])
    ]
    valid_from: Instant | None = None
    valid_until: Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-12-31T18:00:00+08:00"])]


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate over this bureau, or (`ends` not null) the act that ended one early, with its reason."""

    mandate_id: UUID
    home_bureau_id: str
    home_person_id: UUID
    auditor_name: str
    document_no: str
    valid_from: datetime
    valid_until: datetime
    ends: UUID | None
    reason: str | None
    actor_id: UUID
    recorded_at: datetime


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One look taken under a mandate: method and address, without what was searched for."""

    access_id: UUID
    mandate_id: UUID
    route: str
    recorded_at: datetime


class MandateController(Controller):
    """Who from outside may read this bureau."""

    path = "/v1/mandates"
    tags = ("people",)

    @post(guards=[GIVES], summary="Give an outside auditor a mandate", name="mandates.give")
    async def give(
        self,
        data: JSONBody[MandateIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """Let an auditor of another bureau read this one for a stretch of time, at most a year."""
        new = NewMandate(
            home_bureau_id=data.home_bureau_id,
            home_person_id=data.home_person_id,
            auditor_name=data.auditor_name,
            document_no=data.document_no,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        return FactDone(id=await give_mandate(database, actor, new, once))

    @post("/{mandate_id:uuid}/end", guards=[GIVES], summary="End early", name="mandates.end")
    async def end(
        self,
        mandate_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> FactDone:
        """End a mandate before its time; both stay in the list."""
        return FactDone(id=await end_mandate(database, actor, mandate_id, data.reason, once))

    @get(guards=[Allow(SUPERVISORS)], summary="Mandates", name="mandates.list")
    async def mandates(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Mandate]:
        """List mandates over this bureau and their ends, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                AuditMandate,
                col(AuditMandate.mandate_id),
                lambda row: msgspec.convert(row, Mandate, from_attributes=True),
                after=after,
                limit=limit,
            )

    @get("/{mandate_id:uuid}/accesses", guards=[Allow(SUPERVISORS)], summary="Looks taken", name="mandates.accesses")
    async def accesses(
        self,
        *,
        mandate_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Access]:
        """List each look taken under a mandate, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            given = await reader.get(AuditMandate, mandate_id)
            if given is None or given.ends is not None:
                raise NotFound("There is no such mandate.")
            return await newest_page(
                reader,
                MandateAccess,
                col(MandateAccess.access_id),
                lambda row: msgspec.convert(row, Access, from_attributes=True),
                MandateAccess.mandate_id == mandate_id,
                after=after,
                limit=limit,
            )
