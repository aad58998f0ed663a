"""Sealed months 封账, and what became known of them afterwards."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    BureauKey,
    IdKey,
    Json,
    Metres,
    Str,
    StrOrNone,
    check,
    entered,
    one_of,
    refers,
)


class MonthSeal(SQLModel, table=True):
    """A month of a vehicle's books as it was sealed: the statement's very bytes, and the digest of the one before."""

    __tablename__ = "month_seal"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("sealed_by", "person", "person_id"),
        entered(),
        check("month_by_its_first_day", "extract(day FROM month) = 1"),
        check("sha256_of_statement", "statement_sha256 = encode(sha256(statement), 'hex')"),
        FACT,
    )
    bureau_id: BureauKey
    vehicle_id: IdKey
    month: date = Field(primary_key=True)
    statement_sha256: Str
    previous_sha256: StrOrNone = None
    statement: bytes = Field(sa_type=LargeBinary)
    unaccounted_m: Metres
    open_findings: int
    sealed_by: UUID | None
    """None where the operator's command sealed it."""
    recorded_at: At
    entry_id: UUID


class SealAmendment(SQLModel, table=True):
    """What became known of a sealed month afterwards: what the statement said, and what is known now."""

    __tablename__ = "seal_amendment"
    __table_args__ = (
        refers("vehicle_id month", "month_seal"),
        entered(),
        one_of("kind", "use", "unaccounted", "finding", "odometer", "costs"),
        Index("ix_seal_amendment_month", "bureau_id", "vehicle_id", "month", "noticed_at", "amendment_id"),
        FACT,
    )
    bureau_id: BureauKey
    amendment_id: IdKey
    vehicle_id: UUID
    month: date
    kind: Str
    subject_id: UUID
    old: Json
    new: Json
    noticed_at: At
    entry_id: UUID
