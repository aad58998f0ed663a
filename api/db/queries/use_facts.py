"""Loads what the complaint-only rule is given, and locks what must not move before the answer is recorded.

Complaints are read FOR SHARE: who closes one waits for us, or we see that it is closed (P1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader, UnitOfWork
from api.db.queries.complaints import facts_in, pack_of
from api.db.queries.delegations import HOLDS
from api.db.queries.dues import dues_of, odometer_before
from api.db.queries.findings import CLEARED, DUE_AT, EXPLAINED
from api.db.queries.settings import settings_of
from api.db.queries.sites import boundary_in, decided_places
from domain.complaint.job import JobKind, is_mediation
from domain.complaint.marks import Mark, mediation_marks
from domain.complaint.states import allows_visit
from domain.errors import NotFound
from domain.use_rule.facts import (
    ApproverFacts,
    CrewFacts,
    JobFacts,
    OpenFinding,
    OtherUse,
    Seat,
    Stage,
    UseFacts,
    Validity,
    days_of,
)
from domain.use_rule.site import SiteStanding, site_standing
from domain.values import Point, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the rule is asked about: a request, or a trip as it stands with what is to change."""

    stage: Stage
    at: datetime
    vehicle_id: UUID
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    for_mediation: bool
    requester_id: UUID
    requester_unit_id: UUID
    job_ids: tuple[UUID, ...]
    crew: tuple[tuple[UUID, Seat], ...]
    approver_id: UUID | None = None
    approved_at: datetime | None = None
    use_id: UUID | None = None
    as_of: datetime | None = None
    """For an act that is told later: complaints are seen as they stood then."""
    ended_at: datetime | None = None
    """When the trip came back, at its close."""


async def load_facts(uow: Reader, asked: Asked) -> UseFacts:
    """Return the facts of what is asked; in a unit of work, what must not move before the answer is locked.

    Raises:
        NotFound: a job, a person of the crew or the vehicle is not one of this bureau.
    """
    if isinstance(uow, UnitOfWork) and asked.stage in (Stage.APPROVAL, Stage.DEPARTURE):
        await lock_calendar(uow, asked.vehicle_id)
    bureau = (await uow.execute(_BUREAU, {"bureau_id": uow.bureau_id})).one()
    began = asked.stage in (Stage.DEPARTURE, Stage.CLOSE)
    first_day, last_day = days_of(
        asked.at if began else asked.planned_from, asked.ended_at or asked.planned_until, bureau.zone
    )
    using_unit_id, dedicated = await dedication(uow, asked.vehicle_id, first_day)
    papers = await _papers(uow, asked.vehicle_id, first_day)
    return UseFacts(
        stage=asked.stage,
        at=asked.at,
        vehicle_id=asked.vehicle_id,
        planned_from=asked.planned_from,
        planned_until=asked.planned_until,
        grace_s=asked.grace_s,
        first_day=first_day,
        last_day=last_day,
        for_mediation=asked.for_mediation,
        requester_id=asked.requester_id,
        requester_unit_id=asked.requester_unit_id,
        using_unit_id=using_unit_id,
        dedicated=dedicated,
        jobs=await _jobs(uow, asked, bureau.boundary),
        crew=await crew_facts(uow, asked.crew, first_day),
        approver=await approver_facts(uow, asked.approver_id, using_unit_id, asked.approved_at or asked.at),
        other_uses=await other_uses(
            uow,
            vehicle_id=asked.vehicle_id,
            use_id=asked.use_id,
            planned_from=asked.planned_from,
            planned_until=asked.planned_until,
            at=asked.at,
        ),
        inspection=papers.get("inspection"),
        insurance=papers.get("insurance"),
        under_repair=await _under_repair(uow, asked),
        findings=await _findings(uow, asked.vehicle_id),
        dues=await dues_of(uow, asked.vehicle_id),
        odometer=await odometer_before(uow, asked.vehicle_id, asked.at if asked.stage is Stage.DEPARTURE else None),
    )


_LOCK_CALENDAR = text("SELECT pg_advisory_xact_lock(hashtextextended('calendar ' || :bureau_id || :vehicle_id, 0))")


