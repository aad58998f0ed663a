"""What is known of a vehicle's odometer: the few readings a new one must fit between, and the readings of a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.db.database import Reader, UnitOfWork
from api.db.tables.vehicles import Reading as Row
from domain.books.readings import Moment, Obtained, OdometerReplaced, Reading

NEW_ODOMETER = "new-odometer"
MOMENTS = {"departure": Moment.DEPARTURE, "return": Moment.RETURN, "breakdown": Moment.RETURN}
"""Occasions at which a use begins or ends; a breakdown ends its trip where the vehicle stands."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('reading ' || :bureau_id || :vehicle_id, 0))")


def as_reading(row: Row) -> Reading:
    """Return a row as the books see it."""
    return Reading(
        reading_id=row.reading_id,
        odometer_m=row.odometer_m,
        resolution_m=row.resolution_m,
        read_at=row.read_at,
        obtained=Obtained(row.obtained),
        segment=row.segment,
        use_id=row.use_id,
        moment=MOMENTS.get(row.occasion, Moment.SPOT),
        corrects=row.corrects,
        reason=row.reason or "",
    )


async def lock_readings(uow: UnitOfWork, vehicle_id: UUID) -> None:
    """Wait until no other transaction enters a reading of the vehicle; the trigger takes the same lock."""
    await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "vehicle_id": str(vehicle_id)})


async def replacements_of(reader: Reader, vehicle_id: UUID) -> list[OdometerReplaced]:
    """Return the acts by which the vehicle's odometers were replaced, by segment."""
    rows: Sequence[Row] = await reader.all(
        select(Row)
        .where(Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id, Row.occasion == NEW_ODOMETER)
        .order_by(col(Row.segment))
    )
    return [OdometerReplaced(row.segment, row.read_at, row.reason or "") for row in rows]


async def last_reading(reader: Reader, vehicle_id: UUID) -> Row | None:
    """Return the reading by which the odometer stands now, or None before the first one."""
    found: Sequence[Row] = await reader.all(
        _in_force(reader, vehicle_id)
        .order_by(col(Row.read_at).desc(), col(Row.segment).desc(), col(Row.odometer_m).desc())
        .limit(1)
    )
    return found[0] if found else None


async def bounds_of(
    reader: Reader, vehicle_id: UUID, segment: int, read_at: datetime, without: UUID | None = None
) -> list[Reading]:
    """Return the two readings in force that decide what can be read at that instant.

    The highest of the earlier ones and the lowest of the later ones: a new reading that contradicts neither
    contradicts none. `without` leaves out the one that a correction replaces.
    """
    in_force = _in_force(reader, vehicle_id).where(col(Row.segment) == segment)
    if without is not None:
        in_force = in_force.where(col(Row.reading_id) != without)
    highest = await reader.all(
        in_force.where(col(Row.read_at) <= read_at).order_by(col(Row.odometer_m).desc()).limit(1)
    )
    lowest = await reader.all(
        in_force.where(col(Row.read_at) > read_at).order_by(col(Row.odometer_m) + col(Row.resolution_m)).limit(1)
    )
    return [as_reading(row) for row in (*highest, *lowest)]


async def first_read_at(reader: Reader, vehicle_id: UUID) -> datetime | None:
    """Return when a vehicle's odometer was read first, or None while it was not."""
    found: datetime | None = await reader.one(
        select(func.min(col(Row.read_at))).where(Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id)
    )
    return found


async def latest_read_at(reader: Reader, vehicle_id: UUID) -> Reading | None:
    """Return the latest reading of all, corrected or not: no odometer is replaced before it."""
    rows = await reader.all(
        select(Row)
        .where(Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id)
        .order_by(col(Row.read_at).desc())
        .limit(1)
    )
    return as_reading(rows[0]) if rows else None


async def correction_of(reader: Reader, reading_id: UUID) -> Row | None:
    """Return the reading that corrects this one, or None."""
    row: Row | None = await reader.one(select(Row).where(Row.bureau_id == reader.bureau_id, Row.corrects == reading_id))
    return row


def _in_force(reader: Reader, vehicle_id: UUID) -> SelectOfScalar[Row]:
    later = aliased(Row)
    corrected = select(later.reading_id).where(
        col(later.bureau_id) == reader.bureau_id, col(later.corrects) == col(Row.reading_id)
    )
    return select(Row).where(Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id, ~corrected.exists())


async def readings_around(
    reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime
) -> list[tuple[Reading, datetime]]:
    """Return the readings of a stretch and when each was recorded, from the departure or return before it on.

    The last one is the first departure after it, so that a time without a use is there whole.
    """
    of_vehicle = (Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id)
    ends = select(func.max(Row.read_at)).where(
        *of_vehicle, col(Row.read_at) < from_at, col(Row.occasion).in_(list(MOMENTS))
    )
    begins = select(func.min(Row.read_at)).where(
        *of_vehicle, col(Row.read_at) > until_at, col(Row.occasion) == "departure"
    )
    first_at, last_at = await reader.one(ends), await reader.one(begins)
    wanted = select(Row).where(*of_vehicle)
    if first_at is not None:
        wanted = wanted.where(col(Row.read_at) >= first_at)
    if last_at is not None:
        wanted = wanted.where(col(Row.read_at) <= last_at)
    return [(as_reading(row), row.recorded_at) for row in await reader.all(wanted)]


async def readings_page(
    reader: Reader,
    vehicle_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
    *,
    within: tuple[datetime, datetime] | None = None,
) -> list[tuple[Row, UUID | None]]:
    """Return readings from the latest on, each with the one that corrects it; `within`: only those of a time."""
    later = aliased(Row)
    rows = (
        select(Row, later.reading_id)
        .outerjoin(later, (col(later.bureau_id) == col(Row.bureau_id)) & (col(later.corrects) == col(Row.reading_id)))
        .where(Row.bureau_id == reader.bureau_id, Row.vehicle_id == vehicle_id)
        .order_by(col(Row.read_at).desc(), col(Row.reading_id).desc())
        .limit(limit)
    )
    if before is not None:
        rows = rows.where(tuple_(col(Row.read_at), col(Row.reading_id)) < before)
    if within is not None:
        rows = rows.where(col(Row.read_at) >= within[0], col(Row.read_at) < within[1])
    return [(row, corrected_by) for row, corrected_by in await reader.all(rows)]


async def readings_of_use(reader: Reader, use_id: UUID) -> Sequence[Row]:
    """Return every reading of a use, corrected ones and their corrections too, in the order of entry."""
    rows: Sequence[Row] = await reader.all(
        select(Row)
        .where(Row.bureau_id == reader.bureau_id, Row.use_id == use_id)
        .order_by(col(Row.recorded_at), col(Row.reading_id))
    )
    return rows
