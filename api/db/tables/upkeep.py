"""What a vehicle costs, when it is due, where it is kept: places, costs, dues, cards with their statements, seals."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    Big,
    BigOrNone,
    BureauKey,
    Codes,
    IdKey,
    IntKey,
    Json,
    MetresOrNone,
    Str,
    StrOrNone,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)

UPKEEP_KINDS = ("fuel", "wash", "repair", "inspection", "insurance", "tyres", "tow")
COST_KINDS = ("fuel", "toll", "parking", "repair", "insurance", "inspection", "tyres", "wash", "other")
SHA256 = "~ '^[0-9a-f]{64}$'"


class UpkeepPlace(SQLModel, table=True):
    """A registered place 定点单位 for upkeep, such as a fuel station or a workshop: for which kinds, and where."""

    __tablename__ = "upkeep_place"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        check("kinds", "cardinality(kinds) > 0 AND kinds <@ ARRAY[" + ", ".join(map(repr, UPKEEP_KINDS)) + "]"),
        check("place", "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180"),
        FACT,
    )
    bureau_id: BureauKey
    place_id: IdKey
    kinds: Codes
    name: Str
    address: Str
    lat: float
    lon: float
    """WGS-84."""
    document_no: Str
    """By which contract or notice it is a registered place."""
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class UpkeepPlaceRetired(SQLModel, table=True):
    """A place is registered no longer; once a place."""

    __tablename__ = "upkeep_place_retired"
    __table_args__ = (refers("place_id", "upkeep_place"), entered(), check("reason", "btrim(reason) <> ''"), FACT)
    bureau_id: BureauKey
    place_id: IdKey
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class VehicleCard(SQLModel, table=True):
    """A fuel or toll card 加油卡、ETC is the vehicle's from a day on, or (`held` false) no longer; the newest holds."""

    __tablename__ = "vehicle_card"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        entered(),
        one_of("kind", "fuel", "toll"),
        check("card_no", "card_no ~ '^[0-9A-Z]{4,30}$'"),
        Index("ix_vehicle_card_no", "bureau_id", "card_no"),
        FACT,
    )
    bureau_id: BureauKey
    card_id: IdKey
    vehicle_id: UUID
    kind: Str
    card_no: Str
    issuer: Str
    held: bool
    effective_on: date
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class VehicleDue(SQLModel, table=True):
    """What was done to the vehicle, and by which day or kilometre it is due again; the newest row of a kind holds."""

    __tablename__ = "vehicle_due"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        entered(),
        one_of("kind", "service", "tyres", "brakes", "other"),
        check(
            "again",
            "coalesce(every_months BETWEEN 1 AND 120, every_m IS NOT NULL)"
            " AND coalesce(every_m BETWEEN 1000 AND 200000000, every_months IS NOT NULL)",
        ),
        check("by_odometer", "(every_m IS NULL) = (done_m IS NULL) AND (every_m IS NULL) = (segment IS NULL)"),
        check("due_on", "due_on IS NOT DISTINCT FROM (done_on + make_interval(months => every_months))::date"),
        check("due_m", "due_m IS NOT DISTINCT FROM done_m + every_m"),
        Index("ix_vehicle_due_vehicle", "bureau_id", "vehicle_id", "kind"),
        FACT,
    )
    bureau_id: BureauKey
    due_id: IdKey
    vehicle_id: UUID
    kind: Str
    done_on: date
    done_m: MetresOrNone = None
    """What the odometer of `segment` showed when it was done."""
    segment: int | None
    every_months: int | None
    every_m: MetresOrNone = None
    due_on: date | None
    due_m: MetresOrNone = None
    document_no: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class VehicleCost(SQLModel, table=True):
    """What was paid for a vehicle, in fen, for fuel with its millilitres; `corrects` names one that was wrong."""

    __tablename__ = "vehicle_cost"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("use_id", "vehicle_use"),
        refers("reading_id", "reading"),
        refers("corrects", "vehicle_cost", "cost_id"),
        entered(),
        one_of("kind", *COST_KINDS),
        UniqueConstraint("bureau_id", "corrects"),
        check("amount", "amount_fen BETWEEN 0 AND 1000000000"),
        check("nothing_is_a_correction", "amount_fen > 0 OR corrects IS NOT NULL"),
        check("litres", "(fuel_ml IS NOT NULL) = (kind = 'fuel' AND amount_fen > 0)"),
        check("fuel_ml", "fuel_ml BETWEEN 1 AND 500000"),
        check("receipt", f"receipt_sha256 {SHA256}"),
        check("correction_says_why", "(corrects IS NULL) = (coalesce(btrim(reason), '') = '')"),
        Index("ix_vehicle_cost_vehicle", "bureau_id", "vehicle_id", "incurred_at"),
        Index("ix_vehicle_cost_use", "bureau_id", "use_id"),
        FACT,
    )
    bureau_id: BureauKey
    cost_id: IdKey
    vehicle_id: UUID
    use_id: UUID | None
    kind: Str
    amount_fen: Big
    fuel_ml: BigOrNone = None
    incurred_at: At
    odometer_m: MetresOrNone = None
    reading_id: UUID | None
    """The reading that was entered with it."""
    receipt_sha256: StrOrNone = None
    document_no: StrOrNone = None
    card_no: StrOrNone = None
    corrects: UUID | None
    reason: StrOrNone = None
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class CardStatement(SQLModel, table=True):
    """A statement of fuel or toll cards as it was imported: which file, which columns, what it sums to."""

    __tablename__ = "card_statement"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        one_of("kind", "fuel", "toll"),
        UniqueConstraint("bureau_id", "file_sha256"),
        check("file", f"file_sha256 {SHA256}"),
        check("lines", "line_count > 0"),
        FACT,
    )
    bureau_id: BureauKey
    statement_id: IdKey
    kind: Str
    file_sha256: Str
    columns: Json
    """Which column of the file was read as what, as a person confirmed it."""
    line_count: int
    total_fen: Big
    from_at: At
    until_at: At
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class CardLine(SQLModel, table=True):
    """One line of a card statement, as it was read."""

    __tablename__ = "card_line"
    __table_args__ = (
        refers("statement_id", "card_statement"),
        entered(),
        check("amount", "amount_fen BETWEEN -1000000000 AND 1000000000"),
        Index("ix_card_line_card", "bureau_id", "card_no", "paid_at"),
        FACT,
    )
    bureau_id: BureauKey
    statement_id: IdKey
    line_no: IntKey
    """The row of the file, counted from 1."""
    card_no: Str
    paid_at: At
    amount_fen: Big
    fuel_ml: BigOrNone = None
    place: Str
    entry_id: UUID


