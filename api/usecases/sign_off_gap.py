"""Answer for acts that are missing from a chain 缺失操作的签认, so that what waits behind them is judged."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.people import roles_of
from api.db.queries.signed_acts import judged_of, lock_chain, waiting_of
from api.db.tables.people import Person
from api.db.tables.signing import ChainSignOff, DeviceKey
from api.usecases.receive_act import CarryOut, judge_waiting
from domain.errors import NotFound
from domain.ledger.leaf import DeviceChain
from domain.signing.chain import Gap, signed_off


@dataclass(frozen=True, slots=True)
class NewSignOff:
    """Through which number nothing more is waited for, and why."""

    through: int
    reason: str


@dataclass(frozen=True, slots=True)
class SignedOff:
    """The numbers that were given up, and how many acts were judged that had waited behind them."""

    gap: Gap
    judged: int


async def sign_off_gap(
    database: Database, actor: Actor, key_id: UUID, new: NewSignOff, carry_out: CarryOut
) -> SignedOff:
    """Give up the numbers of a chain's first gap, once; what waits behind it is judged as its own person's.

    Raises:
        NotFound: there is no such key.
        NoSuchGap: that number is not the last of the chain's first gap.
    """

    async def work(uow: UnitOfWork) -> tuple[Gap, UUID]:
        await lock_chain(uow, key_id)
        key = await uow.get(DeviceKey, key_id)
        if key is None:
            raise NotFound("There is no such key.", key_id=str(key_id))
        before = await uow.get(ChainSignOff, key_id, new.through)
        if before is not None:
            return Gap(before.first_seq, before.through), key.person_id
        judged = await judged_of(uow, key_id)
        gap = signed_off(judged, await waiting_of(uow, key_id, judged), new.through)
        entry_id = await uow.enter(
            "chain-gap-signed-off",
            facts={"key_id": key_id, "first_seq": gap.first, "through": gap.last},
            person={"reason": new.reason},
            device=DeviceChain(key.device_id),
        )
        await uow.insert(
            ChainSignOff(
                bureau_id=uow.bureau_id,
                key_id=key_id,
                through=gap.last,
                first_seq=gap.first,
                reason=new.reason,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return gap, key.person_id

    gap, person_id = await database.write(actor, work)
    holder = await _holder(database, actor.bureau_id, person_id)
    return SignedOff(gap, await judge_waiting(database, holder, key_id, carry_out))


async def _holder(database: Database, bureau_id: str, person_id: UUID) -> Actor:
    async with database.read(bureau_id) as reader:
        person = await reader.get(Person, person_id)
        if person is None:
            raise LookupError("a key is of a person on file")
        return Actor(bureau_id, person_id, person.unit_id, await roles_of(reader, person_id), person.name)
