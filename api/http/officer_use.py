"""`/v1/people/{id}/vehicle-use`: what an officer went along for 人员用车, in a month or a year."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.http.access import Allow
from api.http.fields import MonthOrNone, YearOrNone
from api.http.statements import READERS, Format, asked_in, file_of
from api.print.statement_files import MEDIA_TYPES
from api.usecases.print_statement import print_officer
from api.usecases.show_officer import show_officer
from domain.months import months_of
from domain.values import Role


@get(
    "/v1/people/{person_id:uuid}/vehicle-use",
    guards=[Allow(*READERS, Role.OFFICER)],
    summary="What an officer went along for",
    tags=["people"],
    name="people.vehicle_use",
    opt={"answers": list(MEDIA_TYPES.values())},
)
async def officer_use(
    person_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    month: MonthOrNone = None,
    year: YearOrNone = None,
    asked_format: Format = None,
) -> Response[bytes]:
    """Return trips, metres, time and money of a month or a year, by month and vehicle, as the statements have them.

    A trip of two officers is whole in both of theirs. An officer sees only their own.
    """
    months = months_of(month, year, None, None)
    shown = await show_officer(database, actor, person_id, months)
    form, language = asked_in(asked_format, request)
    data = await print_officer(shown, form, language, database.clock())
    period = month or str(year)
    named = f"vehicle-use-{period}", f"{shown.told['name']} 用车情况 {period}"
    return file_of(data, form, language, named, {})
