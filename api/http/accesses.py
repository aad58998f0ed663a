"""`/v1/accesses`: who opened personal data 个人信息查阅留痕, for the bureau's heads and the auditor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from sqlmodel import col

from api.db.database import Actor, Database
from api.db.queries.people import names_of
from api.db.tables.people import PersonalAccess
from api.http.access import Allow
from api.http.looks import HEADS
from api.http.paging import After, Limit, Page, newest_page
from domain.shown import Door, Shown
from domain.values import Role

Subject = Annotated[str | None, QueryParameter(max_length=64, description="the id or digest of what was opened")]


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody opened personal data: what kind, and of a single thing its id; never the data."""

    access_id: UUID
    person_id: UUID
    name: str
    kind: Shown
    subject: str | None
    door: Door
    recorded_at: datetime


def access_filter(person_id: UUID | None, kind: Shown | None, subject: str | None) -> tuple[object, ...]:
    """Return the conditions of a list of accesses."""
    return tuple(
        column == value
        for column, value in (
            (col(PersonalAccess.person_id), person_id),
            (col(PersonalAccess.kind), kind and kind.value),
            (col(PersonalAccess.subject), subject),
        )
        if value is not None
    )


@get(
    "/v1/accesses",
    guards=[Allow(HEADS, Role.AUDITOR)],
    summary="Who opened personal data",
    tags=["people"],
    name="accesses.list",
)
async def list_accesses(
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    person_id: FromQuery[UUID | None] = None,
    kind: FromQuery[Shown | None] = None,
    subject: Subject = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[AccessView]:
    """List who opened personal data of this bureau, the newest first; of whom, of which kind or thing may be asked.

    The same again by the same person within a quarter of an hour is the same. Auditors from outside are at
    `/v1/mandates/{mandate_id}/accesses`.
    """
    async with database.read(actor.bureau_id) as reader:
        names = await names_of(reader)
        return await newest_page(
            reader,
            PersonalAccess,
            col(PersonalAccess.access_id),
            lambda row: AccessView(
                access_id=row.access_id,
                person_id=row.person_id,
                name=names[row.person_id],
                kind=Shown(row.kind),
                subject=row.subject,
                door=Door(row.door),
                recorded_at=row.recorded_at,
            ),
            *access_filter(person_id, kind, subject),
            after=after,
            limit=limit,
        )
