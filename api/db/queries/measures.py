"""Tracks of uses, measured: kept figures where they still hold, else made anew from the fixes.

A figure that was kept holds while its device has as many fixes in the use's time as were measured, and all else that
it rests on (way of measuring, setting, times, sites) is the same. So a late fix makes its own use and device anew, and
nothing else. Where a month of a use was retired, what was measured before it went stays, whatever has changed since.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.positions import fixes_of_device
from api.db.queries.retired import retired_at_of_uses
from api.db.queries.settings import settings_of
from api.db.tables.measures import TripMeasure
from domain.settings import BureauSettings
from domain.track.cleaning import Dropped
from domain.track.fixes import FIX, Fixes
from domain.track.legs import Leg, Site
from domain.track.length import Track, Unobserved, measure
from domain.track.measure import WAY, Measure, measure_of
from domain.track.stops import Stop

# The phones of a trip are those of the crew that drove it; upkeep is witnessed by the terminal alone. When a use ends
# is worked out first: as an expression beside row-level security it would be no bound of the index's range.
_WITNESSES = text(
    "WITH u AS MATERIALIZED (SELECT use_id, vehicle_id, actual_from, actual_until,"
    "  coalesce(actual_until, greatest(:now, actual_from)) AS until_at FROM vehicle_use"
    "  WHERE bureau_id = :bureau_id AND use_id = ANY(:uses) AND actual_from IS NOT NULL)"
    " SELECT u.use_id, u.actual_from, u.until_at, u.actual_until IS NOT NULL AS ended, d.device_id,"
    " d.vehicle_id IS NOT NULL AS terminal,"
    " (SELECT count(*) FROM position p WHERE p.bureau_id = :bureau_id AND p.device_id = d.device_id"
    "  AND p.fixed_at BETWEEN u.actual_from AND u.until_at) AS fix_count"
    " FROM u JOIN device d ON d.vehicle_id = u.vehicle_id"
    "  OR d.person_id IN (SELECT c.person_id FROM trip_crew c JOIN trip t ON t.bureau_id = c.bureau_id"
    "   AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    "   WHERE c.bureau_id = :bureau_id AND t.bureau_id = :bureau_id AND c.use_id = u.use_id)"
    " WHERE d.bureau_id = :bureau_id"
)
_SITES = text(
    "SELECT t.use_id, t.job_id, j.lat, j.lon FROM trip_job t"
    " JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL ORDER BY t.job_id"
)


@dataclass(frozen=True, slots=True)
class Witness:
    """A device that may tell of a use; `until_at` is now, and `ended` false, while the use is under way."""

    device_id: UUID
    terminal: bool
    fix_count: int
    from_at: datetime
    until_at: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """Measures by use, the best witness's first, and those of them that are not kept yet, as rows."""

    measures: dict[UUID, tuple[Measure, ...]]
    new: list[TripMeasure]


async def measures_of(
    reader: Reader, use_ids: Sequence[UUID], settings: BureauSettings | None = None, *, anew: bool = False
) -> dict[UUID, tuple[Measure, ...]]:
    """Return by use what each device that told anything of it measures, the best witness first.

    Every use asked for is there, one that nobody told anything of with an empty tuple. The vehicle's own terminal is
    the best witness, then the phone with the most fixes. Measured by the settings that are given, else by those of now;
    `anew` from the fixes, whatever is kept, unless they were retired.
    """
    return (await look_up(reader, use_ids, settings, anew=anew)).measures


async def look_up(
    reader: Reader, use_ids: Sequence[UUID], settings: BureauSettings | None = None, *, anew: bool = False
) -> Looked:
    """Return the measures of uses, and of them what could be kept."""
    witnesses = await _witnesses(reader, use_ids)
    sites = await sites_of_uses(reader, use_ids)
    kept = await _kept(reader, use_ids)
    unobserved_after_s = float((settings or await settings_of(reader))["unobserved_after_s"])
    retired = await retired_at_of_uses(reader, use_ids)
    looked = Looked({}, [])
    for use_id, found in witnesses.items():
        measures: list[Measure] = []
        for witness in found:
            key = _key(witness, sites[use_id], unobserved_after_s)
            row = kept.get((use_id, witness.device_id))
            holds = row is not None and row.settings_key == key and row.fix_count >= witness.fix_count and not anew
            if row is not None and (holds or use_id in retired):
                measures.append(_as_measure(row, witness))
            elif witness.fix_count:
                fresh = await _measured(reader, witness, sites[use_id], unobserved_after_s)
                measures.append(fresh)
                if witness.ended:
                    looked.new.append(_as_row(reader, use_id, key, fresh))
        looked.measures[use_id] = tuple(sorted(measures, key=_rank, reverse=True))
    return looked


