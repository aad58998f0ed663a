"""Background work on positions: months made ahead, held fixes promoted or dropped, the hour's digests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text

from api.db.database import Database, UnitOfWork
from api.db.faults import DiskFull
from api.db.tables.positions import PositionDigest
from api.ingest.held import drop_held, promote_all_held

log = structlog.get_logger()

MONTHS_AHEAD: Final = 3
"""Months made ahead of the one that runs."""
MONTHS_LEAST: Final = 2
"""Fewer than these ahead are an alarm."""
SETTLED_AFTER: Final = timedelta(minutes=5)
"""How long after its end an hour's fixes are digested: what was received in it is committed by then."""
LOOK_BACK: Final = timedelta(hours=2)

# What a clock that was ahead has digested lies beyond what is settled, and says nothing of the hours before it.
_SINCE = text("SELECT max(received_hour) FROM position_digest WHERE bureau_id = :bureau_id AND received_hour < :until")
# docs/positions.md says what a line is made of; floats go in as their bytes, so that no digit is rounded.
_HOURS = text("""
WITH lines AS (
    SELECT device_id, received_at, 0 AS part, fixed_at AS at, lat_e7::bigint AS k1, lon_e7::bigint AS k2,
        source_seq AS k3, NULL::uuid AS id, concat_ws('|',
            (extract(epoch FROM fixed_at) * 1000000)::bigint, lat_e7, lon_e7, source_seq,
            (extract(epoch FROM received_at) * 1000000)::bigint, datum,
            encode(float8send(raw_lat), 'hex'), encode(float8send(raw_lon), 'hex'),
            coalesce(encode(float4send(accuracy_m), 'hex'), ''), coalesce(encode(float4send(altitude_m), 'hex'), ''),
            coalesce(encode(float4send(speed_mps), 'hex'), ''), coalesce(encode(float4send(course_deg), 'hex'), ''),
            fixed::int, mock::int, coalesce(attributes::text, '')) AS line
    FROM position WHERE bureau_id = :bureau_id AND received_at >= :since AND received_at < :until
    UNION ALL
    SELECT e.device_id, e.received_at, 1, e.received_at, 0, 0, 0, e.event_id, concat_ws('|',
            'event', e.event_id, e.kind, coalesce((extract(epoch FROM e.at) * 1000000)::bigint::text, ''),
            (extract(epoch FROM e.received_at) * 1000000)::bigint, e.detail::text)
    FROM device d JOIN device_event e ON e.bureau_id = d.bureau_id AND e.device_id = d.device_id
    WHERE d.bureau_id = :bureau_id AND e.bureau_id = :bureau_id
        AND e.received_at >= :since AND e.received_at < :until
    UNION ALL
    SELECT device_id, received_at, 2, read_at, odometer_m, 0, 0, NULL, concat_ws('|', 'reading',
            (extract(epoch FROM read_at) * 1000000)::bigint, odometer_m,
            (extract(epoch FROM received_at) * 1000000)::bigint)
    FROM terminal_reading WHERE bureau_id = :bureau_id AND received_at >= :since AND received_at < :until
)
SELECT device_id, date_trunc('hour', received_at) AS received_hour,
    (count(*) FILTER (WHERE part = 0))::int AS fix_count,
    encode(sha256(convert_to(string_agg(line, chr(10) ORDER BY part, at, k1, k2, k3, id), 'UTF8')), 'hex') AS sha256,
    (count(*) FILTER (WHERE part = 1))::int AS event_count, (count(*) FILTER (WHERE part = 2))::int AS reading_count
FROM lines GROUP BY device_id, date_trunc('hour', received_at) ORDER BY 2, 1
""")
_DONE = text(
    "SELECT device_id, received_hour FROM position_digest WHERE bureau_id = :bureau_id AND received_hour >= :since"
)


async def make_months(database: Database) -> None:
    """Make the partition of this month and of those ahead, and sound the alarm where that does not help.

    Raises:
        DiskFull: there is no room for more; it is tried again.
        DatabaseAway: the database could not be reached.
        Busy: no connection was free, or others were in the way.
    """
    if database.space is not None and database.space.refuses():
        raise DiskFull
    today = database.clock().date()
    make = text("SELECT make_position_partition(:month)")
    async with database.connected() as connection:
        for ahead in range(MONTHS_AHEAD + 1):
            await connection.execute(make, {"month": _month(today, ahead)})
        await connection.commit()
    ahead = await months_ahead(database)
    if ahead < MONTHS_LEAST:
        log.error("position-months-short", months_ahead=ahead)


async def months_ahead(database: Database) -> int:
    """Return how many months after this one positions can be stored in, without a gap.

    Raises `DatabaseAway`, `Busy`.
    """
    async with database.connected() as connection:
        months = set((await connection.execute(text("SELECT position_partition_months()"))).scalars())
    ahead = 0
    while _month(database.clock().date(), ahead + 1) in months:
        ahead += 1
    return ahead


async def keep_held(uow: UnitOfWork) -> int:
    """Promote held fixes that a trip claims, and drop those held for a day."""
    return await promote_all_held(uow) + await drop_held(uow)


async def digest_hours(uow: UnitOfWork) -> int:
    """Commit to what each device delivered in each hour that is over: a digest and a ledger entry each."""
    until = (uow.now - SETTLED_AFTER).replace(minute=0, second=0, microsecond=0)
    newest = (await uow.execute(_SINCE, {"bureau_id": uow.bureau_id, "until": until})).scalar()
    since = datetime(2020, 1, 1, tzinfo=UTC) if newest is None else newest - LOOK_BACK
    window = {"bureau_id": uow.bureau_id, "since": since, "until": until}
    done = {tuple(row) for row in await uow.execute(_DONE, {"bureau_id": uow.bureau_id, "since": since})}
    hours = [row for row in await uow.execute(_HOURS, window) if (row.device_id, row.received_hour) not in done]
    for row in hours:
        kept = {name: getattr(row, name) for name in ("device_id", "received_hour", "fix_count", "sha256")}
        beside = {name: number for name in ("event_count", "reading_count") if (number := getattr(row, name))}
        entry_id = await uow.enter("positions-digested", facts=kept | beside)
        await uow.insert(PositionDigest(**kept, bureau_id=uow.bureau_id, recorded_at=uow.now, entry_id=entry_id))
    return len(hours)


def _month(day: date, ahead: int) -> date:
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)
