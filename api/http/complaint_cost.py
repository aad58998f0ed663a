"""`/v1/complaints/{id}/cost`: what a complaint cost in kilometres, minutes and money."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.complaint_cost import trips_of_complaint
from api.db.tables.complaints import Complaint
from api.http.access import Allow
from domain.books.complaint_cost import costs_of
from domain.errors import NotFound
from domain.values import Role


class TripCostView(msgspec.Struct, frozen=True, kw_only=True):
    """The complaint's part of a trip beside the whole trip; `basis` says by what it was shared."""

    trip_id: UUID
    order_no: str | None
    departed_at: datetime
    returned_at: datetime | None
    metres: int
    of_metres: int
    seconds: int
    of_seconds: int
    fen: int
    of_fen: int
    basis: str


class ComplaintCostView(msgspec.Struct, frozen=True, kw_only=True):
    """What a complaint cost: sums over the trips that were driven for it, and each of them."""

    complaint_id: UUID
    number: str
    metres: int
    seconds: int
    fen: int
    trips: list[TripCostView]


@get(
    "/v1/complaints/{complaint_id:uuid}/cost",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF, Role.DISPATCHER)],
    summary="What a complaint cost",
    tags=["complaints"],
    name="complaint.cost",
)
async def complaint_cost(
    complaint_id: FromPath[UUID], *, actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> ComplaintCostView:
    """Return the complaint's part of every trip driven for it, by the ways to its sites; money as the metres."""
    async with database.read(actor.bureau_id) as reader:
        complaint = await reader.get(Complaint, complaint_id)
        if complaint is None:
            raise NotFound("There is no such complaint.", complaint_id=str(complaint_id))
        found = costs_of(complaint_id, await trips_of_complaint(reader, complaint_id))
    return ComplaintCostView(
        complaint_id=complaint_id,
        number=complaint.number,
        metres=sum(one.metres for one in found),
        seconds=sum(one.seconds for one in found),
        fen=sum(one.fen for one in found),
        trips=[
            TripCostView(
                trip_id=one.trip_id,
                order_no=one.order_no,
                departed_at=one.from_at,
                returned_at=one.until_at,
                metres=one.metres,
                of_metres=one.of_metres,
                seconds=one.seconds,
                of_seconds=one.of_seconds,
                fen=one.fen,
                of_fen=one.of_fen,
                basis=one.basis.value,
            )
            for one in found
        ],
    )
