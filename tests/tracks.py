"""Vehicles on the road and what their devices told, written as rows: for tests of what reads tracks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, text

from api.db.database import UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.tables.devices import Device, DeviceAct
from api.db.tables.positions import Position
from api.db.tables.uses import Decision, UpkeepOrder, VehicleUse
from domain.values import Point
from tests.world import World


async def enrolled(world: World, *, of_person: str | None = None) -> UUID:
    """Enrol a phone of a person of the world, or a terminal of its vehicle, and return the device's id."""
    device_id, act_id = new_id(), new_id()

    async def work(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("device-enrolled", facts={"device_id": device_id})
        await uow.insert(
            Device(
                bureau_id=world.bureau_id,
                device_id=device_id,
                name="a device",
                person_id=world[of_person].person_id if of_person else None,
                vehicle_id=None if of_person else world.vehicle_id,
                token_sha256=secrets.token_bytes(32),
                act_id=act_id,
            ),
            DeviceAct(
                bureau_id=world.bureau_id,
                act_id=act_id,
                device_id=device_id,
                verb="enrol",
                detail={},
                actor_id=world["admin"].person_id,
                recorded_at=uow.now,
                entry_id=entry_id,
            ),
        )

    await world.database.write(world["admin"], work)
    return device_id


async def driven(world: World, from_at: datetime, until_at: datetime | None = None) -> UUID:
    """Take the vehicle out for upkeep and, if it is told when, bring it back; return the use's id."""
    use_id = new_id()

    async def order(uow: UnitOfWork) -> None:
        ordered = await _decide(uow, use_id, "order", "approved", uow.now)
        await uow.insert(
            VehicleUse(
                bureau_id=world.bureau_id,
                use_id=use_id,
                vehicle_id=world.vehicle_id,
                kind="upkeep",
                state="approved",
                planned_from=from_at,
                planned_until=from_at + timedelta(hours=2),
                grace_s=1_800,
                decision_id=ordered.decision_id,
                created_at=uow.now,
            ),
            UpkeepOrder(
                bureau_id=world.bureau_id,
                use_id=use_id,
                requester_id=world["dispatcher"].who,
                driver_id=world["driver"].who,
                upkeep="fuel",
                place="加油站",
                place_id=None,
                place_reason="定点单位停业",
                reason="加油",
                after_use_id=None,
            ),
            ordered,
        )

    async def depart(uow: UnitOfWork) -> None:
        left = await _decide(uow, use_id, "depart", "departed", from_at)
        await uow.insert(left)
        await uow.update(VehicleUse, use_id, state="departed", actual_from=from_at, decision_id=left.decision_id)

    async def come_back(uow: UnitOfWork) -> None:
        assert until_at is not None
        back = await _decide(uow, use_id, "return", "returned", until_at)
        await uow.insert(back)
        await uow.update(VehicleUse, use_id, state="returned", actual_until=until_at, decision_id=back.decision_id)

    await world.database.write(world["dispatcher"], order)
    await world.database.write(world["driver"], depart)
    if until_at is not None:
        await world.database.write(world["driver"], come_back)
    return use_id


async def told(
    world: World, device_id: UUID, fixes: Iterable[tuple[datetime, Point]], *, late: timedelta = timedelta(0)
) -> None:
    """Store fixes of a device as if they had been received, when they were made or so much later."""
    rows = [
        {
            "bureau_id": world.bureau_id,
            "device_id": device_id,
            "fixed_at": at,
            "lat_e7": degrees_e7(place.lat),
            "lon_e7": degrees_e7(place.lon),
            "source_seq": -1,
            "received_at": at + late,
            "datum": "WGS-84",
            "raw_lat": place.lat,
            "raw_lon": place.lon,
            "fixed": True,
            "mock": False,
            "request_no": 0,
        }
        for at, place in fixes
    ]

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(insert(Position), rows)

    months = sorted({row["fixed_at"].replace(day=1).date() for row in rows})
    async with world.database.engine.begin() as connection:
        for month in months:
            await connection.execute(text("SET LOCAL lock_timeout = '60s'"))  # a test beside may copy or migrate all
            await connection.execute(text("SELECT make_position_partition(:month)"), {"month": month})
    await world.database.write(world["admin"], work)


async def _decide(uow: UnitOfWork, use_id: UUID, verb: str, to_state: str, stated_at: datetime) -> Decision:
    entry_id = await uow.enter(f"upkeep-{to_state}", facts={"use_id": use_id})
    return Decision(
        bureau_id=uow.bureau_id,
        decision_id=new_id(),
        use_id=use_id,
        verb=verb,
        to_state=to_state,
        outcome="done",
        complaint_ids=[],
        marks=[],
        facts={},
        source="online",
        stated_at=stated_at,
        actor_id=uow.actor.person_id,
        recorded_at=uow.now,
        entry_id=entry_id,
    )
