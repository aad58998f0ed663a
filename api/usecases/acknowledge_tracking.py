"""Acknowledge what is tracked of one's phone, by its link or signed in: before that nothing is taken."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.devices import Device, TrackingAcknowledgement
from api.db.tables.people import Person
from api.ingest.devices import tell_devices
from domain.errors import NotFound, StateConflict
from domain.tracking_notice import VERSION


class NoticeChanged(StateConflict):
    """The notice was worded anew since you read it; please read it again."""

    code = "notice-changed"
    zh = "告知内容已更新，请重新阅读。"


async def acknowledge_tracking(
    database: Database, actor: Actor, device_id: UUID, notice: str, obtained: Literal["link", "signed-in"]
) -> None:
    """Record that the person of a phone has read what is tracked; the same notice once more is no new fact.

    Args:
        database: the service's.
        actor: the person signed in; by the link, which names the device, nobody.
        device_id: the phone.
        notice: the version that was shown.
        obtained: how.

    Raises:
        NoticeChanged: another version holds by now.
        NotFound: there is no such phone in service, or it is somebody else's.
    """
    if notice != VERSION:
        raise NoticeChanged(notice=VERSION)

    async def work(uow: UnitOfWork) -> None:
        person_id = await uow.one(
            select(Device.person_id).where(
                Device.bureau_id == uow.bureau_id, Device.device_id == device_id, col(Device.revoked_at).is_(None)
            )
        )
        if person_id is None or (obtained == "signed-in" and person_id != uow.actor.person_id):
            raise NotFound("There is no such phone of yours.", device_id=str(device_id))
        if await _read_before(uow, person_id):
            return
        made = new_id()
        facts = {"acknowledgement_id": made, "person_id": person_id, "device_id": device_id}
        entry_id = await uow.enter("tracking-acknowledged", facts=facts | {"notice": notice, "obtained": obtained})
        await uow.insert(
            TrackingAcknowledgement(
                bureau_id=uow.bureau_id,
                acknowledgement_id=made,
                person_id=person_id,
                notice=notice,
                device_id=device_id,
                obtained=obtained,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        await tell_devices(uow)

    await database.write(actor, work)


async def _read_before(uow: UnitOfWork, person_id: UUID) -> bool:
    """Tell whether the person acknowledged this notice before; who is told by two links at once reads it once."""
    await uow.one(
        select(Person.person_id)
        .where(Person.bureau_id == uow.bureau_id, Person.person_id == person_id)
        .with_for_update()
    )
    found = await uow.all(
        select(TrackingAcknowledgement.acknowledgement_id).where(
            TrackingAcknowledgement.bureau_id == uow.bureau_id,
            TrackingAcknowledgement.person_id == person_id,
            TrackingAcknowledgement.notice == VERSION,
        )
    )
    return bool(found)