async def track_of_trip(reader: Reader, use_id: UUID, device_id: UUID | None = None) -> Track:
    """Return the measured track of a use by its best witness, or by the device that is named."""
    witnesses = (await _witnesses(reader, [use_id]))[use_id]
    told = [one for one in witnesses if one.fix_count and device_id in (None, one.device_id)]
    if not told:
        return measure(np.empty(0, dtype=FIX))
    return await _track(reader, max(told, key=_rank), float((await settings_of(reader))["unobserved_after_s"]))


async def fixes_by_device(reader: Reader, use_id: UUID) -> dict[UUID, Fixes]:
    """Return what each device that told anything of a use told, as it told it."""
    witnesses = (await _witnesses(reader, [use_id]))[use_id]
    return {
        one.device_id: await fixes_of_device(reader, one.device_id, one.from_at, one.until_at)
        for one in witnesses
        if one.fix_count
    }


async def metres_between(reader: Reader, device_id: UUID, from_at: datetime, until_at: datetime) -> int:
    """Return the metres of a device's track from one instant to another, on whichever use or none."""
    fixes = await fixes_of_device(reader, device_id, from_at, until_at)
    return (await asyncio.to_thread(measure, fixes)).length_m


def _rank(one: Witness | Measure) -> tuple[bool, int, UUID]:
    return one.terminal, one.fix_count, one.device_id


async def _witnesses(reader: Reader, use_ids: Sequence[UUID]) -> dict[UUID, list[Witness]]:
    found: dict[UUID, list[Witness]] = {use_id: [] for use_id in use_ids}
    asked = {"bureau_id": reader.bureau_id, "uses": list(found), "now": reader.now}
    for row in await reader.execute(_WITNESSES, asked):
        found[row.use_id].append(
            Witness(
                row.device_id,
                row.terminal,
                row.fix_count,
                row.actual_from,
                row.until_at,
                ended=row.ended,
            )
        )
    return found


async def _measured(reader: Reader, witness: Witness, sites: list[Site], unobserved_after_s: float) -> Measure:
    track = await _track(reader, witness, unobserved_after_s)
    return measure_of(
        track,
        sites,
        device_id=witness.device_id,
        terminal=witness.terminal,
        # More than were counted, where some came in between: what is kept tells what it was made of.
        fix_count=track.kept + sum(track.dropped.values()),
    )


async def _track(reader: Reader, witness: Witness, unobserved_after_s: float) -> Track:
    fixes = await fixes_of_device(reader, witness.device_id, witness.from_at, witness.until_at)
    return await asyncio.to_thread(measure, fixes, unobserved_after_s=unobserved_after_s)


async def sites_of_uses(reader: Reader, use_ids: Sequence[UUID]) -> dict[UUID, list[Site]]:
    """Return by use the sites that it is for, dropped ones left out."""
    sites: dict[UUID, list[Site]] = defaultdict(list)
    for row in await reader.execute(_SITES, {"bureau_id": reader.bureau_id, "uses": list(use_ids)}):
        sites[row.use_id].append(Site(row.job_id, row.lat, row.lon))
    return sites


async def _kept(reader: Reader, use_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], TripMeasure]:
    rows: Sequence[TripMeasure] = await reader.all(
        select(TripMeasure).where(TripMeasure.bureau_id == reader.bureau_id, col(TripMeasure.use_id).in_(use_ids))
    )
    return {(row.use_id, row.device_id): row for row in rows}


def _key(witness: Witness, sites: list[Site], unobserved_after_s: float) -> str:
    """Return the digest of all that a measure rests on beside its fixes."""
    rests_on = WAY, unobserved_after_s, witness.from_at, witness.until_at, sites
    return hashlib.sha256(msgspec.json.encode(rests_on)).hexdigest()


def _as_row(reader: Reader, use_id: UUID, key: str, fresh: Measure) -> TripMeasure:
    return TripMeasure(
        bureau_id=reader.bureau_id,
        use_id=use_id,
        device_id=fresh.device_id,
        fix_count=fresh.fix_count,
        settings_key=key,
        length_m=fresh.length_m,
        unobserved_m=fresh.unobserved_m,
        kept=fresh.kept,
        dropped={str(reason): count for reason, count in fresh.dropped.items()},
        unobserved=msgspec.to_builtins(list(fresh.unobserved)),
        stops=msgspec.to_builtins(list(fresh.stops)),
        legs=msgspec.to_builtins(list(fresh.legs)),
        computed_at=reader.now,
    )


def _as_measure(row: TripMeasure, witness: Witness) -> Measure:
    return Measure(
        device_id=row.device_id,
        terminal=witness.terminal,
        fix_count=row.fix_count,
        length_m=row.length_m,
        unobserved_m=row.unobserved_m,
        kept=row.kept,
        dropped={Dropped(reason): count for reason, count in sorted(row.dropped.items())},
        unobserved=_read(row.unobserved, tuple[Unobserved, ...]),
        stops=_read(row.stops, tuple[Stop, ...]),
        legs=_read(row.legs, tuple[Leg, ...]),
    )


def _read(kept: list[dict[str, Any]], kind: Any) -> Any:
    return msgspec.convert(kept, kind)
