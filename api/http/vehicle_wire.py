"""Vehicles as they travel: what is entered of one, and what its file shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from api.db.queries.vehicles import Known
from api.db.tables.vehicles import DedicationOrder, VehiclePaper
from api.http.base_wire import BaseOut, FirstBase
from api.http.due_warnings import WarningOut, warning_out
from api.http.fields import SAYS_SOMETHING
from api.http.place import Place
from api.http.readings import Instant, Odometer, PhotoSha256, Reason, Resolution
from domain.books.readings import Obtained
from domain.upkeep.dues import Standing
from domain.upkeep.warned import DueWarning

Plate = Annotated[str, msgspec.Meta(pattern=r"^[^\s\x00]{2,12}$", examples=["闽B12315"])]


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["消费维权专用车"])]


Vin = Annotated[str, msgspec.Meta(pattern="^[A-HJ-NPR-Z0-9]{17}$", examples=["LSVAA4182E2123456"])]


DocumentNo = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["莆城市监〔2026〕12号"])
]


CardNo = Annotated[str, msgspec.Meta(pattern="^[0-9A-Z]{4,30}$", examples=["1000113500001234567"])]


class VehicleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle as first entered."""

    plate: Plate
    name: Name
    vin: Vin | None = None
    base_name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["局机关停车场"])
    ]
    base: Place
    """Where it is kept 停放地点."""
    resolution_m: Resolution = 1000
    """What the dashboard's last digit is worth."""


class PaperIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An inspection 年检 or insurance 保险 and the days it is valid on, both included."""

    kind: Literal["inspection", "insurance"]
    document_no: DocumentNo
    valid_from: date
    valid_until: date


class DedicationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dated order: from this day the vehicle serves the unit, or no longer does."""

    kind: Literal["dedicate", "release"]
    unit_id: UUID
    effective_on: date
    document_no: DocumentNo
    reason: Reason


class OdometerIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another odometer in the vehicle, and what both showed at that moment."""

    replaced_at: Instant
    old_odometer_m: Odometer | None
    """Null where the old one could not be read."""
    new_odometer_m: Odometer
    resolution_m: Resolution | None = None
    """Left out: what the vehicle's dashboard shows."""
    obtained: Obtained
    reason: Reason
    photo_sha256: PhotoSha256 | None = None


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What was entered."""

    id: UUID


class PaperOut(msgspec.Struct, frozen=True, kw_only=True):
    """A paper as entered; the newest of a kind that has begun holds."""

    paper_id: UUID
    kind: str
    document_no: str
    valid_from: date
    valid_until: date
    actor_id: UUID
    recorded_at: datetime


class DedicationOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order as entered; of one day the newest entry holds."""

    order_id: UUID
    kind: str
    unit_id: UUID
    effective_on: date
    document_no: str
    reason: str
    actor_id: UUID
    recorded_at: datetime


class DueOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is due again; `standing` is how near it is."""

    due_id: UUID
    kind: str
    standing: Standing
    done_on: date
    done_m: int | None
    every_months: int | None
    every_m: int | None
    due_on: date | None
    due_m: int | None
    segment: int | None
    document_no: str
    actor_id: UUID
    recorded_at: datetime


class PaperStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the inspection or insurance stands today, and until when, renewals included: `passed` where none is valid."""

    kind: str
    standing: Standing
    valid_until: date | None


