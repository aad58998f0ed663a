"""The vehicle's file over HTTP as it grows: registered places, dues, cards and documents."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.usecases.record_reading import NewReading, record_reading
from tests.conftest import SignIn, problem_code
from tests.http.test_upkeep import order
from tests.objects import JPEG, UPKEEP_PLACE
from tests.trips import START_M, requested_trip
from tests.world import World, add_vehicle


async def test_an_order_goes_to_a_registered_place_by_its_name(world: World, signed_in: SignIn) -> None:
    """The place is named by its id, and the order shows what it is called."""
    admin, chief = await signed_in("admin"), await signed_in("desk_chief")
    place_id = (await admin.post("/v1/upkeep-places", json=UPKEEP_PLACE)).json()["id"]
    named = order(world, place_id=place_id) | {"place": None, "place_reason": None}
    given = await chief.post("/v1/upkeep-orders", json=named)
    assert given.status_code == 201, given.text
    assert (given.json()["place"], given.json()["place_id"]) == ("中石化城厢加油站", place_id)
    repair = named | {"upkeep": "repair"}
    assert problem_code(await chief.post("/v1/upkeep-orders", json=repair)) == "place-not-registered"
    nowhere = named | {"place_id": str(uuid4())}
    assert problem_code(await chief.post("/v1/upkeep-orders", json=nowhere)) == "not-found"


@pytest.mark.parametrize("left_out", ["place", "place_reason"])
async def test_an_order_elsewhere_says_where_and_why(world: World, signed_in: SignIn, left_out: str) -> None:
    """Fuel at any pump has a reason beside it."""
    chief = await signed_in("desk_chief")
    answer = await chief.post("/v1/upkeep-orders", json=order(world) | {left_out: None})
    assert (answer.status_code, problem_code(answer)) == (400, "place-not-registered")


async def test_a_retired_place_takes_no_order(world: World, signed_in: SignIn) -> None:
    """It stays on the list of those that were, with the reason; retiring it twice is refused."""
    admin, chief = await signed_in("admin"), await signed_in("desk_chief")
    place_id = (await admin.post("/v1/upkeep-places", json=UPKEEP_PLACE)).json()["id"]
    gone = await admin.post(f"/v1/upkeep-places/{place_id}/retire", json={"reason": "合同到期"})
    assert gone.status_code == 204, gone.text
    twice = await admin.post(f"/v1/upkeep-places/{place_id}/retire", json={"reason": "合同到期"})
    assert problem_code(twice) == "place-retired"
    refused = await chief.post("/v1/upkeep-orders", json=order(world, place_id=place_id))
    assert problem_code(refused) == "place-not-registered"
    assert (await chief.get("/v1/upkeep-places")).json() == []
    (kept,) = (await chief.get("/v1/upkeep-places", params={"retired": "true", "kind": "fuel"})).json()
    assert kept["retired_because"] == "合同到期"


async def test_the_desk_registers_no_place_and_writes_no_file(world: World, signed_in: SignIn) -> None:
    """Who drives there does not say that it is a place to stop at."""
    body = {"kind": "service", "done_on": "2026-11-01", "every_months": 6, "document_no": "x"}
    for who in ("custodian", "desk_chief", "driver", "auditor"):
        client = await signed_in(who)
        assert problem_code(await client.post("/v1/upkeep-places", json=UPKEEP_PLACE)) == "forbidden"
        assert problem_code(await client.post(f"/v1/vehicles/{world.vehicle_id}/dues", json=body)) == "forbidden"


async def test_an_overdue_service_keeps_the_vehicle_at_home_until_it_is_done(world: World, signed_in: SignIn) -> None:
    """A trip is refused as unfit; the service entered anew lets it go."""
    admin, dispatcher = await signed_in("admin"), await signed_in("dispatcher")
    await record_reading(
        world.database,
        world["driver"],
        NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M, read_at=world.clock(), occasion="spot"),
    )
    trip_id = await requested_trip(world)
    path = f"/v1/vehicles/{world.vehicle_id}/dues"
    done = {"kind": "service", "done_on": "2026-05-01", "every_months": 6, "document_no": "维修单 1"}
    assert (await admin.post(path, json=done)).status_code == 201
    custodian = await signed_in("custodian")
    refused = await custodian.post(f"/v1/trips/{trip_id}/approve", json={})
    assert [one["code"] for one in refused.json()["reasons"]] == ["vehicle-unfit"]
    world.clock.advance(seconds=1)
    again = done | {"done_on": "2026-11-20", "every_m": 5_000_000, "done_m": START_M - 100_000}
    assert (await admin.post(path, json=again)).status_code == 201
    assert (await custodian.post(f"/v1/trips/{trip_id}/approve", json={})).status_code == 200
    assert (await dispatcher.get(f"/v1/trips/{trip_id}")).json()["state"] == "approved"


@pytest.mark.parametrize(
    "wrong", [{"every_months": None}, {"every_m": 5_000_000, "done_m": START_M + 1}, {"done_on": "2026-11-24"}]
)
async def test_what_cannot_be_due_is_refused(world: World, signed_in: SignIn, wrong: dict[str, Any]) -> None:
    """Neither months nor metres; more on the odometer than it shows; a day to come."""
    await record_reading(
        world.database,
        world["driver"],
        NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M, read_at=world.clock(), occasion="spot"),
    )
    admin = await signed_in("admin")
    done = {"kind": "service", "done_on": "2026-11-01", "every_months": 6, "document_no": "x"}
    answer = await admin.post(f"/v1/vehicles/{world.vehicle_id}/dues", json=done | wrong)
    assert (answer.status_code, problem_code(answer)) == (400, "bad-due")


async def test_a_card_is_one_vehicle_s_at_a_time(world: World, signed_in: SignIn) -> None:
    """It comes to another after it was given back."""
    admin, other = await signed_in("admin"), await add_vehicle(world, "闽B66666")
    today = world.clock().date()
    card = {
        "kind": "fuel",
        "card_no": "1000113500001234567",
        "issuer": "中国石化",
        "effective_on": (today - timedelta(days=30)).isoformat(),
        "reason": "办卡",
    }
    assert (await admin.post(f"/v1/vehicles/{world.vehicle_id}/cards", json=card)).status_code == 201
    moved = card | {"effective_on": today.isoformat()}
    taken = await admin.post(f"/v1/vehicles/{other}/cards", json=moved)
    assert (taken.status_code, problem_code(taken)) == (409, "card-of-another-vehicle")
    back = moved | {"held": False, "reason": "收回"}
    assert (await admin.post(f"/v1/vehicles/{world.vehicle_id}/cards", json=back)).status_code == 201
    assert (await admin.post(f"/v1/vehicles/{other}/cards", json=moved)).status_code == 201


async def test_of_two_vehicles_that_are_given_one_card_at_once_one_has_it(world: World, signed_in: SignIn) -> None:
    """Ten times, in two windows, in the same moment."""
    admin, other = await signed_in("admin"), await add_vehicle(world, "闽B66666")
    card = {"kind": "fuel", "issuer": "x", "effective_on": world.clock().date().isoformat(), "reason": "办卡"}
    for number in range(10):
        given = card | {"card_no": f"100011350000{number}"}
        answers = await asyncio.gather(
            *(admin.post(f"/v1/vehicles/{one}/cards", json=given) for one in (world.vehicle_id, other))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_document_is_a_file_on_record_about_the_vehicle_s_own_entry(world: World, signed_in: SignIn) -> None:
    """A file that was never sent is not named, and what is another vehicle's is not found."""
    admin, other = await signed_in("admin"), await add_vehicle(world, "闽B66666")
    path, sha256 = f"/v1/vehicles/{world.vehicle_id}/documents", hashlib.sha256(JPEG).hexdigest()
    paper = {"kind": "insurance", "document_no": "1", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}
    mine = (await admin.post(f"/v1/vehicles/{world.vehicle_id}/papers", json=paper)).json()["id"]
    theirs = (await admin.post(f"/v1/vehicles/{other}/papers", json=paper)).json()["id"]
    document = {"kind": "insurance", "title": "交强险保单", "sha256": sha256, "about_id": mine}
    assert problem_code(await admin.post(path, json=document)) == "file-not-sent"
    assert (await admin.put(f"/v1/attachments/{sha256}", content=JPEG)).status_code == 201
    assert problem_code(await admin.post(path, json=document | {"about_id": theirs})) == "not-found"
    assert (await admin.post(path, json=document)).status_code == 201


