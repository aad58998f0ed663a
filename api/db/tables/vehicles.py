"""The vehicle file 一车一档: papers, dedication, readings."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, column
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    BureauKey,
    IdKey,
    Metres,
    Str,
    StrOrNone,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)


class Vehicle(SQLModel, table=True):
    """A vehicle of the bureau. What is known of it grows by papers, orders and readings."""

    __tablename__ = "vehicle"
    __table_args__ = (
        belongs_to_bureau(),
        UniqueConstraint("bureau_id", "plate"),
        entered(),
        {"info": {"fact": True}},
    )
    bureau_id: BureauKey
    vehicle_id: IdKey
    plate: Str
    name: Str
    vin: StrOrNone = None
    base_name: Str
    base_lat: float
    base_lon: float
    """Where the vehicle is kept 停放地点, WGS-84."""
    resolution_m: int
    """What the dashboard's last digit is worth: 1000 for whole kilometres."""
    recorded_at: At
    entry_id: UUID


class VehiclePaper(SQLModel, table=True):
    """An inspection 年检 or insurance 保险 with its last valid day; the newest row of a kind holds."""

    __tablename__ = "vehicle_paper"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        entered(),
        one_of("kind", "inspection", "insurance"),
        FACT,
    )
    bureau_id: BureauKey
    paper_id: IdKey
    vehicle_id: UUID = Field(index=True)
    kind: Str
    document_no: Str
    valid_from: date
    valid_until: date
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class DedicationOrder(SQLModel, table=True):
    """A dated order with its document: from this day the vehicle serves the unit, or (`release`) no longer does."""

    __tablename__ = "dedication_order"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("unit_id", "unit"),
        entered(),
        one_of("kind", "dedicate", "release"),
        check("document", "length(document_no) > 0"),
        FACT,
    )
    bureau_id: BureauKey
    order_id: IdKey
    vehicle_id: UUID = Field(index=True)
    unit_id: UUID
    kind: Str
    effective_on: date
    document_no: Str
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class Reading(SQLModel, table=True):
    """One odometer reading 里程读数, in integer metres with the resolution it was read at.

    `corrects` names a reading that was wrong; both stay, and the correcting row has the time, use and segment of the
    wrong one, in whose place it stands. A row `new-odometer` begins the next `segment`.
    """

    __tablename__ = "reading"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("use_id", "vehicle_use"),
        refers("corrects", "reading", "reading_id"),
        entered(),
        one_of("obtained", "typed", "photo", "terminal", "paper", "third-party"),
        one_of(
            "occasion",
            "handover",
            "departure",
            "return",
            "spot",
            "workshop",
            "fuel",
            "breakdown",
            "correction",
            "new-odometer",
        ),
        UniqueConstraint("bureau_id", "corrects"),
        check("values", "odometer_m BETWEEN 0 AND 9999999000 AND resolution_m BETWEEN 1 AND 10000"),
        check("correction_says_why", "(corrects IS NULL) = (occasion <> 'correction')"),
        check("reason", "occasion NOT IN ('correction', 'new-odometer') OR coalesce(btrim(reason), '') <> ''"),
        check("new_odometer_is_next", "segment >= 0 AND (segment > 0 OR occasion <> 'new-odometer')"),
        Index("ix_reading_vehicle_read_at", "bureau_id", "vehicle_id", "read_at"),
        Index("ix_reading_vehicle_odometer", "bureau_id", "vehicle_id", "segment", "odometer_m"),
        Index(
            "uq_reading_new_odometer",
            "bureau_id",
            "vehicle_id",
            "segment",
            unique=True,
            postgresql_where=column("occasion") == "new-odometer",
        ),
        FACT,
    )
    bureau_id: BureauKey
    reading_id: IdKey
    vehicle_id: UUID
    segment: int
    odometer_m: Metres
    resolution_m: int
    obtained: Str
    occasion: Str
    photo_sha256: StrOrNone = None
    read_at: At
    use_id: UUID | None
    corrects: UUID | None
    reason: StrOrNone = None
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID
