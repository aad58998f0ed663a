"""What terminals counted of metres 终端里程: over a use, and from one use to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.findings.odometer import CountedBetween
from domain.findings.outing import Counted
from domain.track.holds import FASTEST_MPS

STEP_M: Final = 1_000
"""A count goes on by tenths of a kilometre, and a stamp may be some seconds off: so much no step is a jump."""
NEAR: Final = timedelta(minutes=10)
"""A terminal that told nothing within this of a use's end is no witness of the time between two."""

_OVER_USES = text(
    "SELECT s.use_id, s.device_id, coalesce(sum(s.step_m) FILTER (WHERE s.sound), 0)::bigint AS metres,"
    " count(*) FILTER (WHERE NOT s.sound) AS jumps,"
    " (array_agg(s.before_m ORDER BY abs(s.step_m) DESC, s.read_at) FILTER (WHERE NOT s.sound))[1] AS from_m,"
    " (array_agg(s.odometer_m ORDER BY abs(s.step_m) DESC, s.read_at) FILTER (WHERE NOT s.sound))[1] AS until_m"
    " FROM (SELECT c.*, c.step_m BETWEEN 0 AND :step_m + :fastest_mps * c.step_s AS sound"
    "  FROM (SELECT u.use_id, d.device_id, r.read_at, r.odometer_m, lag(r.odometer_m) OVER w AS before_m,"
    "   r.odometer_m - lag(r.odometer_m) OVER w AS step_m,"
    "   extract(epoch FROM r.read_at - lag(r.read_at) OVER w) AS step_s FROM vehicle_use u"
    "   JOIN device d ON d.bureau_id = u.bureau_id AND d.vehicle_id = u.vehicle_id"
    "   JOIN terminal_reading r ON r.bureau_id = u.bureau_id AND r.device_id = d.device_id"
    "    AND r.read_at BETWEEN u.actual_from AND u.actual_until"
    "   WHERE u.bureau_id = :bureau_id AND d.bureau_id = :bureau_id AND r.bureau_id = :bureau_id"
    "   AND u.use_id = ANY(:uses)"
    "   WINDOW w AS (PARTITION BY u.use_id, d.device_id ORDER BY r.read_at, r.odometer_m)) c) s"
    " GROUP BY s.use_id, s.device_id HAVING count(*) > 1 ORDER BY s.use_id, count(*), s.device_id"
)
_BETWEEN = text(
    "SELECT r.device_id, max(r.read_at) FILTER (WHERE r.read_at <= :from_at) AS from_at,"
    " (array_agg(r.odometer_m ORDER BY r.read_at DESC, r.odometer_m DESC)"
    "  FILTER (WHERE r.read_at <= :from_at))[1] AS from_m,"
    " min(r.read_at) FILTER (WHERE r.read_at >= :until_at) AS until_at,"
    " (array_agg(r.odometer_m ORDER BY r.read_at, r.odometer_m) FILTER (WHERE r.read_at >= :until_at))[1] AS until_m"
    " FROM device d JOIN terminal_reading r ON r.bureau_id = d.bureau_id AND r.device_id = d.device_id"
    " WHERE d.bureau_id = :bureau_id AND r.bureau_id = :bureau_id AND d.vehicle_id = :vehicle_id"
    " AND (r.read_at BETWEEN :from_at - CAST(:near AS interval) AND :from_at"
    "  OR r.read_at BETWEEN :until_at AND :until_at + CAST(:near AS interval))"
    " GROUP BY r.device_id ORDER BY r.device_id"
)


async def counted_over(reader: Reader, use_ids: Sequence[UUID]) -> dict[UUID, Counted]:
    """Return by use what the vehicle's terminal counted itself, where it did; jumps are in no sum."""
    asked = {
        "bureau_id": reader.bureau_id,
        "uses": list(use_ids),
        "step_m": STEP_M,
        "fastest_mps": FASTEST_MPS,
    }
    return {
        row.use_id: Counted(row.device_id, row.metres, row.jumps, row.from_m, row.until_m)
        for row in await reader.execute(_OVER_USES, asked)
    }


async def counted_between(
    reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime
) -> tuple[CountedBetween, ...]:
    """Return what each terminal counted from one instant to another, of those that told something at either end."""
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "from_at": from_at,
        "until_at": until_at,
        "near": NEAR,
    }
    return tuple(
        CountedBetween(row.device_id, row.from_at, row.from_m, row.until_at, row.until_m)
        for row in await reader.execute(_BETWEEN, asked)
        if row.from_m is not None and row.until_m is not None
    )