class CardOut(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a fuel or toll card; of one number the latest effective entry holds."""

    card_id: UUID
    kind: str
    card_no: str
    issuer: str
    held: bool
    effective_on: date
    reason: str
    actor_id: UUID
    recorded_at: datetime


class DocumentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A document by its SHA-256, to be fetched from /v1/attachments, and what it is about."""

    document_id: UUID
    kind: str
    title: str
    sha256: str
    about_id: UUID | None
    actor_id: UUID
    recorded_at: datetime


class RepairOut(msgspec.Struct, frozen=True, kw_only=True):
    """A repair, inspection or change of tyres by its upkeep order, and what it cost by the costs in force."""

    use_id: UUID
    upkeep: str
    state: str
    place: str
    place_id: UUID | None
    from_at: datetime
    until_at: datetime | None
    reason: str
    document_no: str | None
    cost_fen: int


class SealActOut(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle was sealed 封存 or unsealed 启封."""

    seal_id: UUID
    verb: str
    at: datetime
    place: str
    reason: str
    reading_id: UUID
    odometer_m: int
    actor_id: UUID
    recorded_at: datetime


class TerminalOut(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal built into the vehicle."""

    device_id: UUID
    name: str
    revoked_at: datetime | None


class DedicatedTo(msgspec.Struct, frozen=True, kw_only=True):
    """The unit that the vehicle serves today, by which order."""

    unit_id: UUID
    unit_name: str
    document_no: str
    since_on: date


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A trip or upkeep order, now or next."""

    use_id: UUID
    kind: str
    upkeep: str | None
    from_at: datetime
    until_at: datetime
    driver_id: UUID | None
    driver_name: str | None


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle last was, WGS-84."""

    lat: float
    lon: float
    fixed_at: datetime


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle is and who has it."""

    state: Literal["at-base", "on-trip", "at-upkeep", "broken-down"]
    place: str | None
    """The base, the workshop, or where it broke down; null on a trip."""
    under_way: Use | None
    next_use: Use | None
    odometer_m: int | None
    odometer_read_at: datetime | None
    last_fix: Fix | None


class VehicleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle and its state now."""

    vehicle_id: UUID
    plate: str
    name: str
    vin: str | None
    base_name: str
    """Where it is kept now."""
    base_lat: float
    base_lon: float
    resolution_m: int
    dedicated_to: DedicatedTo | None
    now: State
    warnings: list[WarningOut]
    """What is due soon or passed: inspection, insurance, service."""


class VehicleFile(VehicleOut, frozen=True, kw_only=True):
    """The whole file 一车一档: papers, orders, dues, cards, repairs, seals, bases, documents and terminals."""

    papers: list[PaperOut]
    paper_standings: list[PaperStanding]
    dedication_orders: list[DedicationOut]
    dues: list[DueOut]
    cards: list[CardOut]
    repairs: list[RepairOut]
    seals: list[SealActOut]
    sealed: bool
    """By what was done to its seal, or by the calendar of a holiday."""
    first_base: FirstBase
    bases: list[BaseOut]
    """Every move of the base, by when it takes effect."""
    documents: list[DocumentOut]
    terminals: list[TerminalOut]


def vehicle_out(known: Known, warnings: Iterable[DueWarning]) -> VehicleOut:
    """Return a vehicle as it is shown, with what it is due for."""
    vehicle, order = known.vehicle, known.dedication
    dedicated = order is not None and order.kind == "dedicate"
    return VehicleOut(
        vehicle_id=vehicle.vehicle_id,
        plate=vehicle.plate,
        name=vehicle.name,
        vin=vehicle.vin,
        base_name=known.base.name,
        base_lat=known.base.place.lat,
        base_lon=known.base.place.lon,
        resolution_m=vehicle.resolution_m,
        dedicated_to=DedicatedTo(
            unit_id=order.unit_id,
            unit_name=order.unit_name,
            document_no=order.document_no,
            since_on=order.effective_on,
        )
        if order is not None and dedicated
        else None,
        now=state_out(known),
        warnings=[warning_out(one) for one in warnings],
    )


def state_out(known: Known) -> State:
    """Return where a vehicle is and what it does, as it is shown."""
    on, upcoming, last = known.under_way, known.next_use, known.last_use
    state: Literal["at-base", "on-trip", "at-upkeep", "broken-down"] = "at-base"
    place: str | None = known.base.name
    if on is not None:
        state, place = ("on-trip", None) if on.kind == "trip" else ("at-upkeep", on.place)
    elif last is not None and last.verb == "break-down":
        state, place = "broken-down", last.place
    fix = known.last_fix
    return State(
        state=state,
        place=place,
        under_way=Use(
            use_id=on.use_id,
            kind=on.kind,
            upkeep=on.upkeep,
            from_at=on.actual_from,
            until_at=on.planned_until,
            driver_id=on.person_id,
            driver_name=on.name,
        )
        if on is not None
        else None,
        next_use=Use(
            use_id=upcoming.use_id,
            kind=upcoming.kind,
            upkeep=upcoming.upkeep,
            from_at=upcoming.planned_from,
            until_at=upcoming.planned_until,
            driver_id=upcoming.person_id,
            driver_name=upcoming.name,
        )
        if upcoming is not None
        else None,
        odometer_m=known.odometer.odometer_m if known.odometer else None,
        odometer_read_at=known.odometer.read_at if known.odometer else None,
        last_fix=Fix(lat=fix.lat, lon=fix.lon, fixed_at=fix.fixed_at) if fix else None,
    )


def paper_out(row: VehiclePaper) -> PaperOut:
    """Return a paper as it is shown."""
    return PaperOut(
        paper_id=row.paper_id,
        kind=row.kind,
        document_no=row.document_no,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def seal_out(row: Any) -> SealActOut:
    """Return an act on the seal as it is shown."""
    return SealActOut(**{name: getattr(row, name) for name in SealActOut.__struct_fields__})


def dedication_out(row: DedicationOrder) -> DedicationOut:
    """Return a dedication order as it is shown."""
    return DedicationOut(
        order_id=row.order_id,
        kind=row.kind,
        unit_id=row.unit_id,
        effective_on=row.effective_on,
        document_no=row.document_no,
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )
