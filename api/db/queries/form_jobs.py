"""The jobs that an officer may choose from in a form on the phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.complaint.states import VISITABLE

JOBS_MOST = 500
"""More than a desk has open; a list on a phone that is longer helps nobody."""

_JOBS = text(
    "SELECT j.job_id, c.number, j.site_name, j.site_address, j.window_from, j.window_until,"
    " EXISTS (SELECT 1 FROM trip_job k JOIN trip t ON t.bureau_id = k.bureau_id AND t.use_id = k.use_id"
    "  JOIN trip_crew m ON m.bureau_id = t.bureau_id AND m.use_id = t.use_id AND m.rev = t.crew_rev"
    "  JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    "  WHERE k.bureau_id = :bureau_id AND k.job_id = j.job_id AND k.dropped_by IS NULL"
    "  AND m.person_id = :person_id AND u.state IN ('approved', 'departed', 'returned')) AS mine"
    " FROM job j JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " WHERE j.bureau_id = :bureau_id AND j.state = 'open' AND c.state = ANY(CAST(:visitable AS text[]))"
    " ORDER BY mine DESC, least(j.due_nominal_on, j.due_on), j.job_id LIMIT :most"
)


async def jobs_to_choose(reader: Reader, person_id: UUID) -> list[Any]:
    """Return the open jobs of complaints that may still be visited: those of the person's own trips first."""
    rows = await reader.execute(
        _JOBS,
        {
            "bureau_id": reader.bureau_id,
            "person_id": person_id,
            "visitable": sorted(state.value for state in VISITABLE),
            "most": JOBS_MOST,
        },
    )
    return list(rows)
