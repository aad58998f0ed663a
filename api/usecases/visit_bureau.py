"""Let an outside auditor look into another bureau under a mandate: each look is a fact there, before it is taken."""

from __future__ import annotations

from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.mandates import mandates_given_to
from api.db.scope import BUREAU_CODE
from api.db.tables.people import MandateAccess
from domain.people import NoMandate, mandate_holds
from domain.values import Role


async def visit_bureau(database: Database, visitor: Actor, bureau_id: str, route: str) -> Actor:
    """Record a look into a bureau and return who looks: an auditor there, in READ ONLY transactions.

    A bureau that does not exist, one that gave no mandate, and one whose mandate is over, ended or yet to begin are
    told apart by nothing: one query of that bureau's own rows finds none that holds.

    Args:
        database: the pools.
        visitor: the auditor as signed in at home.
        bureau_id: the bureau to look into, as the request names it.
        route: what is looked at: method and address, no personal data.

    Raises:
        NoMandate: nothing lets the visitor look now.
    """
    if Role.AUDITOR not in visitor.roles or not BUREAU_CODE.fullmatch(bureau_id):
        raise NoMandate

    async def work(uow: UnitOfWork) -> UUID | None:
        rows = await mandates_given_to(uow, visitor.bureau_id, visitor.who)
        ended = {row.ends for row in rows}
        for row in rows:
            if row.ends is None and mandate_holds(
                row.valid_from, row.valid_until, ended=row.mandate_id in ended, now=uow.now
            ):
                await _record(uow, row.mandate_id, route)
                return row.mandate_id
        return None

    mandate_id = await database.write(Actor(bureau_id, visitor.who), work, in_reserve=True)
    if mandate_id is None:
        raise NoMandate
    return Actor(
        bureau_id,
        visitor.who,
        roles=frozenset({Role.AUDITOR}),
        name=visitor.name,
        mandate_id=mandate_id,
        session_id=visitor.session_id,
    )


async def _record(uow: UnitOfWork, mandate_id: UUID, route: str) -> None:
    access_id = new_id()
    entry_id = await uow.enter(
        "mandate-access", facts={"access_id": access_id, "mandate_id": mandate_id, "route": route}
    )
    await uow.insert(
        MandateAccess(
            bureau_id=uow.bureau_id,
            access_id=access_id,
            mandate_id=mandate_id,
            route=route,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
