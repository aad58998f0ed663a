"""What waits for a word of the custodian, or of who holds their delegation; and what is told beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Reader
from api.db.queries.delegations import HOLDS, OPEN
from domain.values import Role

_DELEGATED = text(
    f"SELECT l.unit_id FROM delegation l WHERE l.bureau_id = :bureau_id AND l.to_person_id = :person_id AND {HOLDS}"  # noqa: S608 - our own words
)


async def units_approved_for(reader: Reader, actor: Actor) -> frozenset[UUID]:
    """Return the units whose trips a person may approve now: the one they head, and those delegated to them."""
    asked = {"bureau_id": reader.bureau_id, "person_id": actor.who, "at": reader.now}
    units = set((await reader.execute(_DELEGATED, asked)).scalars())
    if Role.CUSTODIAN in actor.roles and actor.unit_id is not None:
        units.add(actor.unit_id)
    return frozenset(units)


_SPOKEN = text(
    "SELECT use_id FROM trip WHERE bureau_id = :bureau_id AND approver_id = :person_id AND spoken_at IS NOT NULL"
    " AND confirmed_at IS NULL ORDER BY spoken_at LIMIT 50"
)


async def spoken_unconfirmed(reader: Reader, person_id: UUID) -> Sequence[UUID]:
    """Return the trips that a person approved by word of mouth and has not confirmed yet."""
    return (await reader.execute(_SPOKEN, {"bureau_id": reader.bureau_id, "person_id": person_id})).scalars().all()


_JOBS = text(
    "SELECT j.job_id, j.site_name, j.site_address, j.kind, j.window_from, j.window_until,"
    " least(j.due_nominal_on, j.due_on) AS warn_on, c.number, p.respondent_name, p.claim"
    " FROM job j JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " JOIN complaint_particulars p ON p.bureau_id = c.bureau_id AND p.complaint_id = c.complaint_id"
    "  AND p.rev = c.particulars_rev"
    " WHERE j.bureau_id = :bureau_id AND c.bureau_id = :bureau_id AND j.job_id = ANY(:job_ids)"
)


async def jobs_told(reader: Reader, job_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return of each of these jobs where it is, of whom, and what the consumer wants."""
    rows = await reader.execute(_JOBS, {"bureau_id": reader.bureau_id, "job_ids": list(job_ids)})
    return {row.job_id: row for row in rows}


_REFUSED = text(
    "SELECT r.refusal_id, r.stage, r.use_id, r.reasons, r.recorded_at, p.name AS requester, v.plate"
    " FROM refusal r JOIN person p ON p.bureau_id = r.bureau_id AND p.person_id = r.requester_id"
    " LEFT JOIN vehicle v ON v.bureau_id = r.bureau_id AND v.vehicle_id = r.vehicle_id"
    " WHERE r.bureau_id = :bureau_id AND (CAST(:use_id AS uuid) IS NULL OR r.use_id = :use_id)"
    " AND (CAST(:before AS uuid) IS NULL OR r.refusal_id < :before) ORDER BY r.refusal_id DESC LIMIT :limit"
)


async def refusals_told(
    reader: Reader, limit: int, *, use_id: UUID | None = None, before: UUID | None = None
) -> Sequence[Any]:
    """Return refusals with their reasons, the newest first: without the facts, which are for custodian and auditor."""
    asked = {"bureau_id": reader.bureau_id, "use_id": use_id, "before": before, "limit": limit}
    return (await reader.execute(_REFUSED, asked)).all()


_OPEN_DELEGATIONS = text(
    "SELECT l.delegation_id, l.valid_from, l.valid_until, l.reason, l.from_person_id, f.name AS from_name,"  # noqa: S608 - our own words
    " t.name AS to_name FROM delegation l"
    " JOIN person f ON f.bureau_id = l.bureau_id AND f.person_id = l.from_person_id"
    " JOIN person t ON t.bureau_id = l.bureau_id AND t.person_id = l.to_person_id"
    f" WHERE l.bureau_id = :bureau_id AND {OPEN}"
    " ORDER BY l.valid_from, l.delegation_id"
)


async def delegations_told(reader: Reader) -> Sequence[Any]:
    """Return the delegations of the bureau that hold now or will."""
    return (await reader.execute(_OPEN_DELEGATIONS, {"bureau_id": reader.bureau_id, "now": reader.now})).all()


_DELEGATES = text(
    "SELECT p.person_id, p.name FROM person p WHERE p.bureau_id = :bureau_id AND p.active"
    " AND p.person_id <> :person_id AND NOT EXISTS (SELECT 1 FROM role_grant g WHERE g.bureau_id = :bureau_id"
    "  AND g.person_id = p.person_id AND g.role = 'auditor' AND g.granted AND NOT EXISTS (SELECT 1 FROM role_grant n"
    "   WHERE n.bureau_id = :bureau_id AND n.person_id = g.person_id AND n.role = g.role"
    "   AND (n.recorded_at, n.grant_id) > (g.recorded_at, g.grant_id))) ORDER BY p.name, p.person_id"
)


async def possible_delegates(reader: Reader, person_id: UUID) -> Sequence[Any]:
    """Return who could approve in a person's place: anybody active but auditors and themselves."""
    return (await reader.execute(_DELEGATES, {"bureau_id": reader.bureau_id, "person_id": person_id})).all()


_ASIDE = text(
    "SELECT (SELECT count(*) FROM form_submission f WHERE f.bureau_id = :bureau_id AND f.note_id IS NULL) AS forms,"
    " (SELECT count(*) FROM visit_note_conflict n WHERE n.bureau_id = :bureau_id AND n.recorded_at > :since) AS notes,"
    " (SELECT count(*) FROM field_conflict c WHERE c.bureau_id = :bureau_id AND c.recorded_at > :since) AS acts"
)


async def kept_aside(reader: Reader) -> Any:
    """Count filled forms that wait for their job, and notes and acts kept aside in the last thirty days."""
    asked = {"bureau_id": reader.bureau_id, "since": reader.now - timedelta(days=30)}
    return (await reader.execute(_ASIDE, asked)).one()
