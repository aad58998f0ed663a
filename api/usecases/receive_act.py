"""Receive what a phone signed: verified as it came, put in its place in the chain, carried out when its turn is.

An act, what it does and what became of it are one transaction: whoever gets no answer sends the same again and is told
what was done. Acts that waited for a missing one are judged after it, each in a transaction of its own, before there is
an answer; where that is cut off, the same act sent again goes on with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from api.db.attempt import Attempt
from api.db.database import Actor, Database, RecordedRefusal, UnitOfWork
from api.db.faults import Busy, DatabaseAway, HeldByDatabase, Unstorable
from api.db.queries.settings import settings_of
from api.db.queries.signed_acts import Around, around, key_of, lock_chain, next_waiting, receipt_of, replacement_of
from api.db.tables.devices import Device
from api.db.tables.signing import DeviceKey, SignedActOutcome
from api.db.tables.signing import SignedAct as Row
from api.db.tables.uses import VehicleUse
from api.errors import problem
from api.signatures import check_signature
from api.usecases.raise_finding import raise_finding
from domain.erasure import PersonalDataWithheld
from domain.errors import DomainError
from domain.findings.kinds import FindingKind
from domain.ledger.leaf import DeviceChain
from domain.signing.act import ACT, KeyOwner, NotYourKey, SignedAct, read_act
from domain.signing.bracket import Ticks, Timing, clock_doubts
from domain.signing.chain import ChainEnded, ChainFork, Link, Place, place_of
from domain.signing.jws import BadSignature, Flaw, TakenApart, digest_bytes, take_apart

T = TypeVar("T")
LANGUAGES: Final = ("zh", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of carrying an act out; `why` is None where it was recorded and fits."""

    why: str | None = None
    reasons: tuple[str, ...] = ()
    conflict_id: UUID | None = None
    note_id: UUID | None = None
    decision_id: UUID | None = None


