"""A trip as it stands: what a use case needs to go on, and what an answer shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader, UnitOfWork
from api.db.queries.use_facts import Asked
from api.db.tables.uses import Trip, TripCrew, TripJob, VehicleUse
from domain.errors import NotFound
from domain.use_rule.facts import Seat, Stage


@dataclass(frozen=True, slots=True)
class Standing:
    """A trip with the jobs it carries and the crew that holds."""

    use: VehicleUse
    trip: Trip
    jobs: tuple[TripJob, ...]
    crew: tuple[tuple[UUID, Seat], ...]

    @property
    def job_ids(self) -> tuple[UUID, ...]:
        """The jobs it carries, dropped ones left out."""
        return tuple(job.job_id for job in self.jobs if job.dropped_by is None)

    def aboard(self, person_id: UUID | None) -> bool:
        """Tell whether that person is of the crew."""
        return any(member == person_id for member, _ in self.crew)

    def asked(self, stage: Stage, at: datetime, **changed: Any) -> Asked:
        """Return what the rule is asked about this trip, with what is to change."""
        base: dict[str, Any] = {
            "stage": stage,
            "at": at,
            "vehicle_id": self.use.vehicle_id,
            "planned_from": self.use.planned_from,
            "planned_until": self.use.planned_until,
            "grace_s": self.use.grace_s,
            "for_mediation": self.trip.purpose == "mediation",
            "requester_id": self.trip.requester_id,
            "requester_unit_id": self.trip.requester_unit_id,
            "job_ids": self.job_ids,
            "crew": self.crew,
            "approver_id": self.trip.approver_id,
            "approved_at": self.trip.approved_at,
            "use_id": self.use.use_id,
        }
        return Asked(**(base | changed))


async def standing_of(reader: Reader, use: VehicleUse) -> Standing:
    """Return the trip of a use.

    Raises:
        NotFound: there is no such trip.
    """
    trip = await reader.get(Trip, use.use_id)
    if trip is None:
        raise NotFound("There is no such trip.", id=str(use.use_id))
    jobs: Sequence[TripJob] = await reader.all(
        select(TripJob)
        .where(TripJob.bureau_id == reader.bureau_id, TripJob.use_id == use.use_id)
        .order_by(col(TripJob.job_id))
    )
    crew: Sequence[TripCrew] = await reader.all(
        select(TripCrew)
        .where(TripCrew.bureau_id == reader.bureau_id, TripCrew.use_id == use.use_id, TripCrew.rev == trip.crew_rev)
        .order_by(col(TripCrew.person_id))
    )
    return Standing(use, trip, tuple(jobs), tuple((member.person_id, Seat(member.seat)) for member in crew))


_NEXT_NUMBER = text(
    "INSERT INTO dispatch_order_counter (bureau_id, year, last) VALUES (:bureau_id, :year, 1)"
    " ON CONFLICT (bureau_id, year) DO UPDATE SET last = dispatch_order_counter.last + 1 RETURNING last"
)


async def next_order_number(uow: UnitOfWork, year: int) -> int:
    """Return the next dispatch order number of the year; its row stays locked, so that a roll-back leaves no gap."""
    rows = await uow.execute(_NEXT_NUMBER, {"bureau_id": uow.bureau_id, "year": year})
    return int(rows.scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFilter:
    """Which trips a list shows; None leaves a filter out."""

    state: str | None = None
    vehicle_id: UUID | None = None
    job_id: UUID | None = None
    complaint_id: UUID | None = None
    person_id: UUID | None = None
    """Requester, or of the crew."""
    planned_from: datetime | None = None
    planned_until: datetime | None = None


_VIEW = """
SELECT u.use_id, u.vehicle_id, v.plate, u.state, u.planned_from, u.planned_until, u.grace_s, u.actual_from,
  u.actual_until, u.created_at, t.requester_id, t.requester_unit_id, t.purpose, t.purpose_note, t.crew_rev,
  t.approver_id, t.approved_at, t.spoken_at, t.spoken_entered_by, t.confirmed_at,
  o.year AS order_year, o.number AS order_number, o.verification_code,
  (SELECT q.wanted_until FROM photo_request q WHERE q.bureau_id = :bureau_id AND q.use_id = u.use_id)
   AS photo_wanted_until,
  (SELECT coalesce(json_agg(json_build_object('job_id', j.job_id, 'complaint_id', j.complaint_id,
     'kind', j.job_kind, 'under_way', j.under_way, 'dropped', j.dropped_by IS NOT NULL) ORDER BY j.job_id), '[]')
   FROM trip_job j WHERE j.bureau_id = :bureau_id AND j.use_id = u.use_id) AS jobs,
  (SELECT coalesce(json_agg(json_build_object('person_id', c.person_id, 'name', p.name, 'seat', c.seat)
     ORDER BY c.seat, c.person_id), '[]') FROM trip_crew c
   JOIN person p ON p.bureau_id = c.bureau_id AND p.person_id = c.person_id
   WHERE c.bureau_id = :bureau_id AND c.use_id = u.use_id AND c.rev = t.crew_rev) AS crew,
  (SELECT coalesce(json_agg(json_build_object('name', a.name, 'standing', a.standing) ORDER BY a.passenger_no), '[]')
   FROM trip_passenger a WHERE a.bureau_id = :bureau_id AND a.use_id = u.use_id AND a.rev = t.crew_rev) AS passengers,
  (SELECT coalesce(json_agg(json_build_object('job_id', s.job_id, 'what', s.what, 'stated_at', s.stated_at,
     'recorded_at', s.recorded_at, 'lat', s.lat, 'lon', s.lon) ORDER BY s.stated_at, s.stop_id), '[]')
   FROM trip_stop s WHERE s.bureau_id = :bureau_id AND s.use_id = u.use_id) AS stops,
  (SELECT coalesce(json_agg(json_build_object('decision_id', d.decision_id, 'verb', d.verb, 'to_state', d.to_state,
     'outcome', d.outcome, 'complaint_ids', d.complaint_ids, 'marks', d.marks, 'source', d.source,
     'stated_at', d.stated_at, 'recorded_at', d.recorded_at, 'actor_id', d.actor_id,
     'signed', EXISTS (SELECT 1 FROM signed_act_outcome s
       WHERE s.bureau_id = :bureau_id AND s.decision_id = d.decision_id))
     ORDER BY d.recorded_at, d.decision_id), '[]')
   FROM decision d WHERE d.bureau_id = :bureau_id AND d.use_id = u.use_id) AS decisions
