"""Hold a month's trips together against the vehicle's own ratio, every night and before the month is sealed.

Readings typed three per cent low on every trip are odd on none: over twenty trips they are no chance.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from api.db.database import Database, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.ratios import against_ratio
from api.db.queries.settings import settings_at, settings_of
from api.usecases.follow_findings import Look, follow_findings
from domain.calendar import month_span
from domain.findings.follow import Known
from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.odometer import mismatch_together
from domain.findings.outing import DELIVERED
from domain.settings import BureauSettings


async def look_at_month(database: Database, bureau_id: str, vehicle_id: UUID, month: date) -> int:
    """Look at a month's trips together; return how many facts were recorded. Looking again changes nothing."""

    async def look(reader: Reader) -> Look:
        span = month_span(month, await zone_of(reader))
        happenings = await _shown(reader, span, await settings_of(reader))
        # What was found of single trips is of the same kind, and not this look's to say anything of.
        return Look(
            happenings=happenings, looked_at=(FindingKind.ODOMETER_TRACK_MISMATCH,), within=span, use_ids=(None,)
        )

    async def stands(reader: Reader, known: Known) -> bool:
        # Trips and fixes that came since may clear it; a threshold that was moved after it was recorded may not, nor
        # a reading that was typed anew.
        known_at = known.standing.recorded_at
        span = month_span(month, await zone_of(reader))
        return bool(await _shown(reader, span, await settings_at(reader, known_at), known_at))

    async def _shown(
        reader: Reader, span: tuple[datetime, datetime], settings: BureauSettings, known_at: datetime | None = None
    ) -> tuple[Happening, ...]:
        told_until = min(span[1], reader.now - DELIVERED)
        if told_until <= span[0]:
            return ()
        together = await against_ratio(reader, vehicle_id, span[0], told_until, settings=settings, known_at=known_at)
        return tuple(mismatch_together(together, from_at=span[0], over=told_until == span[1], settings=settings))

    return (await follow_findings(database, bureau_id, vehicle_id, look, stands)).recorded
