"""Positions 定位点: the one table written by the thousands a second.

A fix has no foreign key and no ledger entry of its own: the writer knows the device from its token, and
`position_digest` commits to what each device delivered in each hour.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import REAL, BigInteger, DateTime, Index, LargeBinary
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    Big,
    BureauKey,
    IdKey,
    JsonOrNone,
    Str,
    belongs_to_bureau,
    check,
    entered,
    refers,
)


class PositionColumns(SQLModel):
    """The columns of a fix: natural key (device, fix time, place, source sequence), so a repeat is not stored."""

    bureau_id: BureauKey
    device_id: IdKey
    fixed_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    lat_e7: int = Field(primary_key=True)
    lon_e7: int = Field(primary_key=True)
    """WGS-84 degrees times ten million."""
    source_seq: int = Field(primary_key=True, sa_type=BigInteger)
    """The device's own count of its fixes; -1 where it sends none."""
    received_at: At
    datum: Str
    raw_lat: float
    raw_lon: float
    """As declared and sent."""
    accuracy_m: float | None = Field(default=None, sa_type=REAL)
    altitude_m: float | None = Field(default=None, sa_type=REAL)
    speed_mps: float | None = Field(default=None, sa_type=REAL)
    course_deg: float | None = Field(default=None, sa_type=REAL)
    fixed: bool
    """Whether the receiver said that it had a fix."""
    mock: bool
    attributes: JsonOrNone = None
    request_no: int
    """Which waiting request of a batch the fix came with; the only column the ingest role may read."""


class Position(PositionColumns, table=True):
    """A fix that counts: of a vehicle's terminal, or of a phone whose officer was on a trip then."""

    __tablename__ = "position"
    __table_args__ = (
        # Fixes lie in the order of their receipt, so an index of a few pages finds what came in an hour.
        Index("ix_position_received", "received_at", postgresql_using="brin"),
        {"info": {"append_only": True}, "postgresql_partition_by": "RANGE (fixed_at)"},
    )


class PositionHeld(PositionColumns, table=True):
    """A phone's fix outside its officer's trips: held 24 h in case a departure made offline arrives, then dropped."""

    __tablename__ = "position_held"
    __table_args__ = (Index("ix_position_held_received", "bureau_id", "received_at"),)


class PositionAside(SQLModel, table=True):
    """A fix that can never count (impossible time or place): kept as it was sent, with its reason, for some weeks."""

    __tablename__ = "position_aside"
    bureau_id: BureauKey
    aside_id: IdKey
    device_id: UUID = Field(index=True)
    reason: Str
    raw: bytes = Field(sa_type=LargeBinary)
    received_at: At


class PositionDigest(SQLModel, table=True):
    """SHA-256 over what a device delivered in one hour of receipt: the ledger's hold on positions."""

    __tablename__ = "position_digest"
    __table_args__ = (refers("device_id", "device"), entered(), FACT)
    bureau_id: BureauKey
    device_id: IdKey
    received_hour: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    fix_count: int
    sha256: Str
    recorded_at: At
    entry_id: UUID


class RetiredMonth(SQLModel, table=True):
    """A month (UTC) of positions that was retired: how many fixes of the bureau, and SHA-256 over their rows."""

    __tablename__ = "retired_month"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        check("month_by_its_first_day", "extract(day FROM month) = 1"),
        check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
        check("fixes", "fix_count > 0 AND first_at <= last_at"),
        FACT,
    )
    bureau_id: BureauKey
    month: date = Field(primary_key=True)
    fix_count: Big
    first_at: At
    last_at: At
    sha256: Str
    by_name: Str
    """The operator's account: no person of the bureau can do it."""
    recorded_at: At
    entry_id: UUID
