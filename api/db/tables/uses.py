"""The one calendar of a vehicle: trips 出车 and upkeep orders 维保单, and every decision about them."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, column, func
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    APPEND_ONLY,
    FACT,
    At,
    AtOrNone,
    BigOrNone,
    BureauKey,
    Codes,
    IdKey,
    Ids,
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
from api.db.tables.complaints import JOB_KINDS
from api.db.tables.upkeep import UPKEEP_KINDS

USE_STATES = (
    "requested",
    "refused",
    "approved",
    "departed",
    "returned",
    "closed",
    "cancelled",
    "expired",
)


class VehicleUse(SQLModel, table=True):
    """One use of a vehicle: its planned window, its actual times, its state. Two exclusion constraints hold P2."""

    __tablename__ = "vehicle_use"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        UniqueConstraint("bureau_id", "use_id", "kind"),
        one_of("kind", "trip", "upkeep"),
        one_of("state", *USE_STATES),
        check("planned_window", "planned_until > planned_from"),
        check("grace", "grace_s BETWEEN 0 AND 7200"),
        check("actual_window", "actual_until >= actual_from"),
        check(
            "actual_times_fit_state",
            "(actual_from IS NOT NULL) = (state IN ('departed', 'returned', 'closed'))"
            " AND (actual_until IS NOT NULL) = (state IN ('returned', 'closed'))",
        ),
        check(
            "departed_in_window",
            "kind <> 'trip' OR actual_from IS NULL OR actual_from BETWEEN"
            " planned_from - make_interval(secs => grace_s) AND planned_until + make_interval(secs => grace_s)",
        ),
        ExcludeConstraint(
            (column("bureau_id"), "="),
            (column("vehicle_id"), "="),
            (func.tstzrange(column("planned_from"), column("planned_until")), "&&"),
            where=column("state").in_(("approved", "departed")),
            name="ex_vehicle_use_planned",
            using="gist",
        ),
        ExcludeConstraint(
            (column("bureau_id"), "="),
            (column("vehicle_id"), "="),
            (func.tstzrange(column("actual_from"), column("actual_until")), "&&"),
            where=column("actual_from").is_not(None),
            name="ex_vehicle_use_actual",
            using="gist",
        ),
        Index("ix_vehicle_use_vehicle_planned", "bureau_id", "vehicle_id", "planned_from"),
    )
    bureau_id: BureauKey
    use_id: IdKey
    vehicle_id: UUID
    kind: Str
    state: Str
    planned_from: At
    planned_until: At
    grace_s: int
    actual_from: AtOrNone = None
    actual_until: AtOrNone = None
    decision_id: UUID
    """The last decision; a trigger lets no state change without a new one."""
    created_at: At


class Trip(SQLModel, table=True):
    """What a use asks for when it is a trip."""

    __tablename__ = "trip"
    __table_args__ = (
        refers("use_id kind", "vehicle_use"),
        refers("requester_id", "person", "person_id"),
        refers("requester_unit_id", "unit", "unit_id"),
        refers("approver_id", "person", "person_id"),
        check("kind", "kind = 'trip'"),
        one_of("purpose", "mediation", "other"),
        check("no_self_approval", "approver_id <> requester_id"),
        check("approved_by_someone", "(approver_id IS NULL) = (approved_at IS NULL)"),
    )
    bureau_id: BureauKey
    use_id: IdKey
    kind: Str = "trip"
    requester_id: UUID
    requester_unit_id: UUID
    purpose: Str
    purpose_note: Str
    crew_rev: int
    approver_id: UUID | None
    approved_at: AtOrNone = None
    spoken_at: AtOrNone = None
    """Minute of a spoken approval 口头批准, entered by the officer on duty."""
    spoken_entered_by: UUID | None
    confirmed_at: AtOrNone = None


class TripJob(SQLModel, table=True):
    """A job that a trip carries. Its kind and need of a visit are held by the key into `job`."""

    __tablename__ = "trip_job"
    __table_args__ = (
        refers("use_id", "trip"),
        refers("job_id complaint_id job_kind on_site", "job", "job_id complaint_id kind on_site"),
        refers("decision_id", "decision"),
        refers("dropped_by", "decision", "decision_id"),
        one_of("job_kind", *JOB_KINDS),
        Index("ix_trip_job_job", "bureau_id", "job_id"),
    )
    bureau_id: BureauKey
    use_id: IdKey
    job_id: IdKey
    complaint_id: UUID
    job_kind: Str
    on_site: bool
    under_way: bool
    """Added while the trip was under way."""
    decision_id: UUID
    dropped_by: UUID | None
    """The decision that took it off again before departure."""


class TripCrew(SQLModel, table=True):
    """Who drives and who goes along, by revision; `trip.crew_rev` names the one that holds."""

    __tablename__ = "trip_crew"
    __table_args__ = (
        refers("use_id", "trip"),
        refers("person_id", "person"),
        refers("decision_id", "decision"),
        one_of("seat", "driver", "officer"),
        Index(
            "uq_trip_crew_one_driver",
            "bureau_id",
            "use_id",
            "rev",
            unique=True,
            postgresql_where=column("seat") == "driver",
        ),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    use_id: IdKey
    rev: IntKey
    person_id: IdKey
    seat: Str
    decision_id: UUID


class TripPassenger(SQLModel, table=True):
    """Someone aboard who is not crew: a consumer, an expert."""

    __tablename__ = "trip_passenger"
    __table_args__ = (
        refers("use_id", "trip"),
        refers("decision_id", "decision"),
        one_of("standing", "consumer", "respondent", "expert", "witness", "other"),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    use_id: IdKey
    rev: IntKey
    passenger_no: IntKey
    name: Str
    standing: Str
    decision_id: UUID


class TripStop(SQLModel, table=True):
    """The officers say that they arrived at a job's site, or left it."""

    __tablename__ = "trip_stop"
    __table_args__ = (
        refers("use_id job_id", "trip_job"),
        entered(),
        one_of("what", "arrive", "leave"),
        Index("ix_trip_stop_use", "bureau_id", "use_id", "stated_at"),
        FACT,
    )
    bureau_id: BureauKey
    stop_id: IdKey
    use_id: UUID
    job_id: UUID
    what: Str
    stated_at: At
    lat: float | None
    lon: float | None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class UpkeepOrder(SQLModel, table=True):
    """What a use is for when it is upkeep: fuel, wash, repair, inspection, insurance, tyres, tow; and where it goes."""

    __tablename__ = "upkeep_order"
    __table_args__ = (
        refers("use_id kind", "vehicle_use"),
        refers("requester_id", "person", "person_id"),
        refers("driver_id", "person", "person_id"),
        refers("after_use_id", "vehicle_use", "use_id"),
        check("kind", "kind = 'upkeep'"),
        one_of("upkeep", *UPKEEP_KINDS),
        check("no_order_to_oneself", "driver_id <> requester_id"),
        check("driven_or_towed", "(driver_id IS NULL) = (upkeep = 'tow')"),
        check("amounts", "cost_fen >= 0 AND fuel_ml >= 0"),
        check("place_or_reason", "place_id IS NOT NULL OR upkeep = 'tow' OR coalesce(btrim(place_reason), '') <> ''"),
    )
    bureau_id: BureauKey
    use_id: IdKey
    kind: Str = "upkeep"
    requester_id: UUID
    """Who gave the order."""
    driver_id: UUID | None
    """Who drives; nobody where the vehicle is towed."""
    upkeep: Str
    place: Str
    place_id: UUID | None
    """The registered place; a trigger holds that it is one, for this kind of upkeep."""
    place_reason: StrOrNone = None
    """Why it is none."""
    reason: Str
    after_use_id: UUID | None
    """The trip that ended by breakdown or accident, if one did."""
    document_no: StrOrNone = None
    cost_fen: BigOrNone = None
    fuel_ml: BigOrNone = None


