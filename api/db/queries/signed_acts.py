"""Device keys and what they signed: what a chain is judged by, and what answers show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from api.db.database import Reader, UnitOfWork
from api.db.tables.ledger import LedgerOutbox
from api.db.tables.signing import DeviceKey, SignedAct
from domain.signing.chain import Chain, Link
from domain.signing.jws import digest_of

BECAME_NOTHING: Final = (
    "NOT EXISTS (SELECT 1 FROM signed_act_outcome o WHERE o.bureau_id = :bureau_id AND o.bureau_id = t.bureau_id"
    " AND o.digest = t.digest AND o.outcome = 'recorded')"
)
"""Of a row `t` of `signed_act`: it waits, was refused, or is kept beside the chain."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A ledger entry as a phone is told of it: its id, the SHA-256 of its leaf, and when it was recorded."""

    entry: UUID
    leaf: str
    recorded_at: datetime


async def receipt_of(reader: Reader, entry_id: UUID) -> Receipt | None:
    """Return the receipt of an entry, None where this bureau has no such entry."""
    row = await reader.get(LedgerOutbox, entry_id)
    return None if row is None else Receipt(row.entry_id, digest_of(row.leaf), row.recorded_at)


_NEWEST: Final = text("SELECT entry_id FROM ledger_outbox WHERE bureau_id = :bureau_id ORDER BY entry_id DESC LIMIT 1")


async def newest_receipt(reader: Reader) -> Receipt | None:
    """Return the receipt of the bureau's newest entry: what a phone signs from now on was made after it."""
    entry_id = (await reader.execute(_NEWEST, {"bureau_id": reader.bureau_id})).scalar_one_or_none()
    return None if entry_id is None else await receipt_of(reader, entry_id)


async def key_of(reader: Reader, thumbprint: str) -> DeviceKey | None:
    """Return the key of that thumbprint."""
    key: DeviceKey | None = await reader.one(
        select(DeviceKey).where(DeviceKey.bureau_id == reader.bureau_id, DeviceKey.thumbprint == thumbprint)
    )
    return key


async def replacement_of(reader: Reader, key_id: UUID) -> DeviceKey | None:
    """Return the key that came in the place of this one."""
    key: DeviceKey | None = await reader.one(
        select(DeviceKey).where(DeviceKey.bureau_id == reader.bureau_id, DeviceKey.replaces == key_id)
    )
    return key


_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('chain ' || :bureau_id || :key_id, 0))")


async def lock_chain(uow: UnitOfWork, key_id: UUID) -> None:
    """Let the acts of one key be received one after another."""
    await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "key_id": str(key_id)})


_JUDGED = """greatest(
 coalesce((SELECT a.seq FROM signed_act a WHERE a.bureau_id = :bureau_id AND a.key_id = {key} AND a.standing = 'chain'
   AND EXISTS (SELECT 1 FROM signed_act_outcome o WHERE o.bureau_id = :bureau_id AND o.digest = a.digest)
   ORDER BY a.seq DESC LIMIT 1), 0),
 coalesce((SELECT max(s.through) FROM chain_sign_off s WHERE s.bureau_id = :bureau_id AND s.key_id = {key}), 0))"""
_HEAD: Final = text(f"SELECT {_JUDGED.format(key=':key_id')}")
_AROUND: Final = text(
    "SELECT a.seq, a.digest, a.previous, a.device_at, a.mono_ms, a.boot FROM signed_act a"
    " WHERE a.bureau_id = :bureau_id AND a.key_id = :key_id AND a.standing = 'chain'"
    " AND a.seq BETWEEN :seq - 1 AND :seq + 1"
)
_WAITING: Final = text(
    "SELECT a.seq FROM signed_act a WHERE a.bureau_id = :bureau_id AND a.key_id = :key_id AND a.standing = 'chain'"
    " AND a.seq > :judged ORDER BY a.seq"
)


@dataclass(frozen=True, slots=True)
class Around:
    """A chain around one number, and the rows beside it, which tell how the device's clocks went on."""

    chain: Chain
    before: Any
    after: Any


async def judged_of(reader: Reader, key_id: UUID) -> int:
    """Return the last number of a chain up to which everything was judged or signed off; 0 at its beginning."""
    asked = {"bureau_id": reader.bureau_id, "key_id": key_id}
    return int((await reader.execute(_HEAD, asked)).scalar_one())


_LAST: Final = text(
    "SELECT coalesce(max(a.seq), 0) FROM signed_act a"
    " WHERE a.bureau_id = :bureau_id AND a.key_id = :key_id AND a.standing = 'chain'"
)


