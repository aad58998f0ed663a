"""`/v1/trips/{id}/order.pdf`, the dispatch order on paper, and the public address that tells whether one is genuine."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.bases import bases_of
from api.db.queries.dispatch_orders import order_of_number, printed_facts
from api.db.queries.trips import trip_view
from api.db.scope import BUREAU_CODE
from api.http.access import Allow, public
from api.http.failures import Failures
from api.print.dispatch_order import VOID, order_form
from api.print.typeset import typeset
from api.settings import Settings
from domain.errors import NotFound, StateConflict
from domain.values import Role

HOLDERS = Allow(Role.OFFICER, Role.DRIVER, Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR)
"""Who may hold the paper: those who use the vehicle and those who answer for it. It shows the driver's licence."""
NUMBER_MOST = 999_999


class NoOrderYet(StateConflict):
    """A trip has a dispatch order once it is approved."""

    code = "no-order-yet"
    zh = "出车申请获批准后方有派车单。"


class VerifiedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody who holds the paper may know: no person, no complaint, no place."""

    bureau: str
    year: int
    number: int
    plate: str
    planned_from: datetime
    planned_until: datetime
    state: str
    void: bool


@get(
    "/v1/trips/{trip_id:uuid}/order.pdf",
    guards=[HOLDERS],
    name="trips.order_pdf",
    tags=["trips"],
    summary="Dispatch order of a trip as PDF",
    media_type="application/pdf",
)
async def order_pdf(
    trip_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[bytes]:
    """Return the dispatch order as it stands now; a void one is marked."""
    async with database.read(actor.bureau_id) as reader:
        trip = await trip_view(reader, trip_id)
        if trip.order_number is None:
            raise NoOrderYet(state=trip.state)
        facts = await printed_facts(reader, trip_id)
        bases = (await bases_of(reader, [trip.vehicle_id]))[trip.vehicle_id]
        now = reader.now
    number = f"{trip.order_year}/{trip.order_number}"
    address = f"{settings.address}/verify/{actor.bureau_id}/{number}/{trip.verification_code}"
    pdf = await typeset(order_form(trip, facts, bases, address), now)
    return Response(
        pdf,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="order-{trip.order_year}-{trip.order_number}.pdf"'},
    )


@get(
    "/verify/{bureau_id:str}/{year:int}/{number:int}/{code:str}",
    guards=[public],
    name="orders.verify",
    tags=["trips"],
    summary="Whether a dispatch order is genuine",
)
async def verify_order(
    bureau_id: FromPath[str],
    year: FromPath[int],
    number: FromPath[int],
    code: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    failures: NamedDependency[Failures],
) -> VerifiedOrder:
    """Tell what a genuine order's number stands for; anything that does not fit is not there."""
    with failures.counted(request, NotFound):
        return await _genuine(database, bureau_id, year, number, code)


async def _genuine(database: Database, bureau_id: str, year: int, number: int, code: str) -> VerifiedOrder:
    if not (BUREAU_CODE.fullmatch(bureau_id) and 1 <= number <= NUMBER_MOST and 2000 <= year <= 9999):  # noqa: PLR2004 - years of four digits
        raise NotFound
    async with database.read(bureau_id) as reader:
        order = await order_of_number(reader, year, number)
    if order is None or not hmac.compare_digest(order.verification_code.encode(), code.encode()):
        raise NotFound
    return VerifiedOrder(
        bureau=order.bureau,
        year=year,
        number=number,
        plate=order.plate,
        planned_from=order.planned_from,
        planned_until=order.planned_until,
        state=order.state,
        void=order.state in VOID,
    )
