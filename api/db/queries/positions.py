"""Positions as arrays: the track of a trip, and where a vehicle was about an instant.

A month of a vehicle is 150,000 fixes, so they do not travel as rows of Python objects: every column of the query is
of a fixed width and never null, COPY in binary form sends them as one block, and numpy reads the block as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import text

from api.db.database import Reader
from domain.track.fixes import FIX, Fixes
from domain.track.length import Track, measure

_E7: Final = 10_000_000
_SIGNATURE_BYTES: Final = 19
_TRAILER_BYTES: Final = 2
_EPOCH_2000_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds since 2000."""

_ROW: Final = np.dtype(
    [
        ("columns", ">i2"),
        ("at_bytes", ">i4"),
        ("at_us", ">i8"),
        ("lat_bytes", ">i4"),
        ("lat_e7", ">i4"),
        ("lon_bytes", ">i4"),
        ("lon_e7", ">i4"),
        ("speed_bytes", ">i4"),
        ("speed_mps", ">f4"),
        ("fixed_bytes", ">i4"),
        ("fixed", "?"),
    ]
)
"""A row of `_BLOCK` as COPY sends it in binary form: each value after its length in bytes."""

_BLOCK = (
    "COPY (SELECT fixed_at, lat_e7, lon_e7, coalesce(speed_mps, 'NaN'::real), fixed FROM position"
    " WHERE bureau_id = %s AND device_id = %s AND fixed_at BETWEEN %s AND %s ORDER BY fixed_at)"
    " TO STDOUT (FORMAT BINARY)"
)

_TRIP = text(
    "SELECT vehicle_id, actual_from, actual_until FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND use_id = :use_id AND actual_from IS NOT NULL"
)
_WITNESSES = text(
    "SELECT d.device_id, d.vehicle_id IS NOT NULL AS terminal, d.person_id FROM device d"
    " WHERE d.bureau_id = :bureau_id AND (d.vehicle_id = :vehicle_id OR d.person_id IN ("
    "  SELECT c.person_id FROM trip_crew c JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id"
    "  AND t.crew_rev = c.rev WHERE c.bureau_id = :bureau_id AND c.use_id = :use_id))"
)
_COUNTS = text(
    "SELECT device_id, count(*) AS fixes FROM position WHERE bureau_id = :bureau_id"
    " AND device_id = ANY(:devices) AND fixed_at BETWEEN :from_at AND :until_at GROUP BY device_id"
)
_USE_AT = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id"
    " AND actual_from IS NOT NULL AND actual_from <= :until_at"
    " AND (actual_until IS NULL OR actual_until >= :from_at) ORDER BY actual_from DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Outing:
    """When a use of a vehicle was on the road; `until_at` is now while it is under way."""

    use_id: UUID
    vehicle_id: UUID
    from_at: datetime
    until_at: datetime


async def fixes_of_trip(reader: Reader, use_id: UUID, device_id: UUID | None = None) -> Fixes:
    """Return what one device told of a trip, by fix time; an empty array where nobody told anything.

    Two devices in one array would draw a zigzag between them. Unless told which, the witness is the vehicle's own
    terminal, else the phone of the crew with the most fixes.
    """
    outing = await _outing(reader, use_id)
    if outing is None:
        return np.empty(0, dtype=FIX)
    chosen = device_id or await _best_witness(reader, outing)
    if chosen is None:
        return np.empty(0, dtype=FIX)
    return await fixes_of_device(reader, chosen, outing.from_at, outing.until_at)


async def fixes_near(
    reader: Reader, vehicle_id: UUID, at: datetime, *, within_s: float, not_of: UUID | None = None
) -> Fixes:
    """Return where a vehicle was from `within_s` before an instant to `within_s` after it, by fix time.

    The vehicle's own terminal speaks if it told anything then; else the phones of the crew of the trip it was on,
    but for the person `not_of`, whose own phone is no second witness of what that person says.
    """
    from_at, until_at = at - timedelta(seconds=within_s), at + timedelta(seconds=within_s)
    window = {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "from_at": from_at, "until_at": until_at}
    use_id = (await reader.execute(_USE_AT, window)).scalar()
    rows = (await reader.execute(_WITNESSES, window | {"use_id": use_id})).all()
    terminals: list[Fixes] = []
    phones: list[Fixes] = []
    for row in rows:
        if row.terminal or row.person_id != not_of:
            told = await fixes_of_device(reader, row.device_id, from_at, until_at)
            (terminals if row.terminal else phones).append(told)
    for witnesses in (terminals, phones):
        told = np.concatenate([np.empty(0, dtype=FIX), *witnesses])
        if len(told):
            return told[np.argsort(told["at_us"], kind="stable")]
    return np.empty(0, dtype=FIX)


async def track_of_trip(
    reader: Reader, use_id: UUID, *, unobserved_after_s: float, device_id: UUID | None = None
) -> Track:
    """Return the measured track of a trip."""
    return measure(await fixes_of_trip(reader, use_id, device_id), unobserved_after_s=unobserved_after_s)


async def track_length_of_trip(reader: Reader, use_id: UUID, *, unobserved_after_s: float) -> int | None:
    """Return the observed metres of a trip, or None where no device told anything that counts."""
    track = await track_of_trip(reader, use_id, unobserved_after_s=unobserved_after_s)
    return track.length_m if track.kept else None


async def fixes_of_device(reader: Reader, device_id: UUID, from_at: datetime, until_at: datetime) -> Fixes:
    """Return what a device told between two instants, both included, by fix time."""
    connection = await reader.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    block = bytearray()
    async with driver.cursor() as cursor, cursor.copy(_BLOCK, (reader.bureau_id, device_id, from_at, until_at)) as copy:
        async for part in copy:
            block += part
    rows = np.frombuffer(block[_SIGNATURE_BYTES:-_TRAILER_BYTES], dtype=_ROW)
    fixes = np.empty(len(rows), dtype=FIX)
    fixes["at_us"] = rows["at_us"] + _EPOCH_2000_US
    fixes["lat"] = rows["lat_e7"] / _E7
    fixes["lon"] = rows["lon_e7"] / _E7
    fixes["speed_mps"] = rows["speed_mps"]
    fixes["valid"] = rows["fixed"]
    return fixes


async def _outing(reader: Reader, use_id: UUID) -> Outing | None:
    row = (await reader.execute(_TRIP, {"bureau_id": reader.bureau_id, "use_id": use_id})).one_or_none()
    if row is None:
        return None
    return Outing(use_id, row.vehicle_id, row.actual_from, row.actual_until or max(reader.now, row.actual_from))


async def _best_witness(reader: Reader, outing: Outing) -> UUID | None:
    asked = {"bureau_id": reader.bureau_id, "vehicle_id": outing.vehicle_id, "use_id": outing.use_id}
    terminal = {row.device_id: row.terminal for row in await reader.execute(_WITNESSES, asked)}
    if len(terminal) <= 1:
        return next(iter(terminal), None)
    counts = await reader.execute(
        _COUNTS,
        {
            "bureau_id": reader.bureau_id,
            "devices": list(terminal),
            "from_at": outing.from_at,
            "until_at": outing.until_at,
        },
    )
    told: list[tuple[bool, int, UUID]] = [(terminal[row.device_id], row.fixes, row.device_id) for row in counts]
    return max(told, default=(False, 0, None))[2]
