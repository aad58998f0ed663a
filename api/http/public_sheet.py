"""`/v1/public-sheet`: what the unit posts publicly of its vehicles 公示, as JSON, PDF or XLSX."""

from __future__ import annotations

import asyncio
import io
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.db.database import Actor, Database
from api.headers import form_of
from api.http.access import READERS, Allow
from api.http.fields import MonthOrNone, YearOrNone
from api.print.public_sheet import PublicSheet, PublicVehicle, public_form, write_public_xlsx
from api.print.typeset import typeset
from api.usecases.publish_sheet import public_sheet
from domain.months import months_of


class SheetFormat(StrEnum):
    """The forms the sheet comes in."""

    JSON = "json"
    PDF = "pdf"
    XLSX = "xlsx"


MEDIA_TYPES: Final = {
    SheetFormat.JSON: "application/json",
    SheetFormat.PDF: "application/pdf",
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class PublicUseOut(msgspec.Struct, frozen=True, kw_only=True):
    """A use as it is published; nothing of people, and of places only how many of the district."""

    from_at: datetime
    until_at: datetime | None
    reason: str
    sites: int
    length_m: int | None


class PublicVehicleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle's sums and uses; metres by the books, fen by costs in force."""

    plate: str
    name: str
    unit: str
    trips: int
    trips_m: int
    upkeep_m: int
    unaccounted_m: int
    difference_m: int
    fuel_ml: int
    ml_per_100_km: int | None
    fen_by_kind: dict[str, int]
    total_fen: int
    fen_per_100_km: int | None
    uses: list[PublicUseOut]


class PublicSheetOut(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet, from one day to another, both included."""

    bureau: str
    first_on: date
    last_on: date
    made_at: datetime
    vehicles: list[PublicVehicleOut]


@get(
    "/v1/public-sheet",
    guards=[Allow(READERS)],
    summary="What is posted publicly of the vehicles",
    tags=["vehicles"],
    name="public_sheet",
    opt={"answers": list(MEDIA_TYPES.values())},
)
async def read_public_sheet(
    *,
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    month: MonthOrNone = None,
    year: YearOrNone = None,
    from_month: MonthOrNone = None,
    until_month: MonthOrNone = None,
    asked_format: Annotated[
        SheetFormat | None, QueryParameter(name="format", description="wins over the Accept header")
    ] = None,
) -> Response[Any]:
    """Return time, reason, mileage, fuel and cost of every vehicle over a month, a year or some months."""
    months = months_of(month, year, from_month, until_month)
    form = form_of(asked_format, request.headers.get("accept", ""), MEDIA_TYPES, SheetFormat.JSON)
    async with database.read(actor.bureau_id) as reader:
        sheet = await public_sheet(reader, months)
    period = f"{sheet.first_on:%Y%m}-{sheet.last_on:%Y%m}"
    headers = {"Content-Disposition": f'attachment; filename="public-sheet-{period}.{form}"'}
    if form is SheetFormat.PDF:
        return Response(await typeset(public_form(sheet), sheet.made_at), media_type=MEDIA_TYPES[form], headers=headers)
    if form is SheetFormat.XLSX:
        return Response(await asyncio.to_thread(_xlsx, sheet), media_type=MEDIA_TYPES[form], headers=headers)
    return Response(_out(sheet))


def _xlsx(sheet: PublicSheet) -> bytes:
    file = io.BytesIO()
    write_public_xlsx(file, sheet)
    return file.getvalue()


def _out(sheet: PublicSheet) -> PublicSheetOut:
    return PublicSheetOut(
        bureau=sheet.bureau,
        first_on=sheet.first_on,
        last_on=sheet.last_on,
        made_at=sheet.made_at,
        vehicles=[_vehicle(vehicle) for vehicle in sheet.vehicles],
    )


def _vehicle(vehicle: PublicVehicle) -> PublicVehicleOut:
    totals, account, burnt = vehicle.totals, vehicle.account, vehicle.consumption
    return PublicVehicleOut(
        plate=vehicle.plate,
        name=vehicle.name,
        unit=vehicle.unit,
        trips=totals.trips,
        trips_m=totals.trips_m,
        upkeep_m=totals.upkeep_m,
        unaccounted_m=totals.unaccounted_m,
        difference_m=totals.difference_m,
        fuel_ml=account.fuel_ml,
        ml_per_100_km=burnt.ml_per_100_km if burnt else None,
        fen_by_kind={kind.value: fen for kind, fen in account.fen_by_kind.items() if fen},
        total_fen=account.total_fen,
        fen_per_100_km=account.fen_per_100_km,
        uses=[
            PublicUseOut(**{name: getattr(use, name) for name in PublicUseOut.__struct_fields__})
            for use in vehicle.uses
        ],
    )
