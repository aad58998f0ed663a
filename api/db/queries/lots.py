"""Lots as the auditor sees them: which months have a seed, what was drawn, what consumers said; and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.pairs import TripPeople

_MONTHS = text("""
SELECT m.month, m.seed_sha256, m.recorded_at AS fixed_at, d.recorded_at AS drawn_at, d.actor_id AS drawn_by, d.salt,
    d.percent, d.least, d.population, d.drawn, CASE WHEN d.month IS NOT NULL THEN encode(m.seed, 'hex') END AS seed,
    (SELECT coalesce(json_agg(json_build_object('call_back_id', c.call_back_id, 'trip_id', c.use_id,
        'complaint_id', c.complaint_id, 'result', c.result, 'remark', c.remark, 'called_at', c.called_at,
        'actor_id', c.actor_id, 'recorded_at', c.recorded_at) ORDER BY c.recorded_at, c.call_back_id), '[]')
     FROM call_back c WHERE c.bureau_id = :bureau_id AND c.month = m.month) AS call_backs
FROM month_seed m LEFT JOIN lot_draw d ON d.bureau_id = m.bureau_id AND d.month = m.month
WHERE m.bureau_id = :bureau_id AND (CAST(:month AS date) IS NULL OR m.month = :month)
ORDER BY m.month DESC LIMIT 120
""")

_PEOPLE = text("""
SELECT t.requester_id, t.approver_id,
    (SELECT array_agg(c.person_id) FROM trip_crew c WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id
        AND c.rev = t.crew_rev) AS crew,
    (SELECT min(c.person_id::text) FROM trip_crew c WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id
        AND c.rev = t.crew_rev AND c.seat = 'driver') AS driver,
    (SELECT array_agg(DISTINCT p.registered_by) FROM trip_job j
        JOIN complaint p ON p.bureau_id = j.bureau_id AND p.complaint_id = j.complaint_id
        WHERE j.bureau_id = :bureau_id AND j.use_id = u.use_id AND j.dropped_by IS NULL) AS registrars
FROM vehicle_use u JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id
WHERE u.bureau_id = :bureau_id AND u.actual_from >= :from_at AND u.actual_from < :until_at
""")


_CALLED = text("""
SELECT DISTINCT t.use_id, t.complaint_id, c.number, p.complainant_name AS name, p.complainant_telephone AS telephone
FROM trip_job t JOIN complaint c ON c.bureau_id = t.bureau_id AND c.complaint_id = t.complaint_id
JOIN complaint_particulars p ON p.bureau_id = t.bureau_id AND p.complaint_id = t.complaint_id
    AND p.rev = (SELECT max(r.rev) FROM complaint_particulars r
        WHERE r.bureau_id = :bureau_id AND r.complaint_id = t.complaint_id)
WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(CAST(:trips AS uuid[])) AND t.dropped_by IS NULL ORDER BY c.number
""")


async def consumers_of(reader: Reader, trip_ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """Return by trip whom to call back: each complaint it carried, with its consumer's name and telephone."""
    found: dict[UUID, list[Any]] = {trip_id: [] for trip_id in trip_ids}
    for row in await reader.execute(_CALLED, {"bureau_id": reader.bureau_id, "trips": list(trip_ids)}):
        found[row.use_id].append(row)
    return found


async def lots_of_months(reader: Reader, month: date | None = None) -> Sequence[Any]:
    """Return the months that have a seed, the latest first, or one; a seed is told once it was drawn with."""
    return (await reader.execute(_MONTHS, {"bureau_id": reader.bureau_id, "month": month})).all()


async def people_of_trips(reader: Reader, from_at: datetime, until_at: datetime) -> list[TripPeople]:
    """Return who had a part in each trip that departed between two instants."""
    rows = await reader.execute(_PEOPLE, {"bureau_id": reader.bureau_id, "from_at": from_at, "until_at": until_at})
    return [
        TripPeople(
            requester_id=row.requester_id,
            approver_id=row.approver_id,
            driver_id=UUID(row.driver) if row.driver else None,
            crew_ids=frozenset(row.crew or ()),
            registrar_ids=frozenset(row.registrars or ()),
        )
        for row in rows
    ]
