"""Personal data that was restricted or erased: the steps, what was taken out and by whom it is read no more."""

from uuid import UUID

from sqlmodel import SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    BureauKey,
    IdKey,
    IntKey,
    Json,
    Str,
    TextKey,
    check,
    entered,
    one_of,
    refers,
)
from domain.erasure import Ground, Step


class Erasure(SQLModel, table=True):
    """Personal data of a complaint's parties was restricted, that was lifted, or it was erased; the newest holds."""

    __tablename__ = "erasure"
    __table_args__ = (
        refers("complaint_id", "complaint"),
        refers("decided_by", "person", "person_id"),
        refers("confirmed_by", "person", "person_id"),
        entered(),
        one_of("step", *Step),
        one_of("ground", *Ground),
        check("two_people", "decided_by <> confirmed_by"),
        check("no", "no >= 1"),
        FACT,
    )
    bureau_id: BureauKey
    complaint_id: IdKey
    no: IntKey
    step: Str
    ground: Str
    decided_by: UUID
    confirmed_by: UUID
    by_name: Str
    """The operator's account."""
    what: Json
    """How many rows of each table, and how many files."""
    recorded_at: At
    entry_id: UUID


class WithheldRow(SQLModel, table=True):
    """What was taken out of a row when it was restricted; nobody who serves reads it. Destroyed when it is erased."""

    __tablename__ = "withheld_row"
    __table_args__ = (refers("complaint_id", "complaint"),)
    bureau_id: BureauKey
    complaint_id: IdKey
    no: IntKey
    table_name: Str
    key: Json
    was: Json


class WithheldFile(SQLModel, table=True):
    """A file that is not handed out any more; once `erased_at` is there the store does not have it either."""

    __tablename__ = "withheld_file"
    __table_args__ = (refers("complaint_id", "complaint"),)
    bureau_id: BureauKey
    sha256: TextKey
    complaint_id: UUID
    erased_at: AtOrNone = None
