"""Part of a transaction is undone by itself, and nobody is told of what was undone."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select

from api.db.attempt import Attempt
from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.bureau import Unit
from domain.errors import DomainError, NotFound
from tests.world import World


async def enter_unit(uow: UnitOfWork, name: str) -> UUID:
    """Write a unit with an entry that open pages would hear of, and return its id."""
    unit_id = new_id()
    entry_id = await uow.enter("job-added", facts={"job_id": unit_id})
    row = Unit(
        bureau_id=uow.bureau_id, unit_id=unit_id, name=name, kind="station", recorded_at=uow.now, entry_id=entry_id
    )
    await uow.insert(row)
    return unit_id


async def test_what_was_undone_is_neither_there_nor_told(world: World) -> None:
    """By hand or by a fault of the domain; what was written before, after and inside the others stays."""

    async def work(uow: UnitOfWork) -> set[str]:
        kept = {str(await enter_unit(uow, "之前"))}
        async with Attempt(uow) as tried:
            await enter_unit(uow, "撤销")
            await tried.undo()
        try:
            async with Attempt(uow):
                async with Attempt(uow) as inner:
                    await enter_unit(uow, "里层撤销")
                    await inner.undo()
                await enter_unit(uow, "外层撤销")
                raise NotFound
        except DomainError:
            kept.add(str(await enter_unit(uow, "之后")))
        async with Attempt(uow):
            kept.add(str(await enter_unit(uow, "保留")))
        assert uow.happened.jobs == kept
        return kept

    kept = await world.database.write(world["admin"], work)
    async with world.database.read(world.bureau_id) as reader:
        there = await reader.all(select(Unit.unit_id).where(Unit.bureau_id == world.bureau_id, Unit.kind == "station"))
    assert {str(one) for one in there} == kept
