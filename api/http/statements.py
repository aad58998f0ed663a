"""`/v1/vehicles/{id}/months/{month}`: a month's statement 月度结算表, and its seal 封账."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.db.database import Actor, Database, Once
from api.headers import form_of, language_of
from api.http.access import Allow
from api.print.statement_files import MEDIA_TYPES, StatementFormat
from api.usecases.print_statement import print_statement, print_year
from api.usecases.seal_month import seal_month
from api.usecases.show_statement import Shown, show_statement, show_year
from domain.errors import NotFound
from domain.months import FIRST_YEAR, LAST_YEAR, months_of
from domain.values import Role

READERS = (Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)


class NotSealed(NotFound):
    """This month of this vehicle is not sealed."""

    code = "month-not-sealed"
    zh = "该车该月尚未封账。"


class AmendmentView(msgspec.Struct, frozen=True, kw_only=True):
    """What became known after the seal: only what differs, null where there was or is nothing."""

    amendment_id: UUID
    kind: str
    subject_id: UUID
    old: dict[str, Any]
    new: dict[str, Any]
    noticed_at: datetime


class SealView(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed month, and what stands beside it."""

    vehicle_id: UUID
    month: str
    statement_sha256: str
    previous_sha256: str | None
    unaccounted_m: int
    open_findings: int
    sealed_by: UUID | None
    sealed_by_name: str
    sealed_at: datetime
    amendments: list[AmendmentView]


Format = Annotated[StatementFormat | None, QueryParameter(name="format", description="wins over the Accept header")]


def asked_in(asked: StatementFormat | None, request: Request[Any, Any, Any]) -> tuple[StatementFormat, str]:
    """Return the form and the language a statement is asked for in: JSON unless another one is named."""
    form = form_of(asked, request.headers.get("accept", ""), MEDIA_TYPES, StatementFormat.JSON)
    return form, language_of(request.headers.get("accept-language", ""))


def file_of(
    data: bytes, form: StatementFormat, language: str, named: tuple[str, str], headers: dict[str, str]
) -> Response[bytes]:
    """Return a file under its plain name and its full one."""
    plain, full = named
    where = "inline" if form is StatementFormat.JSON else "attachment"
    disposition = f"{where}; filename=\"{plain}.{form}\"; filename*=UTF-8''{quote(f'{full}.{form}')}"
    spoken = "en" if language == "en" else "zh-CN"
    return Response(
        data,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": disposition, "Content-Language": spoken} | headers,
    )


def month_asked(month: str) -> date:
    """Return the first day of a month such as 2026-11. Raises `BadPeriod`."""
    return months_of(month, None, None, None).first


def seal_view(shown: Shown) -> SealView:
    """Return the wire form of a seal. Raises `NotSealed` of a draft."""
    if shown.seal is None:
        raise NotSealed(month=shown.told["month"])
    seal = shown.seal
    return SealView(
        vehicle_id=seal.vehicle_id,
        month=f"{seal.month:%Y-%m}",
        statement_sha256=seal.statement_sha256,
        previous_sha256=seal.previous_sha256,
        unaccounted_m=seal.unaccounted_m,
        open_findings=seal.open_findings,
        sealed_by=seal.sealed_by,
        sealed_by_name=shown.sealed_by,
        sealed_at=seal.recorded_at,
        amendments=[
            AmendmentView(
                amendment_id=one.amendment_id,
                kind=one.kind,
                subject_id=one.subject_id,
                old=one.old,
                new=one.new,
                noticed_at=one.noticed_at,
            )
            for one in shown.amendments
        ],
    )


class MonthController(Controller):
    """A vehicle's month."""

    path = "/v1/vehicles/{vehicle_id:uuid}/months/{month:str}"
    tags = ("vehicles",)

    @post("/seal", guards=[Allow(*READERS)], summary="Seal a month", name="month.seal")
    async def seal(
        self,
        vehicle_id: FromPath[UUID],
        month: FromPath[str],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> SealView:
        """Balance a month's books and freeze its statement; months are sealed in order, and each when it is over.

        Every open finding and unaccounted metre is on the statement, with the name of who answers for it. What comes
        later stands beside the sealed figures as an amendment.
        """
        first = month_asked(month)
        await seal_month(database, actor, vehicle_id, first, once)
        return seal_view(await show_statement(database, actor, vehicle_id, first))

    @get("/seal", guards=[Allow(*READERS)], summary="A month's seal", name="month.seal.get")
    async def sealed(
        self,
        vehicle_id: FromPath[UUID],
        month: FromPath[str],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> SealView:
        """Return the digest of a sealed statement and of the one before it, and every amendment since."""
        return seal_view(await show_statement(database, actor, vehicle_id, month_asked(month)))

    @get(
        "/statement",
        guards=[Allow(*READERS)],
        summary="A month's statement",
        name="month.statement",
        opt={"answers": list(MEDIA_TYPES.values())},
    )
    async def statement(
        self,
        vehicle_id: FromPath[UUID],
        month: FromPath[str],
        request: Request[Any, Any, Any],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        asked_format: Format = None,
    ) -> Response[bytes]:
        """Return a draft before the seal, and the sealed bytes after it; the SHA-256 of the JSON is the ETag.

        XLSX and PDF say the same in the language of Accept-Language, with every amendment beside what was sealed.
        """
        shown = await show_statement(database, actor, vehicle_id, month_asked(month))
        form, language = asked_in(asked_format, request)
        data = await print_statement(shown, form, language, database.clock())
        named = f"statement-{month}", f"{shown.told['plate']} 车辆使用月度结算表 {month}"
        # XLSX and PDF are other bytes in each language, and after each amendment.
        headers = {"ETag": f'"{shown.sha256}"'} if form is StatementFormat.JSON else {}
        return file_of(data, form, language, named, headers)


@get(
    "/v1/vehicles/{vehicle_id:uuid}/years/{year:int}/statement",
    guards=[Allow(*READERS)],
    summary="A year's statement",
    tags=["vehicles"],
    name="year.statement",
    opt={"answers": list(MEDIA_TYPES.values())},
)
async def year_statement(
    vehicle_id: FromPath[UUID],
    year: FromPath[int],
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    asked_format: Format = None,
) -> Response[bytes]:
    """Return the months of a year side by side and summed: each as it is sealed, or as it stands."""
    months_of(None, year if FIRST_YEAR <= year <= LAST_YEAR else None, None, None)
    told = await show_year(database, actor, vehicle_id, year)
    form, language = asked_in(asked_format, request)
    data = await print_year(told, form, language, database.clock())
    named = f"statement-{year}", f"{told['plate']} 车辆使用年度结算表 {year}"
    return file_of(data, form, language, named, {})
