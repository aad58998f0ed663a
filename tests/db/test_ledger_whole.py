"""The check that closes every run: no fact without a ledger entry, no entry without a fact."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from api.db.database import Actor, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.bureau import SettingChange, Unit
from tests.conftest import Server
from tests.ledger import entries_without_fact, facts_without_entry, forged
from tests.trips import closed_trip
from tests.world import World

pytestmark = pytest.mark.one_server


def told_of(server: Server, world: World) -> list[str]:
    """Return what the check says of the world's bureau."""
    with psycopg.connect(server.superuser) as connection:
        found = [*facts_without_entry(connection), *entries_without_fact(connection)]
    return [what for bureau_id, what in found if bureau_id == world.bureau_id]


async def an_old_entry(uow: UnitOfWork) -> UUID:
    """Return an entry that was made for something else."""
    found = await uow.execute(text("SELECT entry_id FROM unit WHERE bureau_id = :b LIMIT 1"), {"b": uow.bureau_id})
    entry_id: UUID = found.scalar_one()
    return entry_id


def a_unit(uow: UnitOfWork, entry_id: UUID) -> Unit:
    """Return a new unit as a use case writes it."""
    return Unit(
        bureau_id=uow.bureau_id, unit_id=new_id(), name="所", kind="station", recorded_at=uow.now, entry_id=entry_id
    )


def a_setting(uow: UnitOfWork, entry_id: UUID) -> SettingChange:
    """Return a new threshold as a use case writes it."""
    return SettingChange(
        bureau_id=uow.bureau_id,
        change_id=new_id(),
        name="note_near_m",
        old_value={"value": 200},
        new_value={"value": 300},
        reason="x",
        actor_id=None,
        recorded_at=uow.now,
        entry_id=entry_id,
    )


async def test_a_trip_from_complaint_to_close_leaves_nothing_without_its_other_half(
    server: Server, world: World
) -> None:
    """What use cases do matches both ways; the same is asked of all bureaus when the run ends."""
    await closed_trip(world)
    assert told_of(server, world) == []


async def test_a_use_case_that_forgets_its_entry_is_found(server: Server, world: World) -> None:
    """A fact may not lean on an entry made earlier for something else, for want of one of its own."""
    forged(world)

    async def forgetful(uow: UnitOfWork) -> None:
        await uow.insert(a_unit(uow, await an_old_entry(uow)), a_setting(uow, await an_old_entry(uow)))

    await world.database.write(Actor(world.bureau_id), forgetful)
    assert sorted(told_of(server, world)) == [
        "1 of setting_change without an entry in their transaction",
        "1 of unit without an entry in their transaction",
    ]


async def test_a_second_fact_under_no_entry_of_its_transaction_is_found(server: Server, world: World) -> None:
    """That something was entered does not cover what names an entry of another day."""
    forged(world)

    async def half(uow: UnitOfWork) -> None:
        unit = a_unit(uow, await uow.enter("unit-added", facts={"name": "所"}))
        await uow.insert(unit, a_setting(uow, await an_old_entry(uow)))

    await world.database.write(Actor(world.bureau_id), half)
    assert told_of(server, world) == ["1 of setting_change without an entry in their transaction"]


async def test_an_entry_for_nothing_is_found(server: Server, world: World) -> None:
    """Whoever enters what they do not write makes the ledger say more than happened."""
    forged(world)

    async def boastful(uow: UnitOfWork) -> None:
        await uow.enter("trip-depart", facts={"use_id": new_id()})

    await world.database.write(Actor(world.bureau_id), boastful)
    assert told_of(server, world) == ["1 entries trip-depart without a fact"]
