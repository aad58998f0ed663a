"""Submissions of forms as they came, and the files that came with them."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, column
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    FACT_WITH_STATE,
    At,
    BureauKey,
    IdKey,
    Str,
    StrOrNone,
    TextKey,
    entered,
    refers,
)


class FormSubmission(SQLModel, table=True):
    """A form that was sent, byte for byte, and the visit note made of it; without one it waits for the dispatcher."""

    __tablename__ = "form_submission"
    __table_args__ = (
        refers("device_id", "device"),
        refers("officer_id", "person", "person_id"),
        refers("note_id", "visit_note"),
        entered(),
        Index(
            "uq_form_submission_instance",
            "bureau_id",
            "instance_id",
            unique=True,
            postgresql_where=~column("conflict"),
        ),
        UniqueConstraint("bureau_id", "instance_id", "xml_sha256"),
        Index("ix_form_submission_received", "bureau_id", "received_at", "submission_id"),
        FACT_WITH_STATE,
    )
    bureau_id: BureauKey
    submission_id: IdKey
    instance_id: Str
    """The client's name for the form filled in; the same again with the same bytes is a repeat."""
    device_id: UUID
    officer_id: UUID
    form_version: StrOrNone
    xml: bytes = Field(sa_type=LargeBinary)
    xml_sha256: Str
    conflict: bool
    """Whether other bytes came before under this instance id."""
    note_id: UUID | None = None
    reason: StrOrNone = None
    """Why there is no note of it."""
    received_at: At
    entry_id: UUID


class FormMedia(SQLModel, table=True):
    """A file that came with a submission, by its name there and its SHA-256."""

    __tablename__ = "form_media"
    __table_args__ = (refers("submission_id", "form_submission"), entered(), FACT)
    bureau_id: BureauKey
    submission_id: IdKey
    name: TextKey
    sha256: TextKey
    received_at: At
    entry_id: UUID
    """That of the form it came with, or of its own coming later."""
