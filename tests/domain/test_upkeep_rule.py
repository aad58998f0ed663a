"""The rule for upkeep orders: every reason alone, all together, and each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.use_rule.facts import CrewFacts, OtherUse, Seat, Stage, Validity
from domain.use_rule.reasons import ReasonCode
from domain.use_rule.upkeep import (
    AHEAD,
    LATE_ENTRY,
    LONGEST,
    AmountsMissing,
    BadUpkeepWindow,
    PlaceNotRegistered,
    UpkeepFacts,
    UpkeepKind,
    check_amounts,
    check_place,
    check_window,
    refuse_upkeep,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHIEF, DRIVER, TRIP = UUID(int=1), UUID(int=2), UUID(int=3)
LICENSED = CrewFacts(DRIVER, Seat.DRIVER, Validity(date(2020, 1, 1), date(2026, 11, 24)), None)
SOUND = UpkeepFacts(
    stage=Stage.REQUEST,
    at=NOW,
    first_day=date(2026, 11, 24),
    planned_from=NOW + HOUR,
    planned_until=NOW + 2 * HOUR,
    grace_s=1800,
    orderer_id=CHIEF,
    driver=LICENSED,
    other_uses=(),
)


def trip(start: timedelta, end: timedelta, **other: Any) -> OtherUse:
    """Return an approved trip whose window lies so from now."""
    return replace(OtherUse(TRIP, NOW + start, NOW + end, holds_plan=True), **other)


def codes(facts: UpkeepFacts) -> list[ReasonCode]:
    """Return the codes of the reasons against the order."""
    return [reason.code for reason in refuse_upkeep(facts)]


def test_a_sound_order_is_given_and_a_tow_needs_no_driver() -> None:
    """Nothing stands against it."""
    assert codes(SOUND) == []
    assert codes(replace(SOUND, driver=None)) == []


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        (None, True),
        (Validity(date(2020, 1, 1), date(2026, 11, 23)), True),
        (Validity(date(2020, 1, 1), date(2026, 11, 24)), False),
        (Validity(date(2026, 11, 25), date(2030, 1, 1)), True),
        (Validity(date(2020, 1, 1), date(2030, 1, 1), stands=False), True),
    ],
)
def test_the_driver_is_licensed_on_the_day(licence: Validity | None, *, refused: bool) -> None:
    """The last valid day still counts, the day after does not."""
    facts = replace(SOUND, driver=replace(LICENSED, licence=licence))
    assert codes(facts) == ([ReasonCode.DRIVER_NOT_LICENSED] if refused else [])


def test_who_orders_does_not_drive() -> None:
    """Nobody gives an order to themselves."""
    assert codes(replace(SOUND, orderer_id=DRIVER)) == [ReasonCode.SELF_APPROVAL]


@pytest.mark.parametrize(
    ("start", "end", "busy"),
    [
        (timedelta(0), HOUR, False),
        (timedelta(0), HOUR + timedelta(microseconds=1), True),
        (2 * HOUR - timedelta(microseconds=1), 3 * HOUR, True),
        (2 * HOUR, 3 * HOUR, False),
    ],
)
def test_a_window_that_touches_a_trip_is_free_and_one_that_overlaps_is_not(
    start: timedelta, end: timedelta, *, busy: bool
) -> None:
    """An upkeep order never displaces a trip, and names the one that is in its way."""
    facts = replace(SOUND, other_uses=(trip(start, end),))
    assert codes(facts) == ([ReasonCode.VEHICLE_BUSY] if busy else [])
    if busy:
        assert refuse_upkeep(facts)[0].about == (TRIP,)


@pytest.mark.parametrize(("minutes", "refused"), [(29, True), (30, False), (60, False), (150, False), (151, True)])
def test_an_order_begins_within_its_window_and_grace(minutes: int, *, refused: bool) -> None:
    """Half an hour before to half an hour after; later is another order."""
    at = NOW + timedelta(minutes=minutes)
    facts = replace(SOUND, stage=Stage.DEPARTURE, at=at)
    assert codes(facts) == ([ReasonCode.WINDOW_MISSED] if refused else [])


def test_an_order_does_not_begin_while_the_vehicle_is_out() -> None:
    """A trip that is not back is in the way whatever its plan was; one that came back is not."""
    at = NOW + HOUR
    out = trip(-2 * HOUR, -HOUR, actual_from=NOW - 2 * HOUR)
    begins = replace(SOUND, stage=Stage.DEPARTURE, at=at)
    assert codes(replace(begins, other_uses=(out,))) == [ReasonCode.VEHICLE_BUSY]
    back = replace(out, actual_until=at)
    assert codes(replace(begins, other_uses=(back,))) == []


def test_every_reason_is_told_not_only_the_first() -> None:
    """A licence lapsed, ordered by the driver, over a trip, too late: four reasons."""
    facts = replace(
        SOUND,
        stage=Stage.DEPARTURE,
        at=NOW + 10 * HOUR,
        orderer_id=DRIVER,
        driver=replace(LICENSED, licence=None),
        other_uses=(trip(HOUR, 2 * HOUR, actual_from=NOW),),
    )
    assert len(codes(facts)) == 4


@pytest.mark.parametrize("kind", list(UpkeepKind))
def test_no_order_lasts_longer_than_its_kind_takes(kind: UpkeepKind) -> None:
    """Exactly the longest is taken, a second more is not, and nothing lasts no time."""
    longest = LONGEST[kind]
    check_window(kind, NOW, NOW + longest, NOW)
    for length in (longest + timedelta(seconds=1), timedelta(0), -HOUR):
        with pytest.raises(BadUpkeepWindow):
            check_window(kind, NOW, NOW + length, NOW)


@pytest.mark.parametrize(
    ("start", "fits"),
    [
        (-LATE_ENTRY - timedelta(seconds=1), False),
        (-LATE_ENTRY, True),
        (AHEAD, True),
        (AHEAD + timedelta(seconds=1), False),
    ],
)
def test_an_order_begins_from_now_to_sixty_days_ahead(start: timedelta, *, fits: bool) -> None:
    """What is over is not ordered."""
    if fits:
        check_window(UpkeepKind.WASH, NOW + start, NOW + start + HOUR, NOW)
    else:
        with pytest.raises(BadUpkeepWindow):
            check_window(UpkeepKind.WASH, NOW + start, NOW + start + HOUR, NOW)


PUMP = ("filled_at", "odometer_m")


@pytest.mark.parametrize(
    ("kind", "cost_fen", "fuel_ml", "fits"),
    [
        (UpkeepKind.FUEL, 30_000, 40_000, True),
        (UpkeepKind.FUEL, None, 40_000, False),
        (UpkeepKind.FUEL, 30_000, None, False),
        (UpkeepKind.WASH, 3_000, None, True),
        (UpkeepKind.WASH, None, None, True),
        (UpkeepKind.WASH, 3_000, 40_000, False),
        (UpkeepKind.WASH, 0, None, True),
        (UpkeepKind.FUEL, 0, 40_000, False),
    ],
)
def test_fuel_is_settled_with_litres_and_cost_and_nothing_else_with_litres(
    kind: UpkeepKind, cost_fen: int | None, fuel_ml: int | None, *, fits: bool
) -> None:
    """What a vehicle burns is reckoned from these."""
    pump: dict[str, Any] = (
        {"filled_at": NOW, "odometer_m": 52_003_000} if kind is UpkeepKind.FUEL else dict.fromkeys(PUMP)
    )
    if fits:
        check_amounts(kind, cost_fen, fuel_ml, **pump)
    else:
        with pytest.raises(AmountsMissing):
            check_amounts(kind, cost_fen, fuel_ml, **pump)


@pytest.mark.parametrize("left_out", PUMP)
def test_fuel_is_settled_with_the_odometer_at_the_pump(left_out: str) -> None:
    """When it was filled, and what the odometer showed then; a wash has neither."""
    pump: dict[str, Any] = {"filled_at": NOW, "odometer_m": 52_003_000}
    with pytest.raises(AmountsMissing):
        check_amounts(UpkeepKind.FUEL, 30_000, 40_000, **(pump | {left_out: None}))


@pytest.mark.parametrize(
    ("kind", "registered_for", "reason", "fits"),
    [
        (UpkeepKind.FUEL, {"fuel", "wash"}, None, True),
        (UpkeepKind.REPAIR, {"fuel", "wash"}, "急修", False),
        (UpkeepKind.FUEL, set(), "急用", False),
        (UpkeepKind.FUEL, None, "定点站停业", True),
        (UpkeepKind.FUEL, None, " ", False),
        (UpkeepKind.FUEL, None, None, False),
        (UpkeepKind.TOW, None, None, True),
    ],
)
def test_an_order_goes_to_a_registered_place_or_says_why_not(
    kind: UpkeepKind, registered_for: set[str] | None, reason: str | None, *, fits: bool
) -> None:
    """One that is named is one for this kind, and not retired (empty); a tow goes wherever it must."""
    if fits:
        check_place(kind, registered_for, reason)
    else:
        with pytest.raises(PlaceNotRegistered):
            check_place(kind, registered_for, reason)
