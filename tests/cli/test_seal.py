"""`zhuanche seal`: what is due is sealed in order, once, and each line tells the statement's digest."""

from __future__ import annotations

from datetime import UTC, date, datetime

from api.cli.seal import seal_due
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.show_statement import show_statement
from tests.trips import START_M, closed_trip
from tests.world import World, add_vehicle


async def test_the_command_seals_every_month_of_every_vehicle_that_is_due_once(world: World) -> None:
    """A vehicle that was never read has nothing to seal; the second run says so of all."""
    await closed_trip(world)
    other = await add_vehicle(world, "闽B00001")
    await add_vehicle(world, "闽B00002")
    first = NewReading(vehicle_id=other, odometer_m=START_M, read_at=world.clock(), occasion="handover")
    await record_reading(world.database, world["driver"], first)
    world.clock.at = datetime(2027, 1, 3, tzinfo=UTC)
    december = date(2026, 12, 1)
    one = await seal_due(world.database, world.bureau_id, december, "闽B00001")
    assert [line.split()[:3] for line in one] == [
        ["闽B00001", "2026-11", "sealed,"],
        ["闽B00001", "2026-12", "sealed,"],
    ]
    rest = await seal_due(world.database, world.bureau_id, december, None)
    assert [line.split()[:2] for line in rest] == [["闽B12315", "2026-11"], ["闽B12315", "2026-12"]]
    shown = await show_statement(world.database, world["auditor"], world.vehicle_id, december)
    assert shown.sha256 in rest[1]
    assert shown.told["sealed"]["by"].endswith(", zhuanche seal")
    assert await seal_due(world.database, world.bureau_id, december, None) == ["Nothing is due to be sealed."]
