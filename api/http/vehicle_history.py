"""`/v1/vehicles/{id}/history`: the old log of a vehicle, taken over from paper; no trip of the books."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.tables.history import PaperTrip
from api.http.access import Allow
from api.http.paging import After, Limit, Page, newest_page
from api.usecases.enter_vehicle import known_vehicle
from domain.values import Role


class PaperTripView(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the old log as the paper says it; `row_no` is its row in the file that `import_id` names."""

    paper_trip_id: UUID
    import_id: UUID
    row_no: int
    source: str = "paper"
    started_at: datetime
    ended_at: datetime | None
    from_m: int
    until_m: int
    driver: str
    people: str
    purpose: str
    places: str
    complaint_number: str
    approver: str
    fuel_ml: int | None
    cost_fen: int | None
    remark: str
    recorded_at: datetime


@get(
    "/v1/vehicles/{vehicle_id:uuid}/history",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    summary="The old log of a vehicle",
    tags=["vehicles"],
    name="vehicle.history",
)
async def vehicle_history(
    *,
    vehicle_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    after: After = None,
    limit: Limit = 50,
) -> Page[PaperTripView]:
    """Return what was driven before the vehicle's first reading, as paper says it; the last rows first."""
    async with database.read(actor.bureau_id) as reader:
        await known_vehicle(reader, vehicle_id)
        return await newest_page(
            reader,
            PaperTrip,
            PaperTrip.paper_trip_id,
            lambda row: msgspec.convert(row, PaperTripView, from_attributes=True),
            PaperTrip.vehicle_id == vehicle_id,
            after=after,
            limit=limit,
        )
