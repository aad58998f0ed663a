"""Find what no position shows: a device that is silent, and a vehicle that is away from its base overnight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from api.db.database import Database, Reader
from api.db.queries.absences import last_seen, may_be_out, with_open_findings, words_of
from api.db.queries.bases import bases_of
from api.db.queries.calendar import zone_of
from api.db.queries.settings import settings_of
from api.usecases.follow_findings import Look, follow_findings
from api.usecases.sweep import each_by_itself
from domain.findings.devices import Word, device_silent
from domain.findings.happening import NEVER, Happening
from domain.findings.hours import night_of, overnight_away
from domain.findings.kinds import FindingKind
from domain.findings.life import What
from domain.place.base import Base, base_at

ABSENCES: Final = (FindingKind.DEVICE_SILENT, FindingKind.OVERNIGHT_AWAY)
_EVER: Final = datetime(2020, 1, 1, tzinfo=UTC)


async def find_absences(database: Database, bureau_id: str) -> int:
    """Raise who is silent and what is away at night; end what is over. Return how many facts that were."""
    async with database.read(bureau_id) as reader:
        # Most vehicles are where they belong: those of whom nothing is to be said cost no transaction of their own.
        words, bases = await words_of(reader), await bases_of(reader)
        vehicles = [
            vehicle_id
            for vehicle_id, of_vehicle in bases.items()
            if await _happenings(reader, vehicle_id, of_vehicle, words.get(vehicle_id, []))
        ]
        vehicles += await with_open_findings(reader, [kind.value for kind in ABSENCES])
    looks = ((one, partial(_of_vehicle, database, bureau_id, one)) for one in sorted(set(vehicles)))
    return await each_by_itself(bureau_id, looks)


async def _of_vehicle(database: Database, bureau_id: str, vehicle_id: UUID) -> int:
    async def look(reader: Reader) -> Look:
        words = (await words_of(reader)).get(vehicle_id, [])
        bases = (await bases_of(reader, [vehicle_id]))[vehicle_id]
        happenings = await _happenings(reader, vehicle_id, bases, words)
        return Look(happenings=happenings, looked_at=ABSENCES, within=(_EVER, reader.now), gone=What.ENDED)

    return (await follow_findings(database, bureau_id, vehicle_id, look)).recorded


async def _happenings(reader: Reader, vehicle_id: UUID, bases: Sequence[Base], words: list[Word]) -> list[Happening]:
    return [*await _silent(reader, words), *await _away(reader, vehicle_id, bases, words)] if words else []


async def _silent(reader: Reader, words: list[Word]) -> list[Happening]:
    settings = await settings_of(reader)
    limits = {True: settings["phone_silent_s"], False: settings["terminal_silent_s"]}
    found = [device_silent(word, now=reader.now, limit_s=limits[word.device_id == NEVER]) for word in words]
    return [one for one in found if one is not None]


async def _away(reader: Reader, vehicle_id: UUID, bases: Sequence[Base], words: list[Word]) -> list[Happening]:
    """Return that the vehicle is away, by the last place its terminals told: a phone goes home with its person."""
    settings = await settings_of(reader)
    night = night_of(reader.now, await zone_of(reader), settings)
    if night is None:
        return []
    told = [await last_seen(reader, word.device_id) for word in words if word.device_id != NEVER]
    seen = max((one for one in told if one is not None), key=lambda one: one.at, default=None)
    if seen is None:
        return []
    allowed = vehicle_id in await may_be_out(reader)
    base = base_at(bases, reader.now).place
    found = overnight_away(seen, base, now=reader.now, night=night, settings=settings, allowed=allowed)
    return [] if found is None else [found]