async def lock_calendar(uow: UnitOfWork, vehicle_id: UUID) -> None:
    """Let those who want to take the vehicle come one after another, so that the rule can name what is in the way.

    Without it the exclusion constraints hold all the same, but many at once would wait for each other in a circle.
    """
    await uow.execute(_LOCK_CALENDAR, {"bureau_id": uow.bureau_id, "vehicle_id": str(vehicle_id)})


_BUREAU = text("SELECT zone, boundary::text AS boundary FROM bureau WHERE bureau_id = :bureau_id")

_DEDICATION = text(
    "SELECT kind, unit_id FROM dedication_order WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id"
    " AND effective_on <= :on ORDER BY effective_on DESC, recorded_at DESC, order_id DESC LIMIT 1"
)
_DESK = text(
    "SELECT unit_id FROM unit WHERE bureau_id = :bureau_id AND kind = 'desk' ORDER BY recorded_at, unit_id LIMIT 1"
)


async def dedication(uow: Reader, vehicle_id: UUID, on: date) -> tuple[UUID | None, bool]:
    """Return the using unit on that day and whether the vehicle is dedicated to it; without an order, the desk."""
    order = (
        await uow.execute(_DEDICATION, {"bureau_id": uow.bureau_id, "vehicle_id": vehicle_id, "on": on})
    ).one_or_none()
    if order is not None and order.kind == "dedicate":
        return order.unit_id, True
    return (await uow.execute(_DESK, {"bureau_id": uow.bureau_id})).scalar_one_or_none(), False


_PAPERS = text(
    "SELECT DISTINCT ON (kind) kind, valid_from, valid_until FROM vehicle_paper"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id AND valid_from <= :on"
    " ORDER BY kind, recorded_at DESC, paper_id DESC"
)


async def _papers(uow: Reader, vehicle_id: UUID, on: date) -> dict[str, Validity]:
    """Return the newest of the papers that had begun by that day: next year's, entered early, takes no place yet."""
    rows = await uow.execute(_PAPERS, {"bureau_id": uow.bureau_id, "vehicle_id": vehicle_id, "on": on})
    return {row.kind: Validity(row.valid_from, row.valid_until) for row in rows}


_LOCK_COMPLAINTS = text(
    "SELECT c.complaint_id FROM complaint c WHERE c.bureau_id = :bureau_id AND c.complaint_id IN"
    " (SELECT j.complaint_id FROM job j WHERE j.bureau_id = :bureau_id AND j.job_id = ANY(:job_ids))"
    " ORDER BY c.complaint_id FOR SHARE"
)
# A statement of its own: it sees what was committed while the lock was waited for. The newest act keeps the facts.
_JOBS = text(
    "SELECT j.job_id, j.complaint_id, j.kind, j.on_site, j.state, j.lat, j.lon, j.window_from, j.window_until,"
    " c.pack, (SELECT count(*) FROM job_act k WHERE k.bureau_id = :bureau_id AND k.job_id = j.job_id"
    "  AND k.verb IN ('cancel', 'finish') AND k.recorded_at <= :as_of) AS ended_then,"
    " (SELECT a.detail FROM complaint_act a WHERE a.bureau_id = :bureau_id AND a.complaint_id = c.complaint_id"
    "  AND (CAST(:as_of AS timestamptz) IS NULL OR a.recorded_at <= :as_of)"
    "  ORDER BY a.recorded_at DESC, a.act_id DESC LIMIT 1) AS detail"
    " FROM job j JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " WHERE j.bureau_id = :bureau_id AND j.job_id = ANY(:job_ids) ORDER BY j.job_id"
)


