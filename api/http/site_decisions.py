"""`/v1/site-decisions`: the custodian settles on which side of the boundary a place lies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.db.queries.site_decisions import Key, list_site_decisions, site_decision
from api.db.tables.complaints import SiteDecision
from api.http.access import READERS, Allow
from api.http.fields import Line, Prose, day_or_none
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.http.place import Place
from api.usecases.decide_site import NewSiteDecision, decide_site
from domain.errors import NotFound
from domain.values import Role


class DecideSite(Place, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place, the circle around it that is meant, on which side it lies, and why."""

    name: Annotated[Line, msgspec.Meta(examples=["太平路市场北门"])]
    radius_m: Annotated[int, msgspec.Meta(ge=1, le=500, examples=[120])]
    inside: bool
    reason: Annotated[Prose, msgspec.Meta(examples=["市场北门按民政界桩属城厢区，底图线偏南约 120 米"])]
    decided_on: date | None = None

    def new(self) -> NewSiteDecision:
        """Return it as the use case takes it."""
        return NewSiteDecision(
            name=self.name,
            lat=self.lat,
            lon=self.lon,
            datum=self.datum,
            radius_m=self.radius_m,
            inside=self.inside,
            reason=self.reason,
            decided_on=day_or_none(self.decided_on),
        )


class SiteDecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision: `lat` and `lon` in WGS-84. Of two about one place the newer holds."""

    site_decision_id: UUID
    name: str
    lat: float
    lon: float
    radius_m: int
    inside: bool
    reason: str
    decided_on: date
    actor_id: UUID
    recorded_at: datetime


class SiteDecisionController(Controller):
    """Decisions about places that the coarse boundary gets wrong."""

    path = "/v1/site-decisions"
    tags = ("site-decisions",)

    @post(guards=[Allow(Role.CUSTODIAN)], summary="Decide a site", name="site_decision.decide")
    async def decide(
        self,
        data: JSONBody[DecideSite],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> SiteDecisionView:
        """Record on which side of the boundary a place lies."""
        decision_id = await decide_site(database, actor, data.new(), once)
        return await _read(database, actor, decision_id)

    @get(guards=[Allow(READERS)], summary="List site decisions", name="site_decision.list")
    async def find(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        limit: Limit = 50,
        after: After = None,
    ) -> Page[SiteDecisionView]:
        """Return the decisions, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            found = await list_site_decisions(reader, limit + 1, _key(after))
        items = [_view(one) for one in found[:limit]]
        if len(found) <= limit:
            return Page(items=items, next=None)
        last = items[-1]
        key = cursor(last.decided_on.isoformat(), last.recorded_at.isoformat(), str(last.site_decision_id))
        return Page(items=items, next=key)

    @get("/{decision_id:uuid}", guards=[Allow(READERS)], summary="Read a site decision", name="site_decision.read")
    async def read(
        self, decision_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> SiteDecisionView:
        """Return one decision."""
        return await _read(database, actor, decision_id)


async def _read(database: Database, actor: Actor, decision_id: UUID) -> SiteDecisionView:
    async with database.read(actor.bureau_id) as reader:
        row = await site_decision(reader, decision_id)
    if row is None:
        raise NotFound("There is no such site decision.", site_decision_id=str(decision_id))
    return _view(row)


def _view(row: SiteDecision) -> SiteDecisionView:
    return SiteDecisionView(
        site_decision_id=row.site_decision_id,
        name=row.name,
        lat=row.lat,
        lon=row.lon,
        radius_m=row.radius_m,
        inside=row.inside,
        reason=row.reason,
        decided_on=row.decided_on,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def _key(after: str | None) -> Key | None:
    key = parse_cursor(after, 3)
    if key is None:
        return None
    try:
        return date.fromisoformat(key[0]), datetime.fromisoformat(key[1]), UUID(key[2])
    except ValueError as fault:
        raise BadCursor from fault
