"""Let a JT/T 808 terminal in: register it against the vehicle file, and see its code proved.

A code is given once. It is given anew only while the terminal has never proved itself, since an answer may be lost on
its way; after that, only when a person rotates the device's token, which takes the code away. A terminal that has the
token typed in proves itself by that: its number and plate, which anyone may read, get nobody a code from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from api.db.database import Actor, Database, UnitOfWork
from api.db.tables.devices import Device
from api.ingest.devices import KnownDevice, bureau_and_digest, new_device_token
from api.ingest.jt808 import words
from api.ingest.jt808.identity import Authentication, Registration
from api.ingest.jt808.registration import VehicleFile, result_of
from api.ingest.numbers import Numbered, holders
from api.usecases.enrol_device import DeviceRevoked, acted, device_in_service
from domain.errors import NotFound

CONNECTED: Final = "zhuanche_terminals"
"""Channel on which a process says that a terminal has proved itself to it: `bureau device process`."""
CODES_MOST: Final = 100
"""Codes that a terminal may be given in vain, each a fact for good, before somebody has to rotate its token."""
SAID_MOST: Final = 40
"""Letters kept of what a terminal says of its maker and model."""

_VEHICLES = text(
    "SELECT v.vehicle_id, v.plate, v.vin, EXISTS (SELECT 1 FROM device d WHERE d.bureau_id = v.bureau_id"
    " AND d.vehicle_id = v.vehicle_id AND d.revoked_at IS NULL AND d.code_used_at IS NOT NULL"
    " AND d.bureau_id = :bureau_id) AS proved"
    " FROM vehicle v WHERE v.bureau_id = :bureau_id"
)
_GIVEN = text(
    "SELECT count(*) FROM device_act a WHERE a.bureau_id = :bureau_id AND a.device_id = :device_id"
    " AND a.verb = 'register' AND NOT EXISTS (SELECT 1 FROM device_act r WHERE r.bureau_id = a.bureau_id"
    " AND r.bureau_id = :bureau_id AND r.device_id = a.device_id AND r.verb = 'rotate'"
    " AND (r.recorded_at, r.act_id) > (a.recorded_at, a.act_id))"
)
_PROVED = text(
    "SELECT device_id, zone, strictness, code_used_at IS NULL AS first FROM device"
    " WHERE bureau_id = :bureau_id AND terminal_phone = :phone AND revoked_at IS NULL"
    " AND (code_sha256 = :digest OR token_sha256 = :digest)"
)
_STILL = text(
    "SELECT device_id, zone, strictness, code_sha256, token_sha256, terminal_phone FROM device"
    " WHERE bureau_id = :bureau_id AND device_id = ANY(:device_ids) AND revoked_at IS NULL"
)
_WORST_FIRST: Final = (
    words.NO_SUCH_TERMINAL,
    words.NO_SUCH_VEHICLE,
    words.VEHICLE_REGISTERED,
    words.TERMINAL_REGISTERED,
    words.REGISTRATION_OK,
)


@dataclass(frozen=True, slots=True)
class Proof:
    """By what a terminal proved itself: its number, and the SHA-256 of the code it sent."""

    phone: str
    digest: bytes


async def register_terminal(database: Database, ingest: Database, registration: Registration) -> tuple[int, str]:
    """Return the result of a registration, and the code where it is good.

    `ingest` is the database as the ingest role, which may look up in all bureaus whose phone number it is.
    """
    best = words.NO_SUCH_TERMINAL
    for numbered in await holders(ingest, registration.phone):
        try:
            result, code = await _register(database, numbered, registration)
        except (NotFound, DeviceRevoked):
            continue  # it went since it was looked up
        if result == words.REGISTRATION_OK:
            return result, code
        best = max(best, result, key=_WORST_FIRST.index)
    return best, ""


async def _register(database: Database, numbered: Numbered, registration: Registration) -> tuple[int, str]:
    code, digest = new_device_token(numbered.bureau_id)

    async def work(uow: UnitOfWork) -> int:
        device, last = await device_in_service(uow, numbered.device_id)
        if device.terminal_phone != registration.phone:
            return words.NO_SUCH_TERMINAL
        vehicles = (await uow.execute(_VEHICLES, {"bureau_id": uow.bureau_id})).all()
        asked = {"bureau_id": uow.bureau_id, "device_id": device.device_id}
        given = (await uow.execute(_GIVEN, asked)).scalar_one()
        result = result_of(registration, _file_of(device, vehicles, given))
        if result == words.REGISTRATION_OK:
            said: dict[str, object] = {
                "step": "code-given",
                "maker": registration.maker[:SAID_MOST],
                "model": registration.model[:SAID_MOST],
            }
            act = await acted(uow, device.device_id, "register", said, last=last)
            await uow.insert(act)
            await uow.update(Device, device.device_id, code_sha256=digest, act_id=act.act_id)
        return result

    return await database.write(Actor(numbered.bureau_id), work), code


def _file_of(device: Device, vehicles: Sequence[Row[Any]], given: int) -> VehicleFile:
    own = next(vehicle for vehicle in vehicles if vehicle.vehicle_id == device.vehicle_id)
    return VehicleFile(
        plate=own.plate,
        vin=own.vin,
        terminal_id=device.terminal_id,
        code_used=device.code_used_at is not None or given >= CODES_MOST,
        others={
            name: vehicle.proved
            for vehicle in vehicles
            if vehicle.vehicle_id != device.vehicle_id
            for name in (vehicle.plate, vehicle.vin)
            if name
        },
    )


async def prove_terminal(
    database: Database, authentication: Authentication, process: str
) -> tuple[KnownDevice, Proof] | None:
    """Return whose code it is, or None; other processes are told, so that a connection there ends.

    The token that was shown when the device was enrolled is as good as a code: some terminals have a code typed in
    and never register.
    """
    named = bureau_and_digest(authentication.code)
    if named is None:
        return None
    bureau_id, digest = named
    proof = Proof(authentication.phone, digest)

    async def work(uow: UnitOfWork) -> KnownDevice | None:
        asked = {"bureau_id": bureau_id, "digest": digest, "phone": proof.phone}
        row = (await uow.execute(_PROVED, asked)).one_or_none()
        if row is None:
            return None
        if row.first:
            await _first_use(uow, row.device_id, digest)
        payload = f"{bureau_id} {row.device_id} {process}"
        await uow.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CONNECTED, "payload": payload})
        return _known(bureau_id, row)

    try:
        device = await database.write(Actor(bureau_id), work)
    except (NotFound, DeviceRevoked):
        return None  # it went meanwhile
    return None if device is None else (device, proof)


async def _first_use(uow: UnitOfWork, device_id: UUID, digest: bytes) -> None:
    """Record that a terminal has proved itself: from now on it is given no other code than the one it proved it by."""
    device, last = await device_in_service(uow, device_id)
    if device.code_used_at is not None or digest not in (device.code_sha256, device.token_sha256):
        return  # two connections at once: the other was first; or the token was rotated, which is about to be heard of
    act = await acted(uow, device_id, "register", {"step": "proved"}, last=last)
    await uow.insert(act)
    await uow.update(Device, device_id, code_sha256=digest, act_id=act.act_id)
    await uow.update(Device, device_id, code_used_at=uow.now)


async def still_proven(database: Database, bureau_id: str, proofs: Mapping[UUID, Proof]) -> dict[UUID, KnownDevice]:
    """Return those of a bureau's connected terminals whose proof still holds, as they are set up by now."""
    async with database.read(bureau_id) as reader:
        asked = {"bureau_id": bureau_id, "device_ids": list(proofs)}
        rows = (await reader.execute(_STILL, asked)).all()
    return {
        row.device_id: _known(bureau_id, row)
        for row in rows
        if row.terminal_phone == proofs[row.device_id].phone
        and proofs[row.device_id].digest in (row.code_sha256, row.token_sha256)
    }


def _known(bureau_id: str, row: Row[Any]) -> KnownDevice:
    zone = ZoneInfo(row.zone) if row.zone else None
    return KnownDevice(bureau_id, row.device_id, terminal=True, zone=zone, strict=row.strictness == "strict")
