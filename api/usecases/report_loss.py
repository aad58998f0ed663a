"""Tell, and answer for, acts that a phone signed and lost before they were sent 手机丢失的操作."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.signed_acts import judged_of, lock_chain, waiting_of
from api.db.tables.signing import ChainLoss, DeviceKey
from domain.errors import NotFound
from domain.ledger.leaf import DeviceChain
from domain.signing.act import NotYourKey
from domain.signing.chain import NoSuchLoss, lost


@dataclass(frozen=True, slots=True)
class Loss:
    """How many acts a phone signed, and how many of them are lost; `again` where that was told before."""

    made: int
    lost: int
    again: bool = False


async def report_loss(database: Database, actor: Actor, key_id: UUID, made: int) -> Loss:
    """Note that a phone had signed so many acts when its storage was thrown away; where all are here, nothing is noted.

    It is the phone's unsigned word: the key that could have signed it went with the storage. The first word stands.

    Raises:
        NotFound: there is no such key.
        NotYourKey: it is another person's.
        SeqTooFar: nobody signs so many.
    """

    async def work(uow: UnitOfWork) -> Loss:
        await lock_chain(uow, key_id)
        key = await _key(uow, key_id)
        if key.person_id != uow.actor.who:
            raise NotYourKey
        told = await uow.get(ChainLoss, key_id, "reported")
        if told is not None:
            return Loss(told.made, told.lost, again=True)
        judged = await judged_of(uow, key_id)
        missing = lost(made, judged, await waiting_of(uow, key_id, judged))
        if missing:
            await _write(uow, key, Loss(made, missing), "reported")
        return Loss(made, missing)

    return await database.write(actor, work)


async def answer_loss(database: Database, actor: Actor, key_id: UUID, reason: str) -> Loss:
    """Answer for acts that are lost: how they were reported otherwise, or why not; once a key.

    Raises:
        NotFound: there is no such key.
        NoSuchLoss: no loss was told of it.
    """

    async def work(uow: UnitOfWork) -> Loss:
        await lock_chain(uow, key_id)
        key = await _key(uow, key_id)
        told = await uow.get(ChainLoss, key_id, "reported")
        if told is None:
            raise NoSuchLoss
        loss = Loss(told.made, told.lost, again=await uow.get(ChainLoss, key_id, "answered") is not None)
        if not loss.again:
            await _write(uow, key, loss, "answered", reason)
        return loss

    return await database.write(actor, work)


async def _key(uow: UnitOfWork, key_id: UUID) -> DeviceKey:
    key = await uow.get(DeviceKey, key_id)
    if key is None:
        raise NotFound("There is no such key.", key_id=str(key_id))
    return key


async def _write(uow: UnitOfWork, key: DeviceKey, loss: Loss, step: str, reason: str | None = None) -> None:
    entry_id = await uow.enter(
        f"chain-loss-{step}",
        facts={"key_id": key.key_id, "made": loss.made, "lost": loss.lost},
        person={} if reason is None else {"reason": reason},
        device=DeviceChain(key.device_id),
    )
    await uow.insert(
        ChainLoss(
            bureau_id=uow.bureau_id,
            key_id=key.key_id,
            step=step,
            made=loss.made,
            lost=loss.lost,
            reason=reason,
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
