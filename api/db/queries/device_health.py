"""How devices are: what came from them of late, what of it can never count, and whether they should be heard of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

DELAY_DAYS: Final = 7
"""Days, today included, over which the delay of delivery is told."""
REJECTED_DAYS: Final = 30
"""Days over which the share of rejected fixes is told: what is kept aside is kept as long."""

_DAYS: Final = text(
    "SELECT device_id, max(last_seen_at) AS last_seen_at, max(last_fixed_at) AS last_fixed_at,"
    " min(delay_least_s) FILTER (WHERE day > :delay_after) AS delay_least_s,"
    " max(delay_most_s) FILTER (WHERE day > :delay_after) AS delay_most_s,"
    " sum(delay_sum_s) FILTER (WHERE day > :delay_after)"
    " / nullif(sum(stored) FILTER (WHERE day > :delay_after), 0) AS delay_mean_s,"
    " coalesce(sum(stored + held) FILTER (WHERE day > :rejected_after), 0) AS taken,"
    " (array_agg(delay_least_s ORDER BY day DESC) FILTER (WHERE delay_least_s IS NOT NULL))[1] AS clock_skew_s,"
    " (array_agg(battery_percent ORDER BY day DESC) FILTER (WHERE battery_percent IS NOT NULL))[1] AS battery_percent,"
    " (array_agg(protocol ORDER BY day DESC) FILTER (WHERE protocol IS NOT NULL))[1] AS protocol,"
    " (array_agg(app ORDER BY day DESC) FILTER (WHERE app IS NOT NULL))[1] AS app"
    " FROM device_day WHERE bureau_id = :bureau_id AND device_id = ANY(CAST(:devices AS uuid[])) GROUP BY device_id"
)
_ASIDE: Final = text(
    "SELECT device_id, reason, count(*) AS number FROM position_aside WHERE bureau_id = :bureau_id"
    " AND device_id = ANY(CAST(:devices AS uuid[])) AND received_at > :after GROUP BY device_id, reason"
    " ORDER BY device_id, number DESC, reason"
)
_UNDER_WAY: Final = text(
    "SELECT d.device_id, min(u.actual_from) AS departed_at FROM device d"
    " JOIN trip_crew c ON c.bureau_id = d.bureau_id AND c.person_id = d.person_id"
    " JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE d.bureau_id = :bureau_id AND d.device_id = ANY(CAST(:devices AS uuid[]))"
    " AND u.actual_from IS NOT NULL AND u.actual_until IS NULL GROUP BY d.device_id"
)


@dataclass(slots=True)
class DeviceHealth:
    """What came from one device of late."""

    last_seen_at: datetime | None = None
    last_fixed_at: datetime | None = None
    delay_least_s: float | None = None
    delay_mean_s: float | None = None
    delay_most_s: float | None = None
    clock_skew_s: float | None = None
    """The least delay of the newest day that has one: a clock that is ahead makes it negative."""
    battery_percent: float | None = None
    protocol: str | None = None
    app: str | None = None
    taken: int = 0
    """Fixes that count or are held, of `REJECTED_DAYS`."""
    rejected: dict[str, int] = field(default_factory=dict)
    """Fixes that can never count, by reason, of `REJECTED_DAYS`; the most frequent first."""
    departed_at: datetime | None = None
    """Of a phone: since when its person is on a trip."""


async def health_of(reader: Reader, devices: Sequence[UUID]) -> dict[UUID, DeviceHealth]:
    """Return how each of these devices is."""
    today = reader.now.date()
    asked = {
        "bureau_id": reader.bureau_id,
        "devices": list(devices),
        "delay_after": today - timedelta(days=DELAY_DAYS),
        "rejected_after": today - timedelta(days=REJECTED_DAYS),
        "after": reader.now - timedelta(days=REJECTED_DAYS),
    }
    found = {device_id: DeviceHealth() for device_id in devices}
    for day in (await reader.execute(_DAYS, asked)).mappings():
        found[day["device_id"]] = DeviceHealth(**{key: day[key] for key in day if key != "device_id"})
    for row in await reader.execute(_ASIDE, asked):
        found[row.device_id].rejected[row.reason] = row.number
    for row in await reader.execute(_UNDER_WAY, asked):
        found[row.device_id].departed_at = row.departed_at
    return found
