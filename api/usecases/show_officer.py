"""Show what an officer went along for, by the statements of the months: as they are sealed, or as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from api.db.database import Actor, Database
from api.db.queries.aboard import months_aboard
from api.db.queries.calendar import zone_of
from api.db.queries.log import hold_snapshot
from api.db.tables.bureau import Bureau
from api.db.tables.people import Person
from api.usecases.show_statement import statement_of
from domain.books.officer import officer_statement
from domain.errors import Forbidden, NotFound
from domain.months import Months
from domain.values import Role

SEE_EVERYONE: Final = frozenset({Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF})


class OnlyOneself(Forbidden):
    """An officer sees what they themselves went along for, and nobody else's."""

    code = "only-oneself"
    zh = "调解人员只能查看本人的用车情况。"


@dataclass(frozen=True, slots=True)
class OfficerShown:
    """An officer's part of months, and of which bureau they are."""

    told: dict[str, Any]
    bureau: str
    zone: str


async def show_officer(database: Database, actor: Actor, person_id: UUID, months: Months) -> OfficerShown:
    """Return what an officer went along for in these months, on whichever vehicles.

    Raises:
        NotFound: there is no such person.
        OnlyOneself: it is another, and who asks is an officer alone.
    """
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        person, bureau = await reader.get(Person, person_id), await reader.get(Bureau)
        if person is None or bureau is None:
            raise NotFound("There is no such person.", person_id=str(person_id))
        if person_id != actor.person_id and not actor.roles & SEE_EVERYONE:
            raise OnlyOneself
        from_at, *_, until_at = months.instants(await zone_of(reader))
        shown = [
            await statement_of(reader, vehicle_id, month)
            for vehicle_id, month in await months_aboard(reader, person_id, from_at, until_at)
        ]
    told = officer_statement(
        person_id, person.name, months.first, months.last, [(one.told, one.seal is not None) for one in shown]
    )
    return OfficerShown(told, bureau.name, bureau.zone)