async def test_the_whole_file_is_one_answer(world: World, signed_in: SignIn) -> None:
    """Papers, dues, cards, seals, documents and repairs with their cost, and how each stands today."""
    admin, auditor, custodian = [await signed_in(who) for who in ("admin", "auditor", "custodian")]
    path, sha256 = f"/v1/vehicles/{world.vehicle_id}", hashlib.sha256(JPEG).hexdigest()
    due = {"kind": "service", "done_on": "2026-06-01", "every_months": 6, "document_no": "维修单 1"}
    card = {"kind": "toll", "card_no": "35010001", "issuer": "闽通", "effective_on": "2026-01-01", "reason": "办卡"}
    assert (await admin.put(f"/v1/attachments/{sha256}", content=JPEG)).status_code == 201
    for part, body in (
        ("dues", due),
        ("cards", card),
        ("documents", {"kind": "driving-permit", "title": "行驶证", "sha256": sha256}),
    ):
        assert (await admin.post(f"{path}/{part}", json=body)).status_code == 201
    sealed = {"verb": "seal", "at": world.clock().isoformat(), "odometer_m": START_M}
    assert (await custodian.post(f"{path}/holiday-seals", json=sealed)).status_code == 201
    file = (await auditor.get(path)).json()
    assert [(one["kind"], one["standing"], one["due_on"]) for one in file["dues"]] == [
        ("service", "near", "2026-12-01")
    ]
    assert [(one["kind"], one["standing"]) for one in file["paper_standings"]] == [
        ("inspection", "far"),
        ("insurance", "far"),
    ]
    assert [one["card_no"] for one in file["cards"]] == ["35010001"]
    assert [(one["title"], one["sha256"]) for one in file["documents"]] == [("行驶证", sha256)]
    assert ([one["verb"] for one in file["seals"]], file["sealed"]) == (["seal"], True)
    assert (file["repairs"], len(file["papers"]), len(file["dedication_orders"])) == ([], 2, 1)


