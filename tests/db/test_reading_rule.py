"""The rule of readings once more in the database: direct SQL as the service, races, and agreement with the domain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.queries.readings import as_reading
from api.db.tables.vehicles import Reading as Row
from api.usecases.record_reading import (
    NewCorrection,
    NewOdometer,
    NewReading,
    correct_reading,
    record_reading,
    replace_odometer,
)
from domain.books.readings import Obtained, Reading, ReadingBelowPredecessor, check_reading, in_force
from domain.errors import DomainError
from tests.world import World


def row(world: World, odometer_m: int, **other: Any) -> Row:
    """Return a reading's row, exact to the metre, taken now."""
    values = {
        "bureau_id": world.bureau_id,
        "reading_id": new_id(),
        "vehicle_id": world.vehicle_id,
        "segment": 0,
        "odometer_m": odometer_m,
        "resolution_m": 1,
        "obtained": "typed",
        "occasion": "spot",
        "read_at": world.clock(),
        "actor_id": world["driver"].who,
        "recorded_at": world.clock(),
    }
    return Row(**(values | other))


async def write_by_sql(world: World, *rows: Row) -> None:
    """Insert rows as someone would who goes round the use case, with a ledger entry and nothing else."""

    async def work(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("reading-entered", facts={})
        for one in rows:
            one.entry_id = entry_id
        await uow.insert(*rows)

    await world.database.write(world["driver"], work)


@contextmanager
def held_as(code: str) -> Iterator[None]:
    """Expect the database to refuse with that code."""
    with pytest.raises(HeldByDatabase) as told:
        yield
    assert f"zhuanche:{code}" in told.value.detail["detail"]


@pytest.mark.parametrize(("odometer_m", "held"), [(49_999, True), (50_000, False), (50_001, False)])
async def test_sql_cannot_turn_an_odometer_back(world: World, odometer_m: int, *, held: bool) -> None:
    """A metre below the reading before is held by the database itself."""
    await write_by_sql(world, row(world, 50_000))
    world.clock.advance(minutes=1)
    if held:
        with held_as("reading-below-predecessor"):
            await write_by_sql(world, row(world, odometer_m))
    else:
        await write_by_sql(world, row(world, odometer_m))


async def test_sql_cannot_slip_a_higher_reading_in_before(world: World) -> None:
    """What was read later bounds what is entered for earlier."""
    await write_by_sql(world, row(world, 50_000))
    with held_as("reading-above-successor"):
        await write_by_sql(world, row(world, 50_001, read_at=world.clock() - timedelta(hours=1)))


async def test_sql_cannot_hide_a_step_back_behind_a_coarse_reading(world: World) -> None:
    """Every earlier reading counts, not only the neighbour."""
    await write_by_sql(world, row(world, 50_600))
    world.clock.advance(minutes=1)
    await write_by_sql(world, row(world, 50_000, resolution_m=1000))
    world.clock.advance(minutes=1)
    with held_as("reading-below-predecessor"):
        await write_by_sql(world, row(world, 50_100))


async def test_sql_cannot_begin_an_odometer_without_an_act(world: World) -> None:
    """A reading of a segment that no replacement began is held, and a replacement before later readings too."""
    await write_by_sql(world, row(world, 50_000))
    with held_as("segment-not-begun"):
        await write_by_sql(world, row(world, 5, segment=1))
    earlier = world.clock() - timedelta(hours=1)
    with held_as("bad-odometer-replacement"):
        await write_by_sql(world, row(world, 5, segment=1, occasion="new-odometer", reason="x", read_at=earlier))
    with held_as("bad-odometer-replacement"):
        await write_by_sql(world, row(world, 5, segment=2, occasion="new-odometer", reason="x"))
    with pytest.raises(DBAPIError, match="ck_reading_reason"):
        await write_by_sql(world, row(world, 5, segment=1, occasion="new-odometer", reason=" "))


async def test_sql_cannot_correct_what_stands_elsewhere(world: World) -> None:
    """A correction has the time, use and segment of the wrong one; it may not move it, nor correct in a circle."""
    wrong = row(world, 50_000)
    await write_by_sql(world, wrong)
    world.clock.advance(minutes=1)
    moved = row(world, 40_000, occasion="correction", corrects=wrong.reading_id, reason="x")
    with held_as("correction-unfounded"):
        await write_by_sql(world, moved)
    one_id, other_id = new_id(), new_id()
    one = row(world, 60_000, reading_id=one_id, occasion="correction", corrects=other_id, reason="x")
    other = row(world, 60_000, reading_id=other_id, occasion="correction", corrects=one_id, reason="x")

    async def circle(uow: UnitOfWork) -> None:
        one.entry_id = other.entry_id = await uow.enter("reading-entered", facts={})
        await uow.execute(
            Row.__table__.insert().values([one.model_dump(), other.model_dump()])  # type: ignore[attr-defined]
        )

    with held_as("correction-unfounded"):
        await world.database.write(world["driver"], circle)


async def test_sql_puts_no_figure_of_the_driver_s_in_the_place_of_what_an_auditor_read(world: World) -> None:
    """The auditor's spot reading is what ends a run of low ones; by typing over it, the run would go on."""
    seen = NewReading(vehicle_id=world.vehicle_id, odometer_m=50_000, read_at=world.clock(), occasion="spot")
    read_id = await record_reading(world.database, world["auditor"], replace(seen, obtained=Obtained.THIRD_PARTY))
    at = world.clock()
    world.clock.advance(minutes=1)
    instead = row(world, 40_000, occasion="correction", corrects=read_id, reason="看错", read_at=at)
    with held_as("read-by-auditor"):
        await write_by_sql(world, instead)


async def test_two_corrections_of_one_reading_cannot_both_stand(world: World) -> None:
    """The second is a breach of a unique key."""
    wrong = row(world, 50_000)
    await write_by_sql(world, wrong)
    at = wrong.read_at
    for_it = {"occasion": "correction", "corrects": wrong.reading_id, "reason": "x", "read_at": at}
    await write_by_sql(world, row(world, 40_000, **for_it))
    with pytest.raises(HeldByDatabase) as told:
        await write_by_sql(world, row(world, 41_000, **for_it))
    assert "uq_reading_bureau_id_corrects" in told.value.detail["detail"]


async def test_a_snapshot_does_not_blind_the_rule(world: World) -> None:
    """A transaction that would judge by an old snapshot is refused."""
    await write_by_sql(world, row(world, 50_000))

    async def work(uow: UnitOfWork) -> None:
        one = row(world, 50_001)
        one.entry_id = await uow.enter("reading-entered", facts={})
        await uow.insert(one)

    blind = copy(world.database)
    blind.engine = blind.engine.execution_options(isolation_level="REPEATABLE READ")
    with held_as("bad-reading"):
        await blind.write(world["driver"], work)


async def test_two_readings_at_once_are_judged_one_after_the_other(world: World) -> None:
    """Of a high and a low reading of the same minute sent together, the second to come knows of the first."""
    for step in range(10):
        world.clock.advance(hours=1)
        base_m = 1_000_000 * (step + 1)
        at = world.clock()
        sent = [
            NewReading(
                vehicle_id=world.vehicle_id, odometer_m=base_m + km * 1000, read_at=at, occasion="spot", resolution_m=1
            )
            for km in range(8)
        ]
        told = await asyncio.gather(
            *(record_reading(world.database, world["driver"], one) for one in sent), return_exceptions=True
        )
        assert any(isinstance(one, UUID) for one in told)
        assert all(isinstance(one, (UUID, ReadingBelowPredecessor)) for one in told), told
        async with world.database.read(world.bureau_id) as reader:
            rows = await reader.execute(
                text(
                    "SELECT odometer_m FROM reading WHERE bureau_id = :bureau_id AND read_at = :at"
                    " ORDER BY recorded_at, reading_id"
                ),
                {"bureau_id": world.bureau_id, "at": at},
            )
            metres = list(rows.scalars())
        assert len(metres) == sum(isinstance(one, UUID) for one in told)


@pytest.mark.parametrize("seed", range(4))
async def test_domain_and_database_judge_alike(world: World, seed: int) -> None:
    """The domain over all readings, the use case over the few it loads, and the trigger give the same answer."""
    random = Random(seed)  # noqa: S311 - a repeatable draw, no secret
    began_at = world.clock()
    world.clock.advance(days=2)
    book: list[Reading] = []
    agreed = {True: 0, False: 0}
    for _ in range(60):
        candidate = row(
            world,
            random.randrange(0, 40) * 500,
            resolution_m=random.choice([1, 500, 1000]),
            read_at=began_at + timedelta(minutes=random.randrange(0, 25)),
        )
        standing = in_force(book)
        if standing and random.random() < 0.3:
            wrong = random.choice(standing)
            candidate.corrects, candidate.reason, candidate.occasion = wrong.reading_id, "x", "correction"
            candidate.read_at = wrong.read_at
        facts = _facts(candidate)
        fits = _accepts(facts, book)
        recorded: UUID | None = None
        if random.random() < 0.5:
            try:
                await write_by_sql(world, candidate)
                recorded = candidate.reading_id
            except HeldByDatabase:
                recorded = None
        else:
            recorded = await _by_use_case(world, facts)
        assert (recorded is not None) == fits, (facts, book)
        agreed[fits] += 1
        if recorded is not None:
            book.append(_facts(candidate, recorded))
    assert min(agreed.values()) > 5


def _facts(candidate: Row, reading_id: UUID | None = None) -> Reading:
    candidate.reading_id = reading_id or candidate.reading_id
    return as_reading(candidate)


def _accepts(reading: Reading, book: list[Reading]) -> bool:
    try:
        check_reading(reading, book)
    except DomainError:
        return False
    return True


async def _by_use_case(world: World, facts: Reading) -> UUID | None:
    try:
        if facts.corrects is not None:
            correction = NewCorrection(
                corrects=facts.corrects, odometer_m=facts.odometer_m, reason="x", resolution_m=facts.resolution_m
            )
            return await correct_reading(world.database, world["driver"], correction)
        return await record_reading(
            world.database,
            world["driver"],
            NewReading(
                vehicle_id=world.vehicle_id,
                odometer_m=facts.odometer_m,
                read_at=facts.read_at,
                occasion="spot",
                resolution_m=facts.resolution_m,
            ),
        )
    except HeldByDatabase:
        raise  # the use case must know before the database does
    except DomainError:
        return None


async def test_an_unreadable_old_odometer_is_replaced_all_the_same(world: World) -> None:
    """A dead dashboard shows nothing: the new one's first reading stands alone."""
    await write_by_sql(world, row(world, 50_000))
    world.clock.advance(days=1)
    await replace_odometer(
        world.database,
        world["desk_chief"],
        NewOdometer(vehicle_id=world.vehicle_id, replaced_at=world.clock(), old_m=None, new_m=0, reason="仪表无显示"),
    )
    world.clock.advance(hours=1)
    await record_reading(
        world.database,
        world["driver"],
        NewReading(vehicle_id=world.vehicle_id, odometer_m=3000, read_at=world.clock(), occasion="spot"),
    )
    with pytest.raises(DomainError):
        await record_reading(
            world.database,
            world["driver"],
            NewReading(vehicle_id=uuid4(), odometer_m=1, read_at=world.clock(), occasion="spot"),
        )
