"""Filled forms that were sent: what is known of one that comes again, and what answers show of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.attachments import HANDED_OUT
from domain.errors import NotFound

_MEDIA = f"""(SELECT coalesce(json_agg(json_build_object('name', m.name, 'sha256', m.sha256,
     'media_type', a.media_type, 'size_bytes', a.size_bytes) ORDER BY m.received_at, m.name), '[]') FROM form_media m
   LEFT JOIN attachment a ON a.bureau_id = m.bureau_id AND a.sha256 = m.sha256 AND {HANDED_OUT}
   WHERE m.bureau_id = :bureau_id AND m.submission_id = s.submission_id) AS media"""  # noqa: S608 - constants only
_LOCKED = text(
    "SELECT submission_id FROM form_submission WHERE bureau_id = :bureau_id"
    " AND instance_id = ANY(CAST(:instances AS text[])) ORDER BY submission_id FOR UPDATE"
)
_KNOWN = text(
    "SELECT s.submission_id, s.instance_id, s.xml_sha256, s.conflict, s.note_id, s.reason, s.officer_id, "  # noqa: S608 - constants only
    f"{_MEDIA} FROM form_submission s WHERE s.bureau_id = :bureau_id"
    " AND s.instance_id = ANY(CAST(:instances AS text[]))"
)
_VIEW = f"""
SELECT s.submission_id, s.instance_id, s.device_id, s.officer_id, p.name AS officer_name, s.form_version, s.xml,
  s.xml_sha256, s.conflict, s.note_id, s.reason, s.received_at, {_MEDIA}
FROM form_submission s JOIN person p ON p.bureau_id = s.bureau_id AND p.person_id = s.officer_id
WHERE s.bureau_id = :bureau_id
"""  # noqa: S608 - constants only
_ONE = text(_VIEW + " AND s.submission_id = :submission_id")
_PAGE = text(
    _VIEW + " AND (NOT CAST(:waiting AS boolean) OR s.note_id IS NULL)"
    " AND (CAST(:note_id AS uuid) IS NULL OR s.note_id = :note_id)"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    "  OR (s.received_at, s.submission_id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))"
    " ORDER BY s.received_at DESC, s.submission_id DESC LIMIT :limit"
)
_LAST_NO = text(
    "SELECT note_id, max(no) AS no FROM note_attachment WHERE bureau_id = :bureau_id"
    " AND note_id = ANY(CAST(:notes AS uuid[])) GROUP BY note_id"
)


async def known_forms(reader: Reader, instances: Sequence[str]) -> dict[str, list[Any]]:
    """Return what is kept under each instanceID, held until the transaction ends, so that files are added in turn."""
    asked = {"bureau_id": reader.bureau_id, "instances": sorted(instances)}
    locked = (await reader.execute(_LOCKED, asked)).all()
    found: dict[str, list[Any]] = {}
    for row in await reader.execute(_KNOWN, asked) if locked else ():
        found.setdefault(row.instance_id, []).append(row)
    return found


async def last_file_numbers(reader: Reader, notes: Sequence[UUID]) -> dict[UUID, int]:
    """Return the number of the last file of each note that has files."""
    rows = await reader.execute(_LAST_NO, {"bureau_id": reader.bureau_id, "notes": list(notes)})
    return {row.note_id: row.no for row in rows}


async def form_view(reader: Reader, submission_id: UUID) -> Any:
    """Return everything an answer shows of a form.

    Raises:
        NotFound: there is no such form.
    """
    row = (await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "submission_id": submission_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such form.", submission_id=str(submission_id))
    return row


async def forms_page(
    reader: Reader, *, waiting: bool, note_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Return forms, the last received first; only those that no note was made of, where that is asked."""
    rows = await reader.execute(
        _PAGE,
        {
            "bureau_id": reader.bureau_id,
            "waiting": waiting,
            "note_id": note_id,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return list(rows)