CarryOut: TypeAlias = Callable[[UnitOfWork, SignedAct, datetime | None], Awaitable[Done]]
"""Does what an act says by the use case of its kind, and raises what that raises; told the clock's word at sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An outcome as it is kept."""

    outcome: str
    done: Done
    problem: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Under which digest it is on record, `again` where it was before; `fault` is told where it does not stand."""

    digest: str
    again: bool
    key_id: UUID
    fault: DomainError | None = None


async def receive_act(
    database: Database, actor: Actor, data: bytes, sent_at: datetime | None, carry_out: CarryOut
) -> Received:
    """Receive a signed act and carry it out, and what waited behind it; return what it is on record as.

    Raises:
        BadSignature: nobody of this bureau signed that; nothing was recorded.
        NotYourKey: the key is another person's.
        SeqTooFar: it counts too far ahead.
        ChainFork: the chain has another act there; this one is kept beside it.
        ChainEnded: the key was replaced or its device revoked; this act is kept.
    """
    signed = take_apart(data, ACT)
    received = await _held_or_done(database, actor, partial(_receive, signed, sent_at), carry_out)
    if received.fault is not None:
        raise received.fault
    await judge_waiting(database, actor, received.key_id, carry_out)
    return received


async def judge_waiting(database: Database, actor: Actor, key_id: UUID, carry_out: CarryOut) -> int:
    """Judge what waits in a chain as far as its turn is, by the person of the key; return how many acts."""
    count = 0
    while await _turn_has_come(database, actor, key_id):
        count += await _held_or_done(database, actor, partial(_judge_next, key_id), carry_out)
    return count


async def _turn_has_come(database: Database, actor: Actor, key_id: UUID) -> bool:
    async with database.read(actor.bureau_id) as reader:
        return await next_waiting(reader, key_id) is not None


async def _held_or_done(
    database: Database, actor: Actor, work: Callable[[CarryOut, UnitOfWork], Awaitable[T]], carry_out: CarryOut
) -> T:
    """Do the work; where the database does not take what the act does, do it again with that as the refusal."""
    try:
        return await database.write(actor, partial(work, carry_out))
    except (HeldByDatabase, Unstorable) as fault:
        held: DomainError = fault

    async def refused(_: UnitOfWork, __: SignedAct, ___: datetime | None) -> Done:
        raise held

    return await database.write(actor, partial(work, refused))


async def _receive(signed: TakenApart, sent_at: datetime | None, carry_out: CarryOut, uow: UnitOfWork) -> Received:
    key, act = await _believed(uow, signed)
    await lock_chain(uow, key.key_id)
    known = await uow.get(Row, signed.digest)
    if known is not None:
        return Received(known.digest, True, key.key_id, _fault(known))
    near = await around(uow, key.key_id, act.seq)
    place = place_of(act.seq, Link(signed.digest, act.prev), near.chain)
    device = await uow.get(Device, key.device_id)
    if device is None or device.revoked_at is not None or await replacement_of(uow, key.key_id):
        standing = "after-end"
    else:
        standing = "fork" if place is Place.FORK else "chain"
    verdict = await _judge(uow, act, sent_at, carry_out) if standing == "chain" and place is Place.NEXT else None
    row = await _row(uow, (key, signed, act), (standing, sent_at), near, verdict)
    await uow.insert(row)
    if verdict is not None:
        await uow.insert(_outcome(uow, signed.digest, verdict, row.entry_id))
    elif standing == "fork":
        await _find_fork(uow, key, act)
    return Received(row.digest, False, key.key_id, _fault(row))


async def _find_fork(uow: UnitOfWork, key: DeviceKey, act: SignedAct) -> None:
    """Raise a finding on the vehicle of a trip that is told two ways: once a key, since a copied key stays copied."""
    use = None if act.trip is None else await uow.get(VehicleUse, act.trip)
    if use is not None:
        await raise_finding(
            uow,
            FindingKind.CHAIN_FORK,
            vehicle_id=use.vehicle_id,
            use_id=use.use_id,
            subject_id=key.key_id,
            evidence={"key_id": key.key_id, "device_id": key.device_id, "seq": act.seq},
        )


async def _believed(uow: UnitOfWork, signed: TakenApart) -> tuple[DeviceKey, SignedAct]:
    """Return the key that signed and what it signed, once all of it is found right."""
    key = await key_of(uow, signed.kid)
    if key is None:
        raise BadSignature(Flaw.UNKNOWN_KEY)
    check_signature(signed, key.jwk)
    act = read_act(signed, KeyOwner(uow.bureau_id, key.key_id))
    if key.person_id != uow.actor.who:
        raise NotYourKey
    return key, act


def _fault(row: Row) -> DomainError | None:
    if row.standing == "fork":
        return ChainFork(seq=row.seq, digest=row.digest)
    return ChainEnded(seq=row.seq, digest=row.digest) if row.standing == "after-end" else None


async def _judge(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None, carry_out: CarryOut) -> Verdict:
    """Carry an act out and return what became of it; what a refused one wrote is undone, but for a kept refusal."""
    async with Attempt(uow) as tried:
        try:
            done = await carry_out(uow, act, sent_at)
        except (DatabaseAway, Busy):
            raise
        except RecordedRefusal as refusal:
            codes = tuple(one["code"] for one in refusal.detail["reasons"])
            return Verdict(outcome="refused", done=Done(why=refusal.code, reasons=codes), problem=_told(refusal))
        except DomainError as fault:
            await tried.undo()
            return _refused(fault)
    return Verdict(outcome="recorded" if done.why is None else "conflict", done=done)


def _refused(fault: DomainError) -> Verdict:
    return Verdict(outcome="refused", done=Done(why=fault.code), problem=_told(fault))


def _told(fault: DomainError) -> dict[str, Any]:
    """Return a fault as it is told in each language, without the request that met it."""
    told = {language: problem(fault, language, "") for language in LANGUAGES}
    for one in told.values():
        del one["request_id"]
    return told


def _ticks(row: Any) -> Ticks | None:
    return None if row is None else Ticks(row.device_at, row.mono_ms, str(row.boot))


async def _row(
    uow: UnitOfWork,
    said: tuple[DeviceKey, TakenApart, SignedAct],
    how: tuple[str, datetime | None],
    near: Around,
    verdict: Verdict | None,
) -> Row:
    """Enter an act in the ledger and return its row."""
    (key, signed, act), (standing, sent_at) = said, how
    not_before = await proved_after(uow, act)
    doubts = clock_doubts(
        Timing(
            made=Ticks(act.device_at, act.mono, str(act.boot)),
            received_at=uow.now,
            not_before=not_before,
            named_receipt=act.srv is not None,
            sent_at=sent_at,
            previous=_ticks(near.before),
            following=_ticks(near.after),
        ),
        timedelta(seconds=(await settings_of(uow))["clock_skew_s"]),
    )
    facts = {
        "key_id": key.key_id,
        "seq": act.seq,
        "act_id": act.id,
        "act": act.act,
        "trip_id": act.trip,
        "standing": standing,
        "device_at": act.device_at,
        "not_before": not_before,
        "doubts": doubts,
    }
    entry_id = await uow.enter(
        "signed-act-received" if verdict is None else "signed-act-judged",
        facts=facts | _judged_facts(verdict),
        person={"digest": signed.digest},
        device=chain_of(key, act.seq, act.prev),
    )
    return Row(
        bureau_id=uow.bureau_id,
        digest=signed.digest,
        key_id=key.key_id,
        seq=act.seq,
        previous=act.prev,
        act_id=act.id,
        act=act.act.value,
        trip_id=act.trip,
        jws=signed.text,
        standing=standing,
        device_at=act.device_at,
        mono_ms=act.mono,
        boot=act.boot,
        sent_at=sent_at,
        not_before=not_before,
        doubts=[doubt.value for doubt in doubts],
        actor_id=uow.actor.who,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def proved_after(uow: UnitOfWork, act: SignedAct) -> datetime | None:
    """Return when the entry was recorded whose leaf an act names; None where it names none of this bureau."""
    seen = None if act.srv is None else await receipt_of(uow, act.srv.entry)
    return seen.recorded_at if act.srv and seen and seen.leaf == act.srv.leaf else None


def chain_of(key: DeviceKey, seq: int, previous: str | None) -> DeviceChain:
    """Return what an act says of its place, as a leaf of the ledger holds it."""
    return DeviceChain(key.device_id, seq, None if previous is None else digest_bytes(previous))


def _judged_facts(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    done = verdict.done
    return {
        "outcome": verdict.outcome,
        "why": done.why,
        "reasons": done.reasons,
        "conflict_id": done.conflict_id,
        "note_id": done.note_id,
        "decision_id": done.decision_id,
    }


def _outcome(uow: UnitOfWork, digest: str, verdict: Verdict, entry_id: UUID) -> SignedActOutcome:
    done = verdict.done
    return SignedActOutcome(
        bureau_id=uow.bureau_id,
        digest=digest,
        outcome=verdict.outcome,
        why=done.why,
        reasons=list(done.reasons),
        problem=verdict.problem,
        conflict_id=done.conflict_id,
        note_id=done.note_id,
        decision_id=done.decision_id,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def _judge_next(key_id: UUID, carry_out: CarryOut, uow: UnitOfWork) -> int:
    """Judge the act whose turn it is, if it still waits; return how many that are."""
    await lock_chain(uow, key_id)
    row = await next_waiting(uow, key_id)
    key = await uow.get(DeviceKey, key_id)
    if row is None or key is None:
        return 0
    # As if it were sent now: how far the device's clock is off does not change by waiting here.
    sent_at = None if row.sent_at is None else row.sent_at + (uow.now - row.recorded_at)
    if row.jws:
        act = read_act(take_apart(row.jws.encode(), ACT), KeyOwner(uow.bureau_id, key_id))
        verdict = await _judge(uow, act, sent_at, carry_out)
    else:
        verdict = _refused(PersonalDataWithheld(act_id=str(row.act_id)))
    entry_id = await uow.enter(
        "waiting-act-judged",
        facts={"key_id": key_id, "seq": row.seq, "act_id": row.act_id} | _judged_facts(verdict),
        person={"digest": row.digest},
        device=chain_of(key, row.seq, row.previous),
    )
    await uow.insert(_outcome(uow, row.digest, verdict, entry_id))
    return 1
