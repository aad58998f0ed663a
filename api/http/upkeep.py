"""`/v1/upkeep-orders`: fuel, wash, repair, inspection and the like, the only movement without a complaint."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.upkeep import upkeep_page, upkeep_view
from api.http.access import READERS, Allow
from api.http.fields import SAYS_SOMETHING
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.http.readings import Instant, Odometer, PhotoSha256
from api.http.trip_wire import MAY_CONFLICT, DashboardRead, Reasoned, Reported, Rescheduled, Said, Words
from api.http.vehicle_wire import CardNo
from api.usecases.field_act import Kept
from api.usecases.order_upkeep import NewUpkeep, cancel_upkeep, order_upkeep, reschedule_upkeep
from api.usecases.run_upkeep import Settlement, UpkeepEnd, depart_upkeep, return_upkeep, settle_upkeep
from domain.trip.life import UseState
from domain.upkeep.costs import MAX_FEN, MAX_FUEL_ML
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Role

ORDERS = Allow(Role.CUSTODIAN, Role.DESK_CHIEF)
"""The head of the using unit, or of the desk: who answers for the vehicle."""
FIELD = Allow(Role.DRIVER, Role.OFFICER, Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)
SETTLES = Allow(Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)


class UpkeepIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order: what for, where, when, who drives."""

    vehicle_id: UUID
    upkeep: UpkeepKind
    driver_id: UUID | None = None
    """Left out only for a tow."""
    planned_from: Instant
    planned_until: Instant
    place_id: UUID | None = None
    """The registered place it goes to."""
    place: (
        Annotated[
            str, msgspec.Meta(min_length=1, max_length=200, pattern=SAYS_SOMETHING, examples=["中石化城厢加油站"])
        ]
        | None
    ) = None
    """Where it goes instead, or from where it is towed."""
    place_reason: Said | None = None
    """Why it goes to no registered place."""
    reason: Said
    after_use_id: UUID | None = None
    """The trip that ended by breakdown or accident: the order goes on from that place."""


class UpkeepEndIn(Reported, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A departure or return with its reading."""

    reading: DashboardRead
    remark: Words = ""


class SettlementIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it cost, in fen; for fuel how much, in millilitres, and when and at which odometer it was filled."""

    cost_fen: Annotated[int, msgspec.Meta(ge=0, le=MAX_FEN, examples=[31_250])] | None = None
    fuel_ml: Annotated[int, msgspec.Meta(gt=0, le=MAX_FUEL_ML, examples=[42_350])] | None = None
    incurred_at: Instant | None = None
    """Left out: when the vehicle was back; for fuel it is needed."""
    odometer_m: Odometer | None = None
    """What the odometer showed then: entered as a reading."""
    receipt_sha256: PhotoSha256 | None = None
    card_no: CardNo | None = None
    document_no: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["发票 04400012"])]
        | None
    ) = None
    remark: Words = ""


class UpkeepOut(msgspec.Struct, frozen=True, kw_only=True):
    """An upkeep order as it stands."""

    use_id: UUID
    vehicle_id: UUID
    plate: str
    state: str
    upkeep: str
    planned_from: datetime
    planned_until: datetime
    actual_from: datetime | None
    actual_until: datetime | None
    place: str
    place_id: UUID | None
    place_reason: str | None
    reason: str
    requester_id: UUID
    requester_name: str
    driver_id: UUID | None
    driver_name: str | None
    after_use_id: UUID | None
    document_no: str | None
    cost_fen: int | None
    fuel_ml: int | None
    created_at: datetime


class UpkeepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report from the field."""

    outcome: str
    conflict_id: UUID | None
    why: str | None
    reasons: list[str]
    order: UpkeepOut


class UpkeepController(Controller):
    """Upkeep orders 维保单."""

    path = "/v1/upkeep-orders"
    tags = ("upkeep",)

    @post(guards=[ORDERS], summary="Give an upkeep order", name="upkeep.order")
    async def order(
        self,
        data: JSONBody[UpkeepIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> UpkeepOut:
        """Order fuel, wash, repair, inspection, insurance, tyres or tow; someone else than who orders drives.

        It goes to a place that is registered for it, or says why not.
        """
        new = NewUpkeep(
            vehicle_id=data.vehicle_id,
            kind=data.upkeep,
            driver_id=data.driver_id,
            planned_from=data.planned_from,
            planned_until=data.planned_until,
            place_id=data.place_id,
            place=data.place,
            place_reason=data.place_reason,
            reason=data.reason,
            after_use_id=data.after_use_id,
        )
        return await _shown(database, actor, await order_upkeep(database, actor, new, once))

    @get(guards=[Allow(READERS)], summary="List upkeep orders", name="upkeep.list")
    async def list_orders(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        vehicle_id: Annotated[UUID | None, QueryParameter(description="only of this vehicle")] = None,
        in_state: Annotated[UseState | None, QueryParameter(name="state", description="only that stand so")] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Page[UpkeepOut]:
        """Return orders from the latest planned on."""
        before = _position(after)
        async with database.read(actor.bureau_id) as reader:
            rows = await upkeep_page(
                reader,
                vehicle_id=vehicle_id,
                state=in_state.value if in_state else None,
                before=before,
                limit=limit + 1,
            )
        page = [_out(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=page, next=cursor(page[-1].planned_from.isoformat(), str(page[-1].use_id)) if more else None)

    @get("/{use_id:uuid}", guards=[Allow(READERS)], summary="An upkeep order", name="upkeep.get")
    async def get_order(
        self, use_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> UpkeepOut:
        """Return an order as it stands."""
        return await _shown(database, actor, use_id)

    @post("/{use_id:uuid}/reschedule", guards=[ORDERS], status_code=200, summary="Reschedule", name="upkeep.reschedule")
    async def reschedule(
        self,
        use_id: FromPath[UUID],
        data: JSONBody[Rescheduled],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> UpkeepOut:
        """Move an order that has not begun to another window; the rule is asked again."""
        await reschedule_upkeep(database, actor, use_id, data.window())
        return await _shown(database, actor, use_id)

    @post("/{use_id:uuid}/cancel", guards=[ORDERS], status_code=200, summary="Cancel an order", name="upkeep.cancel")
    async def cancel(
        self,
        use_id: FromPath[UUID],
        data: JSONBody[Reasoned],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> UpkeepOut:
        """Cancel an order that has not begun."""
        await cancel_upkeep(database, actor, use_id, data.reason)
        return await _shown(database, actor, use_id)

    @post(
        "/{use_id:uuid}/depart",
        guards=[FIELD],
        status_code=200,
        summary="Depart",
        name="upkeep.depart",
        opt=MAY_CONFLICT,
    )
    async def depart(
        self,
        use_id: FromPath[UUID],
        data: JSONBody[UpkeepEndIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[UpkeepAnswer]:
        """Report that the vehicle left for its upkeep: 200 recorded, 202 kept as a conflict."""
        return await _answer(database, actor, use_id, await depart_upkeep(database, actor, use_id, _end(data), once))

    @post(
        "/{use_id:uuid}/return",
        guards=[FIELD],
        status_code=200,
        summary="Return",
        name="upkeep.return",
        opt=MAY_CONFLICT,
    )
    async def come_back(
        self,
        use_id: FromPath[UUID],
        data: JSONBody[UpkeepEndIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Response[UpkeepAnswer]:
        """Report that the vehicle is back: 200 recorded, 202 kept as a conflict."""
        return await _answer(database, actor, use_id, await return_upkeep(database, actor, use_id, _end(data), once))

    @post("/{use_id:uuid}/close", guards=[SETTLES], status_code=200, summary="Settle an order", name="upkeep.close")
    async def close(
        self,
        use_id: FromPath[UUID],
        data: JSONBody[SettlementIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> UpkeepOut:
        """Close an order that came back, with what it cost."""
        new = Settlement(
            cost_fen=data.cost_fen,
            fuel_ml=data.fuel_ml,
            document_no=data.document_no,
            remark=data.remark,
            incurred_at=data.incurred_at,
            odometer_m=data.odometer_m,
            receipt_sha256=data.receipt_sha256,
            card_no=data.card_no,
        )
        await settle_upkeep(database, actor, use_id, new)
        return await _shown(database, actor, use_id)


async def _shown(database: Database, actor: Actor, use_id: UUID) -> UpkeepOut:
    async with database.read(actor.bureau_id) as reader:
        return _out(await upkeep_view(reader, use_id))


async def _answer(database: Database, actor: Actor, use_id: UUID, kept: Kept) -> Response[UpkeepAnswer]:
    conflict = kept.conflict_id is not None
    body = UpkeepAnswer(
        outcome="conflict" if conflict else "recorded",
        conflict_id=kept.conflict_id,
        why=kept.why,
        reasons=list(kept.reasons),
        order=await _shown(database, actor, use_id),
    )
    return Response(body, status_code=202 if conflict else 200)


def _end(data: UpkeepEndIn) -> UpkeepEnd:
    return UpkeepEnd(dashboard=data.reading.dashboard(), report=data.report(), remark=data.remark)


def _out(row: Any) -> UpkeepOut:
    return UpkeepOut(**{name: getattr(row, name) for name in UpkeepOut.__struct_fields__})


def _position(after: str | None) -> tuple[datetime, UUID] | None:
    key = parse_cursor(after, 2)
    if key is None:
        return None
    try:
        planned_from, use_id = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as fault:
        raise BadCursor from fault
    if planned_from.tzinfo is None:
        raise BadCursor
    return planned_from, use_id
