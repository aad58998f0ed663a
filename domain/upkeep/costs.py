"""What a vehicle costs 单车核算, in whole fen: fuel and repair accounted per vehicle (机关事务管理条例 art. 26).

A cost is of the vehicle, and of a trip or upkeep order where one brought it: toll and parking come with any use, fuel
with its order. Nothing is changed: a wrong cost is answered by a correcting one that names it and says why. A
correction to nothing says that the cost never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.errors import InvalidInput, StateConflict
from domain.values import Named

MAX_FEN: Final = 10_000_000_00
MAX_FUEL_ML: Final = 500_000
"""No tank of such a vehicle holds more."""


class CostKind(Named):
    """What was paid for."""

    FUEL = "fuel", "燃油", "fuel"
    TOLL = "toll", "过路过桥", "tolls"
    PARKING = "parking", "停车", "parking"
    REPAIR = "repair", "维修保养", "repair"
    INSURANCE = "insurance", "保险", "insurance"
    INSPECTION = "inspection", "年检", "inspection"
    TYRES = "tyres", "轮胎", "tyres"
    WASH = "wash", "洗车", "wash"
    OTHER = "other", "其他", "other"


COST_OF_UPKEEP: Final[Mapping[str, CostKind]] = {"tow": CostKind.REPAIR} | {kind.value: kind for kind in CostKind}
"""What an upkeep order of a kind costs under."""


class BadCost(InvalidInput):
    """A cost is of whole fen from 1 fen to 10 million yuan; fuel has its millilitres, and nothing else has."""

    code = "bad-cost"
    zh = "费用须为 1 分至 1000 万元的整数分；燃油须填写毫升数，其他费用不填。"


class CostTimeImpossible(InvalidInput):
    """A cost is incurred while its use lasts, not in the future and not before the year 2000."""

    code = "cost-time-impossible"
    zh = "费用须发生在其用车期间，不得在将来，也不得早于 2000 年。"


class CostCorrectedAlready(StateConflict):
    """That cost has been corrected already; correct the correcting one instead."""

    code = "cost-corrected-already"
    zh = "该费用已被更正；请更正其后的更正记录。"


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost as recorded. `corrects` names the one that it stands in for."""

    cost_id: UUID
    kind: CostKind
    amount_fen: int
    fuel_ml: int | None
    incurred_at: datetime
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What a vehicle cost in a while, and what it drove in it."""

    fen_by_kind: Mapping[CostKind, int]
    fuel_ml: int
    driven_m: int

    @property
    def total_fen(self) -> int:
        """Everything together."""
        return sum(self.fen_by_kind.values())

    @property
    def fen_per_100_km(self) -> int | None:
        """What 100 kilometres cost, rounded; None where nothing was driven."""
        if self.driven_m <= 0:
            return None
        return (self.total_fen * 100_000 + self.driven_m // 2) // self.driven_m

    @property
    def fuel_ml_per_100_km(self) -> int | None:
        """What was filled in for 100 kilometres, rounded; None where nothing was driven, or nothing filled in."""
        if self.driven_m <= 0 or not self.fuel_ml:
            return None
        return (self.fuel_ml * 100_000 + self.driven_m // 2) // self.driven_m


def check_cost(kind: CostKind, amount_fen: int, fuel_ml: int | None, *, correction: bool = False) -> None:
    """Refuse what cannot be a cost; a correction may be to nothing. Raises `BadCost`."""
    nothing = correction and amount_fen == 0
    litres = (fuel_ml is not None) == (kind is CostKind.FUEL and not nothing)
    within = (nothing or 1 <= amount_fen <= MAX_FEN) and (fuel_ml is None or 1 <= fuel_ml <= MAX_FUEL_ML)
    if not (litres and within):
        raise BadCost(kind=kind.value, amount_fen=amount_fen, fuel_ml=fuel_ml)


def in_force(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    """Return the costs that count, by time: corrected ones out, and those that were corrected to nothing."""
    known = tuple(costs)
    corrected = {cost.corrects for cost in known}
    standing = (cost for cost in known if cost.cost_id not in corrected and cost.amount_fen > 0)
    return tuple(sorted(standing, key=lambda cost: (cost.incurred_at, cost.cost_id)))


def account(costs: Iterable[Cost], driven_m: int) -> Account:
    """Return the account of costs in force and the metres driven meanwhile."""
    standing = in_force(costs)
    by_kind = {kind: sum(cost.amount_fen for cost in standing if cost.kind is kind) for kind in CostKind}
    return Account(by_kind, sum(cost.fuel_ml or 0 for cost in standing), driven_m)
