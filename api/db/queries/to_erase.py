"""What is to be erased and was not yet: what came after its complaint's data was taken out, what is kept too long."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.attachments import SIGNED_WORDS
from api.db.queries.settings import settings_of
from domain.erasure import OVER, WORDS_OF_ACT

LONG: Final = timedelta(days=92)
"""How long after its time is over a complaint's data may wait for somebody to look at it."""

# Acts of phones that became nothing are few; what became a note is looked at as one.
_CAME_LATE: Final = text(f"""
WITH last AS (SELECT DISTINCT ON (e.complaint_id) e.complaint_id, e.step, e.recorded_at FROM erasure e
    WHERE e.bureau_id = :bureau_id ORDER BY e.complaint_id, e.no DESC),
odd AS MATERIALIZED (SELECT a.recorded_at, lower({SIGNED_WORDS}) AS said FROM signed_act a
    WHERE a.bureau_id = :bureau_id AND a.act IN ('note', 'another-job') AND a.jws <> ''
    AND NOT EXISTS (SELECT 1 FROM signed_act_outcome o WHERE o.bureau_id = :bureau_id AND o.bureau_id = a.bureau_id
        AND o.digest = a.digest AND o.outcome = 'recorded'))
SELECT c.number FROM last l JOIN complaint c ON c.bureau_id = :bureau_id AND c.complaint_id = l.complaint_id
WHERE l.step <> 'lifted' AND (
    EXISTS (SELECT 1 FROM complaint_particulars p WHERE p.bureau_id = :bureau_id AND p.complaint_id = l.complaint_id
        AND p.recorded_at > l.recorded_at)
    OR EXISTS (SELECT 1 FROM complaint_act a WHERE a.bureau_id = :bureau_id AND a.complaint_id = l.complaint_id
        AND a.recorded_at > l.recorded_at AND a.detail::text ~ :words)
    OR EXISTS (SELECT 1 FROM call_back b WHERE b.bureau_id = :bureau_id AND b.complaint_id = l.complaint_id
        AND b.recorded_at > l.recorded_at)
    OR EXISTS (SELECT 1 FROM job j JOIN visit_note n ON n.bureau_id = :bureau_id AND n.job_id = j.job_id
        WHERE j.bureau_id = :bureau_id AND j.complaint_id = l.complaint_id AND (n.recorded_at > l.recorded_at
            OR EXISTS (SELECT 1 FROM visit_note_conflict v WHERE v.bureau_id = :bureau_id AND v.note_id = n.note_id
                AND v.recorded_at > l.recorded_at)
            OR EXISTS (SELECT 1 FROM form_submission f JOIN form_submission s ON s.bureau_id = :bureau_id
                AND s.instance_id = f.instance_id
                WHERE f.bureau_id = :bureau_id AND f.note_id = n.note_id AND s.received_at > l.recorded_at)))
    OR EXISTS (SELECT 1 FROM job j JOIN odd ON position(CAST(j.job_id AS text) IN odd.said) > 0
        WHERE j.bureau_id = :bureau_id AND j.complaint_id = l.complaint_id AND odd.recorded_at > l.recorded_at))
ORDER BY c.number
""")  # noqa: S608 - our own words
_DUE: Final = text(
    "SELECT c.number, max(a.recorded_at) AS ended_at FROM complaint c"
    " JOIN complaint_act a ON a.bureau_id = c.bureau_id AND a.complaint_id = c.complaint_id"
    " WHERE c.bureau_id = :bureau_id AND a.bureau_id = :bureau_id AND c.state = ANY(CAST(:over AS text[]))"
    " AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.bureau_id = :bureau_id AND e.bureau_id = c.bureau_id"
    " AND e.complaint_id = c.complaint_id AND e.step = 'erased')"
    " GROUP BY c.number HAVING max(a.recorded_at) < CAST(:now AS timestamptz) - make_interval(years => :years)"
    " ORDER BY ended_at, c.number"
)
_WORDS: Final = f'"({"|".join(sorted(WORDS_OF_ACT))})": "[^〔"]'
"""A word in the detail of an act that is no mark."""


async def came_late(reader: Reader) -> tuple[str, ...]:
    """Return the numbers of complaints about which something came after their data was restricted or erased."""
    rows = await reader.execute(_CAME_LATE, {"bureau_id": reader.bureau_id, "words": _WORDS})
    return tuple(rows.scalars())


async def kept_too_long(reader: Reader) -> tuple[int, tuple[str, ...]]:
    """Return how many complaints' data is kept though its time is over, and the numbers of those that wait long."""
    years = (await settings_of(reader))["keep_complaints_years"]
    asked = {"bureau_id": reader.bureau_id, "over": sorted(OVER), "now": reader.now}
    due = (await reader.execute(_DUE, asked | {"years": years})).all()
    late = (await reader.execute(_DUE, asked | {"now": reader.now - LONG, "years": years})).all()
    return len(due), tuple(row.number for row in late)
