"""Make a phone's key known: its public half, and the proof that the phone holds the other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.signed_acts import key_of, last_of, lock_chain
from api.db.tables.signing import DeviceKey
from api.ingest.devices import bureau_and_digest
from api.signatures import check_signature, public_key
from api.usecases.enrol_device import device_in_service
from domain.errors import Forbidden, StateConflict
from domain.ledger.leaf import DeviceChain
from domain.signing.act import PROOF, read_proof
from domain.signing.jws import BadSignature, Flaw, take_apart


class NotYourPhone(Forbidden):
    """A key is made known by the person whose phone made it, and the phone is enrolled."""

    code = "not-your-phone"
    zh = "密钥须由手机的使用人本人登记，且该手机已登记为其设备。"


class NotItsToken(StateConflict):
    """The link by which this phone is set up is another device's."""

    code = "not-its-token"
    zh = "启用链接属于另一台设备，请扫描本人设备的二维码。"


class KeyKnown(StateConflict):
    """This key, or this id of a key, is known already as another."""

    code = "key-known"
    zh = "该密钥或该密钥编号已被登记为另一密钥。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key as a phone makes it known."""

    key_id: UUID
    device_id: UUID
    jwk: dict[str, Any]
    proof: str
    token: str | None = None
    """The device's token, where the phone was handed one: it will send its positions by it."""


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key on record; `again` when it was here before."""

    key: DeviceKey
    again: bool


_CURRENT = text(
    "SELECT k.key_id FROM device_key k WHERE k.bureau_id = :bureau_id AND k.device_id = :device_id AND NOT EXISTS"
    " (SELECT 1 FROM device_key n WHERE n.bureau_id = :bureau_id AND n.replaces = k.key_id)"
)


async def enrol_key(database: Database, actor: Actor, new: NewKey) -> EnrolledKey:
    """Make a key known. A second key of a device replaces the first, whose chain ends there: a fact of its own.

    It ends with the last act that has arrived: what of it waits for others is judged in its turn all the same, and what
    arrives later never is.

    Raises:
        BadKey: it is no public key on P-256.
        BadSignature: the proof is not by this key, or of something else.
        NotFound: there is no such device.
        DeviceRevoked: the device was revoked.
        NotYourPhone: it is another person's, or a vehicle's terminal.
        NotItsToken: the phone was handed another device's token.
        KeyKnown: the key or its id belongs to something else.
    """
    jwk, thumbprint = public_key(new.jwk)
    signed = take_apart(new.proof.encode(), PROOF)
    if signed.kid != thumbprint:
        raise BadSignature(Flaw.OTHER_KEY)
    check_signature(signed, jwk)
    said = read_proof(signed)
    if said.bureau != actor.bureau_id:
        raise BadSignature(Flaw.OTHER_BUREAU)
    if (said.key_id, said.device_id, said.person_id) != (new.key_id, new.device_id, actor.who):
        raise BadSignature(Flaw.PAYLOAD, what="the proof is of another key, device or person")

    async def work(uow: UnitOfWork) -> EnrolledKey:
        device, _ = await device_in_service(uow, new.device_id)
        if device.person_id != uow.actor.who:
            raise NotYourPhone
        if new.token is not None and bureau_and_digest(new.token) != (uow.bureau_id, device.token_sha256):
            raise NotItsToken
        known = await uow.get(DeviceKey, new.key_id) or await key_of(uow, thumbprint)
        if known is not None:
            if (known.key_id, known.thumbprint, known.device_id) != (new.key_id, thumbprint, new.device_id):
                raise KeyKnown
            return EnrolledKey(known, again=True)
        return EnrolledKey(await _insert(uow, new, jwk, thumbprint), again=False)

    return await database.write(actor, work)


async def _insert(uow: UnitOfWork, new: NewKey, jwk: dict[str, str], thumbprint: str) -> DeviceKey:
    asked = {"bureau_id": uow.bureau_id, "device_id": new.device_id}
    replaces = (await uow.execute(_CURRENT, asked)).scalar_one_or_none()
    ended_seq = None
    if replaces is not None:
        await lock_chain(uow, replaces)
        ended_seq = await last_of(uow, replaces)
    entry_id = await uow.enter(
        "device-key-enrolled",
        facts={"key_id": new.key_id, "device_id": new.device_id, "thumbprint": thumbprint}
        | ({} if replaces is None else {"replaces": replaces, "ended_seq": ended_seq}),
        device=DeviceChain(new.device_id),
    )
    key = DeviceKey(
        bureau_id=uow.bureau_id,
        key_id=new.key_id,
        device_id=new.device_id,
        person_id=uow.actor.who,
        thumbprint=thumbprint,
        jwk=jwk,
        proof=new.proof,
        replaces=replaces,
        ended_seq=ended_seq,
        recorded_at=uow.now,
        entry_id=entry_id,
    )
    await uow.insert(key)
    return key
