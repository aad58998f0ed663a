"""Look at what the books have of a vehicle, and record what does not add up: its uses, its odometer, its fuel."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from api.db.database import Database, Reader
from api.db.queries.costs import fills_until
from api.db.queries.measures import metres_between
from api.db.queries.outings import outings_of
from api.db.queries.readings import readings_around
from api.db.queries.retired import retired_at_of_uses
from api.db.queries.settings import settings_at, settings_of
from api.db.queries.terminal_counts import counted_between
from api.usecases.follow_findings import Look, follow_findings
from domain.books.readings import Obtained, Reading
from domain.findings.follow import Known
from domain.findings.fuel import fuel_mismatch
from domain.findings.happening import Happening
from domain.findings.kept import KEPT, kept
from domain.findings.kinds import FindingKind
from domain.findings.odometer import between_uses, odometer_gap, terminal_gap
from domain.findings.outing import Outing
from domain.settings import BureauSettings
from domain.upkeep.fuel import refills

SLIP_SEEN_WITHIN: Final = timedelta(minutes=30)
"""A digit that slipped is seen at once. A figure that is typed anew later, when it was found, clears nothing."""
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def look_at_uses(database: Database, bureau_id: str, vehicle_id: UUID, use_ids: Collection[UUID]) -> int:
    """Look at uses of a vehicle; return how many facts were recorded. Looking again changes nothing.

    Of a use whose positions were retired nothing is found any more, and nothing that was found is cleared.
    """
    async with database.read(bureau_id) as reader:
        use_ids = set(use_ids) - (await retired_at_of_uses(reader, use_ids)).keys()

    async def look(reader: Reader) -> Look:
        settings = await settings_of(reader)
        outings = await outings_of(reader, vehicle_id, use_ids, settings)
        happenings = await asyncio.to_thread(_shown, outings, reader.now, settings)
        # What was found of a use while it was out may reach beyond what is known of its return by now.
        first_at = min((min(one.from_at, one.planned_until) for one in outings), default=reader.now)
        return Look(happenings=happenings, looked_at=KEPT, within=(first_at, reader.now), use_ids=frozenset(use_ids))

    async def stands(reader: Reader, known: Known) -> bool:
        # What came since may clear a finding; a threshold that was moved after it was recorded may not, nor a reading
        # that was typed anew, nor that the trips which taught the ratio are disputed by now.
        known_at = known.standing.recorded_at
        then, uses = await settings_at(reader, known_at), [known.use_id] if known.use_id else []
        outings = await outings_of(reader, vehicle_id, uses, then, known_at)
        judged = any(witness.ratio is not None for outing in outings for witness in outing.witnesses)
        if known.kind is FindingKind.ODOMETER_TRACK_MISMATCH and not judged:
            return True
        return any(known.is_of(happening) for happening in _shown(outings, reader.now, then))

    return (await follow_findings(database, bureau_id, vehicle_id, look, stands)).recorded


def _shown(outings: Iterable[Outing], now: datetime, settings: BureauSettings) -> list[Happening]:
    return [happening for outing in outings for happening in kept(outing, now, settings)]


async def look_at_odometer(
    database: Database, bureau_id: str, vehicle_id: UUID, from_at: datetime, until_at: datetime
) -> int:
    """Look at a vehicle's readings about a stretch of time; return how many facts were recorded."""

    async def look(reader: Reader) -> Look:
        recorded = await readings_around(reader, vehicle_id, from_at, until_at)
        readings = [one for one, _ in recorded]
        happenings = await _gaps(reader, vehicle_id, readings, await settings_of(reader))
        instants = [one.read_at for one, _ in recorded]
        within = (min(instants, default=from_at), max(instants, default=until_at))
        return Look(happenings=happenings, looked_at=(FindingKind.ODOMETER_GAP,), within=within)

    async def stands(reader: Reader, known: Known) -> bool:
        recorded = await readings_around(reader, vehicle_id, from_at, until_at)
        then = await settings_at(reader, known.standing.recorded_at)
        gaps = await _gaps(reader, vehicle_id, _without_late_words(recorded), then)
        return any(known.is_of(happening) for happening in gaps)

    return (await follow_findings(database, bureau_id, vehicle_id, look, stands)).recorded


async def _gaps(
    reader: Reader, vehicle_id: UUID, readings: Sequence[Reading], settings: BureauSettings
) -> list[Happening]:
    """Return where readings between two uses do not meet, by the dashboard and by what terminals counted."""
    found = list(odometer_gap(readings, settings))
    for run in between_uses(readings):
        span = run[0].start.read_at, run[-1].end.read_at
        for counted in await counted_between(reader, vehicle_id, *span):
            happening = terminal_gap(run, counted, settings)
            if happening is not None:
                track_m = await metres_between(reader, counted.device_id, *span)
                found.append(replace(happening, evidence={**happening.evidence, "track_m": track_m}))
    return found


def _without_late_words(recorded: list[tuple[Reading, datetime]]) -> list[Reading]:
    """Return the readings without corrections that nobody but who typed the wrong one vouches for, long after it."""
    recorded_at = {one.reading_id: at for one, at in recorded}
    return [
        one
        for one, at in recorded
        if one.corrects is None
        or one.obtained is Obtained.THIRD_PARTY
        or at <= recorded_at.get(one.corrects, at) + SLIP_SEEN_WITHIN
    ]


async def look_at_fuel(database: Database, bureau_id: str, vehicle_id: UUID) -> int:
    """Look at all refills of a vehicle; return how many facts were recorded."""

    async def look(reader: Reader) -> Look:
        happenings = await _fuel(reader, await settings_of(reader), reader.now)
        return Look(happenings=happenings, looked_at=(FindingKind.FUEL_MISMATCH,), within=(_EVER, reader.now))

    async def stands(reader: Reader, known: Known) -> bool:
        # Neither a threshold nor litres that were typed anew after it was found.
        then = await settings_at(reader, known.standing.recorded_at)
        return any(known.is_of(one) for one in await _fuel(reader, then, known.standing.recorded_at))

    async def _fuel(reader: Reader, settings: BureauSettings, known_at: datetime) -> tuple[Happening, ...]:
        fills = await fills_until(reader, vehicle_id, reader.now, known_at=known_at)
        return tuple(fuel_mismatch(refills(fills), settings))

    return (await follow_findings(database, bureau_id, vehicle_id, look, stands)).recorded
