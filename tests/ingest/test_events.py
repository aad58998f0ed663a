"""What a device tells beside fixes: a terminal's alarms and mileage stay, a phone's only of its person's trips."""

from __future__ import annotations

from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy import text

from api.ingest.fixes import Event, Mileage, Received
from domain.values import Datum
from tests.conftest import SignIn
from tests.phones import enrol
from tests.world import World


async def told(app: Litestar, token: str, *events: Event, mileages: list[Mileage] | None = None) -> None:
    """Hand the writer what a message without a fix brought."""
    device = await app.state.door.device(token)
    received = Received(datum=Datum.WGS84, fixes=[], indexes=[], events=list(events), mileages=mileages or [])
    await app.state.door.writer.put(device, received)


async def kept(world: World, table: str) -> list[dict[str, object]]:
    """Return what a table holds of the bureau."""
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.execute(text(f"SELECT * FROM {table} WHERE bureau_id = :b"), {"b": world.bureau_id})
        return [dict(row._mapping) for row in rows]


async def test_a_terminal_s_alarm_and_mileage_are_kept_once_however_often_they_come(
    app: Litestar, signed_in: SignIn, world: World
) -> None:
    """P7: an alarm sent again is the same alarm, and a count of metres read again the same reading."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    cut = Event(kind="power-cut", at=world.clock(), detail={"volts": 0.0})
    read = Mileage(at=world.clock(), odometer_m=12_345_600)
    for _ in range(2):
        await told(app, token, cut, mileages=[read])
    (event,) = await kept(world, "device_event")
    assert (event["kind"], event["at"], event["detail"]) == ("power-cut", cut.at, {"volts": 0.0})
    (reading,) = await kept(world, "terminal_reading")
    assert (reading["odometer_m"], reading["read_at"]) == (12_345_600, read.at)
    assert await kept(world, "position") == []


async def test_what_a_phone_tells_outside_its_person_s_trips_is_not_kept(
    app: Litestar, signed_in: SignIn, world: World
) -> None:
    """Privacy: when someone came home or charged the phone is nobody's business, and no reading of a vehicle."""
    _, token = await enrol(signed_in, person_id=world["driver"].person_id)
    at = world.clock()
    await told(app, token, Event(kind="transition", at=at), mileages=[Mileage(at=at, odometer_m=1)])
    assert await kept(world, "device_event") == await kept(world, "terminal_reading") == []


@pytest.mark.parametrize("detail", [{"text": "\0" * 9}, {f"key {n}": "长" * 40 for n in range(100)}])
async def test_an_event_too_long_or_with_a_nul_says_what_it_can(
    app: Litestar, signed_in: SignIn, world: World, detail: dict[str, object]
) -> None:
    """No alarm is lost for what its sender added to it."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    await told(app, token, Event(kind="sos", at=world.clock() - timedelta(minutes=1), detail=detail))  # type: ignore[arg-type]
    (event,) = await kept(world, "device_event")
    assert event["kind"] == "sos"
