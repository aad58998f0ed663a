"""Readings and tracks of a vehicle's trips side by side, and the ratio of the two that it has shown so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.measures import measures_of
from api.db.queries.readings import as_reading
from api.db.queries.settings import settings_of
from api.db.queries.terminal_counts import counted_over
from api.db.tables.vehicles import Reading as Row
from domain.books.ratio import Against, Ratio, Witnessed, against, learnt
from domain.books.readings import Interval, Obtained, intervals
from domain.findings.kinds import FindingKind
from domain.findings.outing import Counted
from domain.settings import BureauSettings
from domain.track.measure import Measure

MOST_TRIPS: Final = 60
"""So many of the latest undisputed trips teach the ratio: tyres wear, and are changed."""
DISPUTED_BY: Final = (
    FindingKind.ODOMETER_GAP,
    FindingKind.ODOMETER_TRACK_MISMATCH,
    FindingKind.UNOBSERVED_STRETCH,
    FindingKind.DEVICES_DISAGREE,
    FindingKind.DEVICE_SILENT,
    FindingKind.MOCK_LOCATION,
)
"""A trip on which any of these was found teaches nothing, whatever was said about it later."""
TRACK: Final = "track"
TERMINAL: Final = "terminal"
"""The two witnesses beside the readings: positions, and the terminal's own count of metres."""
AROUND: Final = timedelta(days=60)
"""No use is longer; so its readings are found from so long before it."""

_UNDISPUTED = text(
    "SELECT u.use_id, u.actual_from, u.actual_until FROM vehicle_use u"
    " WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id"
    " AND u.kind = 'trip' AND u.actual_until < :before AND NOT EXISTS (SELECT 1 FROM finding f"
    "  WHERE f.bureau_id = :bureau_id AND f.use_id = u.use_id AND f.kind = ANY(:disputed))"
    " ORDER BY u.actual_until DESC LIMIT :most"
)

_ENDED = text(
    "SELECT u.use_id, u.actual_until FROM vehicle_use u WHERE u.bureau_id = :bureau_id"
    " AND u.vehicle_id = :vehicle_id AND u.kind = 'trip' AND u.actual_until >= :from_at AND u.actual_until < :until_at"
    " AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.bureau_id = :bureau_id AND f.use_id = u.use_id"
    "  AND f.kind = :mismatch AND coalesce((SELECT n.colour FROM finding_update n WHERE n.bureau_id = :bureau_id"
    "   AND n.finding_id = f.finding_id ORDER BY n.no DESC LIMIT 1), f.colour) <> 'green') ORDER BY u.actual_until"
)


@dataclass(frozen=True, slots=True)
class Taught:
    """An undisputed trip that ended then: its metres by track and by the terminal's count, as far as each is known."""

    until_at: datetime
    metres: Mapping[str, Witnessed]


async def ratio_of(
    reader: Reader, vehicle_id: UUID, before: datetime, settings: BureauSettings | None = None
) -> Ratio | None:
    """Return the ratio that a vehicle's undisputed trips which ended before an instant have shown, if they have.

    By the settings of now, or by those that are given.
    """
    settings = settings or await settings_of(reader)
    taught = await taught_by(reader, vehicle_id, before=before, settings=settings)
    return ratio_of_taught(taught, TRACK, least_trips=settings["ratio_least_trips"])


def ratio_of_taught(taught: Sequence[Taught], witness: str, *, least_trips: int) -> Ratio | None:
    """Return what the latest of these trips have shown of one witness, if they have."""
    latest = taught[:MOST_TRIPS]
    return learnt((one.metres[witness] for one in latest if witness in one.metres), least_trips=least_trips)


