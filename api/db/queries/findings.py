"""Findings as the custodian and the auditor look through them: what was found, what became of it, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.calendar import zone_of
from api.db.queries.refusals import Position, page, paged

_FINDING = (
    "SELECT r.finding_id, r.kind, r.colour, r.vehicle_id, r.use_id, r.subject_id, r.evidence, r.from_at, r.until_at,"
    " r.term_at, r.recorded_at,"
    " (SELECT coalesce(json_agg(json_build_object('act_id', a.act_id, 'verb', a.verb, 'text', a.text,"
    "  'actor_id', a.actor_id, 'recorded_at', a.recorded_at, 'attachments',"
    "   (SELECT coalesce(json_agg(json_build_object('sha256', f.sha256, 'name', f.name) ORDER BY f.no), '[]')"
    "    FROM finding_attachment f WHERE f.bureau_id = :bureau_id AND f.act_id = a.act_id))"
    "  ORDER BY a.recorded_at, a.act_id), '[]')"
    "  FROM finding_act a WHERE a.bureau_id = :bureau_id AND a.finding_id = r.finding_id) AS acts,"
    " (SELECT coalesce(json_agg(json_build_object('update_id', u.update_id, 'what', u.what, 'colour', u.colour,"
    "  'from_at', u.from_at, 'until_at', u.until_at, 'evidence', u.evidence, 'recorded_at', u.recorded_at)"
    "  ORDER BY u.no), '[]')"
    "  FROM finding_update u WHERE u.bureau_id = :bureau_id AND u.finding_id = r.finding_id) AS updates"
    " FROM finding r WHERE r.bureau_id = :bureau_id"
)
# What `domain.findings.life.Words` says, once more, of the finding `r`: since when it waits anew, and what stands.
_GRAVER = "g.bureau_id = :bureau_id AND g.finding_id = r.finding_id AND g.what = 'graver'"
ACCEPTED = (
    "EXISTS (SELECT 1 FROM finding_act a WHERE a.bureau_id = :bureau_id AND a.finding_id = r.finding_id"  # noqa: S608 - our own words
    f" AND a.verb = 'accept' AND NOT EXISTS (SELECT 1 FROM finding_update g WHERE {_GRAVER}"
    "  AND g.recorded_at > a.recorded_at))"
)
_REOPENED_AT = (
    "greatest((SELECT max(j.recorded_at) FROM finding_act j WHERE j.bureau_id = :bureau_id"  # noqa: S608 - our own words
    "  AND j.finding_id = r.finding_id AND j.verb IN ('reject', 'ask')),"
    f" (SELECT max(g.recorded_at) FROM finding_update g WHERE {_GRAVER} AND EXISTS (SELECT 1 FROM finding_act a"
    "  WHERE a.bureau_id = :bureau_id AND a.finding_id = r.finding_id AND a.verb = 'accept'"
    "  AND a.recorded_at < g.recorded_at)))"
)
EXPLAINED = (
    "EXISTS (SELECT 1 FROM finding_act e WHERE e.bureau_id = :bureau_id AND e.finding_id = r.finding_id"  # noqa: S608 - our own words
    f" AND e.verb = 'explain' AND e.recorded_at > coalesce({_REOPENED_AT}, '-infinity'))"
)
CLEARED = (
    "EXISTS (SELECT 1 FROM finding_update c WHERE c.bureau_id = :bureau_id AND c.finding_id = r.finding_id"
    " AND c.what = 'cleared' AND NOT EXISTS (SELECT 1 FROM finding_update l WHERE l.bureau_id = :bureau_id"
    "  AND l.finding_id = r.finding_id AND l.no > c.no))"
)
DUE_AT = f"(coalesce({_REOPENED_AT}, r.recorded_at) + (r.term_at - r.recorded_at))"
HAPPENED_AT = (
    "coalesce(r.from_at, (SELECT w.actual_from FROM vehicle_use w WHERE w.bureau_id = :bureau_id"
    " AND w.use_id = r.use_id), r.recorded_at)"
)
"""A finding belongs to the month of what it is about, not of when somebody saw it."""
COLOUR = (
    "coalesce((SELECT n.colour FROM finding_update n WHERE n.bureau_id = :bureau_id AND n.finding_id = r.finding_id"
    " ORDER BY n.no DESC LIMIT 1), r.colour)"
)
# What got graver after it was accepted waits for its explanation anew.
STATE = (
    f"coalesce((SELECT CASE WHEN {COLOUR} = 'green' AND a.verb <> 'accept' THEN 'cleared'"  # noqa: S608 - our own words
    "  WHEN a.verb = 'explain' THEN 'explained' WHEN a.verb = 'reject' THEN 'rejected' WHEN a.verb = 'ask' THEN 'asked'"
    f"  WHEN NOT EXISTS (SELECT 1 FROM finding_update g WHERE {_GRAVER} AND g.recorded_at > a.recorded_at)"
    "  THEN 'accepted' END FROM finding_act a WHERE a.bureau_id = :bureau_id AND a.finding_id = r.finding_id"
    "  ORDER BY a.recorded_at DESC, a.act_id DESC LIMIT 1),"
    f" CASE WHEN {COLOUR} = 'green' THEN 'cleared' ELSE 'raised' END)"
)
"""Where a finding stands: a word of `domain.books.statement_facts.FindingState`."""
_WANTED = (
    " AND (CAST(:vehicle_id AS uuid) IS NULL OR r.vehicle_id = :vehicle_id)"
    " AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)"
    f" AND (CAST(:month AS date) IS NULL OR date_trunc('month', {HAPPENED_AT}"
    "  AT TIME ZONE CAST(:zone AS text)) = CAST(:month AS date))"
    f" AND (CAST(:colour AS text) IS NULL OR :colour = {COLOUR})"
    f" AND (CAST(:state AS text) IS NULL OR :state = {STATE})"
    " AND (CAST(:use_id AS uuid) IS NULL OR r.use_id = :use_id)"
    f" AND (CAST(:explained AS boolean) IS NULL OR :explained = {EXPLAINED})"
    f" AND (CAST(:open AS boolean) IS NULL OR :open = (NOT {ACCEPTED} AND NOT {CLEARED}))"
    " AND (CAST(:overdue AS boolean) IS NULL"
    f"  OR :overdue = ({DUE_AT} < :now AND NOT {EXPLAINED} AND NOT {CLEARED}))"
)
_ONE = text(_FINDING + " AND r.finding_id = :finding_id")
_FINDINGS = paged(_FINDING + _WANTED, "finding_id")


async def findings_page(
    reader: Reader,
    after: Position,
    limit: int,
    *,
    vehicle_id: UUID | None = None,
    kind: str | None = None,
    month: date | None = None,
    colour: str | None = None,
    state: str | None = None,
    use_id: UUID | None = None,
    explained: bool | None = None,
    open_: bool | None = None,
    overdue: bool | None = None,
) -> Sequence[Any]:
    """Return findings, the newest first.

    Args:
        reader: of the bureau.
        after: the last one of the page before.
        limit: how many at most.
        vehicle_id: only of this vehicle.
        kind: only of this kind.
        month: only what happened in the month that begins on this day, in the bureau's zone.
        colour: only of this colour by now.
        state: only what stands so by now.
        use_id: only of this trip or upkeep order.
        explained: only that whose explanation stands, or only the rest.
        open_: only what was neither cleared nor accepted by the auditor, or only the rest.
        overdue: only what waits for an explanation past its term, or only the rest.
    """
    wanted = {
        "vehicle_id": vehicle_id,
        "kind": kind,
        "month": month,
        "colour": colour,
        "state": state,
        "use_id": use_id,
        "explained": explained,
        "open": open_,
        "overdue": overdue,
        "now": reader.now,
        "zone": str(await zone_of(reader)),
    }
    return await page(reader, _FINDINGS, after, limit, wanted)


async def finding_view(reader: Reader, finding_id: UUID) -> Any:
    """Return one finding with its updates and acts, or None."""
    found = await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "finding_id": finding_id})
    return found.one_or_none()
