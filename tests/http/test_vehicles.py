"""The vehicle file over HTTP: papers, dated orders, and where each vehicle is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.db.database import RecordedRefusal
from api.usecases.enter_vehicle import NewPaper, enter_paper
from tests.conftest import SignIn, problem_code
from tests.trips import departed_trip, requested_trip
from tests.world import World, add_vehicle

VEHICLE = {
    "plate": "闽B66666",
    "name": "备用车",
    "vin": "LSVAA4182E2123456",
    "base_name": "局机关停车场",
    "base": {"lat": 25.4337, "lon": 119.0010, "datum": "GCJ-02"},
}


async def test_an_admin_opens_a_file_and_everyone_reads_it(signed_in: SignIn) -> None:
    """The base is kept in WGS-84, whatever datum it was given in."""
    admin = await signed_in("admin")
    entered = await admin.post("/v1/vehicles", json=VEHICLE)
    assert entered.status_code == 201, entered.text
    file = (await (await signed_in("auditor")).get(f"/v1/vehicles/{entered.json()['id']}")).json()
    assert (file["plate"], file["vin"], file["resolution_m"]) == ("闽B66666", "LSVAA4182E2123456", 1000)
    assert 0.003 < abs(file["base_lon"] - 119.0010) < 0.01
    assert file["dedicated_to"] is None
    assert file["now"] == {
        "state": "at-base",
        "place": "局机关停车场",
        "under_way": None,
        "next_use": None,
        "odometer_m": None,
        "odometer_read_at": None,
        "last_fix": None,
    }


async def test_a_plate_belongs_to_one_vehicle(signed_in: SignIn) -> None:
    """The same plate twice is a problem; in another bureau it is not looked at."""
    admin = await signed_in("admin")
    taken = await admin.post("/v1/vehicles", json=VEHICLE | {"plate": "闽B12315"})
    assert (taken.status_code, problem_code(taken)) == (409, "plate-taken")


async def test_only_an_admin_enters_vehicles_papers_and_orders(world: World, signed_in: SignIn) -> None:
    """The desk that uses the vehicle does not write its file."""
    for who in ("officer", "custodian", "desk_chief", "auditor"):
        client = await signed_in(who)
        assert problem_code(await client.post("/v1/vehicles", json=VEHICLE)) == "forbidden"
        order = {
            "kind": "dedicate",
            "unit_id": str(world.desk_id),
            "effective_on": "2026-11-23",
            "document_no": "x",
            "reason": "x",
        }
        refused = await client.post(f"/v1/vehicles/{world.vehicle_id}/dedication-orders", json=order)
        assert problem_code(refused) == "forbidden"


async def test_the_file_lists_papers_and_orders(world: World, signed_in: SignIn) -> None:
    """A renewed insurance stands beside the old one; the newest of a kind comes first."""
    admin = await signed_in("admin")
    paper = {"kind": "insurance", "document_no": "PICC-2027", "valid_from": "2026-11-01", "valid_until": "2027-10-31"}
    answer = await admin.post(f"/v1/vehicles/{world.vehicle_id}/papers", json=paper)
    assert answer.status_code == 201, answer.text
    file = (await admin.get(f"/v1/vehicles/{world.vehicle_id}")).json()
    assert [row["document_no"] for row in file["papers"]] == ["PICC-2027", "insurance-1", "inspection-1"]
    assert file["dedicated_to"]["unit_id"] == str(world.desk_id)
    assert [row["kind"] for row in file["dedication_orders"]] == ["dedicate"]
    backwards = await admin.post(f"/v1/vehicles/{world.vehicle_id}/papers", json=paper | {"valid_until": "2026-10-31"})
    assert problem_code(backwards) == "invalid-input"


async def test_another_vehicle_is_dedicated_for_a_workshop_week(world: World, signed_in: SignIn) -> None:
    """The order holds from its day on, until a release; before and after, the vehicle is nobody's."""
    admin = await signed_in("admin")
    spare = await add_vehicle(world, "闽B77777", dedicated=False)
    today = date(2026, 11, 23)
    path = f"/v1/vehicles/{spare}/dedication-orders"
    order: dict[str, Any] = {
        "kind": "dedicate",
        "unit_id": str(world.desk_id),
        "effective_on": str(today + timedelta(days=1)),
        "document_no": "莆城市监〔2026〕31号",
        "reason": "专用车进厂维修，临时调用",
    }
    release = order | {"kind": "release", "effective_on": str(today + timedelta(days=8))}
    too_soon = await admin.post(path, json=release | {"effective_on": str(today)})
    assert (too_soon.status_code, problem_code(too_soon)) == (409, "not-dedicated-then")
    assert (await admin.post(path, json=order)).status_code == 201
    assert (await admin.get(f"/v1/vehicles/{spare}")).json()["dedicated_to"] is None
    assert (await admin.post(path, json=release)).status_code == 201
    for days, dedicated in ((1, True), (7, True), (8, False)):
        world.clock.at = world.clock.at.replace(day=23) + timedelta(days=days)
        admin = await signed_in("admin")
        known = (await admin.get(f"/v1/vehicles/{spare}")).json()["dedicated_to"]
        assert (known is not None) == dedicated, days
        if known:
            assert known["document_no"] == "莆城市监〔2026〕31号"


