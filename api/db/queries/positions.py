"""Positions as arrays: what a device told, and where a vehicle was about an instant.

A month of a vehicle is 150,000 fixes, so they do not travel as rows of Python objects: every column of a query is of a
fixed width and never null, the database makes one array of it, and numpy reads the array as it is sent.
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
from domain.track.fixes import AHEAD_MOST, FIX, Fixes

_E7: Final = 10_000_000
_EPOCH_2000_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds since 2000."""
_ARRAY_HEAD_BYTES: Final = 20
"""Of an array in binary form: dimensions, flags, type, length and lower bound; then each value after its length."""

_FIX: Final = {"fixed_at": ">i8", "lat_e7": ">i4", "lon_e7": ">i4", "speed_mps": ">f4", "fixed": "?"}
"""The columns of a fix, and how each value is sent."""
_OF_DEVICE: Final = (
    "SELECT fixed_at, lat_e7, lon_e7, coalesce(speed_mps, 'NaN'::real) AS speed_mps, fixed FROM position"
    " WHERE bureau_id = %s AND device_id = %s AND fixed_at BETWEEN %s AND %s ORDER BY fixed_at"
)
_TOLD: Final = (
    "SELECT device_id, fixed_at, lat_e7, lon_e7, coalesce(speed_mps, 'NaN'::real) AS speed_mps, fixed, mock,"
    " received_at FROM position WHERE bureau_id = %s AND device_id = ANY(%s) AND fixed_at BETWEEN %s AND %s"
    " AND (fixed_at <= %s OR received_at <= %s)"
)
_TOLD_COLUMNS: Final = {"device_id": "V16", **_FIX, "mock": "?", "received_at": ">i8"}
_NEAR: Final = (
    "SELECT q.no, d.vehicle_id IS NOT NULL AS terminal, p.fixed_at, p.lat_e7, p.lon_e7,"
    " coalesce(p.speed_mps, 'NaN'::real) AS speed_mps, p.fixed"
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
    " ORDER BY q.no, p.fixed_at"
)
_NEAR_COLUMNS: Final = {"no": ">i4", "terminal": "?", **_FIX}


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
    rows = await _rows(reader, _NEAR, (*asked, *[reader.bureau_id] * 6), _NEAR_COLUMNS)
    found: list[Fixes] = []
    for no in range(len(encounters)):
        told = rows[rows["no"] == no]
        terminals = told[told["terminal"]]
        found.append(_fixes(terminals if len(terminals) else told))
    return found


async def fixes_of_device(reader: Reader, device_id: UUID, from_at: datetime, until_at: datetime) -> Fixes:
    """Return what a device told between two instants, both included, by fix time."""
    return _fixes(await _rows(reader, _OF_DEVICE, (reader.bureau_id, device_id, from_at, until_at), _FIX))


async def told_by(
    reader: Reader, devices: Mapping[UUID, bool], from_at: datetime, until_at: datetime
) -> tuple[Told, ...]:
    """Return what each device told between two instants, in any order; `devices` says which are terminals.

    What was received by then and is said to have been seen later, by a clock that is ahead, was told as well.
    """
    asked = (reader.bureau_id, list(devices), from_at, until_at + AHEAD_MOST, until_at, until_at)
    rows = await _rows(reader, _TOLD, asked, _TOLD_COLUMNS)
    return tuple(
        Told(
            device_id,
            terminal,
            _fixes(of_device),
            of_device["received_at"].astype(np.int64) + _EPOCH_2000_US,
            of_device["mock"].astype(np.bool_),
        )
        for device_id, terminal in devices.items()
        if len(of_device := rows[rows["device_id"] == np.void(device_id.bytes)])
    )


async def _rows(reader: Reader, statement: str, asked: Sequence[Any], columns: Mapping[str, str]) -> NDArray[np.void]:
    """Return what a query finds, none of whose values is null; `columns` names them and tells how they are sent."""
    arrays = ", ".join(f"array_agg({name})" for name in columns)
    connection = await reader.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with driver.cursor(binary=True) as cursor:
        await cursor.execute(f"SELECT {arrays} FROM ({statement}) AS found", asked)  # noqa: S608 - our own words
        sent = [cursor.pgresult.get_value(0, number) for number in range(len(columns))]
    values = {
        name: np.frombuffer(array, dtype=[("bytes", ">i4"), ("value", kind)], offset=_ARRAY_HEAD_BYTES)["value"]
        for (name, kind), array in zip(columns.items(), sent, strict=True)
        if array is not None
    }
    rows = np.empty(len(next(iter(values.values()), ())), dtype=list(columns.items()))
    for name, value in values.items():
        rows[name] = value
    return rows


def _fixes(rows: NDArray[np.void]) -> Fixes:
    fixes = np.empty(len(rows), dtype=FIX)
    fixes["at_us"] = rows["fixed_at"] + _EPOCH_2000_US
    fixes["lat"] = rows["lat_e7"] / _E7
    fixes["lon"] = rows["lon_e7"] / _E7
    fixes["speed_mps"] = rows["speed_mps"]
    fixes["valid"] = rows["fixed"]
    return fixes
