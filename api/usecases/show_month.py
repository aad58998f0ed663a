"""Show a month of a vehicle as it is known now: its statement, its log and both at a glance, of one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from api.db.database import Reader
from api.db.queries.statement import statement_facts
from api.db.tables.seals import MonthSeal
from api.usecases.amend_months import amendment_rows
from domain.books.glance import Glance, glance
from domain.books.log import MonthLog, month_log
from domain.books.statement import statement


@dataclass(frozen=True, slots=True)
class MonthShown:
    """A month: what a statement of it would say now, its log, and at a glance; `seal` None: it is not sealed."""

    told: dict[str, Any]
    log: MonthLog
    glance: Glance
    seal: MonthSeal | None
    amended: int
    """What became known after the seal, in amendments."""


async def show_month(reader: Reader, vehicle_id: UUID, month: date) -> MonthShown:
    """Return a month of a vehicle that is there; the reader's transaction holds one instant (`hold_snapshot`)."""
    facts = await statement_facts(reader, vehicle_id, month, previous_sha256=None, sealed=None)
    told: Any = statement(facts)
    log = month_log(facts.log)
    seal = await reader.get(MonthSeal, vehicle_id, month)
    amended = len(await amendment_rows(reader, vehicle_id, month)) if seal else 0
    return MonthShown(told, log, glance(told, log), seal, amended)
