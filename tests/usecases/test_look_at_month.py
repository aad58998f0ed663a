"""A month's trips together: what each hides in its last digit, twenty do not; found at night and before the seal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.record_reading import NewCorrection, correct_reading
from api.usecases.seal_month import seal_month
from api.usecases.show_statement import show_statement
from api.usecases.sweep_books import look_again
from tests.everyday import findings_of
from tests.http.test_trip_measures import driven_trip
from tests.tracks import enrolled
from tests.usecases.test_look_at_books import last_reading_id
from tests.usecases.test_look_at_vehicle import updates_of
from tests.world import World

APRIL = date(2027, 4, 1)


@pytest.fixture
async def april(world: World) -> World:
    """Return a bureau on the first of April, whose vehicle's six trips of March have taught a ratio of 1.04."""
    world.terminal_id = await enrolled(world)  # type: ignore[attr-defined]
    world.clock.at = datetime(2027, 3, 1, 1, tzinfo=UTC)
    await drive(world, 6, 10_000)
    world.clock.at = datetime(2027, 4, 1, 1, tzinfo=UTC)
    return world


async def drive(world: World, trips: int, reading_m: int) -> None:
    """Drive so many trips of 10.4 km by the terminal's track, for each of which so much is typed."""
    for _ in range(trips):
        await driven_trip(world, [world.terminal_id], track_m=10_400, reading_m=reading_m)  # type: ignore[attr-defined]


async def night(world: World) -> int:
    """Let the evening pass, and background work look at all of the last days again."""
    world.clock.advance(hours=1)
    return await look_again(world.database, world.bureau_id)


async def mismatches(world: World) -> list[Any]:
    """Return the bureau's findings of readings that are not what tracks tell."""
    return [one for one in await findings_of(world) if one.kind == "odometer-track-mismatch"]


async def said(world: World) -> list[tuple[str, int | None]]:
    """Return what became of those findings, with how many trips were held together."""
    ids = {one.finding_id for one in await mismatches(world)}
    updates = [one for one in await updates_of(world) if one.finding_id in ids]
    return [(one.what, one.evidence.get("together_trips")) for one in updates]


async def test_a_month_typed_a_little_low_is_one_finding_that_grows_with_its_trips(april: World) -> None:
    """None of the trips is odd alone; looked at night after night there is one finding, updated when trips come."""
    await drive(april, 6, 9_000)
    for _ in range(3):
        await night(april)
    (finding,) = await mismatches(april)
    assert (finding.use_id, finding.colour) == (None, "yellow")
    assert finding.from_at == datetime(2027, 3, 31, 16, tzinfo=UTC), "the month in the bureau's zone"
    told = finding.evidence
    assert (told["together_trips"], told["reading_m"], told["ended"]) == (6, 54_000, False)
    assert told["track_m"] == pytest.approx(62_400, abs=60)
    assert told["track_ratio_permille"] == pytest.approx(1_040, abs=3)
    assert told["track_off_permille"] == pytest.approx(91, abs=3)
    assert await said(april) == []
    april.clock.at = datetime(2027, 4, 2, 1, tzinfo=UTC)
    await drive(april, 2, 9_000)
    await night(april)
    await night(april)
    assert await said(april) == [("lasts", 8)]


async def test_a_month_typed_honestly_is_none_and_neither_are_few_trips(april: World) -> None:
    """Four are too few to hold together, whatever was typed."""
    await drive(april, 4, 9_000)
    await night(april)
    assert await mismatches(april) == []
    april.clock.at = datetime(2027, 5, 1, 1, tzinfo=UTC)
    await drive(april, 8, 10_000)
    await night(april)
    assert await mismatches(april) == []


async def test_a_trip_that_is_odd_alone_has_a_finding_of_its_own_and_makes_no_month_odd(april: World) -> None:
    """Its metres are left out of what is held together, and the address of the month's ratio leaves them out too."""
    await drive(april, 5, 10_000)
    await drive(april, 1, 5_000)
    await night(april)
    (finding,) = await mismatches(april)
    assert finding.use_id is not None
    assert "together_trips" not in finding.evidence


async def test_the_seal_ends_it_and_the_statement_lists_it(april: World) -> None:
    """Nobody looked all month: the last look before the seal finds it, over and done, among the open ones."""
    await drive(april, 6, 9_000)
    april.clock.at = datetime(2027, 5, 10, tzinfo=UTC)
    for month in (date(2027, 3, 1), APRIL):
        await seal_month(april.database, april["custodian"], april.vehicle_id, month)
    (finding,) = await mismatches(april)
    assert (finding.evidence["together_trips"], finding.evidence["ended"]) == (6, True)
    shown = await show_statement(april.database, april["auditor"], april.vehicle_id, APRIL)
    listed = [one for one in shown.told["findings"] if one["kind"] == "odometer-track-mismatch"]
    assert [(one["finding_id"], one["state"]) for one in listed] == [(str(finding.finding_id), "raised")]


async def test_trips_that_make_up_for_it_clear_it_visibly(april: World) -> None:
    """What was low on some and is as high on others is no kilometre short over the whole."""
    await drive(april, 5, 9_000)
    await night(april)
    april.clock.at = datetime(2027, 4, 2, 1, tzinfo=UTC)
    await drive(april, 5, 11_000)
    await night(april)
    assert [what for what, _ in await said(april)][-1] == "cleared"


async def test_neither_a_threshold_moved_nor_a_reading_typed_anew_clears_it(april: World) -> None:
    """Who is found out sets thirty trips as the least, and corrects the last reading to what it should have been."""
    await drive(april, 6, 9_000)
    await night(april)
    assert len(await mismatches(april)) == 1
    april.clock.advance(minutes=1)
    await change_setting(april.database, april["admin"], NewSetting(name="ratio_least_trips", value=30, reason="放宽"))
    await night(april)
    await change_setting(april.database, april["admin"], NewSetting(name="ratio_least_trips", value=5, reason="恢复"))
    last = await last_reading_id(april)
    anew = NewCorrection(corrects=last, odometer_m=52_000_000 + 60_000 + 54_000 + 6_000, reason="抄错")
    await correct_reading(april.database, april["driver"], anew)
    await night(april)
    assert "cleared" not in [what for what, _ in await said(april)]
