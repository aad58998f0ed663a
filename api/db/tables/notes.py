"""Visit notes 现场走访记录 as received, and the files they name."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    APPEND_ONLY,
    FACT,
    At,
    Big,
    BigOrNone,
    BureauKey,
    Codes,
    IdKey,
    IntKey,
    Json,
    Str,
    StrOrNone,
    TextKey,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)
from domain.retention import FileStep

RESULTS = (
    "done",
    "complainant-absent",
    "respondent-absent",
    "place-not-found",
    "postponed-by-agreement",
    "recusal-requested",
    "cancelled-before-arrival",
)


class VisitNote(SQLModel, table=True):
    """A note: the exact bytes received, what was read out of them, and what the server could check."""

    __tablename__ = "visit_note"
    __table_args__ = (
        refers("job_id", "job"),
        refers("use_id", "trip"),
        refers("officer_id", "person", "person_id"),
        refers("corrects", "visit_note", "note_id"),
        entered(),
        one_of("result", *RESULTS),
        one_of("datum", "WGS-84", "GCJ-02", "BD-09", "CGCS2000"),
        one_of("source", "phone", "paper", "odk"),
        check("place", "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (datum IS NULL)"),
        Index("ix_visit_note_job", "bureau_id", "job_id"),
        Index("ix_visit_note_recorded", "bureau_id", "recorded_at", "note_id"),
        FACT,
    )
    bureau_id: BureauKey
    note_id: IdKey
    job_id: UUID
    use_id: UUID | None
    officer_id: UUID
    source: Str
    body: bytes = Field(sa_type=LargeBinary)
    body_sha256: Str
    result: Str
    device_at: At
    datum: StrOrNone = None
    raw_lat: float | None
    raw_lon: float | None
    lat: float | None
    lon: float | None
    """WGS-84; null, like all of the place, in a note made where there was no position."""
    accuracy_m: float | None
    corrects: UUID | None
    device_id: UUID | None
    device_seq: BigOrNone = None
    device_prev: StrOrNone = None
    signature: StrOrNone = None
    corroborated: bool
    reasons: Codes
    checks: Json
    """Distances and skews the reasons were judged by."""
    recorded_at: At
    entry_id: UUID


class VisitNoteConflict(SQLModel, table=True):
    """Other bytes came under a used id: kept aside for a person."""

    __tablename__ = "visit_note_conflict"
    __table_args__ = (
        refers("note_id", "visit_note"),
        entered(),
        UniqueConstraint("bureau_id", "note_id", "body_sha256"),
        FACT,
    )
    bureau_id: BureauKey
    conflict_id: IdKey
    note_id: UUID
    body: bytes = Field(sa_type=LargeBinary)
    body_sha256: Str
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class NoteAttachment(SQLModel, table=True):
    """A file that a note names by its SHA-256, whether or not it has arrived, or that a form sent beside its note."""

    __tablename__ = "note_attachment"
    __table_args__ = (
        refers("note_id", "visit_note"),
        Index("ix_note_attachment_sha256", "bureau_id", "sha256"),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    note_id: IdKey
    no: IntKey
    sha256: Str
    name: Str
    role: Str
    """What it shows: photo, signature-complainant, signature-respondent, document."""


class Attachment(SQLModel, table=True):
    """A file in the object store, named by its SHA-256."""

    __tablename__ = "attachment"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
        FACT,
    )
    bureau_id: BureauKey
    sha256: TextKey
    size_bytes: Big
    media_type: Str
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class AttachmentStep(SQLModel, table=True):
    """A file that nothing names was retired after its time, or was sent again afterwards; the last step holds."""

    __tablename__ = "attachment_step"
    __table_args__ = (
        refers("sha256", "attachment"),
        entered(),
        one_of("step", *FileStep),
        check("no", "no >= 1"),
        FACT,
    )
    bureau_id: BureauKey
    sha256: TextKey
    no: IntKey
    step: Str
    actor_id: UUID | None
    """Who sent it again; retiring is background work."""
    recorded_at: At
    entry_id: UUID


class FileToDrop(SQLModel, table=True):
    """A retired file that the store still has, until it is dropped there or sent again."""

    __tablename__ = "file_to_drop"
    __table_args__ = (refers("sha256", "attachment"),)
    bureau_id: BureauKey
    sha256: TextKey
    retired_at: At
