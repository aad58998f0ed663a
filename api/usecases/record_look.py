"""Record what an auditor looks at 查阅留痕: who looked at what, when; a fact, entered before the look is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import col, select

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.people import Look

SAME_LOOK: Final = timedelta(minutes=15)
"""Within it, the same address again is the same look: a page that is turned back to, or asks anew by itself."""


async def record_look(database: Database, auditor: Actor, route: str) -> None:
    """Record a look of an auditor at home, unless the same one was recorded a moment ago.

    Args:
        database: the pools.
        auditor: who looks, in the own bureau.
        route: what is looked at: method and address, no personal data.
    """

    async def work(uow: UnitOfWork) -> None:
        a_moment_ago = await uow.all(
            select(col(Look.look_id))
            .where(
                Look.bureau_id == uow.bureau_id,
                Look.person_id == auditor.who,
                col(Look.recorded_at) > uow.now - SAME_LOOK,
                col(Look.recorded_at) <= uow.now,  # none of a clock that was set back rightly since
                Look.route == route,
            )
            .limit(1)
        )
        if a_moment_ago:
            return
        look_id = new_id()
        entry_id = await uow.enter("look", facts={"look_id": look_id, "route": route})
        await uow.insert(
            Look(
                bureau_id=uow.bureau_id,
                look_id=look_id,
                person_id=auditor.who,
                route=route,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    await database.write(auditor, work, in_reserve=True)
