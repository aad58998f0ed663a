"""`zhuanche seal`: what is due is sealed in order, once, and each line tells the statement's digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api.cli.seal import seal_due
from api.db.database import Actor, Database
from api.db.faults import HeldByDatabase
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.seal_month import SealedMonth, seal_month
from api.usecases.show_statement import show_statement
from domain.errors import NotFound
from tests.trips import START_M, closed_trip
from tests.world import World, add_vehicle


async def lines(world: World, last: date, plate: str | None = None, told: list[str] | None = None) -> list[str]:
    """Return what the command says."""
    said = [] if told is None else told
    async for line in seal_due(world.database, world.bureau_id, last, plate):
        said.append(line)
    return said


async def test_the_command_seals_every_month_of_every_vehicle_that_is_due_once(world: World) -> None:
    """A vehicle that was never read has nothing to seal; the second run says so of all."""
    await closed_trip(world)
    other = await add_vehicle(world, "闽B00001")
    await add_vehicle(world, "闽B00002")
    first = NewReading(vehicle_id=other, odometer_m=START_M, read_at=world.clock(), occasion="handover")
    await record_reading(world.database, world["driver"], first)
    world.clock.at = datetime(2027, 1, 3, tzinfo=UTC)
    december = date(2026, 12, 1)
    looked = [line async for line in seal_due(world.database, world.bureau_id, december, "闽B00001", dry=True)]
    assert looked == ["闽B00001 2026-11 is due", "闽B00001 2026-12 is due"]
    one = await lines(world, december, "闽B00001")
    assert [line.split()[:3] for line in one] == [
        ["闽B00001", "2026-11", "sealed,"],
        ["闽B00001", "2026-12", "sealed,"],
    ]
    rest = await lines(world, december)
    assert [line.split()[:2] for line in rest] == [["闽B12315", "2026-11"], ["闽B12315", "2026-12"]]
    shown = await show_statement(world.database, world["auditor"], world.vehicle_id, december)
    assert shown.sha256 in rest[1]
    assert shown.told["sealed"]["by"].endswith(", zhuanche seal")
    assert await lines(world, december) == ["Nothing is due to be sealed."]


async def test_a_vehicle_whose_month_cannot_be_sealed_keeps_no_other_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator reads which were sealed and which was not, and the command fails."""
    await closed_trip(world)
    other = await add_vehicle(world, "闽A00001")
    first = NewReading(vehicle_id=other, odometer_m=START_M, read_at=world.clock(), occasion="handover")
    await record_reading(world.database, world["driver"], first)
    world.clock.at = datetime(2027, 1, 3, tzinfo=UTC)

    async def sealed(database: Database, actor: Actor, vehicle_id: UUID, month: date) -> SealedMonth:
        if vehicle_id == other:
            raise HeldByDatabase(detail="zhuanche:books-do-not-balance")
        return await seal_month(database, actor, vehicle_id, month)

    monkeypatch.setattr("api.cli.seal.seal_month", sealed)
    told: list[str] = []
    with pytest.raises(HeldByDatabase):
        await lines(world, date(2026, 12, 1), told=told)
    assert [line.split()[:3] for line in told] == [
        ["闽A00001", "2026-11", "not"],
        ["闽B12315", "2026-11", "sealed,"],
        ["闽B12315", "2026-12", "sealed,"],
    ]


async def test_a_bureau_or_a_plate_typed_wrong_is_not_said_to_have_nothing_due(world: World) -> None:
    """Who mistypes is told, and does not go home."""
    with pytest.raises(NotFound):
        await lines(world, date(2026, 12, 1), "闽B1231S")
    with pytest.raises(NotFound):
        await lines(replace(world, bureau_id="999999"), date(2026, 12, 1))
