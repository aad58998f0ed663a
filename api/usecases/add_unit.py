"""Add a unit 单位 to the bureau."""

from __future__ import annotations

from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.bureau import Unit


async def add_unit(database: Database, actor: Actor, name: str, kind: str, once: Once | None = None) -> UUID:
    """Enter a desk, station or department and return its id."""

    async def work(uow: UnitOfWork) -> UUID:
        return await insert_unit(uow, name, kind)

    return await database.write(actor, work, once=once, answer=UUID)


async def insert_unit(uow: UnitOfWork, name: str, kind: str) -> UUID:
    """Write a unit with its ledger entry."""
    unit_id = new_id()
    entry_id = await uow.enter("unit-added", facts={"unit_id": unit_id, "name": name, "kind": kind})
    await uow.insert(
        Unit(
            bureau_id=uow.bureau_id,
            unit_id=unit_id,
            name=name,
            kind=kind,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return unit_id
