"""`/v1/vehicles/{id}/costs` and `/account`: what a vehicle costs 单车核算, per kind, per kilometre, per litre."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.costs import costs_page
from api.http.access import READERS, Allow
from api.http.fields import MonthOrNone, YearOrNone
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.readings import Instant, Odometer, PhotoSha256, Reason
from api.http.vehicle_wire import CardNo, DocumentNo, Entered
from api.usecases.account_vehicle import Accounted, account_vehicle
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.record_cost import NewCost, NewCostCorrection, correct_cost, record_cost
from domain.months import months_of
from domain.upkeep.costs import MAX_FEN, MAX_FUEL_ML, CostKind
from domain.values import Role

Fen = Annotated[int, msgspec.Meta(ge=0, le=MAX_FEN, description="in fen", examples=[1_500])]
Millilitres = Annotated[int, msgspec.Meta(ge=1, le=MAX_FUEL_ML, examples=[42_350])]


class CostIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was paid; toll and parking come with a trip or order, fuel has its litres and the odometer at the pump."""

    kind: CostKind
    amount_fen: Fen
    incurred_at: Instant
    use_id: UUID | None = None
    fuel_ml: Millilitres | None = None
    odometer_m: Odometer | None = None
    receipt_sha256: PhotoSha256 | None = None
    document_no: DocumentNo | None = None
    card_no: CardNo | None = None
    """The card it was paid with."""


class CostCorrectionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the wrong entry should have said; 0 fen: it never was. Both stay."""

    kind: CostKind
    amount_fen: Fen
    fuel_ml: Millilitres | None = None
    receipt_sha256: PhotoSha256 | None = None
    document_no: DocumentNo | None = None
    card_no: CardNo | None = None
    reason: Reason


class CostOut(msgspec.Struct, frozen=True, kw_only=True):
    """A cost as entered. `corrected_by` names the one that stands in for it."""

    cost_id: UUID
    vehicle_id: UUID
    use_id: UUID | None
    kind: str
    amount_fen: int
    fuel_ml: int | None
    incurred_at: datetime
    odometer_m: int | None
    receipt_sha256: str | None
    document_no: str | None
    card_no: str | None
    corrects: UUID | None
    corrected_by: UUID | None
    reason: str | None
    actor_id: UUID
    recorded_at: datetime


class RefillOut(msgspec.Struct, frozen=True, kw_only=True):
    """Fuel filled in after driving so far since the fill before. `unlike`: the refills before it belie it."""

    cost_id: UUID
    at: datetime
    driven_m: int
    fuel_ml: int
    ml_per_100_km: int
    unlike: bool


class FuelOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the vehicle burns: overall, in the median of its refills, and the median deviation from that."""

    refills: int
    driven_m: int
    fuel_ml: int
    ml_per_100_km: int
    median_ml_per_100_km: int
    spread_ml_per_100_km: int


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a vehicle 单车核算 over some months, by costs in force."""

    vehicle_id: UUID
    from_at: datetime
    until_at: datetime
    driven_m: int
    total_fen: int
    fen_by_kind: dict[str, int]
    fen_per_100_km: int | None
    fuel_ml: int
    fuel: FuelOut | None
    """By refills that end in these months; null without any."""
    refills: list[RefillOut]


class CostController(Controller):
    """Costs of a vehicle."""

    path = "/v1/vehicles/{vehicle_id:uuid}"
    tags = ("upkeep",)

    @post(
        "/costs",
        guards=[Allow(Role.DRIVER, Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)],
        summary="Enter a cost",
        name="cost.record",
    )
    async def record(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[CostIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter tolls, parking, insurance and what else was paid; an upkeep order is settled with its own cost."""
        told = {name: getattr(data, name) for name in data.__struct_fields__}
        return Entered(id=await record_cost(database, actor, NewCost(vehicle_id=vehicle_id, **told), once))

    @get("/costs", guards=[Allow(READERS)], summary="List the costs of a vehicle", name="cost.list")
    async def list_costs(
        self,
        *,
        vehicle_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        kind: Annotated[CostKind | None, QueryParameter(description="only of this kind")] = None,
        use_id: Annotated[UUID | None, QueryParameter(description="only of this trip or upkeep order")] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Page[CostOut]:
        """Return costs from the latest on, wrong ones beside what corrects them."""
        before = parse_instant_cursor(after)
        async with database.read(actor.bureau_id) as reader:
            await known_vehicle(reader, vehicle_id)
            rows = await costs_page(
                reader,
                vehicle_id,
                kind=kind.value if kind else None,
                use_id=use_id,
                before=before,
                limit=limit + 1,
            )
        page = [_cost(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=page, next=instant_cursor(page[-1].incurred_at, page[-1].cost_id) if more else None)

    @get("/account", guards=[Allow(READERS)], summary="What a vehicle costs", name="cost.account")
    async def account(
        self,
        *,
        vehicle_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        month: MonthOrNone = None,
        year: YearOrNone = None,
        from_month: MonthOrNone = None,
        until_month: MonthOrNone = None,
    ) -> AccountOut:
        """Return what a vehicle cost over a month, a year or some months: by kind, per 100 km, and what it burns."""
        months = months_of(month, year, from_month, until_month)
        async with database.read(actor.bureau_id) as reader:
            return _account(vehicle_id, await account_vehicle(reader, vehicle_id, months))


@post(
    "/v1/vehicle-costs/{cost_id:uuid}/corrections",
    guards=[Allow(Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)],
    summary="Correct a wrong cost",
    tags=["upkeep"],
    name="cost.correct",
)
async def correct_a_cost(
    cost_id: FromPath[UUID],
    data: JSONBody[CostCorrectionIn],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    once: NamedDependency[Once | None],
) -> Entered:
    """Enter a cost that stands in for a wrong one, at its time and in its use."""
    told = {name: getattr(data, name) for name in data.__struct_fields__}
    return Entered(id=await correct_cost(database, actor, NewCostCorrection(corrects=cost_id, **told), once))


def _cost(row: Any) -> CostOut:
    return CostOut(**{name: getattr(row, name) for name in CostOut.__struct_fields__})


def _account(vehicle_id: UUID, known: Accounted) -> AccountOut:
    account, burnt = known.account, known.consumption
    return AccountOut(
        vehicle_id=vehicle_id,
        from_at=known.from_at,
        until_at=known.until_at,
        driven_m=account.driven_m,
        total_fen=account.total_fen,
        fen_by_kind={kind.value: fen for kind, fen in account.fen_by_kind.items() if fen},
        fen_per_100_km=account.fen_per_100_km,
        fuel_ml=account.fuel_ml,
        fuel=FuelOut(**{name: getattr(burnt, name) for name in FuelOut.__struct_fields__}) if burnt else None,
        refills=[
            RefillOut(
                cost_id=one.cost_id,
                at=one.at,
                driven_m=one.driven_m,
                fuel_ml=one.fuel_ml,
                ml_per_100_km=one.ml_per_100_km,
                unlike=one.cost_id in known.unlike,
            )
            for one in known.refills
        ],
    )
