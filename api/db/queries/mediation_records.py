"""What a printed visit note and a mediation record 调解记录 say of the complaint and the visit they belong to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.errors import NotFound

_COMPLAINT = text(
    "SELECT b.name AS bureau, b.zone, c.number, c.state, c.received_at, u.name AS unit, q.complainant_name,"
    " q.complainant_telephone, q.complainant_address, q.respondent_name, q.respondent_credit_code,"
    " q.respondent_address, q.claim, q.facts"
    " FROM complaint c"
    " JOIN bureau b ON b.bureau_id = c.bureau_id"
    " JOIN unit u ON u.bureau_id = c.bureau_id AND u.unit_id = c.unit_id"
    " JOIN complaint_particulars q ON q.bureau_id = c.bureau_id AND q.complaint_id = c.complaint_id"
    "  AND q.rev = c.particulars_rev"
    " WHERE c.bureau_id = :bureau_id AND c.complaint_id = :complaint_id"
)
# A cluster cannot plan joins of which a NULL leaves nothing: one statement with the vehicle, one without.
_SITE = text(
    "SELECT j.site_name, j.site_address, NULL AS plate FROM job j WHERE j.bureau_id = :bureau_id AND j.job_id = :job_id"
)
_SITE_BY_VEHICLE = text(
    "SELECT j.site_name, j.site_address, v.plate FROM job j"
    " JOIN vehicle_use u ON u.bureau_id = j.bureau_id AND u.use_id = :use_id"
    " JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id"
    " WHERE j.bureau_id = :bureau_id AND j.job_id = :job_id"
)


async def printed_complaint(reader: Reader, complaint_id: UUID) -> Any:
    """Return what the papers of a complaint say of it. Raises `NotFound`."""
    parameters = {"bureau_id": reader.bureau_id, "complaint_id": complaint_id}
    row = (await reader.execute(_COMPLAINT, parameters)).one_or_none()
    if row is None:
        raise NotFound("There is no such complaint.", id=str(complaint_id))
    return row


async def printed_site(reader: Reader, job_id: UUID, use_id: UUID | None) -> Any:
    """Return the site of a job, and the plate of the vehicle that went there if one is named."""
    asked = {"bureau_id": reader.bureau_id, "job_id": job_id}
    if use_id is None:
        return (await reader.execute(_SITE, asked)).one()
    return (await reader.execute(_SITE_BY_VEHICLE, asked | {"use_id": use_id})).one()
