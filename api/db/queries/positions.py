"""Positions as arrays: what a device told, and where a vehicle was about an instant.

A month of a vehicle is 150,000 fixes, so they do not travel as rows of Python objects: every column of the query is
of a fixed width and never null, COPY in binary form sends them as one block, and numpy reads the block as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from api.db.database import Reader
from domain.findings.scene import Told
from domain.track.fixes import FIX, Fixes

_E7: Final = 10_000_000
_SIGNATURE_BYTES: Final = 19
_TRAILER_BYTES: Final = 2
_EPOCH_2000_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds since 2000."""

_FIX_PART: Final = [
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
_ROW: Final = np.dtype([("columns", ">i2"), *_FIX_PART])
"""A row of `_BLOCK` as COPY sends it in binary form: each value after its length in bytes."""
_NEAR_ROW: Final = np.dtype(
    [("columns", ">i2"), ("no_bytes", ">i4"), ("no", ">i4"), ("terminal_bytes", ">i4"), ("terminal", "?"), *_FIX_PART]
)
"""A row of `_NEAR`."""

_BLOCK = (
    "COPY (SELECT fixed_at, lat_e7, lon_e7, coalesce(speed_mps, 'NaN'::real), fixed FROM position"
    " WHERE bureau_id = %s AND device_id = %s AND fixed_at BETWEEN %s AND %s ORDER BY fixed_at)"
    " TO STDOUT (FORMAT BINARY)"
)

_TOLD_ROW: Final = np.dtype(
    [
        ("columns", ">i2"),
        ("device_bytes", ">i4"),
        ("device_id", "V16"),
        *_FIX_PART,
        ("mock_bytes", ">i4"),
        ("mock", "?"),
        ("received_bytes", ">i4"),
        ("received_us", ">i8"),
    ]
)
"""A row of `_TOLD`."""
_TOLD = (
    "COPY (SELECT device_id, fixed_at, lat_e7, lon_e7, coalesce(speed_mps, 'NaN'::real), fixed, mock, received_at"
    " FROM position WHERE bureau_id = %s AND device_id = ANY(%s) AND fixed_at BETWEEN %s AND %s)"
    " TO STDOUT (FORMAT BINARY)"
)

_NEAR = (
    "COPY (SELECT q.no, d.vehicle_id IS NOT NULL, p.fixed_at, p.lat_e7, p.lon_e7,"
    " coalesce(p.speed_mps, 'NaN'::real), p.fixed"
    " FROM unnest(%s::int[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])"
    "  AS q (no, vehicle_id, not_of, from_at, until_at)"
    " LEFT JOIN LATERAL (SELECT u.use_id FROM vehicle_use u WHERE u.bureau_id = %s AND u.vehicle_id = q.vehicle_id"
    "  AND u.actual_from <= q.until_at AND (u.actual_until IS NULL OR u.actual_until >= q.from_at)"
    "  ORDER BY u.actual_from DESC LIMIT 1) AS use ON true"
    " JOIN device d ON d.bureau_id = %s AND (d.vehicle_id = q.vehicle_id"
    "  OR d.person_id IS DISTINCT FROM q.not_of AND d.person_id IN (SELECT c.person_id FROM trip_crew c"
    "   JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    "   WHERE c.bureau_id = %s AND t.bureau_id = %s AND c.use_id = use.use_id))"
    " JOIN position p ON p.bureau_id = %s AND p.device_id = d.device_id"
    "  AND p.fixed_at BETWEEN q.from_at AND q.until_at WHERE p.bureau_id = %s"
    " ORDER BY q.no, p.fixed_at) TO STDOUT (FORMAT BINARY)"
)


@dataclass(frozen=True, slots=True)
class Encounter:
    """Where a vehicle was about an instant is asked; `not_of` is no witness, nor is that person's phone."""

    vehicle_id: UUID
    at: datetime
    not_of: UUID | None = None


async def fixes_near(reader: Reader, encounters: Sequence[Encounter], *, within_s: float) -> list[Fixes]:
    """Return for each where the vehicle was from `within_s` before its instant to `within_s` after it, by fix time.

    The vehicle's own terminal speaks if it told anything then; else the phones of the crew of the trip it was on,
    but for the person `not_of`, whose own phone is no second witness of what that person says.
    """
    around = timedelta(seconds=within_s)
    asked = (
        list(range(len(encounters))),
        [one.vehicle_id for one in encounters],
        [one.not_of for one in encounters],
        [one.at - around for one in encounters],
        [one.at + around for one in encounters],
    )
    rows = await _copied(reader, _NEAR, (*asked, *[reader.bureau_id] * 6), _NEAR_ROW)
    found: list[Fixes] = []
    for no in range(len(encounters)):
        told = rows[rows["no"] == no]
        terminals = told[told["terminal"]]
        found.append(_fixes(terminals if len(terminals) else told))
    return found


async def fixes_of_device(reader: Reader, device_id: UUID, from_at: datetime, until_at: datetime) -> Fixes:
    """Return what a device told between two instants, both included, by fix time."""
    return _fixes(await _copied(reader, _BLOCK, (reader.bureau_id, device_id, from_at, until_at), _ROW))


async def told_by(
    reader: Reader, devices: Mapping[UUID, bool], from_at: datetime, until_at: datetime
) -> tuple[Told, ...]:
    """Return what each device told between two instants, in any order; `devices` says which are terminals."""
    rows = await _copied(reader, _TOLD, (reader.bureau_id, list(devices), from_at, until_at), _TOLD_ROW)
    return tuple(
        Told(
            device_id,
            terminal,
            _fixes(of_device),
            of_device["received_us"].astype(np.int64) + _EPOCH_2000_US,
            of_device["mock"].astype(np.bool_),
        )
        for device_id, terminal in devices.items()
        if len(of_device := rows[rows["device_id"] == np.void(device_id.bytes)])
    )


async def _copied(reader: Reader, statement: str, asked: Sequence[Any], row: np.dtype[Any]) -> NDArray[np.void]:
    connection = await reader.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    block = bytearray()
    async with driver.cursor() as cursor, cursor.copy(statement, asked) as copy:
        async for part in copy:
            block += part
    return np.frombuffer(block[_SIGNATURE_BYTES:-_TRAILER_BYTES], dtype=row)


def _fixes(rows: NDArray[np.void]) -> Fixes:
    fixes = np.empty(len(rows), dtype=FIX)
    fixes["at_us"] = rows["at_us"] + _EPOCH_2000_US
    fixes["lat"] = rows["lat_e7"] / _E7
    fixes["lon"] = rows["lon_e7"] / _E7
    fixes["speed_mps"] = rows["speed_mps"]
    fixes["valid"] = rows["fixed"]
    return fixes
