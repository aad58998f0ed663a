"""Who may do a thing, once more in the database: posts, delegations, places, accounts, devices, the directory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.complaints import SiteDecision
from api.db.tables.devices import Device
from api.db.tables.people import Delegation, Person
from api.usecases.change_account import deactivate_person
from api.usecases.enrol_device import NewDevice, enrol_device, rotate_token
from tests.db.attacks import attack
from tests.world import INSIDE, World


async def _delegate(uow: UnitOfWork, world: World, **changes: Any) -> None:
    values: dict[str, Any] = {
        "bureau_id": uow.bureau_id,
        "delegation_id": new_id(),
        "unit_id": world.desk_id,
        "from_person_id": world["custodian"].who,
        "to_person_id": world["desk_chief"].who,
        "valid_from": uow.now,
        "valid_until": uow.now + timedelta(days=1),
        "reason": "attack",
        "ends": None,
        "recorded_at": uow.now,
        "entry_id": await uow.enter("attack", facts={}),
    }
    await uow.insert(Delegation(**(values | changes)))


async def test_only_the_head_of_a_unit_delegates_and_only_to_who_is_at_work(world: World) -> None:
    """Approver not custodian: a delegation from nobody, to someone who left, or to an auditor, gives no right."""
    await world.database.write(world["custodian"], lambda uow: _delegate(uow, world))
    await deactivate_person(world.database, world["admin"], world["second_officer"].who, "离职")
    for changed in (
        {"from_person_id": world["officer"].who},
        {"to_person_id": world["second_officer"].who},
        {"to_person_id": world["auditor"].who},
    ):

        async def work(uow: UnitOfWork, changed: dict[str, UUID] = changed) -> None:
            await _delegate(uow, world, **changed)

        await attack(world, work, held="cannot-delegate")


async def test_nothing_is_delegated_for_a_time_that_is_over_or_without_an_end(world: World) -> None:
    """Approver not custodian: what was approved without a right is not made good afterwards."""
    for changed in ({"valid_from": -timedelta(hours=1)}, {"valid_until": timedelta(days=367)}):

        async def work(uow: UnitOfWork, changed: dict[str, timedelta] = changed) -> None:
            await _delegate(uow, world, **{name: uow.now + moved for name, moved in changed.items()})

        await attack(world, work, held="bad-validity")


async def test_an_end_ends_the_delegation_it_names(world: World) -> None:
    """An end of nothing is refused."""

    async def work(uow: UnitOfWork) -> None:
        await _delegate(uow, world, ends=new_id())

    await attack(world, work, held="not-found")


async def _decide(uow: UnitOfWork, ahead: timedelta = timedelta(0)) -> None:
    await uow.insert(
        SiteDecision(
            bureau_id=uow.bureau_id,
            site_decision_id=new_id(),
            name="某处",
            lat=INSIDE.lat,
            lon=INSIDE.lon,
            radius_m=500,
            inside=True,
            reason="attack",
            decided_on=(uow.now + ahead).date(),
            actor_id=uow.actor.who,
            recorded_at=uow.now,
            entry_id=await uow.enter("attack", facts={}),
        )
    )


async def test_a_place_is_decided_on_by_a_custodian_for_a_day_that_has_come(world: World) -> None:
    """Outside jurisdiction: no officer moves the line, and no decision waits for a day ahead."""
    await world.database.write(world["custodian"], _decide)
    await attack(world, _decide, "officer", held="forbidden")

    async def ahead(uow: UnitOfWork) -> None:
        await _decide(uow, timedelta(days=1))

    await attack(world, ahead, "custodian", held="act-in-future")


async def test_an_account_changes_by_a_newer_act_on_it_that_says_so(world: World) -> None:
    """An act that is none, that was before, that is another's, or that says something else."""
    officer = world["officer"].who
    async with world.database.read(world.bureau_id) as reader:
        mine, other = await reader.get(Person, officer), await reader.get(Person, world["driver"].who)
    assert mine is not None
    assert other is not None
    world.clock.advance(minutes=1)
    await deactivate_person(world.database, world["admin"], officer, "休假")
    for act_id in (new_id(), mine.act_id, other.act_id):

        async def work(uow: UnitOfWork, act_id: UUID = act_id) -> None:
            await uow.update(Person, officer, active=True, act_id=act_id)

        await attack(world, work, held="no-act")


async def test_a_device_changes_by_a_newer_act_on_it(world: World) -> None:
    """A token given by nobody's act opens nothing."""
    first = await enrol_device(world.database, world["admin"], NewDevice(name="手机", person_id=world["driver"].who))
    async with world.database.read(world.bureau_id) as reader:
        enrolled = await reader.get(Device, first.device_id)
    assert enrolled is not None
    world.clock.advance(minutes=1)
    await rotate_token(world.database, world["admin"], first.device_id)
    for act_id in (new_id(), enrolled.act_id):

        async def work(uow: UnitOfWork, act_id: UUID = act_id) -> None:
            await uow.update(Device, first.device_id, token_sha256=b"x" * 32, act_id=act_id)

        await attack(world, work, held="no-act")


async def test_the_service_lists_no_bureau(world: World) -> None:
    """P8: which bureaus there are is the owner's to say."""

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(text("INSERT INTO bureau_directory (bureau_id, name) VALUES ('999999', 'x')"))

    with pytest.raises(ProgrammingError, match="permission denied"):
        await world.database.write(world["admin"], work)