async def last_of(reader: Reader, key_id: UUID) -> int:
    """Return the last number of a chain that has arrived, judged or waiting; 0 at its beginning."""
    return int((await reader.execute(_LAST, {"bureau_id": reader.bureau_id, "key_id": key_id})).scalar_one())


async def around(reader: Reader, key_id: UUID, seq: int) -> Around:
    """Return what is known of a chain around one number."""
    asked = {"bureau_id": reader.bureau_id, "key_id": key_id, "seq": seq}
    rows = {row.seq - seq: row for row in await reader.execute(_AROUND, asked)}
    links = {where: Link(row.digest, row.previous) for where, row in rows.items()}
    judged = await judged_of(reader, key_id)
    return Around(Chain(judged, links.get(0), links.get(-1), links.get(1)), rows.get(-1), rows.get(1))


async def waiting_of(reader: Reader, key_id: UUID, judged: int) -> list[int]:
    """Return the numbers of the acts that wait behind what was judged."""
    asked = {"bureau_id": reader.bureau_id, "key_id": key_id, "judged": judged}
    return list((await reader.execute(_WAITING, asked)).scalars())


async def next_waiting(reader: Reader, key_id: UUID) -> SignedAct | None:
    """Return the act whose turn it is, if it is here."""
    judged = await judged_of(reader, key_id)
    act: SignedAct | None = await reader.one(
        select(SignedAct).where(
            SignedAct.bureau_id == reader.bureau_id,
            SignedAct.key_id == key_id,
            SignedAct.seq == judged + 1,
            SignedAct.standing == "chain",
        )
    )
    return act


_KEYS: Final = text(f"""
SELECT k.key_id, k.device_id, d.name AS device_name, d.revoked_at, k.person_id, p.name AS person_name, k.thumbprint,
  k.jwk, k.recorded_at, n.key_id AS replaced_by, n.recorded_at AS replaced_at, n.ended_seq,
  {_JUDGED.format(key="k.key_id")} AS judged,
  ARRAY(SELECT a.seq FROM signed_act a WHERE a.bureau_id = :bureau_id AND a.key_id = k.key_id AND a.standing = 'chain'
   AND NOT EXISTS (SELECT 1 FROM signed_act_outcome o WHERE o.bureau_id = :bureau_id AND o.digest = a.digest)
   ORDER BY a.seq) AS waiting,
  (SELECT coalesce(json_agg(json_build_object('seq', a.seq, 'digest', a.digest, 'recorded_at', a.recorded_at,
     'stands', (SELECT c.digest FROM signed_act c WHERE c.bureau_id = :bureau_id AND c.key_id = k.key_id
       AND c.seq = a.seq AND c.standing = 'chain')) ORDER BY a.seq, a.recorded_at), '[]') FROM signed_act a
   WHERE a.bureau_id = :bureau_id AND a.key_id = k.key_id AND a.standing = 'fork') AS forks,
  (SELECT coalesce(json_agg(json_build_object('first', s.first_seq, 'last', s.through, 'reason', s.reason,
     'by', s.actor_id, 'recorded_at', s.recorded_at) ORDER BY s.through), '[]') FROM chain_sign_off s
   WHERE s.bureau_id = :bureau_id AND s.key_id = k.key_id) AS signed_off,
  (SELECT count(*) FROM signed_act a WHERE a.bureau_id = :bureau_id AND a.key_id = k.key_id
   AND a.standing = 'after-end') AS after_end,
  (SELECT json_object_agg(l.step, json_build_object('made', l.made, 'lost', l.lost, 'reason', l.reason,
     'by', l.actor_id, 'recorded_at', l.recorded_at)) FROM chain_loss l
   WHERE l.bureau_id = :bureau_id AND l.key_id = k.key_id) AS losses,
  (SELECT a.digest FROM signed_act a WHERE a.bureau_id = :bureau_id AND a.key_id = k.key_id AND a.standing = 'chain'
   AND EXISTS (SELECT 1 FROM signed_act_outcome o WHERE o.bureau_id = :bureau_id AND o.digest = a.digest)
   ORDER BY a.seq DESC LIMIT 1) AS head
FROM device_key k
JOIN device d ON d.bureau_id = k.bureau_id AND d.device_id = k.device_id
JOIN person p ON p.bureau_id = k.bureau_id AND p.person_id = k.person_id
LEFT JOIN device_key n ON n.bureau_id = k.bureau_id AND n.replaces = k.key_id
WHERE k.bureau_id = :bureau_id AND d.bureau_id = :bureau_id AND p.bureau_id = :bureau_id
 AND (CAST(:person_id AS uuid) IS NULL OR k.person_id = :person_id)
 AND (CAST(:waiting AS boolean) IS NULL OR EXISTS (SELECT 1 FROM signed_act a WHERE a.bureau_id = :bureau_id
   AND a.key_id = k.key_id AND a.standing = 'chain' AND NOT EXISTS (SELECT 1 FROM signed_act_outcome o
     WHERE o.bureau_id = :bureau_id AND o.digest = a.digest)) = :waiting)
 AND (CAST(:unanswered AS boolean) IS NULL OR EXISTS (SELECT 1 FROM chain_loss l WHERE l.bureau_id = :bureau_id
   AND l.key_id = k.key_id AND l.step = 'reported' AND NOT EXISTS (SELECT 1 FROM chain_loss w
     WHERE w.bureau_id = :bureau_id AND w.key_id = l.key_id AND w.step = 'answered')) = :unanswered)
 AND (CAST(:after_at AS timestamptz) IS NULL
   OR (k.recorded_at, k.key_id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
ORDER BY k.recorded_at DESC, k.key_id DESC LIMIT :limit
""")  # noqa: S608 - constants only


