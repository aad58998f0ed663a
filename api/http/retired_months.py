"""`/v1/retired-months`: which months of positions were retired, and what the bureau had of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.db.database import Actor, Database
from api.db.queries.retired import retired_months
from api.http.access import Allow
from domain.values import Role


class RetiredMonthView(msgspec.Struct, frozen=True, kw_only=True):
    """A month (UTC) of positions that was retired: how many fixes, and the digest of their rows."""

    month: str
    fix_count: int
    first_at: datetime
    last_at: datetime
    sha256: str
    by_name: str
    """The operator's account."""
    recorded_at: datetime
    entry_id: UUID


@get(
    "/v1/retired-months",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    summary="Months of positions that were retired",
    tags=["positions"],
    name="positions.retired",
)
async def list_retired_months(
    actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> list[RetiredMonthView]:
    """List each month whose positions were retired when their time was over, the newest month first."""
    async with database.read(actor.bureau_id) as reader:
        return [
            RetiredMonthView(
                month=f"{row.month:%Y-%m}",
                fix_count=row.fix_count,
                first_at=row.first_at,
                last_at=row.last_at,
                sha256=row.sha256,
                by_name=row.by_name,
                recorded_at=row.recorded_at,
                entry_id=row.entry_id,
            )
            for row in await retired_months(reader)
        ]
