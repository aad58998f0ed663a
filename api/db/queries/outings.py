"""Uses of a vehicle as findings at return, at night and at seal judge them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.log import by_use
from api.db.queries.measures import fixes_by_device, measures_of
from api.db.queries.positions import Encounter, fixes_near
from api.db.queries.ratios import Taught, driven_by_reading, metres_of, ratio_of_taught, taught_by
from api.db.queries.terminal_counts import counted_over
from domain.complaint.words import Source
from domain.findings.outing import ComplaintKept, Counted, JobKept, NoteKept, Outing, Witness
from domain.lots import CallBackResult
from domain.settings import BureauSettings
from domain.track.fixes import FIX
from domain.track.measure import Measure
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Point
from domain.visit.corroboration import VEHICLE_WITHIN_S, Doubt, NoteFacts, Sighting
from domain.visit.corroboration import Outing as NotedOuting

AFTER: Final = timedelta(days=14)
"""How long after a return a note may still be told of the visit."""

_USES = text(
    "SELECT u.use_id, u.vehicle_id, o.upkeep, u.actual_from, u.actual_until, u.planned_until FROM vehicle_use u"
    " LEFT JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id AND o.bureau_id = :bureau_id"
    " WHERE u.bureau_id = :bureau_id AND u.use_id = ANY(:uses) AND u.actual_from IS NOT NULL ORDER BY u.actual_from"
)
_JOBS = text(
    "SELECT t.use_id, t.job_id, j.lat, j.lon, EXISTS (SELECT 1 FROM job_act a WHERE a.bureau_id = :bureau_id"
    "  AND a.job_id = t.job_id AND a.verb = 'cancel' AND (u.actual_until IS NULL OR a.recorded_at <= u.actual_until))"
    " AS cancelled FROM trip_job t JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL ORDER BY t.use_id, t.job_id"
)
_NOTES = text(
    "SELECT u.use_id, n.note_id, n.job_id, n.officer_id, n.device_at, n.recorded_at, n.corrects, n.reasons, n.lat,"
    " n.lon, n.accuracy_m, j.lat AS site_lat, j.lon AS site_lon,"
    " EXISTS (SELECT 1 FROM trip_crew c JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id"
    "  AND t.crew_rev = c.rev WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id"
    "  AND c.person_id = n.officer_id) AS aboard"
    " FROM vehicle_use u JOIN trip_job k ON k.bureau_id = u.bureau_id AND k.use_id = u.use_id"
    " JOIN job j ON j.bureau_id = k.bureau_id AND j.job_id = k.job_id"
    " JOIN visit_note n ON n.bureau_id = k.bureau_id AND n.job_id = k.job_id"
    " WHERE u.bureau_id = :bureau_id AND u.use_id = ANY(:uses) AND k.dropped_by IS NULL"
    " AND (n.use_id = u.use_id OR n.device_at >= u.actual_from"
    "  AND n.device_at <= coalesce(u.actual_until, :now) + CAST(:after AS interval))"
    " ORDER BY u.use_id, n.device_at, n.note_id"
)
_COMPLAINTS = text(
    "SELECT t.use_id, p.complaint_id, p.source, p.source_number IS NOT NULL AS numbered, p.registered_at,"
    " min(CASE WHEN t.under_way THEN d.recorded_at ELSE u.created_at END) AS asked_at,"
    " EXISTS (SELECT 1 FROM trip_crew c JOIN trip r ON r.bureau_id = c.bureau_id AND r.use_id = c.use_id"
    "  AND r.crew_rev = c.rev WHERE c.bureau_id = :bureau_id AND c.use_id = t.use_id"
    "  AND c.person_id = p.registered_by) AS by_crew,"
    " (SELECT array_agg(b.result) FROM call_back b WHERE b.bureau_id = :bureau_id"
    "  AND b.complaint_id = p.complaint_id) AS called_back"
    " FROM trip_job t JOIN complaint p ON p.bureau_id = t.bureau_id AND p.complaint_id = t.complaint_id"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " JOIN decision d ON d.bureau_id = t.bureau_id AND d.decision_id = t.decision_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = ANY(:uses) AND t.dropped_by IS NULL"
    " GROUP BY t.use_id, p.complaint_id, p.source, p.source_number, p.registered_at, p.registered_by"
    " ORDER BY t.use_id, p.complaint_id"
)


async def outings_of(
    reader: Reader,
    vehicle_id: UUID,
    use_ids: Collection[UUID],
    settings: BureauSettings,
    known_at: datetime | None = None,
) -> tuple[Outing, ...]:
    """Return uses of a vehicle that began, by departure, with what was measured of them by these settings.

    With `known_at` readings that nobody but who drove corrected later are as they were.
    """
    asked = {"bureau_id": reader.bureau_id, "uses": list(use_ids)}
    uses = (await reader.execute(_USES, asked)).all()
    jobs = by_use(await reader.execute(_JOBS, asked))
    notes = by_use((await reader.execute(_NOTES, asked | {"now": reader.now, "after": AFTER})).all())
    complaints = by_use(await reader.execute(_COMPLAINTS, asked))
    measures = await measures_of(reader, [row.use_id for row in uses], settings)
    counted = await counted_over(reader, [row.use_id for row in uses])
    ended = [row for row in uses if row.actual_until]
    witnesses = await _witnesses(reader, vehicle_id, ended, measures, counted, settings=settings, known_at=known_at)
    found = []
    for row in uses:
        arrived = {leg.site_key for one in measures[row.use_id] for leg in one.legs}
        of_jobs = await _notes(reader, row, notes[row.use_id])
        kept = tuple(
            JobKept(
                job_id=job.job_id,
                site=Point(job.lat, job.lon),
                cancelled=job.cancelled,
                arrived=job.job_id in arrived,
                notes=tuple(of_jobs[job.job_id]),
            )
            for job in jobs[row.use_id]
        )
        told = await fixes_by_device(reader, row.use_id) if any(not job.arrived for job in kept) else {}
        ranked = [one.device_id for one in measures[row.use_id]]
        found.append(
            Outing(
                use_id=row.use_id,
                upkeep=UpkeepKind(row.upkeep) if row.upkeep else None,
                from_at=row.actual_from,
                until_at=row.actual_until,
                planned_until=row.planned_until,
                jobs=kept,
                complaints=tuple(_complaint(one) for one in complaints[row.use_id]),
                told=tuple(told[device_id] for device_id in ranked if device_id in told),
                witnesses=witnesses.get(row.use_id, ()),
                counted=counted.get(row.use_id),
            )
        )
    return tuple(found)


def _complaint(row: Any) -> ComplaintKept:
    return ComplaintKept(
        complaint_id=row.complaint_id,
        source=Source(row.source),
        numbered=row.numbered,
        registered_at=row.registered_at,
        asked_at=row.asked_at,
        by_crew=row.by_crew,
        called_back=tuple(CallBackResult(result) for result in row.called_back or ()),
    )


async def _notes(reader: Reader, use: Any, rows: Sequence[Any]) -> dict[UUID, list[NoteKept]]:
    """Return the notes of a trip by job, each with where the vehicle was about then by all that came since."""
    near = await fixes_near(
        reader,
        [Encounter(use.vehicle_id, row.device_at, row.officer_id) for row in rows],
        within_s=VEHICLE_WITHIN_S,
    )
    found: dict[UUID, list[NoteKept]] = defaultdict(list)
    for row, vehicle in zip(rows, near, strict=True):
        told = frozenset(Doubt(reason) for reason in row.reasons)
        sighting = Sighting(Point(row.lat, row.lon), row.accuracy_m, Doubt.MOCK_LOCATION in told) if row.lat else None
        found[row.job_id].append(
            NoteKept(
                note_id=row.note_id,
                made_at=row.device_at,
                correction=row.corrects is not None,
                told=told,
                facts=NoteFacts(
                    made_at=row.device_at,
                    received_at=row.recorded_at,
                    sent_at=None,
                    sighting=sighting,
                    site=Point(row.site_lat, row.site_lon),
                    outing=NotedOuting(use.actual_from, use.actual_until, carries_job=True, officer_aboard=row.aboard),
                    vehicle=vehicle if len(vehicle) else np.empty(0, dtype=FIX),
                ),
            )
        )
    return found


async def _witnesses(
    reader: Reader,
    vehicle_id: UUID,
    uses: Sequence[Any],
    measures: dict[UUID, tuple[Measure, ...]],
    counted: dict[UUID, Counted],
    *,
    settings: BureauSettings,
    known_at: datetime | None,
) -> dict[UUID, tuple[Witness, ...]]:
    """Return by use its metres by each witness, beside what the vehicle's undisputed trips before it had taught."""
    if not uses:
        return {}
    first_at, last_at = uses[0].actual_from, max(row.actual_until for row in uses)
    taught = await taught_by(reader, vehicle_id, before=uses[-1].actual_from, beside=len(uses), settings=settings)
    driven = await driven_by_reading(reader, vehicle_id, first_at, last_at, known_at=known_at)
    found = {}
    for row in uses:
        metres = metres_of(measures[row.use_id], counted.get(row.use_id), driven.get(row.use_id, ()))
        found[row.use_id] = tuple(
            Witness(
                name=name,
                metres=one,
                ratio=ratio_of_taught(
                    _before(taught, row.actual_from), name, least_trips=settings["ratio_least_trips"]
                ),
            )
            for name, one in metres.items()
        )
    return found


def _before(taught: Sequence[Taught], at: datetime) -> list[Taught]:
    return [one for one in taught if one.until_at < at]
