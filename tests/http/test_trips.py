"""The life of a trip over HTTP: asked for, approved, departed, back, closed; and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from api.usecases.add_job import cancel_job
from tests.conftest import SignIn, problem_code
from tests.trips import a_complaint_job, approved_trip, requested_trip
from tests.world import HeldClock, World

DEPART = {
    "check": {"tyres": True, "lights": True, "fuel": True, "papers": True},
    "reading": {"odometer_m": 52_000_000},
}
RETURN = {"reading": {"odometer_m": 52_012_000}}


async def body_of(world: World, **changes: Any) -> dict[str, Any]:
    """Return an ordinary request for a trip as JSON."""
    at = world.clock()
    body: dict[str, Any] = {
        "vehicle_id": str(world.vehicle_id),
        "planned_from": (at + timedelta(hours=1)).isoformat(),
        "planned_until": (at + timedelta(hours=3)).isoformat(),
        "crew": [
            {"person_id": str(world["officer"].who), "seat": "officer"},
            {"person_id": str(world["driver"].who), "seat": "driver"},
        ],
    }
    if "job_ids" not in changes:
        body["job_ids"] = [str(await a_complaint_job(world))]
    return body | changes


def codes(answer: httpx.Response) -> list[str]:
    """Return the reasons of a refusal, after checking that it is one and that each has a sentence."""
    assert (answer.status_code, problem_code(answer)) == (409, "refused"), answer.text
    assert all(reason["sentence"] for reason in answer.json()["reasons"])
    return [reason["code"] for reason in answer.json()["reasons"]]


async def test_a_complaint_takes_the_car_out_and_brings_it_back(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """A trip is asked for, approved, departs, comes back and is closed; each step is a decision in view."""
    dispatcher, custodian, driver = [await signed_in(who) for who in ("dispatcher", "custodian", "driver")]
    asked = await dispatcher.post("/v1/trips", json=await body_of(world))
    assert asked.status_code == 201, asked.text
    url = f"/v1/trips/{asked.json()['trip_id']}"
    approved = await custodian.post(f"{url}/approve", json={})
    assert approved.status_code == 200, approved.text
    assert approved.json()["order"]["number"] == 1
    clock.advance(hours=1)
    departed = await driver.post(f"{url}/depart", json=DEPART)
    assert (departed.status_code, departed.json()["outcome"]) == (200, "recorded"), departed.text
    clock.advance(hours=1)
    returned = await driver.post(f"{url}/return", json=RETURN)
    assert (returned.status_code, returned.json()["trip"]["state"]) == (200, "returned"), returned.text
    closed = await dispatcher.post(f"{url}/close", json={})
    assert (closed.status_code, closed.json()["reasons"]) == (200, []), closed.text
    auditor = await signed_in("auditor")
    seen = (await auditor.get(url)).json()
    assert [step["verb"] for step in seen["decisions"]] == ["request", "approve", "depart", "return", "close"]
    assert [step["outcome"] for step in seen["decisions"]] == ["permit", "permit", "permit", "done", "permit"]
    assert seen["decisions"][2]["complaint_ids"] == [seen["jobs"][0]["complaint_id"]]


async def test_a_request_without_a_job_is_refused_and_the_refusal_is_kept_with_every_reason(
    world: World, signed_in: SignIn
) -> None:
    """No job, no crew, for an errand: three faults, four reasons, told in the reader's language."""
    dispatcher = await signed_in("dispatcher")
    body = await body_of(world, job_ids=[], crew=[], purpose="other")
    refused = await dispatcher.post("/v1/trips", json=body)
    assert codes(refused) == ["no-complaint", "not-a-mediation", "officer-not-qualified", "driver-not-licensed"]
    chinese = await dispatcher.post("/v1/trips", json=body, headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["reasons"][0]["sentence"] == "申请没有对应任何投诉的现场调解任务。"


async def test_two_trips_for_one_window_are_asked_for_and_the_second_approval_is_refused(
    world: World, signed_in: SignIn
) -> None:
    """The vehicle is promised once."""
    first, second = await requested_trip(world), await requested_trip(world)
    custodian = await signed_in("custodian")
    assert (await custodian.post(f"/v1/trips/{first}/approve", json={})).status_code == 200
    refused = await custodian.post(f"/v1/trips/{second}/approve", json={})
    assert codes(refused) == ["vehicle-busy"]
    assert refused.json()["reasons"][0]["about"] == [str(first)]


async def test_a_cancelled_trip_leaves_its_dispatch_order_void_and_visible_and_the_next_number_follows(
    world: World, signed_in: SignIn
) -> None:
    """Numbers have no gap, and a void one says so."""
    first = await approved_trip(world)
    dispatcher = await signed_in("dispatcher")
    cancelled = await dispatcher.post(f"/v1/trips/{first}/cancel", json={"reason": "当事人改期"})
    assert (cancelled.json()["state"], cancelled.json()["order"]["void"]) == ("cancelled", True)
    second = await approved_trip(world)
    seen = (await dispatcher.get(f"/v1/trips/{second}")).json()
    assert (seen["order"]["number"], seen["order"]["void"]) == (2, False)


async def test_the_custodian_declines_a_trip_with_a_reason(world: World, signed_in: SignIn) -> None:
    """A declined trip is over."""
    trip_id = await requested_trip(world)
    custodian = await signed_in("custodian")
    declined = await custodian.post(f"/v1/trips/{trip_id}/refuse", json={"reason": "请先电话联系"})
    assert declined.json()["state"] == "refused"
    again = await custodian.post(f"/v1/trips/{trip_id}/approve", json={})
    assert (again.status_code, problem_code(again)) == (409, "not-in-this-state")


async def test_a_declined_trip_is_a_refusal_with_every_reason_for_custodian_and_auditor(
    world: World, signed_in: SignIn
) -> None:
    """P3: the custodian's own word comes after whatever the rule has against the trip by then."""
    job_id = await a_complaint_job(world)
    trip_id = await requested_trip(world, job_ids=(job_id,))
    await cancel_job(world.database, world["dispatcher"], job_id, "电话中已解决")
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    await custodian.post(f"/v1/trips/{trip_id}/refuse", json={"reason": "不必再去"})
    for client in (custodian, auditor):
        (seen,) = (await client.get("/v1/refusals?reason=declined")).json()["items"]
        assert (seen["stage"], seen["trip_id"]) == ("approval", str(trip_id))
        assert [reason["code"] for reason in seen["reasons"]] == ["job-not-on-site", "declined"]
        assert seen["reasons"][1]["sentence"].startswith("The head of the using unit")
        assert seen["asked"]["reason"] == "不必再去"
        assert seen["facts"]["jobs"][0]["job_id"] == str(job_id)
    unknown = await auditor.get("/v1/refusals?reason=no-such-reason")
    assert unknown.status_code == 400


async def test_only_who_goes_along_reports_the_departure(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """Someone who stays at the desk does not."""
    trip_id = await approved_trip(world)
    clock.advance(hours=1)
    stranger = await signed_in("second_officer")
    answer = await stranger.post(f"/v1/trips/{trip_id}/depart", json=DEPART)
    assert (answer.status_code, problem_code(answer)) == (403, "not-aboard")


async def test_trips_are_listed_in_pages_and_by_filter(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """Each page begins where the one before ended."""
    made = []
    for _ in range(3):
        made.append(str(await requested_trip(world)))
        clock.advance(hours=1)
    auditor = await signed_in("auditor")
    first = (await auditor.get("/v1/trips", params={"limit": 2})).json()
    rest = (await auditor.get("/v1/trips", params={"limit": 2, "after": first["next"]})).json()
    assert [trip["trip_id"] for trip in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    job_id = first["items"][0]["jobs"][0]["job_id"]
    assert len((await auditor.get("/v1/trips", params={"job_id": job_id})).json()["items"]) == 1
    assert (await auditor.get("/v1/trips", params={"state": "closed"})).json()["items"] == []