class Decision(SQLModel, table=True):
    """One step in the life of a use: who did what, when it was stated and when recorded, and what the rule said."""

    __tablename__ = "decision"
    __table_args__ = (
        refers("use_id", "vehicle_use"),
        entered(),
        one_of("outcome", "permit", "refusal", "done"),
        one_of("source", "online", "offline", "spoken", "paper", "system"),
        Index("ix_decision_use", "bureau_id", "use_id", "recorded_at"),
        FACT,
    )
    bureau_id: BureauKey
    decision_id: IdKey
    use_id: UUID
    verb: Str
    to_state: Str
    outcome: Str
    complaint_ids: Ids
    marks: Codes
    facts: Json
    """What the rule was given, and what else the step says. Identifiers only, no names."""
    source: Str
    stated_at: At
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class DispatchOrder(SQLModel, table=True):
    """A dispatch order 派车单: its number has no gap within a bureau's year. A void one stays."""

    __tablename__ = "dispatch_order"
    __table_args__ = (refers("use_id", "trip"), UniqueConstraint("bureau_id", "use_id"), entered(), FACT)
    bureau_id: BureauKey
    year: IntKey
    number: IntKey
    use_id: UUID
    verification_code: Str
    recorded_at: At
    entry_id: UUID


class DispatchOrderCounter(SQLModel, table=True):
    """The last number given in a year; its row lock makes the series gapless."""

    __tablename__ = "dispatch_order_counter"
    __table_args__ = (belongs_to_bureau(),)
    bureau_id: BureauKey
    year: IntKey
    last: int


class SafetyCheck(SQLModel, table=True):
    """The short check at departure: tyres, lights, fuel, papers."""

    __tablename__ = "safety_check"
    __table_args__ = (refers("use_id", "vehicle_use"), entered(), FACT)
    bureau_id: BureauKey
    check_id: IdKey
    use_id: UUID = Field(index=True)
    tyres: bool
    lights: bool
    fuel: bool
    papers: bool
    remark: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class AccidentReport(SQLModel, table=True):
    """A breakdown or an accident: where, when, what, whether anyone was hurt."""

    __tablename__ = "accident_report"
    __table_args__ = (
        refers("use_id", "vehicle_use"),
        entered(),
        one_of("kind", "breakdown", "accident"),
        FACT,
    )
    bureau_id: BureauKey
    report_id: IdKey
    use_id: UUID = Field(index=True)
    kind: Str
    happened_at: At
    lat: float | None
    lon: float | None
    place: Str
    account: Str
    injured: bool
    third_party: bool
    police_no: StrOrNone = None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID
