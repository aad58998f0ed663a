"""`/v1/vehicles/{id}/log`: the vehicle log 车辆使用台账 as JSON, CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Annotated, Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.db.database import Actor, Database
from api.headers import form_of, language_of
from api.http.access import Allow
from api.http.fields import MonthOrNone, YearOrNone
from api.print.log_files import MEDIA_TYPES, LogFormat
from api.usecases.print_log import print_log
from domain.months import months_of
from domain.values import Role

CHUNK_BYTES = 65_536


@get(
    "/v1/vehicles/{vehicle_id:uuid}/log",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    summary="The vehicle log",
    tags=["vehicles"],
    name="vehicle.log",
    opt={"answers": list(MEDIA_TYPES.values())},
)
async def vehicle_log(
    *,
    vehicle_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    month: MonthOrNone = None,
    year: YearOrNone = None,
    from_month: MonthOrNone = None,
    until_month: MonthOrNone = None,
    asked_format: Annotated[
        LogFormat | None, QueryParameter(name="format", description="wins over the Accept header")
    ] = None,
) -> Stream:
    """Return every trip, upkeep order, refusal and unaccounted kilometre of a month, a year, or some months.

    Headings follow Accept-Language in CSV and XLSX. What was amended stands beside what it was amended to.
    """
    form = form_of(asked_format, request.headers.get("accept", ""), MEDIA_TYPES, LogFormat.JSON)
    language = language_of(request.headers.get("accept-language", ""))
    months = months_of(month, year, from_month, until_month)
    file, plate = await print_log(database, actor, vehicle_id, months, form=form, language=language)
    period = month or (str(year) if year else f"{from_month}_{until_month}")
    name = f"vehicle-log-{period}.{form}"
    full = quote(f"{plate} 车辆使用台账 {period}.{form}")
    disposition = "inline" if form is LogFormat.JSON else "attachment"
    return Stream(
        _chunks(file),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f"{disposition}; filename=\"{name}\"; filename*=UTF-8''{full}",
            "Content-Language": "en" if language == "en" else "zh-CN",
        },
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
