"""When the clock that the record goes by was set."""

from uuid import UUID

from sqlmodel import SQLModel

from api.db.tables.columns import FACT, At, BureauKey, IdKey, belongs_to_bureau, entered


class ClockJumpRow(SQLModel, table=True):
    """The database's clock was set while the service ran; `followed` says whether the service's time went with it."""

    __tablename__ = "clock_jump"
    __table_args__ = (belongs_to_bureau(), entered(), FACT)
    bureau_id: BureauKey
    jump_id: IdKey
    noticed_at: At
    """The service's own time when it noticed."""
    from_at: At
    to_at: At
    followed: bool
    recorded_at: At
    entry_id: UUID
