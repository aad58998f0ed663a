"""Who could go along on a trip: the officers and drivers of a unit, with their papers, roster and other trips."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.use_rule.cures import Candidate
from domain.use_rule.facts import CrewFacts, Seat, Validity
from domain.values import Window

_WHO = text("""
SELECT p.person_id, p.name, r.role, l.valid_from AS licence_from, l.valid_until AS licence_until, l.withdrawn,
  e.taken_on, e.valid_until AS examination_until, e.passed,
  EXISTS (SELECT 1 FROM duty_shift s WHERE s.bureau_id = :bureau_id AND s.person_id = p.person_id
    AND s.withdraws IS NULL AND s.start_at < :until_at AND s.end_at > :from_at
    AND NOT EXISTS (SELECT 1 FROM duty_shift w WHERE w.bureau_id = :bureau_id AND w.withdraws = s.shift_id)) AS on_duty,
  EXISTS (SELECT 1 FROM trip_crew c
    JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev
    JOIN vehicle_use u ON u.bureau_id = c.bureau_id AND u.use_id = c.use_id
    WHERE c.bureau_id = :bureau_id AND c.person_id = p.person_id
    AND u.state IN ('requested', 'approved', 'departed')
    AND u.planned_from < :until_at AND u.planned_until > :from_at) AS away
FROM person p
JOIN (SELECT DISTINCT ON (person_id, role) bureau_id, person_id, role, granted FROM role_grant
  WHERE bureau_id = :bureau_id AND role IN ('officer', 'driver')
  ORDER BY person_id, role, recorded_at DESC, grant_id DESC) r
  ON r.bureau_id = p.bureau_id AND r.person_id = p.person_id AND r.granted
LEFT JOIN LATERAL (SELECT valid_from, valid_until, withdrawn FROM driving_licence
  WHERE bureau_id = :bureau_id AND person_id = p.person_id AND (withdrawn OR valid_from <= :on)
  ORDER BY recorded_at DESC, licence_id DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (SELECT taken_on, valid_until, passed FROM examination
  WHERE bureau_id = :bureau_id AND person_id = p.person_id
  ORDER BY taken_on DESC, recorded_at DESC, examination_id DESC LIMIT 1) e ON true
WHERE p.bureau_id = :bureau_id AND p.unit_id = :unit_id AND p.active
ORDER BY p.name, p.person_id, r.role
""")


async def who_can_go(reader: Reader, unit_id: UUID, window: Window, on: date) -> tuple[Candidate, ...]:
    """Return everybody of a unit who is an officer or a driver, once for each seat, by name.

    Args:
        reader: where it is read.
        unit_id: the using unit.
        window: when the trip is; who is on duty then, and who is on another trip then.
        on: the day on which papers must have begun.
    """
    asked = {
        "bureau_id": reader.bureau_id,
        "unit_id": unit_id,
        "from_at": window.start_at,
        "until_at": window.end_at,
        "on": on,
    }
    return tuple(
        Candidate(
            CrewFacts(
                row.person_id,
                Seat(row.role),
                Validity(row.licence_from, row.licence_until, not row.withdrawn) if row.licence_from else None,
                Validity(row.taken_on, row.examination_until, row.passed) if row.taken_on else None,
            ),
            row.name,
            on_duty=row.on_duty,
            free=not row.away,
        )
        for row in await reader.execute(_WHO, asked)
    )


_CUSTODIANS = text("""
SELECT p.person_id, p.name FROM person p
JOIN (SELECT DISTINCT ON (person_id) bureau_id, person_id, granted FROM role_grant
  WHERE bureau_id = :bureau_id AND role = 'custodian'
  ORDER BY person_id, recorded_at DESC, grant_id DESC) r
  ON r.bureau_id = p.bureau_id AND r.person_id = p.person_id AND r.granted
WHERE p.bureau_id = :bureau_id AND p.unit_id = :unit_id AND p.active ORDER BY p.name, p.person_id
""")


async def custodians_of(reader: Reader, unit_id: UUID) -> tuple[tuple[UUID, str], ...]:
    """Return those who head a unit now, by name."""
    rows = await reader.execute(_CUSTODIANS, {"bureau_id": reader.bureau_id, "unit_id": unit_id})
    return tuple((row.person_id, row.name) for row in rows)
