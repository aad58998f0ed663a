"""`/v1/trips`: ask, approve or decline, cancel, depart, return, close; and the trips in lists and one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.due_warnings import warnings_of
from api.db.queries.trips import TripFilter, trip_view, trips_page
from api.http.access import EVERYONE, Allow
from api.http.fields import instant_or_none
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.trip_wire import (
    AHEAD,
    MAY_CONFLICT,
    ClosedTrip,
    DepartureReport,
    FieldAnswer,
    Reasoned,
    Remarked,
    ReturnReport,
    TripRequest,
    TripView,
    trip_of,
)
from api.usecases.approve_trip import approve_trip, cancel_trip, refuse_trip
from api.usecases.depart_trip import depart_trip
from api.usecases.field_act import Kept
from api.usecases.request_trip import request_trip
from api.usecases.return_trip import close_trip, return_trip
from domain.trip.life import UseState
from domain.values import Role


async def shown(database: Database, actor: Actor, trip_id: UUID) -> TripView:
    """Return the trip as it stands after an act."""
    async with database.read(actor.bureau_id) as reader:
        row = await trip_view(reader, trip_id)
        return trip_of(row, await warnings_of(reader, [row.vehicle_id]))


async def field_answer(database: Database, actor: Actor, trip_id: FromPath[UUID], kept: Kept) -> Response[FieldAnswer]:
    """Answer a report from the field: 200 where it was recorded, 202 where it was kept as a conflict."""
    conflict = kept.conflict_id is not None
    body = FieldAnswer(
        outcome="conflict" if conflict else "recorded",
        conflict_id=kept.conflict_id,
        why=kept.why,
        reasons=list(kept.reasons),
        trip=await shown(database, actor, trip_id),
    )
    return Response(body, status_code=202 if conflict else 200)


ASKS = Allow(Role.DISPATCHER, Role.OFFICER, Role.DESK_CHIEF)
APPROVES = Allow(Role.CUSTODIAN, Role.DESK_CHIEF, Role.DISPATCHER, Role.OFFICER)
"""Who may hold a delegation, beside the custodian: whether they do is the rule's to say, and its refusal is kept."""
CHANGES = Allow(Role.DISPATCHER, Role.OFFICER, Role.DESK_CHIEF, Role.CUSTODIAN)
FIELD = Allow(Role.OFFICER, Role.DRIVER, Role.DISPATCHER, Role.DESK_CHIEF)


class TripController(Controller):
    """Trips 出车."""

    path = "/v1/trips"
    tags = ("trips",)

    @post(guards=[ASKS], summary="Ask for a trip", name="trips.request")
    async def request(
        self,
        data: JSONBody[TripRequest],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> TripView:
        """Ask for the vehicle for jobs of complaints; the rule answers at once, a refusal with every reason.

        What the vehicle is due for soon is told with the trip, until it is back.
        """
        trip_id = await request_trip(database, actor, data.new(), once)
        return await shown(database, actor, trip_id)

    @get(guards=[Allow(EVERYONE)], summary="Trips", name="trips.list")
    async def trips(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        in_state: Annotated[
            UseState | None, QueryParameter(name="state", description="only trips that stand so")
        ] = None,
        vehicle_id: FromQuery[UUID | None] = None,
        job_id: FromQuery[UUID | None] = None,
        complaint_id: FromQuery[UUID | None] = None,
        person_id: Annotated[UUID | None, QueryParameter(description="requester, or of the crew")] = None,
        planned_from: Annotated[datetime | None, QueryParameter(description="windows that end after this")] = None,
        planned_until: Annotated[datetime | None, QueryParameter(description="windows that begin before this")] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[TripView]:
        """List trips by planned start, the latest first."""
        wanted = TripFilter(
            state=in_state.value if in_state else None,
            vehicle_id=vehicle_id,
            job_id=job_id,
            complaint_id=complaint_id,
            person_id=person_id,
            planned_from=instant_or_none(planned_from),
            planned_until=instant_or_none(planned_until),
        )
        async with database.read(actor.bureau_id) as reader:
            rows = await trips_page(reader, wanted, parse_instant_cursor(after), limit + 1)
            warned = await warnings_of(reader, {row.vehicle_id for row in rows if row.state in AHEAD})
        items = [trip_of(row, warned) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].planned_from, items[-1].trip_id) if more else None)

    @get("/{trip_id:uuid}", guards=[Allow(EVERYONE)], summary="One trip", name="trips.get")
    async def trip(
        self, trip_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> TripView:
        """Return a trip with every step taken."""
        return await shown(database, actor, trip_id)

    @post("/{trip_id:uuid}/approve", status_code=200, guards=[APPROVES], summary="Approve", name="trips.approve")
    async def approve(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Remarked],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Approve a requested trip; its dispatch order gets the next number of the year."""
        await approve_trip(database, actor, trip_id, data.remark)
        return await shown(database, actor, trip_id)

    @post("/{trip_id:uuid}/refuse", status_code=200, guards=[APPROVES], summary="Decline", name="trips.refuse")
    async def refuse(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Decline a requested trip, with a reason."""
        await refuse_trip(database, actor, trip_id, data.reason)
        return await shown(database, actor, trip_id)

    @post(
        "/{trip_id:uuid}/cancel",
        status_code=200,
        guards=[CHANGES],
        summary="Cancel",
        name="trips.cancel",
    )
    async def cancel(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> TripView:
        """Cancel a trip that has not departed; a numbered dispatch order stays visible as void."""
        await cancel_trip(database, actor, trip_id, data.reason)
        return await shown(database, actor, trip_id)

    @post(
        "/{trip_id:uuid}/depart",
        status_code=200,
        guards=[FIELD],
        summary="Depart",
        name="trips.depart",
        opt=MAY_CONFLICT,
    )
    async def depart(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[DepartureReport],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[FieldAnswer]:
        """Record a departure: 200 recorded, 202 kept as a conflict."""
        kept = await depart_trip(database, actor, trip_id, data.departure(), once)
        return await field_answer(database, actor, trip_id, kept)

    @post(
        "/{trip_id:uuid}/return",
        status_code=200,
        guards=[FIELD],
        summary="Return",
        name="trips.return",
        opt=MAY_CONFLICT,
    )
    async def come_back(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[ReturnReport],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[FieldAnswer]:
        """Record that the vehicle is back: 200 recorded, 202 kept as a conflict."""
        kept = await return_trip(database, actor, trip_id, data.back(), once)
        return await field_answer(database, actor, trip_id, kept)

    @post(
        "/{trip_id:uuid}/close",
        status_code=200,
        guards=[Allow(Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)],
        summary="Close",
        name="trips.close",
    )
    async def close(
        self,
        trip_id: FromPath[UUID],
        data: JSONBody[Remarked],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> ClosedTrip:
        """Close a trip that came back, judged again against what happened."""
        reasons = await close_trip(database, actor, trip_id, data.remark)
        return ClosedTrip(reasons=list(reasons), trip=await shown(database, actor, trip_id))
