"""Enrol a phone of a person or a terminal of a vehicle; give it another token; revoke it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.devices import Device, DeviceAct
from api.db.tables.people import Person
from api.ingest.devices import new_device_token, tell_devices
from api.openrosa.digest import ha1_of
from api.usecases.enter_vehicle import known_vehicle
from domain.errors import InvalidInput, NotFound, StateConflict

_ENTRIES: Final = {
    "enrol": "device-enrolled",
    "configure": "device-configured",
    "register": "terminal-registered",
    "rotate": "device-token-rotated",
    "revoke": "device-revoked",
}


class DeviceRevoked(StateConflict):
    """The device was revoked; enrol it anew as another device."""

    code = "device-revoked"
    zh = "该设备已被吊销，请重新登记为新设备。"


class OneOwner(InvalidInput):
    """A device belongs to one person or to one vehicle: name one of them."""

    code = "one-owner"
    zh = "设备须且仅须属于一名人员或一辆车。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device as enrolled; exactly one of the owners is named."""

    name: str
    person_id: UUID | None = None
    vehicle_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device and its token, which nobody can tell again: None when the same request was answered before."""

    device_id: UUID
    token: str | None


async def enrol_device(database: Database, actor: Actor, new: NewDevice, once: Once | None = None) -> Enrolled:
    """Enrol a device and return its id and token; only the token's SHA-256 is kept, in no answer either.

    Raises:
        OneOwner: not exactly one of person and vehicle is named.
        NotFound: there is no such person or vehicle.
    """
    if (new.person_id is None) == (new.vehicle_id is None):
        raise OneOwner
    token, digest = new_device_token(actor.bureau_id)
    made = new_id()

    async def work(uow: UnitOfWork) -> UUID:
        if new.vehicle_id is not None:
            await known_vehicle(uow, new.vehicle_id)
        act = await acted(uow, made, "enrol", {"person_id": new.person_id, "vehicle_id": new.vehicle_id}, name=new.name)
        await uow.insert(
            Device(
                bureau_id=uow.bureau_id,
                device_id=made,
                name=new.name,
                person_id=new.person_id,
                vehicle_id=new.vehicle_id,
                token_sha256=digest,
                ha1=await _ha1(uow, new.person_id, token),
                act_id=act.act_id,
            ),
            act,
        )
        return made

    device_id = await database.write(actor, work, once=once, answer=UUID)
    return Enrolled(device_id, token if device_id == made else None)


async def rotate_token(database: Database, actor: Actor, device_id: UUID) -> str:
    """Give a device another token and return it; the one before opens nothing from then on.

    Raises:
        NotFound: there is no such device.
        DeviceRevoked: it was revoked.
    """
    token, digest = new_device_token(actor.bureau_id)

    async def work(uow: UnitOfWork) -> None:
        device, last = await device_in_service(uow, device_id)
        act = await acted(uow, device_id, "rotate", {}, last=last)
        await uow.insert(act)
        ha1 = await _ha1(uow, device.person_id, token)
        await uow.update(
            Device, device_id, token_sha256=digest, ha1=ha1, code_sha256=None, code_used_at=None, act_id=act.act_id
        )
        await tell_devices(uow)

    await database.write(actor, work)
    return token


async def revoke_device(database: Database, actor: Actor, device_id: UUID, reason: str) -> None:
    """Let a device in no more.

    Raises:
        NotFound: there is no such device.
        DeviceRevoked: it was revoked before.
    """

    async def work(uow: UnitOfWork) -> None:
        _, last = await device_in_service(uow, device_id)
        act = await acted(uow, device_id, "revoke", {"reason": reason}, last=last)
        await uow.insert(act)
        await uow.update(Device, device_id, revoked_at=uow.now, act_id=act.act_id)
        await tell_devices(uow)

    await database.write(actor, work, in_reserve=True)


async def _ha1(uow: UnitOfWork, person_id: UUID | None, token: str) -> str | None:
    """Return what a phone's token is proved by over HTTP Digest; a vehicle's terminal has none.

    Raises:
        NotFound: there is no such person.
    """
    if person_id is None:
        return None
    person = await uow.get(Person, person_id)
    if person is None:
        raise NotFound("There is no such person.", person_id=str(person_id))
    return ha1_of(f"{uow.bureau_id}.{person.login}", token)


async def device_in_service(uow: UnitOfWork, device_id: UUID) -> tuple[Device, DeviceAct | None]:
    """Return a device in service, locked until the transaction ends, and the last act on it.

    Raises:
        NotFound: there is no such device.
        DeviceRevoked: it was revoked.
    """
    device = await uow.one(
        select(Device).where(Device.bureau_id == uow.bureau_id, Device.device_id == device_id).with_for_update()
    )
    if device is None:
        raise NotFound("There is no such device.", device_id=str(device_id))
    if device.revoked_at is not None:
        raise DeviceRevoked
    return device, await uow.get(DeviceAct, device.act_id)


async def acted(
    uow: UnitOfWork,
    device_id: UUID,
    verb: str,
    detail: dict[str, object],
    *,
    name: str | None = None,
    last: DeviceAct | None = None,
) -> DeviceAct:
    """Enter an act on a device in the ledger and return its row; a name, perhaps somebody's, stands there only."""
    entry_id = await uow.enter(
        _ENTRIES[verb],
        facts={"device_id": device_id} | detail,
        person={"name": name} if name is not None else None,
    )
    return DeviceAct(
        bureau_id=uow.bureau_id,
        act_id=new_id(),
        device_id=device_id,
        verb=verb,
        detail={key: str(value) for key, value in detail.items() if value is not None},
        actor_id=uow.actor.person_id,
        recorded_at=uow.after(last.recorded_at if last else None),
        entry_id=entry_id,
    )
