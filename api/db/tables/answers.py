"""What was refused, what did not fit, and what does not add up: refusals 拒绝, field conflicts, findings 异常."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    BureauKey,
    Codes,
    IdKey,
    Json,
    Str,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)


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
        one_of("verb", "depart", "return", "arrive", "leave", "break-down"),
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


class Finding(SQLModel, table=True):
    """Something that does not add up; it waits for an explanation and a ruling."""

    __tablename__ = "finding"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("use_id", "vehicle_use"),
        entered(),
        UniqueConstraint("bureau_id", "kind", "subject_id"),
        one_of("colour", "yellow", "red"),
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


class FindingAct(SQLModel, table=True):
    """The custodian's explanation, or the auditor's ruling."""

    __tablename__ = "finding_act"
    __table_args__ = (
        refers("finding_id", "finding"),
        entered(),
        one_of("verb", "explain", "accept", "reject"),
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
