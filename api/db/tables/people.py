"""People, what they may do, and what the rule asks about them."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    BureauKey,
    IdKey,
    Json,
    Str,
    StrOrNone,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)
from domain.shown import Door, Shown

ROLES = ("officer", "driver", "dispatcher", "custodian", "desk_chief", "auditor", "admin")


class Person(SQLModel, table=True):
    """A person of the bureau. The service may move on what its grants name: pass word, tries, activity."""

    __tablename__ = "person"
    __table_args__ = (
        refers("unit_id", "unit"),
        UniqueConstraint("bureau_id", "login"),
        {"info": {"acts": "person_act"}},
    )
    bureau_id: BureauKey
    person_id: IdKey
    unit_id: UUID
    name: Str
    login: Str
    password_hash: Str
    must_change_password: bool = True
    failed_tries: int = 0
    locked_until: AtOrNone = None
    active: bool = True
    act_id: UUID
    """The last `person_act`; changes with every act."""


class PersonAct(SQLModel, table=True):
    """Something was done to a person's account: entered, pass word changed or reset, sessions ended, deactivated."""

    __tablename__ = "person_act"
    __table_args__ = (
        refers("person_id", "person"),
        entered(),
        one_of(
            "verb",
            "enter",
            "move-unit",
            "change-password",
            "reset-password",
            "lock",
            "deactivate",
            "reactivate",
            "revoke-sessions",
        ),
        FACT,
    )
    bureau_id: BureauKey
    act_id: IdKey
    person_id: UUID = Field(index=True)
    verb: Str
    detail: Json
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class RoleGrant(SQLModel, table=True):
    """A role was given or taken; the newest row of (person, role) holds."""

    __tablename__ = "role_grant"
    __table_args__ = (refers("person_id", "person"), entered(), one_of("role", *ROLES), FACT)
    bureau_id: BureauKey
    grant_id: IdKey
    person_id: UUID = Field(index=True)
    role: Str
    granted: bool
    reason: Str
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class Delegation(SQLModel, table=True):
    """The head of the using unit lets another person approve for a stretch of time; `ends` names one ended early."""

    __tablename__ = "delegation"
    __table_args__ = (
        refers("from_person_id", "person", "person_id"),
        refers("to_person_id", "person", "person_id"),
        refers("unit_id", "unit"),
        entered(),
        check("not_self", "from_person_id <> to_person_id"),
        check("window", "valid_until > valid_from"),
        FACT,
    )
    bureau_id: BureauKey
    delegation_id: IdKey
    unit_id: UUID
    from_person_id: UUID
    to_person_id: UUID = Field(index=True)
    valid_from: At
    valid_until: At
    reason: Str
    ends: UUID | None
    recorded_at: At
    entry_id: UUID


class Examination(SQLModel, table=True):
    """One sitting of the examination before the post 岗前培训考核."""

    __tablename__ = "examination"
    __table_args__ = (refers("person_id", "person"), entered(), FACT)
    bureau_id: BureauKey
    examination_id: IdKey
    person_id: UUID = Field(index=True)
    taken_on: date
    passed: bool
    valid_until: date
    examiner: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class DrivingLicence(SQLModel, table=True):
    """A driving licence as seen and entered; `withdrawn` enters that it no longer stands."""

    __tablename__ = "driving_licence"
    __table_args__ = (
        refers("person_id", "person"),
        entered(),
        check("window", "valid_until >= valid_from"),
        FACT,
    )
    bureau_id: BureauKey
    licence_id: IdKey
    person_id: UUID = Field(index=True)
    number: Str
    vehicle_class: Str
    valid_from: date
    valid_until: date
    withdrawn: bool = False
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class DutyShift(SQLModel, table=True):
    """Who is on duty when; `withdraws` names a shift that was taken off the roster."""

    __tablename__ = "duty_shift"
    __table_args__ = (
        refers("person_id", "person"),
        entered(),
        check("window", "end_at > start_at"),
        FACT,
    )
    bureau_id: BureauKey
    shift_id: IdKey
    person_id: UUID = Field(index=True)
    start_at: At
    end_at: At
    withdraws: UUID | None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class SignInSession(SQLModel, table=True):
    """A signed-in session; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_session"
    __table_args__ = (refers("person_id", "person"), UniqueConstraint("bureau_id", "session_id"))
    bureau_id: BureauKey
    token_sha256: bytes = Field(primary_key=True, sa_type=LargeBinary)
    session_id: UUID
    """What the session is called in lists; unlike its token it opens nothing."""
    person_id: UUID = Field(index=True)
    created_at: At
    expires_at: At
    revoked_at: AtOrNone = None
    client: StrOrNone = None


class AuditMandate(SQLModel, table=True):
    """An outside auditor may read this bureau for a stretch of time, by a document; `ends` names one ended early.

    The auditor's account lives in another bureau of the same installation, so `home_*` are plain values. A row that
    ends a mandate repeats what it ends, and says why.
    """

    __tablename__ = "audit_mandate"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        UniqueConstraint("bureau_id", "ends"),
        check("window", "valid_until > valid_from AND valid_until - valid_from <= interval '366 days'"),
        check("outside", "home_bureau_id <> bureau_id"),
        check("not_backwards", "ends IS NOT NULL OR valid_from >= recorded_at"),
        check("end_has_reason", "(ends IS NULL) = (reason IS NULL)"),
        FACT,
    )
    bureau_id: BureauKey
    mandate_id: IdKey
    home_bureau_id: Str
    home_person_id: UUID
    auditor_name: Str
    document_no: Str
    valid_from: At
    valid_until: At
    ends: UUID | None
    reason: StrOrNone
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class MandateAccess(SQLModel, table=True):
    """One look an outside auditor took; `route` is its method and address, without what was searched for."""

    __tablename__ = "mandate_access"
    __table_args__ = (refers("mandate_id", "audit_mandate"), entered(), FACT)
    bureau_id: BureauKey
    access_id: IdKey
    mandate_id: UUID = Field(index=True)
    route: Str
    recorded_at: At
    entry_id: UUID


class Look(SQLModel, table=True):
    """One look that an auditor of this bureau took at its records: method and address, not what was searched for."""

    __tablename__ = "look"
    __table_args__ = (
        refers("person_id", "person"),
        entered(),
        check("route", "route ~ '^(GET|HEAD) /[^[:space:]]*$'"),
        Index("ix_look_person", "bureau_id", "person_id", "recorded_at"),
        FACT,
    )
    bureau_id: BureauKey
    look_id: IdKey
    person_id: UUID
    route: Str
    recorded_at: At
    entry_id: UUID


class PersonalAccess(SQLModel, table=True):
    """Somebody opened personal data: who, when, what kind and which, by which door; never the data itself."""

    __tablename__ = "personal_access"
    __table_args__ = (
        refers("person_id", "person"),
        one_of("kind", *Shown),
        one_of("door", *Door),
        check("subject", "subject ~ '^[0-9A-Za-z_-]{36,64}$'"),
        Index("ix_personal_access_person", "bureau_id", "person_id", "access_id"),
        Index("ix_personal_access_subject", "bureau_id", "subject", "access_id"),
        Index("ix_personal_access_recorded", "bureau_id", "recorded_at"),
    )
    bureau_id: BureauKey
    access_id: IdKey
    person_id: UUID
    kind: Str
    subject: StrOrNone = None
    """An id or a digest; null of a list."""
    door: Str
    recorded_at: At
