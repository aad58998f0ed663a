"""Lots 抽签: the month's seed, the draw, call-backs 回访, and photos of the odometer that were asked for."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    BureauKey,
    IdKey,
    Ids,
    Str,
    TextKey,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)


class MonthSeed(SQLModel, table=True):
    """The seed of a month's lots; the ledger has its SHA-256 from before the month's first departure."""

    __tablename__ = "month_seed"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        check("month", "month = date_trunc('month', month::timestamp)::date"),
        check("seed", "length(seed) = 32 AND seed_sha256 = encode(sha256(seed), 'hex')"),
        FACT,
    )
    bureau_id: BureauKey
    month: date = Field(primary_key=True)
    seed: bytes = Field(sa_type=LargeBinary)
    """Told by nobody before the draw."""
    seed_sha256: Str
    recorded_at: At
    entry_id: UUID


class LotDraw(SQLModel, table=True):
    """The auditor drew the month's call-backs: from how many trips, by which share, which ones."""

    __tablename__ = "lot_draw"
    __table_args__ = (refers("month", "month_seed"), refers("actor_id", "person", "person_id"), entered(), FACT)
    bureau_id: BureauKey
    month: date = Field(primary_key=True)
    salt: Str
    percent: int
    least: int
    population: int
    drawn: Ids
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class CallBack(SQLModel, table=True):
    """A consumer whose complaint a drawn trip carried was called back."""

    __tablename__ = "call_back"
    __table_args__ = (
        refers("month", "lot_draw"),
        refers("use_id", "trip"),
        refers("complaint_id", "complaint"),
        refers("actor_id", "person", "person_id"),
        entered(),
        one_of("result", "confirmed", "denied", "unreached"),
        Index("ix_call_back_month", "bureau_id", "month"),
        Index("ix_call_back_complaint", "bureau_id", "complaint_id"),
        FACT,
    )
    bureau_id: BureauKey
    call_back_id: IdKey
    month: date
    use_id: UUID
    complaint_id: UUID
    result: Str
    remark: Str
    called_at: At
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class PhotoRequest(SQLModel, table=True):
    """At this departure a photo of the odometer was asked for, to be there by then."""

    __tablename__ = "photo_request"
    __table_args__ = (
        refers("use_id", "trip"),
        refers("reading_id", "reading"),
        entered(),
        check("term", "wanted_until > recorded_at"),
        Index("ix_photo_request_wanted", "bureau_id", "wanted_until"),
        FACT,
    )
    bureau_id: BureauKey
    use_id: IdKey
    reading_id: UUID
    wanted_until: At
    recorded_at: At
    entry_id: UUID


class ReadingPhoto(SQLModel, table=True):
    """A photo of a reading that came after it."""

    __tablename__ = "reading_photo"
    __table_args__ = (
        refers("reading_id", "reading"),
        refers("sha256", "attachment"),
        refers("actor_id", "person", "person_id"),
        entered(),
        FACT,
    )
    bureau_id: BureauKey
    reading_id: IdKey
    sha256: TextKey
    actor_id: UUID
    recorded_at: At
    entry_id: UUID