async def test_a_vehicle_without_an_inspection_says_so_in_its_file(signed_in: SignIn) -> None:
    """None is as bad as one that has lapsed; next year's, entered early, goes on with this year's."""
    admin = await signed_in("admin")
    body = {
        "plate": "闽B77777",
        "name": "新车",
        "base_name": "局机关停车场",
        "base": {"lat": 25.4337, "lon": 119.0010, "datum": "GCJ-02"},
    }
    path = f"/v1/vehicles/{(await admin.post('/v1/vehicles', json=body)).json()['id']}"
    paper = {"kind": "insurance", "document_no": "1", "valid_from": "2026-01-01", "valid_until": "2026-12-10"}
    assert (await admin.post(f"{path}/papers", json=paper)).status_code == 201
    early = paper | {"valid_from": "2026-12-11", "valid_until": "2027-12-10"}
    assert (await admin.post(f"{path}/papers", json=early)).status_code == 201
    standings = (await admin.get(path)).json()["paper_standings"]
    assert [(one["kind"], one["standing"], one["valid_until"]) for one in standings] == [
        ("inspection", "passed", None),
        ("insurance", "far", "2027-12-10"),
    ]


async def test_repairs_stand_in_the_file_with_what_they_cost(world: World, signed_in: SignIn) -> None:
    """By costs in force: what was corrected counts as corrected."""
    chief, driver, dispatcher = [await signed_in(who) for who in ("desk_chief", "driver", "dispatcher")]
    use_id = (await chief.post("/v1/upkeep-orders", json=order(world, upkeep="repair"))).json()["use_id"]
    world.clock.advance(minutes=30)
    for verb, odometer_m in (("depart", START_M), ("return", START_M + 8_000)):
        told = {"reading": {"odometer_m": odometer_m}}
        assert (await driver.post(f"/v1/upkeep-orders/{use_id}/{verb}", json=told)).status_code == 200
        world.clock.advance(minutes=20)
    settled = await dispatcher.post(f"/v1/upkeep-orders/{use_id}/close", json={"cost_fen": 88_000})
    assert settled.status_code == 200, settled.text
    (cost,) = (await chief.get(f"/v1/vehicles/{world.vehicle_id}/costs")).json()["items"]
    wrong = {"kind": "repair", "amount_fen": 80_000, "reason": "优惠后金额"}
    assert (await chief.post(f"/v1/vehicle-costs/{cost['cost_id']}/corrections", json=wrong)).status_code == 201
    (repair,) = (await chief.get(f"/v1/vehicles/{world.vehicle_id}")).json()["repairs"]
    assert (repair["use_id"], repair["upkeep"], repair["cost_fen"]) == (use_id, "repair", 80_000)
