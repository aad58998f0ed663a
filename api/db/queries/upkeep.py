"""Upkeep orders as they stand: one with its facts for the rule, and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from api.db.database import Reader, UnitOfWork
from api.db.queries.use_facts import crew_facts, lock_calendar, other_uses
from api.db.tables.bureau import Bureau
from api.db.tables.uses import UpkeepOrder, VehicleUse
from domain.errors import NotFound
from domain.use_rule.facts import Seat, Stage
from domain.use_rule.upkeep import UpkeepFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepAsked:
    """What the rule is asked about: an order to be given, or one that begins."""

    stage: Stage
    at: datetime
    vehicle_id: UUID
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    orderer_id: UUID
    driver_id: UUID | None
    use_id: UUID | None = None


async def load_upkeep_facts(uow: UnitOfWork, asked: UpkeepAsked) -> UpkeepFacts:
    """Return the facts of what is asked. Raises `NotFound` for a driver that is none of this bureau."""
    await lock_calendar(uow, asked.vehicle_id)
    bureau = await uow.get(Bureau)
    if bureau is None:
        raise AssertionError("an order belongs to a bureau")
    begins_at = asked.at if asked.stage is Stage.DEPARTURE else asked.planned_from
    first_day = begins_at.astimezone(ZoneInfo(bureau.zone)).date()
    driver = None
    if asked.driver_id is not None:
        (driver,) = await crew_facts(uow, [(asked.driver_id, Seat.DRIVER)], first_day)
    return UpkeepFacts(
        stage=asked.stage,
        at=asked.at,
        first_day=first_day,
        planned_from=asked.planned_from,
        planned_until=asked.planned_until,
        grace_s=asked.grace_s,
        orderer_id=asked.orderer_id,
        driver=driver,
        other_uses=await other_uses(
            uow,
            vehicle_id=asked.vehicle_id,
            use_id=asked.use_id,
            planned_from=asked.planned_from,
            planned_until=asked.planned_until,
            at=asked.at,
        ),
    )


async def order_of(reader: Reader, use: VehicleUse) -> UpkeepOrder:
    """Return the upkeep order of a use. Raises `NotFound`."""
    order = await reader.get(UpkeepOrder, use.use_id)
    if order is None:
        raise NotFound("There is no such upkeep order.", id=str(use.use_id))
    return order


_BROKE_DOWN = text(
    "SELECT u.actual_until FROM vehicle_use u WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id"
    " AND u.use_id = :use_id AND u.actual_until IS NOT NULL AND EXISTS (SELECT 1 FROM decision d"
    "  WHERE d.bureau_id = :bureau_id AND d.use_id = u.use_id AND d.verb = 'break-down')"
)


async def broke_down_at(reader: Reader, vehicle_id: UUID, use_id: UUID) -> datetime | None:
    """Return when that use of the vehicle ended by breakdown or accident, or None if it did not."""
    rows = await reader.execute(
        _BROKE_DOWN, {"bureau_id": reader.bureau_id, "vehicle_id": vehicle_id, "use_id": use_id}
    )
    at: datetime | None = rows.scalar_one_or_none()
    return at


_VIEW = """
SELECT u.use_id, u.vehicle_id, v.plate, u.state, u.planned_from, u.planned_until, u.actual_from, u.actual_until,
  u.created_at, o.upkeep, o.place, o.place_id, o.place_reason, o.reason,
  o.requester_id, q.name AS requester_name, o.driver_id, p.name AS driver_name, o.after_use_id,
  o.document_no, o.cost_fen, o.fuel_ml
FROM vehicle_use u
JOIN upkeep_order o ON o.bureau_id = u.bureau_id AND o.use_id = u.use_id
JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id
JOIN person q ON q.bureau_id = u.bureau_id AND q.person_id = o.requester_id
LEFT JOIN person p ON p.bureau_id = u.bureau_id AND p.person_id = o.driver_id
WHERE u.bureau_id = :bureau_id
"""
_ONE = text(_VIEW + " AND u.use_id = :use_id")
_PAGE = text(
    _VIEW
    + """
 AND (CAST(:vehicle_id AS uuid) IS NULL OR u.vehicle_id = :vehicle_id)
 AND (CAST(:state AS text) IS NULL OR u.state = :state)
 AND (CAST(:before_from AS timestamptz) IS NULL
   OR (u.planned_from, u.use_id) < (CAST(:before_from AS timestamptz), CAST(:before_id AS uuid)))
 ORDER BY u.planned_from DESC, u.use_id DESC LIMIT :limit
"""
)


async def upkeep_view(reader: Reader, use_id: UUID) -> Any:
    """Return what an answer shows of an upkeep order. Raises `NotFound`."""
    row = (await reader.execute(_ONE, {"bureau_id": reader.bureau_id, "use_id": use_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such upkeep order.", id=str(use_id))
    return row


async def upkeep_page(
    reader: Reader, *, vehicle_id: UUID | None, state: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Return upkeep orders from the latest planned on."""
    before_from, before_id = before or (None, None)
    rows = await reader.execute(
        _PAGE,
        {
            "bureau_id": reader.bureau_id,
            "vehicle_id": vehicle_id,
            "state": state,
            "before_from": before_from,
            "before_id": before_id,
            "limit": limit,
        },
    )
    return rows.all()
