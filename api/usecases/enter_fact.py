"""Enter a fact whose row and ledger entry hold the same: a paper, a licence, a sitting, a shift, an order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api.db.database import UnitOfWork


async def enter_fact(
    uow: UnitOfWork,
    kind: str,
    table: type[SQLModel],
    columns: dict[str, Any],
    *,
    personal: Iterable[str] = (),
    previous: UUID | None = None,
    revision: int = 1,
) -> None:
    """Write the ledger entry of a fact and its row, who entered it and when.

    Args:
        uow: the unit of work.
        kind: of the entry.
        table: of the row.
        columns: what both hold.
        personal: the columns that say something of a person; the entry holds them apart, so that they can be erased.
        previous: the entry of the fact that this one amends.
        revision: the how many-th this one is then.
    """
    person = {name: columns[name] for name in personal}
    facts = {name: value for name, value in columns.items() if name not in person}
    entry_id = await uow.enter(kind, facts=facts, person=person or None, previous=previous, revision=revision)
    of_fact = {"bureau_id": uow.bureau_id, "actor_id": uow.actor.who, "recorded_at": uow.now, "entry_id": entry_id}
    await uow.insert(table(**columns, **of_fact))
