"""Hours, nights and the devices themselves: duty hours, overnight, mock locations, clocks, silence."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.findings.devices import Word, clock_skew, device_silent, devices_disagree, mock_location
from domain.findings.hours import LastSeen, night_of, outside_duty_hours, overnight_away
from domain.findings.kinds import Colour
from domain.settings import BureauSettings
from tests.drives import beside, drive, joined, standing
from tests.scenes import BASE, NINE, PHONE, ZONE, scene, told, use

HOURS = timedelta(hours=1)
SETTINGS = BureauSettings({})


def test_a_drive_in_duty_hours_is_none() -> None:
    """Nine in the morning of a working day."""
    way = drive("T3_04_22_2021_1", NINE, BASE)
    assert not list(outside_duty_hours(scene(told(way), uses=(use(NINE),), now=NINE + HOURS)))


@pytest.mark.parametrize(
    ("local", "found"),
    [
        (datetime(2026, 11, 24, 12, 5, tzinfo=ZONE), 0),  # on the way home at noon
        (datetime(2026, 11, 24, 12, 40, tzinfo=ZONE), 1),
        (datetime(2026, 11, 24, 7, 50, tzinfo=ZONE), 1),
        (datetime(2026, 11, 24, 20, 0, tzinfo=ZONE), 1),
        (datetime(2026, 11, 28, 10, 0, tzinfo=ZONE), 1),  # a Saturday
    ],
)
def test_a_drive_half_an_hour_away_from_duty_hours_is_one_finding(local: datetime, found: int) -> None:
    """Noon, morning, evening and the weekend; red while sealed, at any hour."""
    way = drive("T3_04_22_2021_1", local, BASE)
    at = scene(told(way), uses=(use(local),), now=local + HOURS, from_at=local - HOURS)
    assert [one.colour for one in outside_duty_hours(at)] == [Colour.YELLOW] * found
    at = scene(told(way), uses=(use(local),), now=local + HOURS, from_at=local - HOURS, sealed=lambda *_: True)
    assert [one.colour for one in outside_duty_hours(at)] == [Colour.RED]


def test_standing_at_a_site_after_hours_is_no_drive() -> None:
    """A mediation that lasts until eight keeps the car where it is."""
    local = datetime(2026, 11, 24, 18, 30, tzinfo=ZONE)
    rest = standing(beside(BASE, east_m=900), local, local + HOURS)
    at = scene(told(rest), uses=(use(local - HOURS),), now=local + HOURS, from_at=local - HOURS)
    assert not list(outside_duty_hours(at))


@pytest.mark.parametrize(
    ("hour", "began"), [(21, None), (22, (24, 22)), (23, (24, 22)), (1, (23, 22)), (5, (23, 22)), (6, None), (12, None)]
)
def test_a_night_begins_when_it_is_set_and_lasts_until_six(hour: int, began: tuple[int, int] | None) -> None:
    """One night is one happening, on whichever side of midnight it is looked at."""
    night = night_of(datetime(2026, 11, 24, hour, tzinfo=ZONE), ZONE, SETTINGS)
    assert (None if night is None else (night.day, night.hour)) == began


@pytest.mark.parametrize(("away_m", "allowed", "found"), [(200, False, 0), (900, False, 1), (900, True, 0)])
def test_a_vehicle_away_from_its_base_at_night_is_found_unless_it_may_be(
    away_m: float,
    allowed: bool,  # noqa: FBT001 - a column of the table above
    found: int,
) -> None:
    """Near the base is at the base; a use whose window has not passed, or the workshop, allows it."""
    night = datetime(2026, 11, 24, 22, tzinfo=ZONE)
    seen = LastSeen(at=night - 3 * HOURS, place=beside(BASE, east_m=away_m))
    happening = overnight_away(seen, BASE, now=night + HOURS, night=night, settings=SETTINGS, allowed=allowed)
    assert (happening is not None) == bool(found)
    assert happening is None or (happening.colour, happening.from_at) == (Colour.RED, night)


def test_a_simulated_location_is_red_once_a_use_and_device() -> None:
    """However many fixes are faked."""
    way = drive("T3_04_22_2021_1", NINE, BASE)
    faked = told(way, terminal=False, mock=True)
    (found,) = mock_location(scene(faked, told(way), uses=(use(NINE, NINE + HOURS),), now=NINE + 2 * HOURS))
    assert (found.colour, found.key, found.evidence["fixes"]) == (Colour.RED, PHONE, len(way))


@pytest.mark.parametrize(("away_m", "minutes", "found"), [(200, 10, 0), (400, 2, 0), (400, 4, 1), (2_000, 15, 1)])
def test_a_phone_that_is_elsewhere_than_the_terminal_is_one_finding(away_m: float, minutes: float, found: int) -> None:
    """Left at the desk, or sent by taxi: more than 300 m for three minutes; an officer in the market is near enough."""
    way = drive("T3_04_22_2021_1", NINE, BASE)
    gone = way.copy()
    off = (gone["at_us"] >= (NINE.timestamp() + 60) * 1e6) & (
        gone["at_us"] < (NINE.timestamp() + 60 + 60 * minutes) * 1e6
    )
    gone["lat"][off] += away_m / 111_319
    at = scene(told(way), told(gone, terminal=False), uses=(use(NINE, NINE + HOURS),), now=NINE + 2 * HOURS)
    disagreed = list(devices_disagree(at))
    assert [(one.colour, one.key) for one in disagreed] == [(Colour.RED, PHONE)] * found
    assert all(abs(int(one.evidence["apart_m"]) - away_m) < 30 for one in disagreed)


@pytest.mark.parametrize(("late_s", "found"), [(2, 0), (100, 0), (-100, 0), (-130, 1), (150, 1)])
def test_a_clock_is_off_when_fixes_come_before_they_were_made_or_always_late(late_s: float, found: int) -> None:
    """Two minutes either way are allowed."""
    way = told(drive("T3_04_22_2021_1", NINE, BASE), late_s=late_s)
    (skews) = list(clock_skew(scene(way, uses=(use(NINE, NINE + HOURS),), now=NINE + 2 * HOURS)))
    assert [one.evidence["skew_s"] for one in skews] == [round(-late_s)] * found


def test_a_phone_that_sends_hours_later_what_it_kept_has_a_good_clock() -> None:
    """One late upload is no clock; nor are several of which one was in time."""
    way = told(drive("T3_04_22_2021_1", NINE, BASE))
    way.received_us[:] = way.fixes["at_us"][-1] + 7_200_000_000
    assert not list(clock_skew(scene(way, uses=(use(NINE, NINE + HOURS),), now=NINE + 4 * HOURS)))
    way.received_us[:500] += 1_000_000
    way.received_us[-1] = way.fixes["at_us"][-1] + 1_000_000
    assert not list(clock_skew(scene(way, uses=(use(NINE, NINE + HOURS),), now=NINE + 4 * HOURS)))


@pytest.mark.parametrize(("silent_s", "found"), [(1_799, 0), (1_800, 0), (1_801, 1)])
def test_a_device_is_silent_after_its_limit_since_its_last_word(silent_s: int, found: int) -> None:
    """Counted from its last word, or from when it should have begun to speak."""
    for last_at, since in ((NINE, NINE - HOURS), (None, NINE), (NINE - HOURS, NINE)):
        word = Word(device_id=PHONE, last_at=last_at, since=since)
        happening = device_silent(word, now=NINE + timedelta(seconds=silent_s), limit_s=1_800)
        assert (happening is not None) == bool(found)
        assert happening is None or happening.from_at == NINE


def test_what_is_faked_between_uses_is_of_no_use() -> None:
    """A terminal that fakes at night is found as well."""
    night = standing(BASE, NINE - 5 * HOURS, NINE - 4 * HOURS)
    day = drive("T3_04_22_2021_1", NINE, BASE)
    at = scene(told(joined(night, day), mock=True), uses=(use(NINE, NINE + HOURS),), now=NINE + 2 * HOURS)
    assert {one.use_id is None for one in mock_location(at)} == {True, False}
