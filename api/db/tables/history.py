"""What was before the books began: imports of old logs and lists, and the rows of the old log."""

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    BigOrNone,
    BureauKey,
    IdKey,
    Metres,
    Str,
    check,
    entered,
    one_of,
    refers,
)


class HistoryImport(SQLModel, table=True):
    """A sheet was taken over: which file, by whom, how many rows of it."""

    __tablename__ = "history_import"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("actor_id", "person", "person_id"),
        entered(),
        one_of("kind", "log", "complaints"),
        check("log_of_vehicle", "(kind = 'log') = (vehicle_id IS NOT NULL)"),
        check("has_rows", "rows > 0"),
        check("sha256", "file_sha256 ~ '^[0-9a-f]{64}$'"),
        FACT,
    )
    bureau_id: BureauKey
    import_id: IdKey
    vehicle_id: UUID | None
    kind: Str
    file_name: Str
    file_sha256: Str
    rows: int
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class PaperTrip(SQLModel, table=True):
    """A row of the old log, as the paper says it: no trip, no permit; only before the vehicle's first reading."""

    __tablename__ = "paper_trip"
    __table_args__ = (
        refers("import_id", "history_import"),
        refers("vehicle_id", "vehicle"),
        entered(),
        UniqueConstraint("bureau_id", "vehicle_id", "started_at", "from_m", "until_m"),
        check("odometer", "from_m >= 0 AND until_m >= from_m"),
        check("times", "ended_at >= started_at"),
        check("amounts", "fuel_ml >= 0 AND cost_fen >= 0"),
        FACT,
    )
    bureau_id: BureauKey
    paper_trip_id: IdKey
    import_id: UUID
    vehicle_id: UUID
    row_no: int
    started_at: At
    ended_at: AtOrNone = None
    from_m: Metres
    until_m: Metres
    driver: Str
    people: Str
    purpose: Str
    places: Str
    complaint_number: Str
    approver: Str
    fuel_ml: BigOrNone = None
    cost_fen: BigOrNone = None
    remark: Str
    recorded_at: At
    entry_id: UUID
