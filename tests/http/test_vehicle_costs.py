"""What a vehicle costs, over HTTP: entered with its trip, corrected and never changed, and its account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import SignIn, problem_code
from tests.trips import START_M, approved_trip, closed_trip
from tests.world import World, add_vehicle


def toll(world: World, **other: Any) -> dict[str, Any]:
    """Return the body of a toll just paid."""
    return {"kind": "toll", "amount_fen": 1_500, "incurred_at": world.clock().isoformat()} | other


async def test_a_toll_comes_with_its_trip_and_stays_beside_its_correction(world: World, signed_in: SignIn) -> None:
    """The driver enters it, the dispatcher corrects it, and the account has the corrected one."""
    trip_id = str(await closed_trip(world))
    driver, dispatcher = await signed_in("driver"), await signed_in("dispatcher")
    path = f"/v1/vehicles/{world.vehicle_id}"
    at = (world.clock() - timedelta(minutes=10)).isoformat()
    entered = await driver.post(f"{path}/costs", json=toll(world, use_id=trip_id, incurred_at=at))
    assert entered.status_code == 201, entered.text
    wrong = {"kind": "toll", "amount_fen": 1_800, "reason": "看错票面"}
    correct = f"/v1/vehicle-costs/{entered.json()['id']}/corrections"
    assert problem_code(await driver.post(correct, json=wrong)) == "forbidden"
    assert (await dispatcher.post(correct, json=wrong)).status_code == 201
    assert problem_code(await dispatcher.post(correct, json=wrong)) == "cost-corrected-already"
    listed = (await dispatcher.get(f"{path}/costs", params={"use_id": trip_id})).json()["items"]
    assert sorted(one["amount_fen"] for one in listed) == [1_500, 1_800]
    assert sum(one["corrected_by"] is not None for one in listed) == 1
    account = (await dispatcher.get(f"{path}/account", params={"month": "2026-11"})).json()
    assert (account["total_fen"], account["fen_by_kind"], account["driven_m"]) == (1_800, {"toll": 1_800}, 12_000)
    assert account["fen_per_100_km"] == 15_000
    auditor = await signed_in("auditor")
    log = (await auditor.get(f"{path}/log", params={"month": "2026-11"})).json()
    assert [row.get("cost_fen") for row in log["months"][0]["rows"]] == [1_800]
    assert log["totals"]["cost_fen"] == 1_800


async def test_a_cost_that_never_was_is_corrected_to_nothing(world: World, signed_in: SignIn) -> None:
    """It stays on the list, and counts for nothing."""
    dispatcher = await signed_in("dispatcher")
    path = f"/v1/vehicles/{world.vehicle_id}"
    cost_id = (await dispatcher.post(f"{path}/costs", json=toll(world))).json()["id"]
    nothing = {"kind": "toll", "amount_fen": 0, "reason": "重复登记"}
    assert (await dispatcher.post(f"/v1/vehicle-costs/{cost_id}/corrections", json=nothing)).status_code == 201
    account = (await dispatcher.get(f"{path}/account", params={"year": 2026})).json()
    assert (account["total_fen"], account["fen_per_100_km"], account["fuel"]) == (0, None, None)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount_fen": 0}, "bad-cost"),
        ({"fuel_ml": 40_000}, "bad-cost"),
        ({"kind": "fuel"}, "bad-cost"),
        ({"kind": "fuel", "fuel_ml": 40_000}, "bad-cost"),
        ({"incurred_at": "2026-11-23T10:00:00+08:00"}, "cost-time-impossible"),
        ({"incurred_at": "1999-12-31T10:00:00+08:00"}, "cost-time-impossible"),
        ({"use_id": str(uuid4())}, "not-found"),
        ({"odometer_m": 0, "kind": "parking", "incurred_at": "2026-11-23T08:00:00+08:00"}, None),
    ],
)
async def test_what_cannot_be_a_cost_is_a_problem_with_its_code(
    world: World, signed_in: SignIn, wrong: dict[str, Any], code: str | None
) -> None:
    """Nothing for nothing, litres of a toll, fuel without litres or odometer, a time to come, a use of nobody."""
    dispatcher = await signed_in("dispatcher")
    answer = await dispatcher.post(f"/v1/vehicles/{world.vehicle_id}/costs", json=toll(world) | wrong)
    if code is None:
        assert answer.status_code == 201, answer.text
    else:
        assert problem_code(answer) == code


async def test_a_cost_of_a_use_is_of_its_vehicle_and_its_time(world: World, signed_in: SignIn) -> None:
    """Another vehicle's trip is not found; a trip that has not departed, or was over, cost nothing then."""
    dispatcher, other = await signed_in("dispatcher"), await add_vehicle(world, "闽B66666")
    trip_id = str(await closed_trip(world))
    theirs = await dispatcher.post(f"/v1/vehicles/{other}/costs", json=toll(world, use_id=trip_id))
    assert problem_code(theirs) == "not-found"
    world.clock.advance(seconds=1)
    path = f"/v1/vehicles/{world.vehicle_id}/costs"
    late = await dispatcher.post(path, json=toll(world, use_id=trip_id))
    assert problem_code(late) == "cost-time-impossible"
    waiting = str(await approved_trip(world))
    early = await dispatcher.post(path, json=toll(world, use_id=waiting))
    assert problem_code(early) == "cost-time-impossible"


async def test_the_account_tells_what_the_vehicle_burns_and_which_refill_stands_out(
    world: World, signed_in: SignIn
) -> None:
    """Five refills of 8 l per 100 km, and one of twice that: the spread, and a mark on the one."""
    dispatcher = await signed_in("dispatcher")
    path = f"/v1/vehicles/{world.vehicle_id}"
    for number, fuel_ml in enumerate((45_000, 40_000, 40_000, 40_000, 40_000, 80_000)):
        body = toll(world, kind="fuel", fuel_ml=fuel_ml, odometer_m=START_M + number * 500_000)
        entered = await dispatcher.post(f"{path}/costs", json=body)
        assert entered.status_code == 201, entered.text
        world.clock.advance(hours=1)
    account = (await dispatcher.get(f"{path}/account", params={"month": "2026-11"})).json()
    assert account["fuel"] == {
        "refills": 5,
        "driven_m": 2_500_000,
        "fuel_ml": 240_000,
        "ml_per_100_km": 9_600,
        "median_ml_per_100_km": 8_000,
        "spread_ml_per_100_km": 0,
    }
    assert [(one["ml_per_100_km"], one["unlike"]) for one in account["refills"]] == [(8_000, False)] * 4 + [
        (16_000, True)
    ]
    assert account["driven_m"] == 2_500_000
    before = (await dispatcher.get(f"{path}/account", params={"month": "2026-10"})).json()
    assert (before["total_fen"], before["driven_m"], before["refills"]) == (0, 0, [])


async def test_costs_come_in_pages_from_the_latest_on(world: World, signed_in: SignIn) -> None:
    """And by kind, when asked."""
    dispatcher = await signed_in("dispatcher")
    path = f"/v1/vehicles/{world.vehicle_id}/costs"
    for kind in ("toll", "parking", "toll"):
        assert (await dispatcher.post(path, json=toll(world, kind=kind))).status_code == 201
        world.clock.advance(minutes=1)
    first = (await dispatcher.get(path, params={"limit": "2"})).json()
    rest = (await dispatcher.get(path, params={"limit": "2", "after": first["next"]})).json()
    assert [one["kind"] for one in first["items"] + rest["items"]] == ["toll", "parking", "toll"]
    assert rest["next"] is None
    only = (await dispatcher.get(path, params={"kind": "parking"})).json()["items"]
    assert [one["kind"] for one in only] == ["parking"]
    assert problem_code(await dispatcher.get(path, params={"after": "x"})) == "bad-cursor"