async def test_next_year_s_insurance_entered_early_keeps_no_car_at_home(world: World) -> None:
    """The one that runs holds until the next begins; one that corrects it, from the day it names."""
    today = world.clock().date()
    next_year = NewPaper(
        vehicle_id=world.vehicle_id,
        kind="insurance",
        document_no="insurance-2",
        valid_from=today + timedelta(days=30),
        valid_until=today + timedelta(days=395),
    )
    await enter_paper(world.database, world["admin"], next_year)
    await departed_trip(world)
    lapsed = replace(next_year, valid_from=today - timedelta(days=100), valid_until=today - timedelta(days=1))
    await enter_paper(world.database, world["admin"], lapsed)
    with pytest.raises(RecordedRefusal) as refused:
        await requested_trip(world)
    assert "vehicle-unfit" in [reason["code"] for reason in refused.value.detail["reasons"]]


async def test_the_list_says_the_odometer_and_comes_in_pages(world: World, signed_in: SignIn) -> None:
    """Vehicles by plate, each once."""
    driver = await signed_in("driver")
    await add_vehicle(world, "闽B00001")
    await add_vehicle(world, "闽B99999")
    reading = {
        "vehicle_id": str(world.vehicle_id),
        "odometer_m": 52_000_000,
        "read_at": world.clock().isoformat(),
        "obtained": "typed",
        "occasion": "handover",
    }
    assert (await driver.post("/v1/readings", json=reading)).status_code == 201
    first = (await driver.get("/v1/vehicles", params={"limit": "2"})).json()
    rest = (await driver.get("/v1/vehicles", params={"limit": "2", "after": first["next"]})).json()
    items = first["items"] + rest["items"]
    assert [item["plate"] for item in items] == ["闽B00001", "闽B12315", "闽B99999"]
    assert [item["now"]["odometer_m"] for item in items] == [None, 52_000_000, None]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"plate": ""},
        {"plate": "闽 B12345"},
        {"vin": "short"},
        {"base": {"lat": 25.4, "lon": 119.0}},
        {"base": {"lat": 91, "lon": 119.0, "datum": "WGS-84"}},
        {"resolution_m": 0},
        {"colour": "white"},
        {"name": "a\x00b"},
        {"plate": "闽B\x00"},
        {"base_name": " "},
    ],
)
async def test_a_vehicle_that_cannot_be_is_a_problem(signed_in: SignIn, wrong: dict[str, Any]) -> None:
    """No datum, no plate, unknown fields: nothing is entered."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/vehicles", json=VEHICLE | wrong)
    assert answer.status_code == 400
    assert problem_code(answer) in ("invalid-input", "bad-place")
    assert len((await admin.get("/v1/vehicles")).json()["items"]) == 1


async def test_a_vehicle_of_nobody_is_not_found(signed_in: SignIn) -> None:
    """File, papers and orders of an unknown vehicle say the same."""
    admin = await signed_in("admin")
    nobody = f"/v1/vehicles/{uuid4()}"
    paper = {"kind": "insurance", "document_no": "x", "valid_from": "2026-11-01", "valid_until": "2027-10-31"}
    assert problem_code(await admin.get(nobody)) == "not-found"
    assert problem_code(await admin.post(f"{nobody}/papers", json=paper)) == "not-found"
