"""Look at a vehicle about a stretch of time, and record what its positions show: what the watch and the sweep do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from api.db.database import Database, Reader
from api.db.queries.scenes import scene_of
from api.db.queries.settings import settings_at
from api.usecases.follow_findings import Look, Looked, follow_findings
from domain.findings.follow import Known
from domain.findings.shown import SHOWN, shown


async def look_at_vehicle(
    database: Database, bureau_id: str, vehicle_id: UUID, from_at: datetime, until_at: datetime
) -> Looked:
    """Look, and record what is new. Looking again changes nothing."""

    async def look(reader: Reader) -> Look:
        scene = await scene_of(reader, vehicle_id, from_at, until_at)
        happenings = await asyncio.to_thread(shown, scene)
        return Look(happenings=happenings, looked_at=SHOWN, within=(scene.from_at, scene.until_at))

    async def stands(reader: Reader, known: Known) -> bool:
        # Positions may clear a finding; a threshold that was moved after it was recorded may not.
        scene = await scene_of(reader, vehicle_id, from_at, until_at)
        then = replace(scene, settings=await settings_at(reader, known.standing.recorded_at))
        return any(known.is_of(happening) for happening in await asyncio.to_thread(shown, then))

    return await follow_findings(database, bureau_id, vehicle_id, look, stands)