async def _jobs(uow: Reader, asked: Asked, boundary_json: str | None) -> tuple[JobFacts, ...]:
    named = {"bureau_id": uow.bureau_id, "job_ids": sorted(asked.job_ids)}
    if isinstance(uow, UnitOfWork):
        await uow.execute(_LOCK_COMPLAINTS, named)
    rows = (await uow.execute(_JOBS, named | {"as_of": asked.as_of})).all()
    missing = set(asked.job_ids) - {row.job_id for row in rows}
    if missing:
        raise NotFound("There is no such job.", job_ids=sorted(str(job_id) for job_id in missing))
    if not rows:
        return ()
    tolerance_m = (await settings_of(uow))["site_tolerance_m"]
    decisions = await decided_places(uow)
    boundary = boundary_in(boundary_json)
    found = []
    for row in rows:
        standing = site_standing(Point(row.lat, row.lon), boundary, tolerance_m, decisions)
        found.append(await _job(uow, asked, row, standing))
    return tuple(found)


async def _job(uow: Reader, asked: Asked, row: Any, site: SiteStanding) -> JobFacts:
    kind, pack = JobKind(row.kind), await pack_of(uow, row.pack)
    # Whether the purpose is mediation at all is a reason of its own.
    judged_as = kind if is_mediation(kind) else JobKind.MEDIATION
    complaint_open = False
    marks: tuple[Mark, ...] = ()
    if row.detail is not None:
        complaint = facts_in(row.detail)
        complaint_open = allows_visit(complaint.state, pack, suspension=complaint.suspension, kind=judged_as)
        marks = mediation_marks(complaint, pack, kind=judged_as, window=Window(row.window_from, row.window_until))
    # Word of a departure may come after its own visit made the job done.
    still_open = row.state == "open" if asked.as_of is None else row.ended_then == 0
    return JobFacts(
        job_id=row.job_id,
        complaint_id=row.complaint_id,
        kind=kind,
        on_site=row.on_site,
        # What was judged when the trip departed is not undone by what became of job and complaint since.
        open=asked.stage is Stage.CLOSE or still_open,
        complaint_open=asked.stage is Stage.CLOSE or complaint_open,
        site=site,
        marks=tuple(mark.code.value for mark in marks),
    )


_CREW = text(
    "SELECT p.person_id,"
    " l.valid_from AS licence_from, l.valid_until AS licence_until, l.withdrawn,"
    " e.taken_on, e.valid_until AS examination_until, e.passed"
    " FROM person p"
    " LEFT JOIN LATERAL (SELECT valid_from, valid_until, withdrawn FROM driving_licence"
    "  WHERE bureau_id = :bureau_id AND person_id = p.person_id AND (withdrawn OR valid_from <= :on)"
    "  ORDER BY recorded_at DESC, licence_id DESC LIMIT 1) l ON true"
    " LEFT JOIN LATERAL (SELECT taken_on, valid_until, passed FROM examination"
    "  WHERE bureau_id = :bureau_id AND person_id = p.person_id"
    "  ORDER BY taken_on DESC, recorded_at DESC, examination_id DESC LIMIT 1) e ON true"
    " WHERE p.bureau_id = :bureau_id AND p.person_id = ANY(:person_ids)"
)


async def crew_facts(uow: Reader, crew: Sequence[tuple[UUID, Seat]], on: date) -> tuple[CrewFacts, ...]:
    """Return what is on file of each member of a crew on that day. Raises `NotFound`.

    A licence renewed early takes no place before it begins; one that was withdrawn is withdrawn at once.
    """
    person_ids = sorted({person_id for person_id, _ in crew})
    rows = await uow.execute(_CREW, {"bureau_id": uow.bureau_id, "person_ids": person_ids, "on": on})
    known = {row.person_id: row for row in rows}
    if len(known) < len(person_ids):
        raise NotFound(
            "There is no such person.",
            person_ids=[str(person_id) for person_id in person_ids if person_id not in known],
        )
    return tuple(
        CrewFacts(
            person_id,
            seat,
            Validity(row.licence_from, row.licence_until, not row.withdrawn) if row.licence_from else None,
            Validity(row.taken_on, row.examination_until, row.passed) if row.taken_on else None,
        )
        for person_id, seat in sorted(crew)
        if (row := known[person_id])
    )