async def keys_page(
    reader: Reader,
    after: tuple[datetime, UUID] | None,
    limit: int,
    *,
    person_id: UUID | None = None,
    waiting: bool | None = None,
    unanswered: bool | None = None,
) -> Sequence[Any]:
    """Return the bureau's keys, the newest first, each with how its chain stands.

    Narrowed to those of one person, to those in whose chains acts wait for missing ones (or to all others), and to
    those of which acts were lost that nobody answered for yet (or to all others).
    """
    asked = {
        "bureau_id": reader.bureau_id,
        "person_id": person_id,
        "waiting": waiting,
        "unanswered": unanswered,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return (await reader.execute(_KEYS, asked)).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedActs:
    """What a list of signed acts is narrowed to; a field that is None narrows nothing."""

    key_id: UUID | None = None
    trip_id: UUID | None = None
    note_id: UUID | None = None
    standing: str | None = None
    waiting: bool | None = None
    outcome: str | None = None


_ACT = """
SELECT a.digest, a.key_id, k.device_id, a.seq, a.previous, a.act_id, a.act, a.trip_id, a.standing, a.device_at,
  a.not_before, a.doubts, a.actor_id, p.name AS actor_name, a.recorded_at, a.entry_id, a.jws, l.leaf,
  o.outcome, o.why, o.reasons, o.problem, o.conflict_id, o.note_id, o.decision_id, o.recorded_at AS judged_at
FROM signed_act a
JOIN device_key k ON k.bureau_id = a.bureau_id AND k.key_id = a.key_id
JOIN person p ON p.bureau_id = a.bureau_id AND p.person_id = a.actor_id
JOIN ledger_outbox l ON l.bureau_id = a.bureau_id AND l.entry_id = a.entry_id
LEFT JOIN signed_act_outcome o ON o.bureau_id = a.bureau_id AND o.digest = a.digest
WHERE a.bureau_id = :bureau_id AND k.bureau_id = :bureau_id AND p.bureau_id = :bureau_id AND l.bureau_id = :bureau_id
"""
_ONE: Final = text(_ACT + " AND a.digest = :digest")
_PAGE: Final = text(
    _ACT + " AND (CAST(:key_id AS uuid) IS NULL OR a.key_id = :key_id)"
    " AND (CAST(:trip_id AS uuid) IS NULL OR a.trip_id = :trip_id)"
    " AND (CAST(:note_id AS uuid) IS NULL OR o.note_id = :note_id)"
    " AND (CAST(:standing AS text) IS NULL OR a.standing = :standing)"
    " AND (CAST(:waiting AS boolean) IS NULL OR (a.standing = 'chain' AND o.digest IS NULL) = :waiting)"
    " AND (CAST(:outcome AS text) IS NULL OR o.outcome = :outcome)"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    "  OR (a.recorded_at, a.digest) < (CAST(:after_at AS timestamptz), CAST(:after_digest AS text)))"
    " ORDER BY a.recorded_at DESC, a.digest DESC LIMIT :limit"
)


async def act_row(reader: Reader, digest: str) -> Any:
    """Return all that is known of a signed act, None where there is no such act."""
    return (await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "digest": digest})).one_or_none()


async def acts_page(
    reader: Reader, wanted: WantedActs, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Any]:
    """Return signed acts, the last received first."""
    asked = {
        "bureau_id": reader.bureau_id,
        "key_id": wanted.key_id,
        "trip_id": wanted.trip_id,
        "note_id": wanted.note_id,
        "standing": wanted.standing,
        "waiting": wanted.waiting,
        "outcome": wanted.outcome,
        "after_at": after[0] if after else None,
        "after_digest": after[1] if after else None,
        "limit": limit,
    }
    return (await reader.execute(_PAGE, asked)).all()
