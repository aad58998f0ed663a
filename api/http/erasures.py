"""`/v1/erasures`: whose personal data was restricted or erased, when, on which ground and who decided."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from sqlmodel import col

from api.db.database import Actor, Database
from api.db.queries.erasure import numbers_of_erased
from api.db.tables.erasure import Erasure
from api.http.access import Allow
from api.http.paging import After, Limit, Page, newest_page
from domain.erasure import Ground, Step
from domain.values import Role


class ErasureView(msgspec.Struct, frozen=True, kw_only=True):
    """A step about the personal data of a complaint's parties; it holds none itself."""

    complaint_id: UUID
    number: str
    step: Step
    ground: Ground
    """Item of art. 47 of the personal information protection law."""
    decided_by: UUID
    confirmed_by: UUID
    by_name: str
    """The operator's account."""
    rows: dict[str, int]
    """How many rows of each table."""
    files: int
    recorded_at: datetime
    entry_id: UUID


@get(
    "/v1/erasures",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    summary="Personal data that was restricted or erased",
    tags=["complaints"],
    name="erasures.list",
)
async def list_erasures(
    *, actor: NamedDependency[Actor], database: NamedDependency[Database], after: After = None, limit: Limit = 50
) -> Page[ErasureView]:
    """List each step that was taken about personal data of complaints' parties, the newest first."""
    async with database.read(actor.bureau_id) as reader:
        numbers = await numbers_of_erased(reader)
        return await newest_page(
            reader,
            Erasure,
            col(Erasure.entry_id),
            lambda row: ErasureView(
                complaint_id=row.complaint_id,
                number=numbers[row.complaint_id],
                step=Step(row.step),
                ground=Ground(row.ground),
                decided_by=row.decided_by,
                confirmed_by=row.confirmed_by,
                by_name=row.by_name,
                rows=row.what["rows"],
                files=row.what["files"],
                recorded_at=row.recorded_at,
                entry_id=row.entry_id,
            ),
            after=after,
            limit=limit,
        )
