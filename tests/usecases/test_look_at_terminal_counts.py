"""Terminals count metres themselves: what they counted otherwise than the dashboard shows is found by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.usecases.return_trip import Return, return_trip
from api.usecases.show_statement import show_statement
from api.usecases.sweep_books import look_again, sweep_books
from tests.conftest import Server
from tests.everyday import findings_of
from tests.http.test_trip_measures import way_to
from tests.tracks import enrolled, told
from tests.trips import dashboard, departed_trip
from tests.world import World

MINUTE = timedelta(minutes=1)


class Terminal:
    """The world's terminal: it tells its count as its port writes it."""

    def __init__(self, server: Server, world: World, device_id: UUID) -> None:
        self.server, self.world, self.device_id = server, world, device_id
        self.count_m = 60_000_000

    def counts(self, *counts_m: int, from_at: datetime, until_at: datetime) -> None:
        """Tell counts at even times between two instants, both included, as so many more than before."""
        apart = (until_at - from_at) / max(len(counts_m) - 1, 1)
        self.shows(((from_at + i * apart, self.count_m + counted_m) for i, counted_m in enumerate(counts_m)))
        self.count_m += counts_m[-1]

    def shows(self, rows: Iterable[tuple[datetime, int]]) -> None:
        """Tell that the count stood so, at these instants."""
        with psycopg.connect(self.server.superuser) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO terminal_reading (received_at, bureau_id, device_id, read_at, odometer_m)"
                " VALUES (%s, %s, %s, %s, %s)",
                [(at, self.world.bureau_id, self.device_id, at, odometer_m) for at, odometer_m in rows],
            )


@pytest.fixture
async def terminal(server: Server, world: World) -> Terminal:
    """Return a terminal in the world's vehicle."""
    return Terminal(server, world, await enrolled(world))


async def drive(terminal: Terminal, counts_m: tuple[int, ...], *, reading_m: int, track_m: int = 10_400) -> UUID:
    """Drive a trip of an hour, with what the terminal's track and count and the dashboard say of it."""
    world = terminal.world
    trip_id = await departed_trip(world)
    began = world.clock()
    await told(world, terminal.device_id, way_to(began, track_m // 2))
    world.clock.advance(hours=1)
    terminal.counts(*counts_m, from_at=began, until_at=world.clock())
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, reading_m)))
    return trip_id


async def found(world: World, kind: str) -> list[Any]:
    """Look at the last days in the evening, and return the findings of a kind."""
    world.clock.advance(minutes=31)
    await sweep_books(world.database, world.bureau_id)
    await look_again(world.database, world.bureau_id)
    return [one for one in await findings_of(world) if one.kind == kind]


async def test_a_reading_that_is_not_what_the_terminal_counted_is_found_with_all_three_figures(
    terminal: Terminal,
) -> None:
    """Five trips have taught what is usual; of the sixth a fifth less was typed than the terminal counted."""
    for _ in range(5):
        await drive(terminal, (0, 5_000, 10_300), reading_m=10_000)
    trip_id = await drive(terminal, (0, 5_000, 10_300), reading_m=7_000)
    (finding,) = await found(terminal.world, "odometer-track-mismatch")
    assert (finding.use_id, finding.colour) == (trip_id, "red"), "track and count speak against it"
    assert (finding.evidence["reading_m"], finding.evidence["terminal_m"]) == (7_000, 10_300)
    assert finding.evidence["track_m"] == pytest.approx(10_400, abs=10)
    assert finding.evidence["terminal_ratio_permille"] == pytest.approx(1_030, abs=3)


async def test_a_count_that_was_set_anew_on_a_trip_is_found_and_is_in_no_sum(terminal: Terminal) -> None:
    """Twelve kilometres were counted on both sides of it; the statement has those, and not sixty thousand."""
    world = terminal.world
    trip_id = await departed_trip(world)
    began = world.clock()
    world.clock.advance(hours=1)
    counts = (60_000_000, 60_007_000, 100, 5_100)
    terminal.shows((began + number * 20 * MINUTE, count_m) for number, count_m in enumerate(counts))
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    (finding,) = await found(world, "odometer-track-mismatch")
    assert (finding.use_id, finding.colour) == (trip_id, "yellow")
    told_ = finding.evidence
    assert (told_["reading_m"], told_["terminal_m"], told_["terminal_jumps"]) == (12_000, 12_000, 1)
    assert (told_["terminal_from_m"], told_["terminal_until_m"]) == (60_007_000, 100)
    shown = await show_statement(world.database, world["auditor"], world.vehicle_id, began.date().replace(day=1))
    assert [use["terminal_m"] for use in shown.told["uses"]] == [12_000]


async def test_a_glitch_to_nought_and_back_is_two_jumps_and_no_metre(terminal: Terminal) -> None:
    """One message says 0: what was counted before and after it counts."""
    world = terminal.world
    trip_id = await departed_trip(world)
    began = world.clock()
    world.clock.advance(hours=1)
    counts = (60_000_000, 60_007_000, 0, 60_007_500, 60_012_000)
    terminal.shows((began + number * 15 * MINUTE, count_m) for number, count_m in enumerate(counts))
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    (finding,) = await found(world, "odometer-track-mismatch")
    assert (finding.evidence["terminal_jumps"], finding.evidence["terminal_m"]) == (2, 11_500)


async def parked(terminal: Terminal, counted_m: int) -> None:
    """Come back, stand for five hours in which the terminal counts so much, and depart again with the same reading."""
    world = terminal.world
    await drive(terminal, (0, 6_000, 12_000), reading_m=12_000)
    world.clock.advance(hours=4)
    await departed_trip(world)
    terminal.counts(counted_m, counted_m, from_at=world.clock() - 5 * MINUTE, until_at=world.clock())


async def test_metres_that_the_terminal_counted_between_two_uses_and_nobody_typed_are_found(terminal: Terminal) -> None:
    """Its antenna was shielded, its wire to the gearbox was not: thirty kilometres, none by dashboard or track."""
    await parked(terminal, 30_000)
    (finding,) = await found(terminal.world, "odometer-gap")
    assert (finding.use_id, finding.evidence["device_id"]) == (None, str(terminal.device_id))
    told_ = finding.evidence
    assert (told_["reading_m"], told_["track_m"], told_["terminal_m"]) == (0, 0, 30_000)
    assert await found(terminal.world, "odometer-gap") == [finding], "looked at again it is the same one"


async def test_a_count_that_went_back_while_the_vehicle_stood_is_found(terminal: Terminal) -> None:
    """Somebody set it anew in the yard."""
    await parked(terminal, -40_000)
    (finding,) = await found(terminal.world, "odometer-gap")
    assert finding.evidence["terminal_m"] == -40_000


async def test_a_terminal_that_stood_still_with_its_vehicle_is_none(terminal: Terminal) -> None:
    """And a kilometre of drift at rest neither."""
    await parked(terminal, 1_000)
    assert await found(terminal.world, "odometer-gap") == []
