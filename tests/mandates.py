"""Mandates of outside auditors, given by their use case, and the looks taken under them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from api.db.tables.people import MandateAccess
from api.usecases.give_mandate import NewMandate, give_mandate
from tests.world import World


async def give(visited: World, home: World, *, begins: timedelta = timedelta(0), who: str = "auditor") -> UUID:
    """Give a mandate by its use case and return its id."""
    return await give_mandate(
        visited.database,
        visited["admin"],
        NewMandate(
            home_bureau_id=home.bureau_id,
            home_person_id=home[who].who,
            auditor_name="外部审计员",
            document_no="莆审〔2026〕12号",
            valid_from=visited.clock() + begins,
            valid_until=visited.clock() + timedelta(days=3),
        ),
    )


async def looks(visited: World) -> list[MandateAccess]:
    """Return every look recorded in a bureau, the oldest first."""
    async with visited.database.read(visited.bureau_id) as reader:
        return list(
            await reader.all(
                select(MandateAccess)
                .where(MandateAccess.bureau_id == visited.bureau_id)
                .order_by(MandateAccess.access_id)  # type: ignore[arg-type]
            )
        )
