"""Chains of signed acts once more in the database: what someone tries who goes round the use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.signing import ChainLoss, ChainSignOff, DeviceKey, SignedAct, SignedActOutcome
from api.signatures import public_key
from api.usecases.enrol_device import revoke_device
from api.usecases.enrol_key import NewKey, enrol_key
from domain.signing.jws import digest_of
from tests.db.attacks import attack
from tests.ledger import forged
from tests.signing import Phone, new_phone
from tests.world import World


async def known(world: World, who: str = "officer", phone: Phone | None = None) -> Phone:
    """Return a phone whose key is on file."""
    made = phone or await new_phone(world, who)
    new = NewKey(key_id=made.key_id, device_id=made.device_id, jwk=made.jwk, proof=made.proof())
    await enrol_key(world.database, world[who], new)
    return made


def row(uow: UnitOfWork, phone: Phone, signed: str, entry_id: UUID, **changes: Any) -> SignedAct:
    """Return the row of the act that a phone signed last."""
    values: dict[str, Any] = {
        "bureau_id": uow.bureau_id,
        "digest": digest_of(signed.rpartition(".")[0].encode()),
        "key_id": phone.key_id,
        "seq": phone.seq,
        "previous": None,
        "act": "note",
        "trip_id": None,
        "jws": signed,
        "standing": "chain",
        "device_at": datetime.fromtimestamp(phone.now_ms() / 1000, UTC),
        "mono_ms": phone.now_ms() % 10**9,
        "boot": phone.boot,
        "sent_at": None,
        "not_before": None,
        "doubts": [],
        "actor_id": uow.actor.who,
        "recorded_at": uow.now,
        "entry_id": entry_id,
    }
    return SignedAct(**(values | changes))


async def put(uow: UnitOfWork, phone: Phone, **changes: Any) -> SignedAct:
    """Sign an act and write its row with those columns changed; the phone itself does not go on."""
    signer, act_id = replace(phone), new_id()
    signed = signer.act("note", {}, id=str(act_id))
    entry_id = await uow.enter("attack", facts={"seq": signer.seq})
    made = row(uow, signer, signed, entry_id, **({"previous": phone.prev, "act_id": act_id} | changes))
    await uow.insert(made)
    return made


async def _put(uow: UnitOfWork, phone: Phone, **changes: Any) -> None:
    await put(uow, phone, **changes)


async def judged(uow: UnitOfWork, act: SignedAct) -> None:
    """Write an outcome of an act."""
    outcome = SignedActOutcome(
        bureau_id=uow.bureau_id,
        digest=act.digest,
        outcome="recorded",
        why=None,
        reasons=[],
        problem=None,
        conflict_id=None,
        note_id=None,
        decision_id=None,
        recorded_at=uow.now,
        entry_id=act.entry_id,
    )
    await uow.insert(outcome)


async def sign_off(uow: UnitOfWork, phone: Phone, first: int, through: int) -> None:
    """Write that a gap was signed off."""
    entry_id = await uow.enter("attack", facts={})
    gap = ChainSignOff(
        bureau_id=uow.bureau_id,
        key_id=phone.key_id,
        through=through,
        first_seq=first,
        reason="x",
        actor_id=uow.actor.who,
        recorded_at=uow.now,
        entry_id=entry_id,
    )
    await uow.insert(gap)


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 2, "previous": "A" * 43},
        {"act_id": UUID(int=7)},
        {"act": "depart"},
        {"trip_id": UUID(int=7)},
        {"key_id": "other"},
        {"device_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"mono_ms": 7},
        {"boot": UUID(int=7)},
        {"not_before": datetime(2026, 11, 1, tzinfo=UTC)},
    ],
)
async def test_a_row_says_what_was_signed_and_nothing_else(world: World, changes: dict[str, Any]) -> None:
    """Number, id, kind, trip, key and times stand under the signature: no column tells another story."""
    phone, other = await known(world), await known(world)
    told = changes | ({"key_id": other.key_id} if "key_id" in changes else {})
    await attack(world, lambda uow: _put(uow, phone, **told), "officer", held="not-signed-so")


async def test_no_act_is_named_by_another_s_digest(world: World) -> None:
    """The name of an act is the hash of its own bytes."""
    phone = await known(world)

    async def work(uow: UnitOfWork) -> None:
        await put(uow, phone, digest="A" * 43)

    with pytest.raises(Exception, match="ck_signed_act_digest"):
        await world.database.write(world["officer"], work)


async def test_a_chain_takes_one_act_a_number_that_names_the_one_before(world: World) -> None:
    """No fork passes for the chain: not by number, not by what it names, not before what waits."""
    phone = await known(world)
    forged(world)
    await world.database.write(world["officer"], lambda uow: put(uow, phone))
    with pytest.raises(HeldByDatabase) as told:
        await world.database.write(world["officer"], lambda uow: put(uow, phone))
    assert "uq_signed_act_seq" in str(told.value.detail)
    branch = replace(phone)
    branch.act("note", {})
    await attack(world, lambda uow: _put(uow, branch), "officer", held="chain-broken")
    second = await new_phone(world)
    await known(world, phone=second)
    second.seq, second.prev = 1, "A" * 43
    await world.database.write(world["officer"], lambda uow: put(uow, second))
    second.seq, second.prev = 0, None
    await attack(world, lambda uow: _put(uow, second), "officer", held="chain-broken")


async def test_an_act_is_judged_in_its_turn_and_a_fork_never(world: World) -> None:
    """No outcome before that of the act before, none for what stands beside the chain."""
    phone = await known(world)
    phone.act("note", {})
    second = await world.database.write(world["officer"], lambda uow: put(uow, phone))
    fork = await world.database.write(
        world["officer"],
        lambda uow: put(uow, Phone(world, "officer", phone.device_id, phone.key, phone.key_id), standing="fork"),
    )
    forged(world)
    await attack(world, lambda uow: judged(uow, second), "officer", held="out-of-turn")
    await attack(world, lambda uow: judged(uow, fork), "officer", held="out-of-turn")


async def test_a_gap_is_signed_off_by_who_may_and_only_where_there_is_one(world: World) -> None:
    """Neither by the officer whose acts are missing, nor over acts that are here, nor to the end of the chain."""
    phone = await known(world)
    phone.act("note", {})
    phone.act("note", {})
    await world.database.write(world["officer"], lambda uow: put(uow, phone))
    forged(world)
    await attack(world, lambda uow: sign_off(uow, phone, 1, 2), "officer", held="not-the-custodian")
    for first, through in ((2, 2), (1, 1), (1, 3), (4, 4)):
        await attack(world, lambda uow, a=first, b=through: sign_off(uow, phone, a, b), "custodian", held="no-such-gap")
    await world.database.write(world["custodian"], lambda uow: sign_off(uow, phone, 1, 2))


async def test_what_a_phone_lost_is_told_by_its_person_and_answered_by_who_may(world: World) -> None:
    """Nobody tells it of a colleague's phone, no officer answers for it, and no other numbers are answered for."""
    phone = await known(world)
    forged(world)

    async def loss(uow: UnitOfWork, step: str, made: int, lost: int) -> None:
        entry_id = await uow.enter("attack", facts={})
        told = ChainLoss(
            bureau_id=uow.bureau_id,
            key_id=phone.key_id,
            step=step,
            made=made,
            lost=lost,
            reason="x" if step == "answered" else None,
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
        await uow.insert(told)

    await attack(world, lambda uow: loss(uow, "answered", 3, 2), "custodian", held="no-such-loss")
    await attack(world, lambda uow: loss(uow, "reported", 3, 2), "driver", held="not-your-key")
    with pytest.raises(IntegrityError, match="ck_chain_loss_numbers"):
        await world.database.write(world["officer"], lambda uow: loss(uow, "reported", 3, 4))
    await world.database.write(world["officer"], lambda uow: loss(uow, "reported", 3, 2))
    await attack(world, lambda uow: loss(uow, "answered", 3, 2), "officer", held="not-the-custodian")
    await attack(world, lambda uow: loss(uow, "answered", 3, 1), "custodian", held="no-such-loss")
    await world.database.write(world["custodian"], lambda uow: loss(uow, "answered", 3, 2))


async def test_what_a_key_signed_is_its_person_s_own(world: World) -> None:
    """Not even with the right signature does another put it on record; and nothing joins a chain that has ended."""
    phone = await known(world)
    forged(world)
    await attack(world, lambda uow: _put(uow, phone), "driver", held="not-your-key")
    second = Phone(world, "officer", phone.device_id)
    await known(world, phone=second)
    await attack(world, lambda uow: _put(uow, phone), "officer", held="chain-broken")
    await revoke_device(world.database, world["admin"], phone.device_id, "手机遗失")
    await attack(world, lambda uow: _put(uow, second), "officer", held="chain-broken")


async def test_a_device_has_one_key_at_a_time_and_its_own_person_s(world: World) -> None:
    """A second key names the one it replaces and where that ended; no key is put on another's phone."""
    phone = await known(world)
    forged(world)

    async def key(uow: UnitOfWork, **changes: Any) -> None:
        made = Phone(world, "officer", phone.device_id)
        jwk, thumbprint = public_key(made.jwk)
        values: dict[str, Any] = {
            "bureau_id": uow.bureau_id,
            "key_id": made.key_id,
            "device_id": phone.device_id,
            "person_id": world["officer"].who,
            "thumbprint": thumbprint,
            "jwk": jwk,
            "proof": made.proof(),
            "replaces": None,
            "ended_seq": None,
            "recorded_at": uow.now,
            "entry_id": await uow.enter("attack", facts={}),
        }
        await uow.insert(DeviceKey(**(values | changes)))

    await attack(world, key, "officer", held="one-key")
    await attack(world, lambda uow: key(uow, replaces=phone.key_id, ended_seq=3), "officer", held="one-key")
    await attack(world, lambda uow: key(uow, person_id=world["driver"].who), "officer", held="not-your-device")
    other = await known(world)
    await attack(world, lambda uow: key(uow, replaces=other.key_id, ended_seq=0), "officer", held="one-key")
