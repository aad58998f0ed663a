"""Device keys and what they signed 设备签名: the JWS as received, its place in the chain, what became of it."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, column
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    Big,
    BigOrNone,
    BureauKey,
    Codes,
    IdKey,
    Json,
    JsonOrNone,
    Str,
    StrOrNone,
    TextKey,
    check,
    entered,
    one_of,
    refers,
)
from domain.signing.act import ActKind

DIGEST = "'^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$'"
SIGNED_BYTES = "convert_to(split_part(jws, '.', 1) || '.' || split_part(jws, '.', 2), 'UTF8')"


class DeviceKey(SQLModel, table=True):
    """A key that a phone made and keeps; only its public half is here. One that `replaces` another ends its chain."""

    __tablename__ = "device_key"
    __table_args__ = (
        refers("device_id", "device"),
        refers("person_id", "person"),
        refers("replaces", "device_key", "key_id"),
        entered(),
        UniqueConstraint("bureau_id", "thumbprint"),
        UniqueConstraint("bureau_id", "replaces"),
        check("thumbprint", f"thumbprint ~ {DIGEST}"),
        check("ended", "(replaces IS NULL) = (ended_seq IS NULL)"),
        Index("ix_device_key_device", "bureau_id", "device_id"),
        FACT,
    )
    bureau_id: BureauKey
    key_id: IdKey
    device_id: UUID
    person_id: UUID
    thumbprint: Str
    """RFC 7638, as in the header of what it signs."""
    jwk: Json
    proof: Str
    """The JWS by which the device showed that it holds the key."""
    replaces: UUID | None
    ended_seq: BigOrNone = None
    """The last number that was judged of the key it replaces."""
    recorded_at: At
    entry_id: UUID


class SignedAct(SQLModel, table=True):
    """An act that a device signed, as received. Only what stands in the chain is carried out."""

    __tablename__ = "signed_act"
    __table_args__ = (
        refers("key_id", "device_key"),
        refers("actor_id", "person", "person_id"),
        entered(),
        one_of("act", *ActKind),
        one_of("standing", "chain", "fork", "after-end"),
        check("digest", f"jws = '' OR digest = translate(encode(sha256({SIGNED_BYTES}), 'base64'), '+/=', '-_')"),
        check(
            "previous", f"CASE WHEN seq = 1 THEN previous IS NULL ELSE previous IS NOT NULL AND previous ~ {DIGEST} END"
        ),
        check("seq", "seq >= 1"),
        Index(
            "uq_signed_act_seq",
            "bureau_id",
            "key_id",
            "seq",
            unique=True,
            postgresql_where=column("standing") == "chain",
        ),
        Index("ix_signed_act_recorded", "bureau_id", "recorded_at", "digest"),
        FACT,
    )
    bureau_id: BureauKey
    digest: TextKey
    """SHA-256 of `header.payload`, base64url: the signature is none of it, since two of them verify."""
    key_id: UUID
    seq: Big
    previous: StrOrNone
    act_id: UUID
    act: Str
    trip_id: UUID | None
    jws: Str
    standing: Str
    device_at: At
    """By the device's clock: a claim."""
    mono_ms: Big
    boot: UUID
    sent_at: AtOrNone
    not_before: AtOrNone
    """When the ledger entry was recorded whose leaf the act names: it was made after that."""
    doubts: Codes
    """What does not fit in what the device's clock says."""
    actor_id: UUID
    recorded_at: At
    """When it was received: it was made before that."""
    entry_id: UUID


class SignedActOutcome(SQLModel, table=True):
    """What became of an act of a chain, once everything before it was judged or signed off."""

    __tablename__ = "signed_act_outcome"
    __table_args__ = (
        refers("digest", "signed_act"),
        refers("note_id", "visit_note"),
        refers("decision_id", "decision"),
        entered(),
        one_of("outcome", "recorded", "conflict", "refused"),
        check("problem", "(outcome = 'refused') = (problem IS NOT NULL)"),
        Index("ix_signed_act_outcome_note", "bureau_id", "note_id"),
        Index("ix_signed_act_outcome_decision", "bureau_id", "decision_id"),
        FACT,
    )
    bureau_id: BureauKey
    digest: TextKey
    outcome: Str
    why: StrOrNone
    reasons: Codes
    problem: JsonOrNone
    """The refusal as it is told, in both languages."""
    conflict_id: UUID | None
    note_id: UUID | None
    """The note that it made, or whose very bytes it signed."""
    decision_id: UUID | None
    """The step of the trip that it made."""
    recorded_at: At
    entry_id: UUID


class ChainSignOff(SQLModel, table=True):
    """Somebody answered for acts that are missing from a chain, so that what waits behind them is judged."""

    __tablename__ = "chain_sign_off"
    __table_args__ = (
        refers("key_id", "device_key"),
        refers("actor_id", "person", "person_id"),
        entered(),
        check("numbers", "first_seq >= 1 AND first_seq <= through"),
        FACT,
    )
    bureau_id: BureauKey
    key_id: IdKey
    through: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    first_seq: Big
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class ChainLoss(SQLModel, table=True):
    """A phone lost acts before they were sent: its person's word for how many, and the custodian's answer."""

    __tablename__ = "chain_loss"
    __table_args__ = (
        refers("key_id", "device_key"),
        refers("actor_id", "person", "person_id"),
        entered(),
        one_of("step", "reported", "answered"),
        check("numbers", "lost >= 1 AND lost <= made"),
        check("reason", "(step = 'answered') = (reason IS NOT NULL)"),
        FACT,
    )
    bureau_id: BureauKey
    key_id: IdKey
    step: TextKey
    made: Big
    """How many acts the phone had signed, as a mark outside its storage told."""
    lost: Big
    """How many of them were not here when that was told."""
    reason: StrOrNone = None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID
