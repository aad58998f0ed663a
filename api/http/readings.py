"""`/v1/readings`: what the odometer showed, and what a wrong reading should have said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.readings import readings_page
from api.db.tables.vehicles import Reading as Row
from api.http.access import EVERYONE, READERS, Allow
from api.http.fields import SAYS_SOMETHING
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.usecases.ask_photo import give_photo
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.record_reading import NewCorrection, NewReading, correct_reading, record_reading
from domain.books.readings import MAX_ODOMETER_M, MAX_RESOLUTION_M, Obtained
from domain.values import Role

Odometer = Annotated[int, msgspec.Meta(ge=0, le=MAX_ODOMETER_M, description="integer metres", examples=[52_341_000])]
Resolution = Annotated[
    int,
    msgspec.Meta(
        ge=1,
        le=MAX_RESOLUTION_M,
        description="what the last digit is worth: 1000 for whole kilometres",
        examples=[1000],
    ),
]
PhotoSha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", examples=["9f" * 32])]
Instant = Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-24T09:12:00+08:00"])]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=SAYS_SOMETHING, examples=["末两位数字颠倒"])]


class ReadingIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reading outside a trip's departure and return, which come with the trip."""

    vehicle_id: UUID
    odometer_m: Odometer
    resolution_m: Resolution | None = None
    """Left out: what the vehicle's dashboard shows."""
    read_at: Instant
    obtained: Obtained
    occasion: Literal["handover", "spot", "workshop", "fuel"]
    photo_sha256: PhotoSha256 | None = None


class CorrectionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the wrong reading should have said, and why it was wrong; both stay."""

    odometer_m: Odometer
    resolution_m: Resolution | None = None
    """Left out: as the wrong one."""
    obtained: Obtained
    reason: Reason
    photo_sha256: PhotoSha256 | None = None


class PhotoIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A photo of the dashboard, by its SHA-256."""

    sha256: PhotoSha256


class ReadingOut(msgspec.Struct, frozen=True, kw_only=True):
    """A reading as recorded. `corrected_by` names the one that stands in for it."""

    reading_id: UUID
    vehicle_id: UUID
    segment: int
    odometer_m: int
    resolution_m: int
    obtained: str
    occasion: str
    photo_sha256: str | None
    read_at: datetime
    use_id: UUID | None
    corrects: UUID | None
    corrected_by: UUID | None
    reason: str | None
    actor_id: UUID | None
    recorded_at: datetime


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The reading that was recorded."""

    reading_id: UUID


class ReadingController(Controller):
    """Readings 里程读数 of the bureau's vehicles."""

    path = "/v1/readings"
    tags = ("readings",)

    @post(guards=[Allow(EVERYONE)], summary="Enter a reading", name="reading.record")
    async def record(
        self,
        data: JSONBody[ReadingIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Recorded:
        """Enter what an odometer showed; an auditor reads it on the spot by the same route, as `third-party`."""
        new = NewReading(
            vehicle_id=data.vehicle_id,
            odometer_m=data.odometer_m,
            resolution_m=data.resolution_m,
            read_at=data.read_at,
            obtained=data.obtained,
            occasion=data.occasion,
            photo_sha256=data.photo_sha256,
        )
        return Recorded(reading_id=await record_reading(database, actor, new, once))

    @post(
        "/{reading_id:uuid}/corrections",
        guards=[Allow(Role.OFFICER, Role.DRIVER, Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR)],
        summary="Correct a wrong reading",
        name="reading.correct",
    )
    async def correct(
        self,
        reading_id: FromPath[UUID],
        data: JSONBody[CorrectionIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Recorded:
        """Enter a reading that stands in for a wrong one, at its time and in its use; an auditor's is `third-party`."""
        new = NewCorrection(
            corrects=reading_id,
            odometer_m=data.odometer_m,
            resolution_m=data.resolution_m,
            obtained=data.obtained,
            reason=data.reason,
            photo_sha256=data.photo_sha256,
        )
        return Recorded(reading_id=await correct_reading(database, actor, new, once))

    @post(
        "/{reading_id:uuid}/photos",
        status_code=204,
        guards=[Allow(Role.OFFICER, Role.DRIVER, Role.DISPATCHER)],
        summary="Name a photo of a reading",
        name="reading.photo",
    )
    async def photo(
        self,
        reading_id: FromPath[UUID],
        data: JSONBody[PhotoIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> None:
        """Name a photo that comes after its reading, such as one that was asked for; its file is uploaded before."""
        await give_photo(database, actor, reading_id, data.sha256)

    @get(guards=[Allow(READERS)], summary="List a vehicle's readings", name="reading.list")
    async def list_readings(
        self,
        vehicle_id: Annotated[UUID, QueryParameter(description="whose odometer")],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        limit: Limit = 50,
        after: After = None,
    ) -> Page[ReadingOut]:
        """Return readings from the latest on, wrong ones and their corrections both."""
        before = _position(after)
        async with database.read(actor.bureau_id) as reader:
            await known_vehicle(reader, vehicle_id)
            rows = await readings_page(reader, vehicle_id, before, limit + 1)
        page = rows[:limit]
        last = page[-1][0] if len(rows) > limit else None
        return Page(
            items=[reading_out(row, corrected_by) for row, corrected_by in page],
            next=cursor(last.read_at.isoformat(), str(last.reading_id)) if last else None,
        )


def reading_out(row: Row, corrected_by: UUID | None) -> ReadingOut:
    """Return the wire form of a reading."""
    return ReadingOut(
        reading_id=row.reading_id,
        vehicle_id=row.vehicle_id,
        segment=row.segment,
        odometer_m=row.odometer_m,
        resolution_m=row.resolution_m,
        obtained=row.obtained,
        occasion=row.occasion,
        photo_sha256=row.photo_sha256,
        read_at=row.read_at,
        use_id=row.use_id,
        corrects=row.corrects,
        corrected_by=corrected_by,
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def _position(after: str | None) -> tuple[datetime, UUID] | None:
    key = parse_cursor(after, 2)
    if key is None:
        return None
    try:
        read_at, reading_id = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as fault:
        raise BadCursor from fault
    if read_at.tzinfo is None:
        raise BadCursor
    return read_at, reading_id
