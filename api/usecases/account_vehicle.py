"""Make the account of a vehicle 单车核算 over some months: costs in force, metres by the books, fuel by its refills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.db.database import Reader
from api.db.queries.calendar import zone_of
from api.db.queries.costs import costs_between, driven_between, fills_until
from api.db.queries.settings import settings_of
from api.usecases.enter_vehicle import known_vehicle
from domain.months import Months
from domain.upkeep.costs import Account, account
from domain.upkeep.fuel import Consumption, Refill, consumption, refills, unlike


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """An account, and the refills that end in its months; `unlike` are those that the vehicle's own history belies."""

    from_at: datetime
    until_at: datetime
    account: Account
    consumption: Consumption | None
    refills: tuple[Refill, ...]
    unlike: frozenset[UUID]


async def account_vehicle(reader: Reader, vehicle_id: UUID, months: Months) -> Accounted:
    """Return the account of a vehicle.

    Raises:
        NotFound: there is no such vehicle.
    """
    await known_vehicle(reader, vehicle_id)
    from_at, *_, until_at = months.instants(await zone_of(reader))
    every = refills(await fills_until(reader, vehicle_id, until_at))
    within = tuple(one for one in every if one.at >= from_at)
    percent = (await settings_of(reader))["fuel_deviation_percent"]
    return Accounted(
        from_at=from_at,
        until_at=until_at,
        account=account(
            await costs_between(reader, vehicle_id, from_at, until_at),
            await driven_between(reader, vehicle_id, from_at, until_at),
        ),
        consumption=consumption(within),
        refills=within,
        unlike=frozenset(one.refill.cost_id for one in unlike(every, percent)),
    )
