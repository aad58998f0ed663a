"""Inspection, insurance and service are told in time to people who never open the vehicle's file."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from api.usecases.enter_due import NewDue, enter_due
from api.usecases.enter_vehicle import NewPaper, enter_paper
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.return_trip import Return, return_trip
from domain.upkeep.dues import DueKind
from tests.conftest import SignIn
from tests.trips import START_M, dashboard, departed_trip, new_trip
from tests.world import World


async def inspected_until(world: World, last: date) -> None:
    """Enter an inspection that ends on a day."""
    world.clock.advance(seconds=1)
    paper = NewPaper(
        vehicle_id=world.vehicle_id,
        kind="inspection",
        document_no="检 2",
        valid_from=last - timedelta(days=365),
        valid_until=last,
    )
    await enter_paper(world.database, world["admin"], paper)


async def serviced(world: World, due_m: int) -> None:
    """Enter a service that is due again at a kilometre, of a vehicle that shows what a test's shows first."""
    shown = NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M, read_at=world.clock(), occasion="spot")
    await record_reading(world.database, world["driver"], shown)
    due = NewDue(
        vehicle_id=world.vehicle_id,
        kind=DueKind.SERVICE,
        done_on=world.clock().date(),
        document_no="维修单 1",
        every_m=10_000_000,
        done_m=due_m - 10_000_000,
    )
    await enter_due(world.database, world["admin"], due)


def kinds(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return kind and standing of the warnings in an answer."""
    return [(one["kind"], one["standing"]) for one in body["warnings"]]


async def asked(world: World) -> dict[str, Any]:
    """Return the body of an ordinary request for the vehicle."""
    new = await new_trip(world)
    return {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(one) for one in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat.value} for person_id, seat in new.crew],
    }


async def test_who_asks_for_a_vehicle_and_who_approves_it_are_told_what_it_is_due_for(
    world: World, signed_in: SignIn
) -> None:
    """In the answer to the request, in the list that the custodian approves from, and in that of the vehicles."""
    dispatcher, custodian = await signed_in("dispatcher"), await signed_in("custodian")
    first = await dispatcher.post("/v1/trips", json=await asked(world))
    assert (first.status_code, kinds(first.json())) == (201, [])
    await inspected_until(world, world.clock().date() + timedelta(days=8))
    await serviced(world, START_M + 320_000)
    near = [("inspection", "near"), ("service", "near")]
    answer = await dispatcher.post("/v1/trips", json=await asked(world))
    assert (answer.status_code, kinds(answer.json())) == (201, near)
    inspection, service = answer.json()["warnings"]
    assert inspection["zh"] == f"检验于 {inspection['due_on']} 到期，还有 8 日。"
    assert service["en"] == "Service is due at 52320 km, 320 km left."
    requested = (await custodian.get("/v1/trips", params={"state": "requested"})).json()["items"]
    assert [kinds(one) for one in requested] == [near, near]
    approved = await custodian.post(f"/v1/trips/{answer.json()['trip_id']}/approve", json={})
    assert kinds(approved.json()) == near
    for who in ("dispatcher", "desk_chief", "officer"):
        (vehicle,) = (await (await signed_in(who)).get("/v1/vehicles")).json()["items"]
        assert kinds(vehicle) == near


async def test_how_early_it_is_told_is_the_bureau_s_setting(world: World, signed_in: SignIn) -> None:
    """A day and a kilometre outside of it nothing is said."""
    chief = await signed_in("desk_chief")
    await inspected_until(world, world.clock().date() + timedelta(days=8))
    await serviced(world, START_M + 320_000)
    for days, km, told in ((7, 319, []), (8, 320, ["inspection", "service"])):
        world.clock.advance(seconds=1)
        for name, value in (("inspection_warn_days", days), ("service_warn_km", km)):
            changed = await chief.put(f"/v1/settings/{name}", json={"value": value, "reason": "试行"})
            assert changed.status_code == 200, changed.text
        (vehicle,) = (await chief.get("/v1/vehicles")).json()["items"]
        assert [one["kind"] for one in vehicle["warnings"]] == told


async def test_a_trip_that_is_over_warns_of_nothing_and_one_under_way_still_does(
    world: World, signed_in: SignIn
) -> None:
    """The list of last month's trips is no place to be warned; the vehicle's own entry still is."""
    await inspected_until(world, world.clock().date() + timedelta(days=8))
    trip_id = await departed_trip(world)
    dispatcher = await signed_in("dispatcher")
    assert kinds((await dispatcher.get(f"/v1/trips/{trip_id}")).json()) == [("inspection", "near")]
    world.clock.advance(hours=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    assert kinds((await dispatcher.get(f"/v1/trips/{trip_id}")).json()) == []
    (vehicle,) = (await dispatcher.get("/v1/vehicles")).json()["items"]
    assert kinds(vehicle) == [("inspection", "near")]


async def test_what_is_passed_is_told_before_anyone_asks_in_vain(world: World, signed_in: SignIn) -> None:
    """The rule refuses the trip; the list of vehicles said why on the same morning."""
    await inspected_until(world, world.clock().date() - timedelta(days=1))
    dispatcher = await signed_in("dispatcher")
    (vehicle,) = (await dispatcher.get("/v1/vehicles")).json()["items"]
    assert kinds(vehicle) == [("inspection", "passed")]
    refused = await dispatcher.post("/v1/trips", json=await asked(world))
    assert [one["code"] for one in refused.json()["reasons"]] == ["vehicle-unfit"]
