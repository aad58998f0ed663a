"""The tenant, its units, its boundary as the database holds it, and its settings."""

from datetime import date
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    FACT_WITH_STATE,
    REFERENCE,
    At,
    AtOrNone,
    BureauKey,
    IdKey,
    IntKey,
    Json,
    JsonOrNone,
    Str,
    StrOrNone,
    TextKey,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)


class BureauDirectory(SQLModel, table=True):
    """Which bureaus this installation serves: public codes and names, so that background work can go round."""

    __tablename__ = "bureau_directory"
    __table_args__ = REFERENCE
    bureau_id: TextKey
    name: Str


class Bureau(SQLModel, table=True):
    """A district bureau 局, the tenant."""

    __tablename__ = "bureau"
    __table_args__ = (
        check("code", "bureau_id ~ '^[0-9]{6}$'"),
        check("one_time", "zone = 'Asia/Shanghai'"),
    )
    bureau_id: BureauKey
    name: Str
    zone: Str
    """Beijing time is all of China's: pages show and send +08:00, so no bureau counts its days by another."""
    boundary: JsonOrNone = None
    """GeoJSON geometry in WGS-84."""
    boundary_source: StrOrNone = None
    origin_lat: float
    origin_lon: float
    """Origin of the local frame in metres that `boundary_part` is given in."""
    demo: bool = False
    created_at: At


class BoundaryPart(SQLModel, table=True):
    """One ring of the boundary in local metres, so that a trigger can hold the jurisdiction rule.

    `outline` is written as PostgreSQL's polygon, `((x,y),…)`, with
    x = (lon - origin_lon) · cos(origin_lat) · 111319.49, y = (lat - origin_lat) · 111319.49, in metres.
    """

    __tablename__ = "boundary_part"
    __table_args__ = (belongs_to_bureau(), check("outline", "outline::polygon IS NOT NULL"))
    bureau_id: BureauKey
    part_no: IntKey
    outline: Str


class Unit(SQLModel, table=True):
    """A unit 单位 of a bureau: the desk, a station 所, a department."""

    __tablename__ = "unit"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        one_of("kind", "desk", "station", "department"),
        FACT_WITH_STATE,
    )
    bureau_id: BureauKey
    unit_id: IdKey
    name: Str
    kind: Str
    recorded_at: At
    entry_id: UUID


class SettingChange(SQLModel, table=True):
    """A threshold was set: the newest row of a name is what holds. Settings are facts."""

    __tablename__ = "setting_change"
    __table_args__ = (belongs_to_bureau(), refers("actor_id", "person", "person_id"), entered(), FACT)
    bureau_id: BureauKey
    change_id: IdKey
    name: str = Field(index=True, sa_type=Text)
    old_value: Json
    new_value: Json
    reason: Str
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class TownPoint(SQLModel, table=True):
    """Where a town 乡镇街道 lies on the map: the newest row of a name is what holds. No rule reads it."""

    __tablename__ = "town_point"
    __table_args__ = (
        belongs_to_bureau(),
        refers("actor_id", "person", "person_id"),
        entered(),
        check("place", "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180"),
        check("name", "length(name) BETWEEN 1 AND 60"),
        check("reason", "length(reason) > 0"),
        FACT,
    )
    bureau_id: BureauKey
    town_point_id: IdKey
    name: Str
    lat: float
    lon: float
    shown: bool
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID


class CalendarNotice(SQLModel, table=True):
    """The State Council's notice of a year's holidays and make-up days."""

    __tablename__ = "calendar_notice"
    __table_args__ = REFERENCE
    year: IntKey
    title: Str
    link: Str
    source: Str
    """Whom the days were taken over from."""
    entered_by: Str
    entered_at: At


class CalendarDay(SQLModel, table=True):
    """One day that a notice names: a holiday, or a weekend day worked in exchange."""

    __tablename__ = "calendar_day"
    __table_args__ = REFERENCE
    day: date = Field(primary_key=True)
    year: int = Field(foreign_key="calendar_notice.year")
    name: Str
    working: bool


class IdempotencyKey(SQLModel, table=True):
    """What a POST with this Idempotency-Key answered, kept a week so that a double click is one act."""

    __tablename__ = "idempotency_key"
    __table_args__ = (refers("person_id", "person"),)
    bureau_id: BureauKey
    person_id: IdKey
    key: TextKey
    request_sha256: Str
    status: int | None
    answer: StrOrNone = None
    created_at: At
    finished_at: AtOrNone = None
