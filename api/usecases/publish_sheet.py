"""Make the sheet that a unit posts publicly 公务用车公示: uses, kilometres, fuel and cost of every vehicle.

党政机关公务用车管理办法 (2017) wants time, reason, place, mileage, fuel and cost of official vehicles published. Of
people the sheet tells nothing: a consumer's home and a respondent's name stay inside, so the place of a visit is told
as how many sites of the district it went to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from api.db.database import Reader
from api.db.queries.log import hold_snapshot, log_facts
from api.db.queries.vehicles import known_of, vehicles_page
from api.db.tables.bureau import Bureau
from api.print.public_sheet import PublicSheet, PublicUse, PublicVehicle
from api.usecases.account_vehicle import account_vehicle
from domain.books.log import LogRow, RowKind, Totals, month_log
from domain.months import Months


async def public_sheet(reader: Reader, months: Months) -> PublicSheet:
    """Return the sheet of every vehicle of the bureau, all of it as one instant of the database shows it."""
    await hold_snapshot(reader)
    bureau = await reader.get(Bureau)
    if bureau is None:
        raise AssertionError("who reads belongs to a bureau")
    starts = months.instants(ZoneInfo(bureau.zone))
    vehicles = await vehicles_page(reader, None, None)
    made = []
    for known in await known_of(reader, vehicles):
        rows, totals = await _driven(reader, known.vehicle.vehicle_id, starts, bureau.zone)
        order, accounted = known.dedication, await account_vehicle(reader, known.vehicle.vehicle_id, months)
        made.append(
            PublicVehicle(
                plate=known.vehicle.plate,
                name=known.vehicle.name,
                unit=order.unit_name if order is not None and order.kind == "dedicate" else "",
                totals=totals,
                account=accounted.account,
                consumption=accounted.consumption,
                uses=tuple(_use(row) for row in rows),
            )
        )
    return PublicSheet(
        bureau=bureau.name,
        zone=bureau.zone,
        first_on=months.first,
        last_on=(starts[-1] - timedelta(days=1)).date(),
        made_at=reader.now,
        vehicles=tuple(made),
    )


async def _driven(
    reader: Reader, vehicle_id: UUID, starts: Sequence[datetime], zone: str
) -> tuple[list[LogRow], Totals]:
    """Return the rows of uses that began, one each, and the sums of everything."""
    rows: dict[UUID | None, LogRow] = {}
    totals = Totals()
    for from_at, until_at in pairwise(starts):
        log = month_log(await log_facts(reader, vehicle_id, from_at, until_at, zone=zone))
        for row in log.rows:
            if row.kind in (RowKind.TRIP, RowKind.UPKEEP) and row.actual_from is not None:
                rows[row.id] = _with_its_end(rows[row.id], row) if row.id in rows else row
        totals += log.totals
    return list(rows.values()), totals


def _with_its_end(row: LogRow, later: LogRow) -> LogRow:
    """Return the row of a use that went over a month's end, with its metres of both months."""
    parts = [one.length_m for one in (row, later) if one.length_m is not None]
    return replace(row, length_m=sum(parts) if parts else None)


def _use(row: LogRow) -> PublicUse:
    if row.actual_from is None:
        raise AssertionError("a use that is published began")
    trip = row.kind is RowKind.TRIP
    return PublicUse(
        from_at=row.actual_from,
        until_at=row.actual_until,
        reason="消费纠纷现场调解" if trip else (row.upkeep.zh if row.upkeep else row.kind.zh),
        sites=len(row.sites) if trip else 0,
        length_m=row.length_m,
    )
