"""Visit notes: the facts one is judged by, and notes, conflicts and named files as answers show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.attachments import HANDED_OUT
from domain.errors import NotFound

_FACTS = text(
    "SELECT q.no, j.state AS job_state, j.lat, j.lon, u.use_id, u.vehicle_id, u.actual_from, u.actual_until,"
    " EXISTS (SELECT 1 FROM trip_job c WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id"
    "  AND c.job_id = q.job_id AND c.dropped_by IS NULL) AS carries_job,"
    " EXISTS (SELECT 1 FROM trip_crew m JOIN trip t ON t.bureau_id = m.bureau_id AND t.use_id = m.use_id"
    "  AND t.crew_rev = m.rev WHERE m.bureau_id = :bureau_id AND m.use_id = u.use_id"
    "  AND m.person_id = q.officer_id) AS officer_aboard"
    " FROM unnest(CAST(:nos AS int[]), CAST(:job_ids AS uuid[]), CAST(:use_ids AS uuid[]),"
    "  CAST(:officer_ids AS uuid[]), CAST(:made_ats AS timestamptz[])) AS q (no, job_id, use_id, officer_id, made_at)"
    " JOIN job j ON j.bureau_id = :bureau_id AND j.job_id = q.job_id"
    " LEFT JOIN vehicle_use u ON u.bureau_id = :bureau_id AND u.kind = 'trip' AND u.use_id = coalesce("
    "  q.use_id, (SELECT k.use_id FROM trip_job k"
    "   JOIN vehicle_use v ON v.bureau_id = k.bureau_id AND v.use_id = k.use_id"
    "   WHERE k.bureau_id = :bureau_id AND k.job_id = q.job_id AND k.dropped_by IS NULL"
    "   AND v.actual_from IS NOT NULL ORDER BY v.actual_from > q.made_at, abs(extract(epoch FROM v.actual_from"
    "   - q.made_at)) LIMIT 1))"
)


@dataclass(frozen=True, slots=True)
class NotedVisit:
    """What a note says of the visit that its facts are looked up by."""

    job_id: UUID
    trip_id: UUID | None
    officer_id: UUID
    made_at: datetime


async def facts_of_notes(reader: Reader, visits: Sequence[NotedVisit]) -> list[Any]:
    """Return of each visit the job's state and site, and the trip: the one named, else the last that left with the job.

    None stands for a job that there is not, a row whose `use_id` is None for a trip that there is not.
    """
    asked = {
        "bureau_id": reader.bureau_id,
        "nos": list(range(len(visits))),
        "job_ids": [visit.job_id for visit in visits],
        "use_ids": [visit.trip_id for visit in visits],
        "officer_ids": [visit.officer_id for visit in visits],
        "made_ats": [visit.made_at for visit in visits],
    }
    rows = {row.no: row for row in await reader.execute(_FACTS, asked)}
    return [rows.get(no) for no in range(len(visits))]


_KNOWN = text(
    "SELECT note_id, body_sha256 FROM visit_note WHERE bureau_id = :bureau_id AND note_id = ANY(CAST(:ids AS uuid[]))"
)


async def known_notes(reader: Reader, note_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the SHA-256 of those of the notes that are on record."""
    rows = await reader.execute(_KNOWN, {"bureau_id": reader.bureau_id, "ids": list(note_ids)})
    return {row.note_id: row.body_sha256 for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNotes:
    """What a list of notes is narrowed to; a field that is None narrows nothing."""

    job_id: UUID | None = None
    trip_id: UUID | None = None
    officer_id: UUID | None = None
    complaint_id: UUID | None = None
    corroborated: bool | None = None


_FILES = f"""(SELECT coalesce(json_agg(json_build_object('sha256', f.sha256, 'name', f.name, 'role', f.role,
     'media_type', a.media_type, 'size_bytes', a.size_bytes) ORDER BY f.no), '[]') FROM note_attachment f
   LEFT JOIN attachment a ON a.bureau_id = f.bureau_id AND a.sha256 = f.sha256 AND {HANDED_OUT}
   WHERE f.bureau_id = :bureau_id AND f.note_id = n.note_id) AS files"""  # noqa: S608 - constants only
_SIGNATURE = """(SELECT json_build_object('digest', a.digest, 'key_id', a.key_id, 'device_id', k.device_id,
     'seq', a.seq, 'device_at', a.device_at, 'not_before', a.not_before, 'received_at', a.recorded_at,
     'clock_doubts', a.doubts) FROM signed_act_outcome o
   JOIN signed_act a ON a.bureau_id = o.bureau_id AND a.digest = o.digest
   JOIN device_key k ON k.bureau_id = a.bureau_id AND k.key_id = a.key_id
   WHERE o.bureau_id = :bureau_id AND a.bureau_id = :bureau_id AND k.bureau_id = :bureau_id
   AND o.note_id = n.note_id ORDER BY a.recorded_at, a.digest LIMIT 1) AS signature"""
_VIEW = f"""
SELECT n.note_id, n.job_id, j.complaint_id, n.use_id, n.officer_id, p.name AS officer_name, n.source, n.body,
  n.body_sha256, n.result, n.device_at, n.lat, n.lon, n.corrects, n.corroborated, n.reasons, n.checks, n.recorded_at,
  n.entry_id, (SELECT coalesce(json_agg(k.note_id ORDER BY k.recorded_at, k.note_id), '[]') FROM visit_note k
   WHERE k.bureau_id = :bureau_id AND k.corrects = n.note_id) AS corrected_by,
  {_FILES}, {_SIGNATURE}
FROM visit_note n
JOIN job j ON j.bureau_id = n.bureau_id AND j.job_id = n.job_id
JOIN person p ON p.bureau_id = n.bureau_id AND p.person_id = n.officer_id
WHERE n.bureau_id = :bureau_id
"""  # noqa: S608 - constants only
_RECEIPTS = text(
    "SELECT n.note_id, n.recorded_at, n.body_sha256, n.corroborated, n.reasons, n.checks, "  # noqa: S608 - constants only
    f"{_FILES} FROM visit_note n WHERE n.bureau_id = :bureau_id AND n.note_id = ANY(CAST(:ids AS uuid[]))"
)
_ONE = text(_VIEW + " AND n.note_id = :note_id")
_PAGE = text(
    _VIEW + " AND (CAST(:job_id AS uuid) IS NULL OR n.job_id = :job_id)"
    " AND (CAST(:trip_id AS uuid) IS NULL OR n.use_id = :trip_id)"
    " AND (CAST(:officer_id AS uuid) IS NULL OR n.officer_id = :officer_id)"
    " AND (CAST(:complaint_id AS uuid) IS NULL OR j.complaint_id = :complaint_id)"
    " AND (CAST(:corroborated AS boolean) IS NULL OR n.corroborated = :corroborated)"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    "  OR (n.recorded_at, n.note_id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))"
    " ORDER BY n.recorded_at DESC, n.note_id DESC LIMIT :limit"
)


async def note_view(reader: Reader, note_id: UUID) -> Any:
    """Return everything an answer shows of a note.

    Raises:
        NotFound: there is no such note.
    """
    row = (await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "note_id": note_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such visit note.", note_id=str(note_id))
    return row


async def note_receipts(reader: Reader, note_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return what the answer to a sent note tells, of those of the notes that are on record."""
    rows = await reader.execute(_RECEIPTS, {"bureau_id": reader.bureau_id, "ids": list(note_ids)})
    return {row.note_id: row for row in rows}


async def notes_page(
    reader: Reader, wanted: WantedNotes, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Return notes, the last recorded first."""
    rows = await reader.execute(
        _PAGE,
        {
            "bureau_id": reader.bureau_id,
            "job_id": wanted.job_id,
            "trip_id": wanted.trip_id,
            "officer_id": wanted.officer_id,
            "complaint_id": wanted.complaint_id,
            "corroborated": wanted.corroborated,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return rows.all()


_CONFLICTS = text(
    "SELECT conflict_id, note_id, body, body_sha256, actor_id, recorded_at, entry_id FROM visit_note_conflict"
    " WHERE bureau_id = :bureau_id AND (CAST(:note_ids AS uuid[]) IS NULL OR note_id = ANY(CAST(:note_ids AS uuid[])))"
    " AND (CAST(:conflict_id AS uuid) IS NULL OR conflict_id = :conflict_id)"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    "  OR (recorded_at, conflict_id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))"
    " ORDER BY recorded_at DESC, conflict_id DESC LIMIT :limit"
)


async def note_conflicts(
    reader: Reader,
    *,
    note_ids: Sequence[UUID] | None = None,
    conflict_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 1,
) -> Sequence[Any]:
    """Return what came under used ids, the last first."""
    asked = {
        "bureau_id": reader.bureau_id,
        "note_ids": None if note_ids is None else list(note_ids),
        "conflict_id": conflict_id,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return (await reader.execute(_CONFLICTS, asked)).all()