async def taught_by(
    reader: Reader, vehicle_id: UUID, *, before: datetime, beside: int = 0, settings: BureauSettings | None = None
) -> list[Taught]:
    """Return the latest undisputed trips that ended before an instant, the last first; `beside` so many more.

    Measured by the settings that are given, else by those of now.
    """
    rows = (
        await reader.execute(
            _UNDISPUTED,
            {
                "bureau_id": reader.bureau_id,
                "vehicle_id": vehicle_id,
                "before": before,
                "disputed": [kind.value for kind in DISPUTED_BY],
                "most": MOST_TRIPS + beside,
            },
        )
    ).all()
    if not rows:
        return []
    use_ids = [row.use_id for row in rows]
    driven = await driven_by_reading(reader, vehicle_id, rows[-1].actual_from, before)
    measures = await measures_of(reader, use_ids, settings)
    counted = await counted_over(reader, use_ids)
    return [
        Taught(
            row.actual_until,
            metres_of(measures[row.use_id], counted.get(row.use_id), driven.get(row.use_id, ())),
        )
        for row in rows
    ]


def metres_of(measures: Sequence[Measure], counted: Counted | None, driven: Sequence[Interval]) -> dict[str, Witnessed]:
    """Return a use's metres by each witness that there is."""
    by_track = witnessed(measures, driven)
    found = {} if by_track is None else {TRACK: by_track}
    if counted is not None and driven:
        found[TERMINAL] = _beside(driven, counted.metres, 0)
    return found


async def against_ratio(
    reader: Reader,
    vehicle_id: UUID,
    from_at: datetime,
    until_at: datetime,
    *,
    settings: BureauSettings | None = None,
    known_at: datetime | None = None,
) -> Against:
    """Hold the trips that ended from one instant to before another, all together, against the vehicle's ratio.

    Those that are odd by themselves are left out: they have findings of their own. With `known_at` what was corrected
    later is as it was, and with `settings` the vehicle's ratio is what those made of it.
    """
    asked = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "from_at": from_at,
        "until_at": until_at,
        "mismatch": FindingKind.ODOMETER_TRACK_MISMATCH.value,
    }
    ended = {row.use_id: row.actual_until for row in await reader.execute(_ENDED, asked)}
    driven = await driven_by_reading(reader, vehicle_id, from_at, until_at, known_at=known_at)
    measures = await measures_of(reader, list(ended), settings)
    each = ((at, witnessed(measures[use_id], driven.get(use_id, ()))) for use_id, at in ended.items())
    known = ((at, one) for at, one in each if one is not None)
    return against(known, await ratio_of(reader, vehicle_id, from_at, settings))


async def driven_by_reading(
    reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime, *, known_at: datetime | None = None
) -> Mapping[UUID, Sequence[Interval]]:
    """Return the intervals between readings of each use that was on the road then, by use.

    With `known_at` what was corrected later is as it was, unless a third party corrected it.
    """
    rows = await reader.all(
        select(Row).where(
            Row.bureau_id == reader.bureau_id,
            Row.vehicle_id == vehicle_id,
            col(Row.read_at) >= from_at - AROUND,
            col(Row.read_at) <= until_at + AROUND,
        )
    )
    found: dict[UUID, list[Interval]] = {}
    known = (
        as_reading(row)
        for row in rows
        if known_at is None
        or row.corrects is None
        or row.recorded_at <= known_at
        or row.obtained == Obtained.THIRD_PARTY.value
    )
    for interval in intervals(known):
        if interval.use_id is not None:
            found.setdefault(interval.use_id, []).append(interval)
    return found


def witnessed(measures: Sequence[Measure], driven: Sequence[Interval]) -> Witnessed | None:
    """Return a trip's metres by its best witness's track and by reading, or None where either is not known."""
    told = next((one for one in measures if one.kept), None)
    return _beside(driven, told.length_m, told.unobserved_m) if told is not None and driven else None


def _beside(driven: Sequence[Interval], length_m: int, unobserved_m: int) -> Witnessed:
    """Return what a witness tells beside the readings of a use."""
    return Witnessed(
        length_m=length_m,
        unobserved_m=unobserved_m,
        reading_m=sum(interval.length_m for interval in driven),
        resolution_m=max(driven[0].start.resolution_m, driven[-1].end.resolution_m),
    )
