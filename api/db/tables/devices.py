"""Devices 终端设备: phones of persons and terminals of vehicles, what they tell beside fixes, what they are told."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import REAL, BigInteger, DateTime, Index, LargeBinary, UniqueConstraint, column
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    APPEND_ONLY,
    FACT,
    FACT_WITH_STATE,
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


class Device(SQLModel, table=True):
    """A phone of a person, or a terminal of a vehicle; of its token and its code only the SHA-256 is kept.

    A JT/T 808 terminal says no more than its phone number before it has proved itself. The ingest role, which serves
    all bureaus, may look up whose number that is; `code_sha256` is of the authentication code 鉴权码 it was given then.
    """

    __tablename__ = "device"
    __table_args__ = (
        belongs_to_bureau(),
        refers("person_id", "person"),
        refers("vehicle_id", "vehicle"),
        UniqueConstraint("bureau_id", "token_sha256"),
        check("one_owner", "(person_id IS NULL) <> (vehicle_id IS NULL)"),
        check("terminal", "vehicle_id IS NOT NULL OR coalesce(terminal_phone, terminal_id) IS NULL"),
        check("terminal_phone", "terminal_phone ~ '^[1-9][0-9]{0,19}$'"),
        one_of("strictness", "strict", "lenient"),
        Index(
            "uq_device_terminal_phone",
            "bureau_id",
            "terminal_phone",
            unique=True,
            postgresql_where=column("revoked_at").is_(None),
        ),
        Index("ix_device_code", "bureau_id", "code_sha256"),
        {"info": {"acts": "device_act"}},
    )
    bureau_id: BureauKey
    device_id: IdKey
    name: Str
    person_id: UUID | None
    vehicle_id: UUID | None
    token_sha256: bytes = Field(sa_type=LargeBinary)
    revoked_at: AtOrNone = None
    act_id: UUID
    zone: StrOrNone = None
    """The zone its clock is set to, by its IANA name; null: the protocol's own."""
    strictness: Str = "strict"
    """Whether a frame with a wrong checksum or length is refused, or read as far as it goes and counted."""
    terminal_phone: StrOrNone = None
    """The number in the header of its frames, without leading zeros."""
    terminal_id: StrOrNone = None
    """What it calls itself at registration."""
    code_sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    code_used_at: AtOrNone = None
    """When it first proved itself by its code: from then on no other is given."""
    ha1: StrOrNone = None
    """MD5 of `user:realm:token` for HTTP Digest (RFC 7616 §3.4.2), of a phone."""


class DeviceAct(SQLModel, table=True):
    """A device was enrolled or configured, its token rotated, a code given to it, or it was revoked."""

    __tablename__ = "device_act"
    __table_args__ = (
        refers("device_id", "device"),
        entered(),
        one_of("verb", "enrol", "configure", "register", "rotate", "revoke"),
        FACT,
    )
    bureau_id: BureauKey
    act_id: IdKey
    device_id: UUID = Field(index=True)
    verb: Str
    detail: Json
    actor_id: UUID | None
    recorded_at: At
    entry_id: UUID


class DeviceEvent(SQLModel, table=True):
    """What a device told that is no fix: an alarm, a power cut, a driver's card. It names no place."""

    __tablename__ = "device_event"
    __table_args__ = (Index("ix_device_event_received", "bureau_id", "device_id", "received_at"), APPEND_ONLY)
    bureau_id: BureauKey
    event_id: IdKey
    """Made from the content, so that a repeat is not stored."""
    device_id: UUID
    kind: Str
    at: AtOrNone
    """By the device's clock, where it says."""
    received_at: At
    detail: Json


class TerminalReading(SQLModel, table=True):
    """A terminal's own count of metres 终端里程, beside the dashboard's readings and the track."""

    __tablename__ = "terminal_reading"
    __table_args__ = (
        # Rows lie in the order of their receipt, as fixes do: what came in an hour is found by a few pages.
        Index("ix_terminal_reading_received", "received_at", postgresql_using="brin"),
        APPEND_ONLY,
    )
    bureau_id: BureauKey
    device_id: IdKey
    read_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    odometer_m: int = Field(primary_key=True, sa_type=BigInteger)
    received_at: At


class DeviceDay(SQLModel, table=True):
    """What came from a device on one day (UTC) and how: its health. Counts only; nothing of where it was."""

    __tablename__ = "device_day"
    bureau_id: BureauKey
    device_id: IdKey
    day: date = Field(primary_key=True)
    stored: int
    repeated: int
    held: int
    aside: int
    events: int
    last_seen_at: At
    last_fixed_at: AtOrNone
    delay_least_s: float | None
    """Between a fix and its receipt; negative where the device's clock is ahead."""
    delay_most_s: float | None
    delay_sum_s: float
    battery_percent: float | None = Field(default=None, sa_type=REAL)
    protocol: StrOrNone
    app: StrOrNone


class DeviceCommand(SQLModel, table=True):
    """What a terminal was asked to do, by whom, and what became of it."""

    __tablename__ = "device_command"
    __table_args__ = (
        refers("device_id", "device"),
        refers("asked_by", "person", "person_id"),
        entered(),
        one_of("kind", "report-interval", "odometer", "locate", "text"),
        one_of("state", "waiting", "sent", "done", "failed"),
        Index("ix_device_command_device", "bureau_id", "device_id", "command_id"),
        FACT_WITH_STATE,
    )
    bureau_id: BureauKey
    command_id: IdKey
    device_id: UUID
    kind: Str
    parameters: Json
    state: Str
    serial: int | None = None
    """The number of the frame it was sent in."""
    asked_by: UUID
    asked_at: At
    sent_at: AtOrNone = None
    answered_at: AtOrNone = None
    result: StrOrNone = None
    entry_id: UUID


class TrackingAcknowledgement(SQLModel, table=True):
    """A person has read what is tracked of their phone, when and why 定位告知确认, before the first of it counts."""

    __tablename__ = "tracking_acknowledgement"
    __table_args__ = (
        refers("person_id", "person"),
        refers("device_id", "device"),
        entered(),
        one_of("obtained", "link", "signed-in"),
        FACT,
    )
    bureau_id: BureauKey
    acknowledgement_id: IdKey
    person_id: UUID = Field(index=True)
    notice: Str
    """Which wording they read."""
    device_id: UUID | None
    """Whose link it was read by."""
    obtained: Str
    recorded_at: At
    entry_id: UUID
