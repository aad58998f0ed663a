"""Where every fact's ledger entry waits for the tree (LEDGER.md: outbox and erasable payload)."""

from sqlalchemy import BigInteger, Identity, Index, LargeBinary
from sqlmodel import Field, SQLModel

from api.db.tables.columns import APPEND_ONLY, At, AtOrNone, BureauKey, IdKey, Str, belongs_to_bureau, refers


class LedgerPayload(SQLModel, table=True):
    """What an entry commits to, in groups that can be erased apart; each body with the salt of its commitment."""

    __tablename__ = "ledger_payload"
    __table_args__ = (belongs_to_bureau(), APPEND_ONLY)
    bureau_id: BureauKey
    entry_id: IdKey
    kind: Str
    facts: bytes | None = Field(default=None, sa_type=LargeBinary)
    facts_salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    person: bytes | None = Field(default=None, sa_type=LargeBinary)
    person_salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    place: bytes | None = Field(default=None, sa_type=LargeBinary)
    place_salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    erased_at: AtOrNone = None


class LedgerOutbox(SQLModel, table=True):
    """One leaf's exact bytes, in the transaction of its fact, before it has an index in the tree."""

    __tablename__ = "ledger_outbox"
    __table_args__ = (
        Index("ix_ledger_outbox_recorded", "bureau_id", "recorded_at"),
        refers("entry_id", "ledger_payload"),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    entry_id: IdKey
    outbox_id: int | None = Field(
        default=None, nullable=False, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    leaf: bytes = Field(sa_type=LargeBinary)
    recorded_at: At
