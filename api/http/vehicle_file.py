"""`/v1/vehicles/{id}/dues`, `/cards`, `/bases`, `/documents`: how a vehicle's file 一车一档 grows."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.http.access import Allow
from api.http.base_wire import BaseIn, BaseOut, FirstBase
from api.http.fields import SAYS_SOMETHING, instant_or_none
from api.http.readings import Odometer, PhotoSha256, Reason
from api.http.vehicle_wire import (
    CardNo,
    CardOut,
    DocumentNo,
    DocumentOut,
    DueOut,
    Entered,
    PaperStanding,
    RepairOut,
    TerminalOut,
    VehicleFile,
    dedication_out,
    paper_out,
    seal_out,
    vehicle_out,
)
from api.usecases.enter_due import NewDue, enter_due
from api.usecases.enter_vehicle_file import NewCard, NewDocument, enter_card, enter_document
from api.usecases.move_base import NewBase, move_base
from api.usecases.read_vehicle_file import WholeFile
from domain.upkeep.dues import LEAST_M, MAX_MONTHS, MOST_M, DueKind
from domain.values import Role

WRITES = Allow(Role.ADMIN)
"""The desk that uses the vehicle does not write its file."""


class DueIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done on a day, and after how many months or metres it is due again; the newest of a kind holds."""

    kind: DueKind
    done_on: date
    every_months: Annotated[int, msgspec.Meta(ge=1, le=MAX_MONTHS, examples=[6])] | None = None
    every_m: Annotated[int, msgspec.Meta(ge=LEAST_M, le=MOST_M, examples=[5_000_000])] | None = None
    done_m: Odometer | None = None
    """What the odometer showed when it was done; with `every_m` alone."""
    document_no: DocumentNo


class CardIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fuel card 加油卡 or toll card ETC is the vehicle's from a day on, or (`held` false) was given back."""

    kind: Literal["fuel", "toll"]
    card_no: CardNo
    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["中国石化"])]
    held: bool = True
    effective_on: date
    reason: Reason


class DocumentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was sent before, by its SHA-256, and what it documents."""

    kind: Literal[
        "registration",
        "driving-permit",
        "dedication",
        "inspection",
        "insurance",
        "card",
        "repair",
        "handover",
        "other",
    ]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=SAYS_SOMETHING, examples=["行驶证正本"])]
    sha256: PhotoSha256
    about_id: UUID | None = None
    """The paper, dedication order, card, cost, due, move of the base or upkeep order that it documents."""


class VehicleFileController(Controller):
    """The parts of the vehicle's file that are entered after it was opened."""

    path = "/v1/vehicles/{vehicle_id:uuid}"
    tags = ("vehicles",)

    @post("/dues", guards=[WRITES], summary="Enter what is due again", name="vehicle.enter_due")
    async def enter_due(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[DueIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter a service, tyres or brakes: it warns in time, and when it is passed the vehicle is unfit for trips."""
        new = NewDue(
            vehicle_id=vehicle_id,
            kind=data.kind,
            done_on=data.done_on,
            every_months=data.every_months,
            every_m=data.every_m,
            done_m=data.done_m,
            document_no=data.document_no,
        )
        return Entered(id=await enter_due(database, actor, new, once))

    @post("/cards", guards=[WRITES], summary="Enter a fuel or toll card", name="vehicle.enter_card")
    async def enter_card(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[CardIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter that a card is the vehicle's from a day on, or no longer."""
        new = NewCard(
            vehicle_id=vehicle_id,
            kind=data.kind,
            card_no=data.card_no,
            issuer=data.issuer,
            held=data.held,
            effective_on=data.effective_on,
            reason=data.reason,
        )
        return Entered(id=await enter_card(database, actor, new, once))

    @post("/bases", guards=[WRITES], summary="Move the base of a vehicle", name="vehicle.move_base")
    async def move_base(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[BaseIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter where the vehicle is kept from an instant on; what was judged before is judged by the base of then."""
        new = NewBase(
            vehicle_id=vehicle_id,
            name=data.name,
            place=data.place.point(),
            reason=data.reason,
            effective_at=instant_or_none(data.effective_at),
        )
        return Entered(id=await move_base(database, actor, new, once))

    @post("/documents", guards=[WRITES], summary="Put a document into the file", name="vehicle.enter_document")
    async def enter_document(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[DocumentIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Name a file that was sent, and what of the vehicle it documents."""
        new = NewDocument(
            vehicle_id=vehicle_id, kind=data.kind, title=data.title, sha256=data.sha256, about_id=data.about_id
        )
        return Entered(id=await enter_document(database, actor, new, once))


def file_out(file: WholeFile) -> VehicleFile:
    """Return a vehicle's whole file as it is shown."""
    out = vehicle_out(file.known, file.warnings)
    return VehicleFile(
        **{name: getattr(out, name) for name in out.__struct_fields__},
        papers=[paper_out(row) for row in file.papers],
        paper_standings=[
            PaperStanding(kind=kind, standing=standing, valid_until=last)
            for kind, standing, last in file.paper_standings
        ],
        dedication_orders=[dedication_out(row) for row in file.dedications],
        dues=[DueOut(standing=standing, **_fields(row, DueOut)) for row, standing in file.dues],
        cards=[CardOut(**_fields(row, CardOut)) for row in file.cards],
        repairs=[RepairOut(**_fields(row, RepairOut)) for row in file.repairs],
        seals=[seal_out(row) for row in file.seals],
        sealed=file.sealed,
        first_base=FirstBase(
            name=file.known.vehicle.base_name, lat=file.known.vehicle.base_lat, lon=file.known.vehicle.base_lon
        ),
        bases=[BaseOut(**_fields(row, BaseOut)) for row in file.bases],
        documents=[DocumentOut(**_fields(row, DocumentOut)) for row in file.documents],
        terminals=[
            TerminalOut(device_id=row.device_id, name=row.name, revoked_at=row.revoked_at) for row in file.terminals
        ],
    )


def _fields(row: Any, wire: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what a row says of the fields of a wire form that it has."""
    return {name: getattr(row, name) for name in wire.__struct_fields__ if hasattr(row, name)}
