"""Complaints 投诉, their jobs 现场调解任务, and the places they lead to."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    BureauKey,
    IdKey,
    IntKey,
    Json,
    Str,
    StrOrNone,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)

COMPLAINT_STATES = (
    "received",
    "accepted",
    "refused",
    "mediating",
    "suspended",
    "mediated",
    "settled",
    "withdrawn",
    "terminated",
    "closed",
    "returned",
    "merged",
)
OPEN_STATES = ("accepted", "mediating", "suspended")
JOB_KINDS = (
    "mediation",
    "look-at-goods",
    "fetch-sample",
    "serve-papers",
    "report-check",
    "inspection",
    "errand",
)
MEDIATION_KINDS = ("mediation", "look-at-goods", "fetch-sample", "serve-papers")


class Complaint(SQLModel, table=True):
    """A consumer dispute brought to the desk. Who and what stands in its newest particulars."""

    __tablename__ = "complaint"
    __table_args__ = (
        belongs_to_bureau(),
        refers("unit_id", "unit"),
        refers("registered_by", "person", "person_id"),
        refers("merged_into", "complaint", "complaint_id"),
        UniqueConstraint("bureau_id", "number"),
        UniqueConstraint("bureau_id", "source", "source_number"),
        one_of("state", *COMPLAINT_STATES),
        one_of(
            "source",
            "counter",
            "telephone",
            "letter",
            "platform-12315",
            "hotline-12345",
            "on-the-spot",
            "other",
        ),
        Index("ix_complaint_state", "bureau_id", "state", "received_at"),
        {"info": {"acts": "complaint_act"}},
    )
    bureau_id: BureauKey
    complaint_id: IdKey
    number: Str
    source: Str
    source_number: StrOrNone = None
    received_at: At
    received_via: Str
    """How it was received, in words: counter, telephone, written."""
    registered_by: UUID
    registered_at: At
    unit_id: UUID
    """The unit that handles it."""
    pack: Str
    """Regulation pack in force on the day of receipt."""
    state: Str
    suspension: StrOrNone = None
    """Why the clock stands still: testing, recusal."""
    suspended_on: date | None
    suspended_days: int = 0
    particulars_rev: int
    accept_nominal_on: date
    accept_due_on: date
    accept_provisional: bool
    accepted_on: date | None
    mediate_nominal_on: date | None
    mediate_due_on: date | None
    mediate_provisional: bool | None
    complainant_consented_at: AtOrNone = None
    respondent_consented_at: AtOrNone = None
    announced_at: AtOrNone = None
    merged_into: UUID | None
    act_id: UUID
    """The last `complaint_act`; changes with every act."""


class ComplaintCounter(SQLModel, table=True):
    """The last number given to a complaint in a year; its row lock lets registrations follow one another."""

    __tablename__ = "complaint_counter"
    __table_args__ = (belongs_to_bureau(),)
    bureau_id: BureauKey
    year: IntKey
    last: int


class ComplaintParticulars(SQLModel, table=True):
    """Who complains of whom about what: revision 1 at registration, a further one a correction."""

    __tablename__ = "complaint_particulars"
    __table_args__ = (refers("complaint_id", "complaint"), entered(), FACT)
    bureau_id: BureauKey
    complaint_id: IdKey
    rev: IntKey
    complainant_name: Str
    complainant_telephone: Str
    complainant_address: Str
    respondent_name: Str
    respondent_credit_code: StrOrNone = None
    respondent_address: Str
    respondent_telephone: StrOrNone = None
    claim: Str
    facts: Str
    reason: StrOrNone = None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class ComplaintAct(SQLModel, table=True):
    """One act on a complaint: registered, accepted, refused, consent taken, announced, suspended, closed."""

    __tablename__ = "complaint_act"
    __table_args__ = (
        refers("complaint_id", "complaint"),
        entered(),
        one_of("to_state", *COMPLAINT_STATES),
        Index("ix_complaint_act_complaint", "bureau_id", "complaint_id", "recorded_at"),
        FACT,
    )
    bureau_id: BureauKey
    act_id: IdKey
    complaint_id: UUID
    verb: Str
    from_state: StrOrNone = None
    to_state: Str
    ground: StrOrNone = None
    """Code of the article's ground, such as 121-16-4."""
    detail: Json
    stated_at: At
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class Job(SQLModel, table=True):
    """One visit to one site for one complaint. State and window move by a decision, terms with the complaint's."""

    __tablename__ = "job"
    __table_args__ = (
        refers("complaint_id", "complaint"),
        refers("continues_job_id", "job", "job_id"),
        UniqueConstraint("bureau_id", "job_id", "complaint_id", "kind", "on_site"),
        entered(),
        one_of("kind", *JOB_KINDS),
        one_of("state", "open", "done", "cancelled"),
        one_of("datum", "WGS-84", "GCJ-02", "BD-09", "CGCS2000"),
        check("window", "window_until > window_from"),
        check("minutes", "expected_minutes BETWEEN 1 AND 1440"),
        check("place", "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180"),
        Index("ix_job_due", "bureau_id", "state", "due_on"),
        {"info": {"fact": True}},
    )
    bureau_id: BureauKey
    job_id: IdKey
    complaint_id: UUID = Field(index=True)
    kind: Str
    on_site: bool
    site_name: Str
    site_address: Str
    datum: Str
    raw_lat: float
    raw_lon: float
    lat: float
    lon: float
    window_from: At
    window_until: At
    due_nominal_on: date
    due_on: date
    """Nominal and rolled last day; the earlier one warns."""
    due_provisional: bool
    expected_minutes: int
    state: Str
    decision_id: UUID | None
    """The act, decision or note that moved `state` or the window."""
    continues_job_id: UUID | None = Field(default=None, index=True)
    """The job of a complaint merged into this one's, whose visit goes on in this job."""
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class JobAct(SQLModel, table=True):
    """A job was cancelled, done, or given a new window: the old window stands here."""

    __tablename__ = "job_act"
    __table_args__ = (
        refers("job_id", "job"),
        entered(),
        one_of("verb", "cancel", "finish", "new-window"),
        Index("ix_job_act_job", "bureau_id", "job_id", "recorded_at"),
        FACT,
    )
    bureau_id: BureauKey
    act_id: IdKey
    job_id: UUID
    verb: Str
    reason: Str
    old_from: At
    old_until: At
    window_from: At
    window_until: At
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class SiteDecision(SQLModel, table=True):
    """The custodian decides, with a reason, that a place lies inside or outside: a dated fact, not an override."""

    __tablename__ = "site_decision"
    __table_args__ = (
        belongs_to_bureau(),
        refers("actor_id", "person", "person_id"),
        entered(),
        check("radius", "radius_m BETWEEN 1 AND 500"),
        check("reason", "length(reason) > 0"),
        FACT,
    )
    bureau_id: BureauKey
    site_decision_id: IdKey
    name: Str
    lat: float
    lon: float
    radius_m: int
    inside: bool
    reason: Str
    decided_on: date
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class RememberedPlace(SQLModel, table=True):
    """A site that a job led to before: tried first when an address is looked up."""

    __tablename__ = "remembered_place"
    __table_args__ = (
        belongs_to_bureau(),
        Index("ix_remembered_place_name", "bureau_id", "name", postgresql_ops={"name": "text_pattern_ops"}),
    )
    bureau_id: BureauKey
    place_id: IdKey
    name: Str
    address: Str
    credit_code: StrOrNone = None
    datum: Str
    raw_lat: float
    raw_lon: float
    lat: float
    lon: float
    last_used_at: At