FROM vehicle_use u
JOIN trip t ON t.bureau_id = u.bureau_id AND t.use_id = u.use_id
JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id
LEFT JOIN dispatch_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id
WHERE u.bureau_id = :bureau_id
"""

_FILTERS = """
 AND (CAST(:state AS text) IS NULL OR u.state = :state)
 AND (CAST(:vehicle_id AS uuid) IS NULL OR u.vehicle_id = :vehicle_id)
 AND (CAST(:planned_from AS timestamptz) IS NULL OR u.planned_until > :planned_from)
 AND (CAST(:planned_until AS timestamptz) IS NULL OR u.planned_from < :planned_until)
 AND (CAST(:job_id AS uuid) IS NULL OR EXISTS (SELECT 1 FROM trip_job f
   WHERE f.bureau_id = :bureau_id AND f.use_id = u.use_id AND f.job_id = :job_id))
 AND (CAST(:complaint_id AS uuid) IS NULL OR EXISTS (SELECT 1 FROM trip_job f
   WHERE f.bureau_id = :bureau_id AND f.use_id = u.use_id AND f.complaint_id = :complaint_id))
 AND (CAST(:person_id AS uuid) IS NULL OR t.requester_id = :person_id OR EXISTS (SELECT 1 FROM trip_crew f
   WHERE f.bureau_id = :bureau_id AND f.use_id = u.use_id AND f.rev = t.crew_rev AND f.person_id = :person_id))
 AND (CAST(:after_from AS timestamptz) IS NULL
   OR (u.planned_from, u.use_id) < (CAST(:after_from AS timestamptz), CAST(:after_id AS uuid)))
 ORDER BY u.planned_from DESC, u.use_id DESC LIMIT :limit
"""

_ONE = text(_VIEW + " AND u.use_id = :use_id")
_PAGE = text(_VIEW + _FILTERS)


async def trip_view(reader: Reader, use_id: UUID) -> Any:
    """Return everything an answer shows of a trip.

    Raises:
        NotFound: there is no such trip.
    """
    row = (await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "use_id": use_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such trip.", id=str(use_id))
    return row


async def trips_page(
    reader: Reader, wanted: TripFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Return trips by planned start, the latest first."""
    rows = await reader.execute(
        _PAGE,
        {
            "bureau_id": reader.bureau_id,
            "state": wanted.state,
            "vehicle_id": wanted.vehicle_id,
            "job_id": wanted.job_id,
            "complaint_id": wanted.complaint_id,
            "person_id": wanted.person_id,
            "planned_from": wanted.planned_from,
            "planned_until": wanted.planned_until,
            "after_from": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return rows.all()


_JOBS = text(
    "SELECT t.job_id, c.number, j.site_name, j.site_address, j.lat, j.lon, j.due_on, t.under_way,"
    " t.dropped_by IS NOT NULL AS dropped FROM trip_job t"
    " JOIN job j ON j.bureau_id = t.bureau_id AND j.job_id = t.job_id"
    " JOIN complaint c ON c.bureau_id = t.bureau_id AND c.complaint_id = t.complaint_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = :use_id ORDER BY c.number, j.site_name, t.job_id"
)


async def jobs_of_trip(reader: Reader, use_id: UUID) -> Sequence[Any]:
    """Return the jobs that a trip carries or carried, each with its site (WGS-84) and its complaint's number."""
    return (await reader.execute(_JOBS, {"bureau_id": reader.bureau_id, "use_id": use_id})).all()


_ORDERS = text(
    "SELECT use_id, year, number FROM dispatch_order"
    " WHERE bureau_id = :bureau_id AND use_id = ANY(CAST(:uses AS uuid[]))"
)


async def order_numbers(reader: Reader, use_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the numbers of the dispatch orders that these trips have, such as 2026-17."""
    rows = await reader.execute(_ORDERS, {"bureau_id": reader.bureau_id, "uses": list(use_ids)})
    return {row.use_id: f"{row.year}-{row.number}" for row in rows}
