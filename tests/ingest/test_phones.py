"""A phone counts only on a trip of its person; what else it sends is held aside for a day (DESIGN: privacy)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from api.db.database import Actor, UnitOfWork
from api.ingest import held
from api.ingest.devices import KnownDevice
from api.ingest.fixes import decode_fixes
from api.ingest.held import drop_held, promote_all_held
from tests.conftest import SignIn
from tests.phones import drive, enrol, rows, send
from tests.trips import approved_trip, dashboard, departed_trip, returned_trip
from tests.world import World


@pytest.fixture
async def phone(signed_in: SignIn, world: World) -> str:
    """Return the token of the officer's phone."""
    return (await enrol(signed_in, person_id=world["officer"].person_id))[1]


async def test_a_phone_without_a_trip_is_held_and_nobody_sees_it(
    world: World, anonymous: httpx.AsyncClient, phone: str
) -> None:
    """Acknowledged, told apart, repeated when repeated, and not among the positions."""
    fixes = drive(world.clock(), 2)
    assert (await send(anonymous, phone, fixes)).json() | {"faults": 0} == {
        "stored": 0,
        "repeated": 0,
        "held": 2,
        "aside": 0,
        "faults": 0,
    }
    assert (await send(anonymous, phone, fixes)).json()["repeated"] == 2
    assert await rows(world) == []
    assert len(await rows(world, "position_held")) == 2


async def test_a_phone_counts_from_the_departure_to_the_return(
    world: World, anonymous: httpx.AsyncClient, phone: str
) -> None:
    """Both ends are the trip's; a second before and a second after are the person's own."""
    await send(anonymous, phone, drive(world.clock(), 1))
    await returned_trip(world)
    back_at = world.clock()
    out_at = back_at - timedelta(hours=1)
    ends = [out_at - timedelta(seconds=1), out_at, back_at, back_at + timedelta(seconds=1)]
    answer = (await send(anonymous, phone, [drive(at, 1)[0] for at in ends])).json()
    assert (answer["stored"], answer["held"]) == (2, 2)
    assert [row.fixed_at for row in await rows(world)] == [out_at, back_at]


async def test_a_departure_is_known_at_once(world: World, anonymous: httpx.AsyncClient, phone: str) -> None:
    """The cache that said "no trip" a moment ago does not say so any more."""
    assert (await send(anonymous, phone, drive(world.clock(), 1))).json()["held"] == 1
    await departed_trip(world)
    for _ in range(100):
        if (await send(anonymous, phone, drive(world.clock.advance(seconds=1), 1))).json()["stored"]:
            break
    else:
        pytest.fail("the process never heard of the departure")


async def test_the_other_officer_s_phone_stays_private(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A trip claims the phones of those aboard, not those of the desk."""
    _, token = await enrol(signed_in, person_id=world["second_officer"].person_id)
    await departed_trip(world)
    assert (await send(anonymous, token, drive(world.clock(), 1))).json()["held"] == 1


async def test_fixes_held_before_the_departure_arrived_are_promoted_by_it(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, phone: str
) -> None:
    """The network was off at departure: its fixes came first, then the departure that claims them."""
    trip_id = await approved_trip(world)
    out_at = world.clock.advance(hours=1)
    await send(anonymous, phone, drive(out_at - timedelta(seconds=5), 4))
    world.clock.advance(minutes=20)
    driver = await signed_in("driver")
    answer = await driver.post(
        f"/v1/trips/{trip_id}/depart",
        json={
            "check": {"tyres": True, "lights": True, "fuel": True, "papers": True},
            "reading": {"odometer_m": dashboard(world).odometer_m},
            "source": "offline",
            "stated_at": out_at.isoformat(),
        },
    )
    assert answer.status_code == 200, answer.text
    counting = await rows(world)
    assert [row.fixed_at for row in counting] == [out_at + timedelta(seconds=s) for s in (0, 5, 10)]
    assert counting[0].received_at == world.clock()
    assert counting[0].attributes["held_since"].startswith(out_at.date().isoformat())
    assert len(await rows(world, "position_held")) == 1


async def test_what_slipped_between_a_departure_and_a_cache_is_found(
    signed_in: SignIn, world: World, app: Litestar
) -> None:
    """A process that had not heard of the departure held its fixes; the background round finds them, and no others."""
    device_id, _ = await enrol(signed_in, person_id=world["officer"].person_id)
    await departed_trip(world)
    unaware = KnownDevice(world.bureau_id, device_id, terminal=False)
    fixes = [*drive(world.clock() - timedelta(seconds=5), 1), *drive(world.clock(), 2)]
    sent = decode_fixes(msgspec.json.encode({"datum": "WGS-84", "fixes": fixes}))
    assert (await app.state.door.writer.put(unaware, sent)).held == 3
    assert await world.database.write(Actor(world.bureau_id), promote_all_held) == 2
    assert await world.database.write(Actor(world.bureau_id), promote_all_held) == 0
    assert (len(await rows(world)), len(await rows(world, "position_held"))) == (2, 1)


async def test_a_fix_that_comes_while_those_before_it_begin_to_count_is_not_lost(
    signed_in: SignIn, world: World, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was acknowledged: it is held on, and counts with the next round."""
    device_id, _ = await enrol(signed_in, person_id=world["officer"].person_id)
    await departed_trip(world)
    unaware = KnownDevice(world.bureau_id, device_id, terminal=False)
    sent = [decode_fixes(msgspec.json.encode({"datum": "WGS-84", "fixes": [fix]})) for fix in drive(world.clock(), 2)]
    first, second = sent
    execute, late = UnitOfWork.execute, [second]

    async def slow(uow: UnitOfWork, statement: Any, *asked: Any) -> Any:
        done = await execute(uow, statement, *asked)
        if statement is held._PROMOTE and late:
            assert (await app.state.door.writer.put(unaware, late.pop())).held == 1
        return done

    assert (await app.state.door.writer.put(unaware, first)).held == 1
    monkeypatch.setattr(UnitOfWork, "execute", slow)
    assert await world.database.write(Actor(world.bureau_id), promote_all_held) == 1
    assert (len(await rows(world)), len(await rows(world, "position_held"))) == (1, 1)
    assert await world.database.write(Actor(world.bureau_id), promote_all_held) == 1
    assert (len(await rows(world)), len(await rows(world, "position_held"))) == (2, 0)


async def test_held_fixes_are_dropped_after_a_day(world: World, anonymous: httpx.AsyncClient, phone: str) -> None:
    """Just under and exactly 24 hours they stay; a second over they are gone."""
    await send(anonymous, phone, drive(world.clock(), 2))
    for step_s, left in ((86_399, 2), (1, 2), (1, 0)):
        world.clock.advance(seconds=step_s)
        await world.database.write(Actor(world.bureau_id), drop_held)
        assert len(await rows(world, "position_held")) == left
