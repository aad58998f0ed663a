"""The rule for upkeep orders 维保单: the only movement without a complaint, so it is narrow and shown apart.

The head of the using unit or of the desk gives the order, someone else drives, and each kind lasts no longer than
such a thing takes. An order never displaces a trip: a window that is taken is a reason to refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from domain.errors import InvalidInput
from domain.use_rule.facts import CrewFacts, OtherUse, Stage
from domain.use_rule.reasons import Reason, ReasonCode
from domain.values import Named

AHEAD: Final = timedelta(days=60)
LATE_ENTRY: Final = timedelta(minutes=5)
"""An order may begin now; its window may have begun while it was typed."""


class UpkeepKind(Named):
    """What an upkeep order is for."""

    FUEL = "fuel", "加油", "fuel"
    WASH = "wash", "洗车", "wash"
    REPAIR = "repair", "维修保养", "repair"
    INSPECTION = "inspection", "年检", "inspection"
    INSURANCE = "insurance", "保险定损", "insurance survey"
    TYRES = "tyres", "更换轮胎", "tyres"
    TOW = "tow", "拖车", "tow"


LONGEST: Final[Mapping[UpkeepKind, timedelta]] = {
    UpkeepKind.FUEL: timedelta(hours=2),
    UpkeepKind.WASH: timedelta(hours=3),
    UpkeepKind.REPAIR: timedelta(days=60),
    UpkeepKind.INSPECTION: timedelta(days=2),
    UpkeepKind.INSURANCE: timedelta(days=2),
    UpkeepKind.TYRES: timedelta(days=1),
    UpkeepKind.TOW: timedelta(days=2),
}
"""How long each may take at most; who needs more gives another order."""


class BadUpkeepWindow(InvalidInput):
    """An upkeep order ends after it begins, begins from now to 60 days ahead, and lasts no longer than its kind may."""

    code = "bad-upkeep-window"
    zh = "维保时间须先始后终，从现在起 60 天之内开始，且不超过该类维保的最长时间。"


class DriverOrTow(InvalidInput):
    """An upkeep order names who drives; only where the vehicle is towed, nobody does."""

    code = "driver-or-tow"
    zh = "维保单须指定驾驶员；只有拖车时不填驾驶员。"


class PlaceNotRegistered(InvalidInput):
    """An upkeep order names a place that is registered for its kind, or says why it goes elsewhere; a tow need not."""

    code = "place-not-registered"
    zh = "维保单须指定为该类维保登记的定点单位，或者说明为何不去定点单位；拖车除外。"


class AmountsMissing(InvalidInput):
    """Fuel is settled with litres, cost, and when and at which odometer it was filled; litres are for fuel alone."""

    code = "amounts-missing"
    zh = "加油须填写升数、金额、加油时间和当时的里程读数；只有加油才填写升数。"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepFacts:
    """What the rule looks at for one upkeep order, when it is given and when it begins."""

    stage: Stage
    at: datetime
    """The instant it is judged for."""
    first_day: date
    """The day in the bureau's zone on which the driver must be licensed."""
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    orderer_id: UUID
    driver: CrewFacts | None
    other_uses: tuple[OtherUse, ...]


def check_window(kind: UpkeepKind, planned_from: datetime, planned_until: datetime, now: datetime) -> None:
    """Refuse what cannot be the window of such an order. Raises `BadUpkeepWindow`."""
    aware = planned_from.tzinfo is not None and planned_until.tzinfo is not None
    if (
        not aware
        or not timedelta(0) < planned_until - planned_from <= LONGEST[kind]
        or not now - LATE_ENTRY <= planned_from <= now + AHEAD
    ):
        raise BadUpkeepWindow(
            planned_from=planned_from.isoformat(),
            planned_until=planned_until.isoformat(),
            longest_s=int(LONGEST[kind].total_seconds()),
        )


def check_place(kind: UpkeepKind, registered_for: Collection[str] | None, reason: str | None) -> None:
    """Refuse an order to a place that is not registered for it and that nobody gave a reason for.

    Args:
        kind: of the order.
        registered_for: the kinds the named place is registered for now; None where none is named.
        reason: why the place is none.

    Raises:
        PlaceNotRegistered: neither holds.
    """
    if registered_for is not None:
        fits = kind.value in registered_for
    else:
        fits = kind is UpkeepKind.TOW or bool((reason or "").strip())
    if not fits:
        raise PlaceNotRegistered(upkeep=kind.value)


def check_amounts(
    kind: UpkeepKind, cost_fen: int | None, fuel_ml: int | None, *, filled_at: datetime | None, odometer_m: int | None
) -> None:
    """Refuse to settle fuel without all that tells what the vehicle burns, or anything else with litres.

    Raises:
        AmountsMissing: fuel lacks one of these, or cost nothing, or something else has litres.
    """
    fuel = kind is UpkeepKind.FUEL
    if (fuel and (not cost_fen or None in (fuel_ml, filled_at, odometer_m))) or (not fuel and fuel_ml is not None):
        raise AmountsMissing


def refuse_upkeep(facts: UpkeepFacts) -> tuple[Reason, ...]:
    """Return every reason against the order, none if it may be given or begin."""
    found: list[Reason] = []
    driver = facts.driver
    if driver is not None:
        if driver.licence is None or not driver.licence.covers(facts.first_day, facts.first_day):
            found.append(Reason(ReasonCode.DRIVER_NOT_LICENSED, (driver.person_id,)))
        if driver.person_id == facts.orderer_id:
            found.append(Reason(ReasonCode.SELF_APPROVAL, (driver.person_id,)))
    busy = tuple(sorted(other.use_id for other in facts.other_uses if _in_the_way(facts, other)))
    if busy:
        found.append(Reason(ReasonCode.VEHICLE_BUSY, busy))
    grace = timedelta(seconds=facts.grace_s)
    if facts.stage is Stage.DEPARTURE and not facts.planned_from - grace <= facts.at <= facts.planned_until + grace:
        found.append(Reason(ReasonCode.WINDOW_MISSED))
    return tuple(found)


def _in_the_way(facts: UpkeepFacts, other: OtherUse) -> bool:
    if facts.stage is Stage.DEPARTURE:
        return other.actual_from is not None and (other.actual_until is None or other.actual_until > facts.at)
    return other.holds_plan and other.planned_from < facts.planned_until and facts.planned_from < other.planned_until
