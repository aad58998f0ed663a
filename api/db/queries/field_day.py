"""What a phone needs to know before it has no network: a person's trips of today and tomorrow, and what they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.trips import TripFilter, trips_page
from domain.trip.life import UseState

MOST: Final = 50
"""More trips than anybody makes in two days."""


@dataclass(frozen=True, slots=True)
class Day:
    """Today and tomorrow as the bureau counts them: from midnight to midnight."""

    begins_at: datetime
    until: datetime


def day_of(now: datetime, zone: ZoneInfo) -> Day:
    """Return the day that a phone is made ready for: from last midnight until tomorrow's."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return Day(midnight, midnight + timedelta(days=2))


async def trips_of_day(reader: Reader, person_id: UUID, day: Day) -> list[Any]:
    """Return the trips a person goes along with: under way, approved for the day, or back since it began."""
    states = (UseState.DEPARTED, UseState.APPROVED, UseState.RETURNED)
    found: list[Any] = []
    for state in states:
        # A trip under way is there whatever its window was.
        begins_at, until = (None, None) if state is UseState.DEPARTED else (day.begins_at, day.until)
        wanted = TripFilter(state=state.value, person_id=person_id, planned_from=begins_at, planned_until=until)
        found += await trips_page(reader, wanted, None, MOST)
    aboard = [row for row in found if any(UUID(one["person_id"]) == person_id for one in row.crew)]
    return sorted(aboard, key=lambda row: (row.planned_from, row.use_id))


_JOBS: Final = text(
    "SELECT j.job_id, j.kind, j.state, j.site_name, j.site_address, j.lat, j.lon, j.window_from, j.window_until,"
    " j.due_nominal_on, j.due_on, j.due_provisional, c.complaint_id, c.number, c.state AS complaint_state, p.claim,"
    " p.facts, p.complainant_name, p.respondent_name"
    " FROM job j JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " JOIN complaint_particulars p ON p.bureau_id = c.bureau_id AND p.complaint_id = c.complaint_id"
    "  AND p.rev = c.particulars_rev"
    " WHERE j.bureau_id = :bureau_id AND c.bureau_id = :bureau_id AND p.bureau_id = :bureau_id"
    " AND j.job_id = ANY(CAST(:ids AS uuid[]))"
)
_PERMITS: Final = text(
    "SELECT d.decision_id, d.entry_id, l.leaf, l.recorded_at FROM decision d"
    " JOIN ledger_outbox l ON l.bureau_id = d.bureau_id AND l.entry_id = d.entry_id"
    " WHERE d.bureau_id = :bureau_id AND l.bureau_id = :bureau_id AND d.decision_id = ANY(CAST(:ids AS uuid[]))"
)
_PHOTOS: Final = text(
    "SELECT q.use_id FROM photo_request q JOIN reading_photo p ON p.bureau_id = q.bureau_id"
    " AND p.reading_id = q.reading_id WHERE q.bureau_id = :bureau_id AND p.bureau_id = :bureau_id"
    " AND q.use_id = ANY(CAST(:ids AS uuid[]))"
)
_BUREAU: Final = text("SELECT name, boundary::text AS boundary FROM bureau WHERE bureau_id = :bureau_id")


async def _by_id(reader: Reader, statement: Any, ids: Sequence[UUID], key: str) -> dict[UUID, Any]:
    rows = await reader.execute(statement, {"bureau_id": reader.bureau_id, "ids": list(ids)})
    return {getattr(row, key): row for row in rows}


async def jobs_of_day(reader: Reader, job_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return jobs with their sites and what their complaints are about, by id."""
    return await _by_id(reader, _JOBS, job_ids, "job_id")


async def permits_of(reader: Reader, decision_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the ledger entries of decisions, by decision."""
    return await _by_id(reader, _PERMITS, decision_ids, "decision_id")


async def photographed(reader: Reader, trip_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the trips whose photo of the odometer was asked for and is here."""
    return set(await _by_id(reader, _PHOTOS, trip_ids, "use_id"))


async def bureau_of(reader: Reader) -> Any:
    """Return the name and the boundary of the reader's bureau."""
    return (await reader.execute(_BUREAU, {"bureau_id": reader.bureau_id})).one()