class CardMatch(SQLModel, table=True):
    """What a line of a statement is: one cost of the books, or disputed for a reason; the newest of a line holds."""

    __tablename__ = "card_match"
    __table_args__ = (
        refers("statement_id line_no", "card_line"),
        refers("cost_id", "vehicle_cost"),
        entered(),
        one_of("verdict", "matched", "disputed", "open"),
        check("matched_to", "(verdict = 'matched') = (cost_id IS NOT NULL)"),
        check("says_why", "verdict = 'matched' OR btrim(reason) <> ''"),
        Index("ix_card_match_line", "bureau_id", "statement_id", "line_no"),
        Index("ix_card_match_cost", "bureau_id", "cost_id"),
        FACT,
    )
    bureau_id: BureauKey
    match_id: IdKey
    statement_id: UUID
    line_no: int
    verdict: Str
    cost_id: UUID | None
    by_rule: bool
    """Matched at import, as the one cost that fits; else by a person."""
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class HolidaySeal(SQLModel, table=True):
    """A vehicle was sealed 封存 or unsealed 启封, with what its odometer showed."""

    __tablename__ = "holiday_seal"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        refers("reading_id", "reading"),
        entered(),
        one_of("verb", "seal", "unseal"),
        check("unsealing_says_why", "verb = 'seal' OR btrim(reason) <> ''"),
        Index("ix_holiday_seal_vehicle", "bureau_id", "vehicle_id", "at"),
        FACT,
    )
    bureau_id: BureauKey
    seal_id: IdKey
    vehicle_id: UUID
    verb: Str
    at: At
    place: Str
    """Where it stands sealed; the base unless told otherwise."""
    reading_id: UUID
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class VehicleBase(SQLModel, table=True):
    """The vehicle is kept elsewhere 停放地点变更 from an instant on: never one that had passed when it was entered."""

    __tablename__ = "vehicle_base"
    __table_args__ = (
        refers("vehicle_id", "vehicle"),
        entered(),
        check("says_why", "btrim(reason) <> '' AND btrim(name) <> ''"),
        check("place", "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180"),
        check("not_backdated", "effective_at >= recorded_at"),
        Index("ix_vehicle_base_vehicle", "bureau_id", "vehicle_id", "effective_at"),
        FACT,
    )
    bureau_id: BureauKey
    base_id: IdKey
    vehicle_id: UUID
    name: Str
    lat: float
    lon: float
    """WGS-84."""
    effective_at: At
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class VehicleDocument(SQLModel, table=True):
    """A document of a vehicle's file by its SHA-256, and what it is about: a paper, an order, a repair, a card."""

    __tablename__ = "vehicle_document"
    __table_args__ = (
        refers("sha256", "attachment"),
        refers("vehicle_id", "vehicle"),
        entered(),
        one_of(
            "kind",
            "registration",
            "driving-permit",
            "dedication",
            "inspection",
            "insurance",
            "card",
            "repair",
            "handover",
            "other",
        ),
        FACT,
    )
    bureau_id: BureauKey
    document_id: IdKey
    vehicle_id: UUID = Field(index=True)
    kind: Str
    title: Str
    sha256: Str
    about_id: UUID | None
    """The paper, dedication order, card, cost, due, move of the base or upkeep order that it documents, if one."""
    actor_id: UUID
    recorded_at: At
    entry_id: UUID
