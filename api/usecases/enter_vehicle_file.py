"""Go on with a vehicle's file 一车一档: its fuel and toll cards, and the documents that its entries rest on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.attachments import hold_files
from api.db.queries.card_statements import lock_matching
from api.db.tables.upkeep import VehicleCard, VehicleDocument
from api.usecases.enter_fact import enter_fact
from api.usecases.enter_vehicle import known_vehicle
from domain.errors import InvalidInput, NotFound, StateConflict


class CardOfAnother(StateConflict):
    """This card is another vehicle's on that day; enter first that it was given back."""

    code = "card-of-another-vehicle"
    zh = "该卡当日属于另一车辆；请先登记其收回。"


class FileNotSent(InvalidInput):
    """This file is not on record: send it to /v1/attachments first."""

    code = "file-not-sent"
    zh = "该文件尚未登记，请先上传至 /v1/attachments。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCard:
    """A card is the vehicle's from a day on, or (`held` False) no longer."""

    vehicle_id: UUID
    kind: str
    card_no: str
    issuer: str
    held: bool
    effective_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A file on record, and what of the vehicle it documents."""

    vehicle_id: UUID
    kind: str
    title: str
    sha256: str
    about_id: UUID | None = None


_ABOUT = text(
    "SELECT 1 FROM vehicle v WHERE v.bureau_id = :bureau_id AND v.vehicle_id = :vehicle_id AND ("
    " EXISTS (SELECT 1 FROM vehicle_paper p WHERE p.bureau_id = :bureau_id AND p.vehicle_id = :vehicle_id"
    "  AND p.paper_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM dedication_order d WHERE d.bureau_id = :bureau_id AND d.vehicle_id = :vehicle_id"
    "  AND d.order_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM vehicle_card k WHERE k.bureau_id = :bureau_id AND k.vehicle_id = :vehicle_id"
    "  AND k.card_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM vehicle_cost c WHERE c.bureau_id = :bureau_id AND c.vehicle_id = :vehicle_id"
    "  AND c.cost_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM vehicle_due u WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id"
    "  AND u.due_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM vehicle_base b WHERE b.bureau_id = :bureau_id AND b.vehicle_id = :vehicle_id"
    "  AND b.base_id = :about_id)"
    " OR EXISTS (SELECT 1 FROM vehicle_use o WHERE o.bureau_id = :bureau_id AND o.vehicle_id = :vehicle_id"
    "  AND o.use_id = :about_id AND o.kind = 'upkeep'))"
)
_HOLDER = text(
    "SELECT vehicle_id, held FROM vehicle_card WHERE bureau_id = :bureau_id AND kind = :kind AND card_no = :card_no"
    " AND effective_on <= :on ORDER BY effective_on DESC, recorded_at DESC, card_id DESC LIMIT 1"
)


async def enter_card(database: Database, actor: Actor, new: NewCard, once: Once | None = None) -> UUID:
    """Enter that a card is the vehicle's, or no longer, and return the entry's id.

    Raises:
        NotFound: there is no such vehicle.
        CardOfAnother: on that day it is another's.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        await lock_matching(uow)
        asked = {"bureau_id": uow.bureau_id, "kind": new.kind, "card_no": new.card_no, "on": new.effective_on}
        holder = (await uow.execute(_HOLDER, asked)).one_or_none()
        if holder is not None and holder.held and holder.vehicle_id != new.vehicle_id:
            raise CardOfAnother
        card_id = new_id()
        await enter_fact(uow, "card-entered", VehicleCard, {"card_id": card_id} | asdict(new))
        return card_id

    return await database.write(actor, work, once=once, answer=UUID)


async def enter_document(database: Database, actor: Actor, new: NewDocument, once: Once | None = None) -> UUID:
    """Put a file that is on record into the vehicle's file, and return the entry's id.

    Raises:
        NotFound: there is no such vehicle, or what it is about is none of this vehicle.
        FileNotSent: the file is not on record.
    """

    async def work(uow: UnitOfWork) -> UUID:
        await known_vehicle(uow, new.vehicle_id)
        if not await hold_files(uow, [new.sha256]):
            raise FileNotSent(sha256=new.sha256)
        if new.about_id is not None:
            asked = {"bureau_id": uow.bureau_id, "vehicle_id": new.vehicle_id, "about_id": new.about_id}
            if (await uow.execute(_ABOUT, asked)).one_or_none() is None:
                raise NotFound("The vehicle's file has no such entry.", about_id=str(new.about_id))
        document_id = new_id()
        await enter_fact(uow, "document-entered", VehicleDocument, {"document_id": document_id} | asdict(new))
        return document_id

    return await database.write(actor, work, once=once, answer=UUID)