_APPROVER = text(
    "SELECT p.active AND p.unit_id = :unit_id AND coalesce((SELECT g.granted FROM role_grant g"  # noqa: S608 - our own words
    "  WHERE g.bureau_id = :bureau_id AND g.person_id = :person_id AND g.role = 'custodian' AND g.recorded_at <= :at"
    "  ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1), false) AS heads,"
    " EXISTS (SELECT 1 FROM delegation l WHERE l.bureau_id = :bureau_id AND l.to_person_id = :person_id"
    f"  AND l.unit_id = :unit_id AND {HOLDS}) AS delegated"
    " FROM person p WHERE p.bureau_id = :bureau_id AND p.person_id = :person_id"
)


async def approver_facts(
    uow: Reader, person_id: UUID | None, using_unit_id: UUID | None, at: datetime
) -> ApproverFacts | None:
    """Return by what right a person approves for the unit at that instant; None without a person."""
    if person_id is None:
        return None
    asked = {"bureau_id": uow.bureau_id, "person_id": person_id, "unit_id": using_unit_id, "at": at}
    row = (await uow.execute(_APPROVER, asked)).one_or_none()
    if row is None:
        raise NotFound("There is no such person.", person_id=str(person_id))
    return ApproverFacts(person_id, bool(row.heads), bool(row.delegated))


_OTHER_USES = text(
    "SELECT use_id, planned_from, planned_until, state, actual_from, actual_until FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND vehicle_id = :vehicle_id AND use_id IS DISTINCT FROM CAST(:use_id AS uuid)"
    " AND (state IN ('approved', 'departed') AND planned_from < :planned_until AND :planned_from < planned_until"
    "  OR actual_from IS NOT NULL AND (actual_until IS NULL OR actual_until > :at))"
    " ORDER BY use_id"
)


async def other_uses(
    uow: Reader,
    *,
    vehicle_id: UUID,
    use_id: UUID | None,
    planned_from: datetime,
    planned_until: datetime,
    at: datetime,
) -> tuple[OtherUse, ...]:
    """Return the vehicle's other uses that hold part of a window, or were not back by an instant."""
    rows = await uow.execute(
        _OTHER_USES,
        {
            "bureau_id": uow.bureau_id,
            "vehicle_id": vehicle_id,
            "use_id": use_id,
            "planned_from": planned_from,
            "planned_until": planned_until,
            "at": at,
        },
    )
    return tuple(
        OtherUse(
            row.use_id,
            row.planned_from,
            row.planned_until,
            row.state in ("approved", "departed"),
            row.actual_from,
            row.actual_until,
        )
        for row in rows
    )


_UNDER_REPAIR = text(
    "SELECT true FROM vehicle_use r JOIN upkeep_order o ON o.bureau_id = r.bureau_id AND o.use_id = r.use_id"
    " WHERE r.bureau_id = :bureau_id AND r.vehicle_id = :vehicle_id AND r.state = 'departed' AND o.upkeep = 'repair'"
    " AND (:began OR r.planned_until > :planned_from) LIMIT 1"
)


async def _under_repair(uow: Reader, asked: Asked) -> bool:
    if asked.stage is Stage.CLOSE:
        return False
    rows = await uow.execute(
        _UNDER_REPAIR,
        {
            "bureau_id": uow.bureau_id,
            "vehicle_id": asked.vehicle_id,
            "began": asked.stage is Stage.DEPARTURE,
            "planned_from": asked.planned_from,
        },
    )
    return rows.scalar_one_or_none() is not None


_FINDINGS = text(
    f"SELECT r.finding_id, {DUE_AT} AS due_at FROM finding r"  # noqa: S608 - our own words
    " WHERE r.bureau_id = :bureau_id AND r.vehicle_id = :vehicle_id"
    f" AND NOT {EXPLAINED} AND NOT {CLEARED} ORDER BY r.finding_id"
)


async def _findings(uow: Reader, vehicle_id: UUID) -> tuple[OpenFinding, ...]:
    """Return what waits for an explanation; none where the bureau set that findings stop no trip."""
    if not (await settings_of(uow))["findings_overdue_stop"]:
        return ()
    rows = await uow.execute(_FINDINGS, {"bureau_id": uow.bureau_id, "vehicle_id": vehicle_id})
    return tuple(OpenFinding(row.finding_id, row.due_at) for row in rows)
