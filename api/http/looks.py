"""`/v1/looks`: what the bureau's own auditors looked at 查阅留痕, for its heads; an auditor sees the own looks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sqlmodel import col

from api.db.database import Actor, Database
from api.db.queries.people import names_of
from api.db.tables.people import Look
from api.http.access import Allow
from api.http.paging import After, Limit, Page, newest_page
from domain.values import Role

HEADS = frozenset({Role.CUSTODIAN, Role.DESK_CHIEF})


class LookView(msgspec.Struct, frozen=True, kw_only=True):
    """One look: method and address, with the month or vehicle asked for, without what was searched for."""

    look_id: UUID
    person_id: UUID
    name: str
    route: str
    recorded_at: datetime


@get(
    "/v1/looks",
    guards=[Allow(HEADS, Role.AUDITOR)],
    summary="What auditors looked at",
    tags=["people"],
    name="looks.list",
    opt={"home": True},
)
async def list_looks(
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    person_id: FromQuery[UUID | None] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[LookView]:
    """List each look that an auditor of this bureau took at its records, the newest first.

    The same address again within a quarter of an hour is the same look. Who is an auditor sees the own looks alone;
    those of outside auditors are at `/v1/mandates/{mandate_id}/accesses`.
    """
    whose = person_id if actor.roles & HEADS else actor.who
    only = () if whose is None else (Look.person_id == whose,)
    async with database.read(actor.bureau_id) as reader:
        names = await names_of(reader)
        return await newest_page(
            reader,
            Look,
            col(Look.look_id),
            lambda row: LookView(
                look_id=row.look_id,
                person_id=row.person_id,
                name=names[row.person_id],
                route=row.route,
                recorded_at=row.recorded_at,
            ),
            *only,
            after=after,
            limit=limit,
        )
