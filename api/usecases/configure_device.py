"""Configure a device: what people call it, the zone of its clock, how strictly its frames are read, its numbers."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.tables.devices import Device
from api.ingest.devices import tell_devices
from api.ingest.numbers import holders
from api.usecases.enrol_device import acted, device_in_service
from domain.devices import checked_zone, terminal_number
from domain.errors import InvalidInput, StateConflict


class NoTerminal(InvalidInput):
    """Only a vehicle's device has a terminal's number and id; a phone of a person has none."""

    code = "no-terminal"
    zh = "只有车辆的终端才有终端号码和终端编号，人员的手机没有。"


class NumberTaken(StateConflict):
    """Another device in service has this terminal number; revoke that one first."""

    code = "number-taken"
    zh = "该终端号码已被另一台在用设备使用，请先吊销那台设备。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How a device is to be from now on, all of it."""

    name: str
    zone: str | None = None
    """The zone its clock is set to, by its IANA name; None: the protocol's own."""
    strictness: Literal["strict", "lenient"] = "strict"
    terminal_phone: str | None = None
    """As typed: zeros on the left, spaces and dashes do not matter."""
    terminal_id: str | None = None


async def configure_device(
    database: Database, ingest: Database, actor: Actor, device_id: UUID, wanted: Configuration
) -> None:
    """Configure a device.

    Args:
        database: the service's.
        ingest: the same database as the ingest role, which may look up whose a number is in other bureaus.
        actor: who does it.
        device_id: the device.
        wanted: how it is to be.

    Raises:
        BadTerminalNumber, NoSuchZone: one of them is none.
        NoTerminal: a phone of a person is given a terminal's number or id.
        NumberTaken: another device in service has the number, in this bureau or another.
        NotFound: there is no such device.
        DeviceRevoked: it was revoked.
    """
    zone = checked_zone(wanted.zone) if wanted.zone is not None else None
    number = terminal_number(wanted.terminal_phone) if wanted.terminal_phone is not None else None
    whole = asdict(wanted) | {"zone": zone, "terminal_phone": number}
    told = {key: value for key, value in whole.items() if key != "name"}

    async def work(uow: UnitOfWork) -> None:
        device, last = await device_in_service(uow, device_id)
        if device.vehicle_id is None and (number or wanted.terminal_id) is not None:
            raise NoTerminal
        if number is not None:
            await _alone_with(uow, number)
            if any(one.device_id != device_id for one in await holders(ingest, number)):
                raise NumberTaken
        act = await acted(uow, device_id, "configure", told, name=wanted.name, last=last)
        await uow.insert(act)
        await uow.update(Device, device_id, act_id=act.act_id, **whole)
        await tell_devices(uow)

    await database.write(actor, work)


async def _alone_with(uow: UnitOfWork, number: str) -> None:
    """Wait until nobody else gives this number to a device: what another bureau is about to do cannot be seen."""
    key = int.from_bytes(hashlib.sha256(f"terminal {number}".encode()).digest()[:8], "big", signed=True)
    await uow.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
