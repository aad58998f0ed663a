"""Spoken approvals 口头批准: entered by who is on duty, confirmed in time or found."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from api.db.database import Actor
from api.usecases.qualify_person import NewShift, enter_shift
from api.usecases.spoken_approval import find_unconfirmed
from tests.conftest import SignIn, problem_code
from tests.everyday import findings_of
from tests.trips import (
    requested_trip,
)
from tests.world import HeldClock, World


async def on_duty(world: World, who: str) -> None:
    """Put a person on the roster from an hour ago for twelve hours, when roles have been held for a while."""
    world.clock.advance(minutes=30)
    shift = NewShift(
        person_id=world[who].who,
        start_at=world.clock() - timedelta(hours=1),
        end_at=world.clock() + timedelta(hours=11),
    )
    await enter_shift(world.database, world["admin"], shift)


async def spoken(world: World, client: httpx.AsyncClient, trip_id: UUID) -> httpx.Response:
    """Enter that the custodian approved by telephone ten minutes ago."""
    said = {
        "approver_id": str(world["custodian"].who),
        "spoken_at": (world.clock() - timedelta(minutes=10)).isoformat(),
    }
    return await client.post(f"/v1/trips/{trip_id}/spoken-approval", json=said)


async def test_at_night_the_officer_on_duty_enters_a_spoken_approval_and_the_custodian_confirms_it(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """With name and minute; confirmed in time, nothing is found."""
    trip_id = await requested_trip(world)
    await on_duty(world, "officer")
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    entered = await spoken(world, officer, trip_id)
    assert (entered.status_code, entered.json()["state"]) == (200, "approved"), entered.text
    assert entered.json()["spoken_entered_by"] == str(world["officer"].who)
    assert entered.json()["decisions"][-1]["source"] == "spoken"
    clock.advance(hours=20)
    custodian = await signed_in("custodian")
    confirmed = await custodian.post(f"/v1/trips/{trip_id}/confirm", json={})
    assert confirmed.json()["confirmed_at"] is not None, confirmed.text
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == 0
    assert await findings_of(world) == []


async def test_who_is_not_on_the_roster_enters_no_spoken_approval(world: World, signed_in: SignIn) -> None:
    """The duty roster decides."""
    trip_id = await requested_trip(world)
    await on_duty(world, "second_officer")
    answer = await spoken(world, await signed_in("officer"), trip_id)
    assert (answer.status_code, problem_code(answer)) == (403, "not-on-duty")


@pytest.mark.parametrize(("late_s", "found"), [(-1, 0), (0, 0), (1, 1)])
async def test_a_spoken_approval_not_confirmed_within_24_hours_is_a_finding(
    world: World, signed_in: SignIn, clock: HeldClock, late_s: int, found: int
) -> None:
    """Just under and exactly at the term nothing is found; a second later it is."""
    trip_id = await requested_trip(world)
    await on_duty(world, "officer")
    await spoken(world, await signed_in("officer"), trip_id)
    clock.advance(hours=24, minutes=-10, seconds=late_s)
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == found
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == 0
    assert [finding.kind for finding in await findings_of(world)] == ["spoken-approval-unconfirmed"] * found
