"""What was refused, what did not fit, and what does not add up: refusals 拒绝, field conflicts, findings 异常."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    APPEND_ONLY,
    FACT,
    At,
    AtOrNone,
    BureauKey,
    Codes,
    IdKey,
    IntKey,
    Json,
    Str,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import What


class Refusal(SQLModel, table=True):
    """The rule refused: every reason, and the facts it was given (P3)."""

    __tablename__ = "refusal"
    __table_args__ = (
        belongs_to_bureau(),
        refers("use_id", "vehicle_use"),
        refers("vehicle_id", "vehicle"),
        refers("requester_id", "person", "person_id"),
        entered(),
        one_of("stage", "request", "approval", "departure", "under-way", "crew", "close", "borrow"),
        check("has_reasons", "cardinality(reasons) > 0"),
        Index("ix_refusal_recorded", "bureau_id", "recorded_at"),
        FACT,
    )
    bureau_id: BureauKey
    refusal_id: IdKey
    stage: Str
    use_id: UUID | None
    vehicle_id: UUID | None
    requester_id: UUID
    reasons: Codes
    facts: Json
    asked: Json
    """The request as it was put."""
    recorded_at: At
    entry_id: UUID


class FieldConflict(SQLModel, table=True):
    """An act from the field that the calendar or the rule could not take: it happened, so a person must look at it."""

    __tablename__ = "field_conflict"
    __table_args__ = (
        refers("use_id", "vehicle_use"),
        entered(),
        one_of("verb", "depart", "return", "arrive", "leave", "break-down", "add-job"),
        FACT,
    )
    bureau_id: BureauKey
    conflict_id: IdKey
    use_id: UUID = Field(index=True)
    verb: Str
    why: Str
    reasons: Codes
    asked: Json
    stated_at: At
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


SPAN = "(from_at IS NULL) = (until_at IS NULL) AND (from_at IS NULL OR from_at <= until_at)"


class Finding(SQLModel, table=True):
    """Something that does not add up; it waits for an explanation and a ruling."""

    __tablename__ = "finding"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("use_id", "vehicle_use"),
        entered(),
        UniqueConstraint("bureau_id", "kind", "subject_id"),
        Index("ix_finding_recorded", "bureau_id", "recorded_at"),
        one_of("colour", "yellow", "red"),
        one_of("kind", *FindingKind),
        check("span", SPAN),
        FACT,
    )
    bureau_id: BureauKey
    finding_id: IdKey
    kind: Str
    colour: Str
    vehicle_id: UUID = Field(index=True)
    use_id: UUID | None
    subject_id: UUID
    """What it was found on; one finding a kind and subject."""
    evidence: Json
    term_at: At
    """Until when the custodian must explain it."""
    recorded_at: At
    entry_id: UUID
    from_at: AtOrNone
    until_at: AtOrNone
    """From when until when it happened, as far as that was known when it was raised."""


class FindingUpdate(SQLModel, table=True):
    """What became of a finding after it was raised: it lasts, got graver, ended, or was cleared."""

    __tablename__ = "finding_update"
    __table_args__ = (
        refers("finding_id", "finding"),
        entered(),
        UniqueConstraint("bureau_id", "finding_id", "no"),
        one_of("what", *What),
        one_of("colour", *Colour),
        check("cleared_is_green", "(what = 'cleared') = (colour = 'green')"),
        check("span", SPAN),
        FACT,
    )
    bureau_id: BureauKey
    update_id: IdKey
    finding_id: UUID
    no: int
    what: Str
    colour: Str
    from_at: AtOrNone
    until_at: AtOrNone
    evidence: Json
    recorded_at: At
    entry_id: UUID


class FindingAct(SQLModel, table=True):
    """The custodian's explanation, or the auditor's ruling or question."""

    __tablename__ = "finding_act"
    __table_args__ = (
        refers("finding_id", "finding"),
        entered(),
        one_of("verb", "explain", "accept", "reject", "ask"),
        FACT,
    )
    bureau_id: BureauKey
    act_id: IdKey
    finding_id: UUID = Field(index=True)
    verb: Str
    text: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class FindingAttachment(SQLModel, table=True):
    """A file that an explanation or a ruling names: it must be there."""

    __tablename__ = "finding_attachment"
    __table_args__ = (
        refers("act_id", "finding_act"),
        refers("sha256", "attachment"),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    act_id: IdKey
    no: IntKey
    sha256: Str
    name: Str


class WatchMark(SQLModel, table=True):
    """Until which instant of receipt a bureau's positions were looked at for findings, whatever became of a process."""

    __tablename__ = "watch_mark"
    __table_args__ = (belongs_to_bureau(),)
    bureau_id: BureauKey
    swept_until: At


class BooksMark(SQLModel, table=True):
    """Until which instant of recording a bureau's books were looked at for findings."""

    __tablename__ = "books_mark"
    __table_args__ = (belongs_to_bureau(),)
    bureau_id: BureauKey
    swept_until: At
