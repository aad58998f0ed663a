"""What a dispatch order 派车单 says beyond the trip's own view, and what its verification address may tell."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader

_PRINTED = text(
    """
SELECT b.name AS bureau, b.zone, n.name AS unit, a.name AS requester, p.name AS approver, e.name AS spoken_entered_by,
  (SELECT coalesce(json_agg(json_build_object('job_id', j.job_id, 'number', c.number, 'site', k.site_name,
     'address', k.site_address, 'dropped', j.dropped_by IS NOT NULL) ORDER BY k.window_from, k.job_id), '[]')
   FROM trip_job j
   JOIN job k ON k.bureau_id = j.bureau_id AND k.job_id = j.job_id
   JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id
   WHERE j.bureau_id = :bureau_id AND j.use_id = u.use_id) AS sites,
  (SELECT coalesce(json_agg(json_build_object('odometer_m', r.odometer_m, 'occasion', r.occasion)
     ORDER BY r.read_at, r.recorded_at), '[]')
   FROM reading r WHERE r.bureau_id = :bureau_id AND r.use_id = u.use_id
     AND NOT EXISTS (SELECT 1 FROM reading w WHERE w.bureau_id = :bureau_id AND w.corrects = r.reading_id)) AS readings,
  (SELECT l.number FROM driving_licence l JOIN trip_crew c ON c.bureau_id = l.bureau_id AND c.person_id = l.person_id
   WHERE l.bureau_id = :bureau_id AND c.use_id = u.use_id AND c.rev = t.crew_rev AND c.seat = 'driver'
   ORDER BY l.recorded_at DESC, l.licence_id DESC LIMIT 1) AS licence,
  (SELECT string_agg(s.remark, '; ' ORDER BY s.recorded_at) FROM safety_check s
   WHERE s.bureau_id = :bureau_id AND s.use_id = u.use_id AND s.remark <> '') AS faults
FROM vehicle_use u
JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id
JOIN bureau b ON b.bureau_id = u.bureau_id
JOIN unit n ON n.bureau_id = t.bureau_id AND n.unit_id = t.requester_unit_id
JOIN person a ON a.bureau_id = t.bureau_id AND a.person_id = t.requester_id
LEFT JOIN person p ON p.bureau_id = t.bureau_id AND p.person_id = t.approver_id
LEFT JOIN person e ON e.bureau_id = t.bureau_id AND e.person_id = t.spoken_entered_by
WHERE u.bureau_id = :bureau_id AND u.use_id = :use_id
"""
)
_VERIFIED = text(
    "SELECT b.name AS bureau, v.plate, u.planned_from, u.planned_until, u.state, o.verification_code"
    " FROM dispatch_order o"
    " JOIN vehicle_use u ON u.bureau_id = o.bureau_id AND u.use_id = o.use_id"
    " JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id"
    " JOIN bureau b ON b.bureau_id = o.bureau_id"
    " WHERE o.bureau_id = :bureau_id AND o.year = :year AND o.number = :number"
)


async def printed_facts(reader: Reader, use_id: UUID) -> Any:
    """Return what the paper says beside `trip_view` of a trip that is there."""
    return (await reader.execute(_PRINTED, {"bureau_id": reader.bureau_id, "use_id": use_id})).one()


async def order_of_number(reader: Reader, year: int, number: int) -> Any | None:
    """Return the order of that number with its verification code, or None."""
    parameters = {"bureau_id": reader.bureau_id, "year": year, "number": number}
    return (await reader.execute(_VERIFIED, parameters)).one_or_none()
