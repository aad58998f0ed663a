"""The window of a trip: kept with its grace, moved in one act, and past."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.db.database import Actor
from api.usecases.expire_uses import expire_uses
from api.usecases.request_trip import request_trip
from tests.conftest import SignIn
from tests.everyday import DEPART, codes
from tests.trips import (
    approved_trip,
    new_trip,
    requested_trip,
)
from tests.world import HeldClock, World


@pytest.mark.parametrize(
    ("start_s", "reasons"),
    [
        (-1801, ["window-missed"]),
        (-1800, []),
        (-1799, []),
        (7200 + 1799, []),
        (7200 + 1800, []),
        (7200 + 1801, ["window-missed"]),
    ],
)
async def test_departure_keeps_the_window_and_its_grace(
    world: World, signed_in: SignIn, clock: HeldClock, start_s: int, reasons: list[str]
) -> None:
    """Half an hour before its beginning and after its end, to the second."""
    new = await new_trip(world)
    trip_id = await request_trip(world.database, world["dispatcher"], new)
    custodian = await signed_in("custodian")
    assert (await custodian.post(f"/v1/trips/{trip_id}/approve", json={})).status_code == 200
    clock.at = new.planned_from + timedelta(seconds=start_s)
    answer = await (await signed_in("driver")).post(f"/v1/trips/{trip_id}/depart", json=DEPART)
    assert (codes(answer) if answer.status_code != 200 else []) == reasons, answer.text


async def test_who_missed_the_window_reschedules_in_one_act_within_the_day(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The approval stands, the old window stays in view, and the car departs."""
    trip_id = await approved_trip(world)
    clock.advance(hours=4)
    driver, dispatcher = await signed_in("driver"), await signed_in("dispatcher")
    assert codes(await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)) == ["window-missed"]
    moved = await dispatcher.post(
        f"/v1/trips/{trip_id}/reschedule",
        json={
            "planned_from": clock().isoformat(),
            "planned_until": (clock() + timedelta(hours=2)).isoformat(),
            "reason": "当事人下午才到场",
        },
    )
    assert (moved.status_code, moved.json()["state"]) == (200, "approved"), moved.text
    assert (await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)).status_code == 200


async def test_to_another_day_an_approved_trip_is_moved_only_by_who_could_approve_it(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Monday's approval is not Saturday's."""
    trip_id = await approved_trip(world)
    saturday = clock() + timedelta(days=5)
    body = {
        "planned_from": saturday.isoformat(),
        "planned_until": (saturday + timedelta(hours=2)).isoformat(),
        "reason": "改期",
    }
    dispatcher, custodian = await signed_in("dispatcher"), await signed_in("custodian")
    refused = await dispatcher.post(f"/v1/trips/{trip_id}/reschedule", json=body)
    assert codes(refused) == ["self-approval", "approver-not-custodian"]
    assert (await custodian.post(f"/v1/trips/{trip_id}/reschedule", json=body)).status_code == 200


async def test_a_request_whose_window_passed_expires_and_an_approved_trip_a_day_later(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Word of a departure made without a network may still come within the day."""
    wanted, approved = await requested_trip(world), await approved_trip(world)
    clock.advance(hours=3, seconds=1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 1
    clock.advance(hours=24, minutes=30, seconds=-1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 0
    clock.advance(seconds=1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 1
    auditor = await signed_in("auditor")
    for trip_id in (wanted, approved):
        assert (await auditor.get(f"/v1/trips/{trip_id}")).json()["state"] == "expired"
