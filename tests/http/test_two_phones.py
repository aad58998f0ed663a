"""Two phones report one departure or one return: the first recorded stands, and nothing of the other is lost."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.conftest import SignIn
from tests.trips import START_M, approved_trip, departed_trip
from tests.world import World

CHECK = {"tyres": True, "lights": True, "fuel": True, "papers": True}
PHOTO = "ab" * 32


async def report(client: httpx.AsyncClient, trip_id: UUID, verb: str, at: datetime, odometer_m: int) -> httpx.Response:
    """Report a departure or return that happened at that time, with what the odometer showed."""
    body: dict[str, Any] = {
        "reading": {"odometer_m": odometer_m, "resolution_m": 1_000, "photo_sha256": PHOTO},
        "source": "offline",
        "stated_at": at.isoformat(),
    }
    if verb == "depart":
        body["check"] = CHECK
    return await client.post(f"/v1/trips/{trip_id}/{verb}", json=body)


@pytest.mark.parametrize(
    ("verb", "first_m", "second_m"), [("depart", START_M, START_M + 1_000), ("return", START_M + 9_000, START_M)]
)
async def test_of_two_reports_the_first_recorded_stands_and_the_others_reading_stays_in_view(
    world: World, signed_in: SignIn, verb: str, first_m: int, second_m: int
) -> None:
    """Also a reading that could be none of the vehicle's: the custodian sees both figures, the sums rest on one."""
    driver, officer, auditor = [await signed_in(who) for who in ("driver", "officer", "auditor")]
    trip_id = await (approved_trip if verb == "depart" else departed_trip)(world)
    at = world.clock.advance(hours=1)
    world.clock.advance(minutes=10)
    first = await report(driver, trip_id, verb, at, first_m)
    second = await report(officer, trip_id, verb, at + timedelta(seconds=40), second_m)
    again = await report(driver, trip_id, verb, at, first_m)
    other_again = await report(officer, trip_id, verb, at + timedelta(seconds=40), second_m)
    assert [one.status_code for one in (first, second, again, other_again)] == [200, 202, 200, 202], second.text
    assert other_again.json()["conflict_id"] == second.json()["conflict_id"], "the same report is one conflict"
    ended = {"depart": "departed", "return": "returned"}[verb]
    assert second.json()["why"] == f"already-{ended}"
    assert datetime.fromisoformat(second.json()["trip"][f"{ended}_at"]) == at
    (conflict,) = (await auditor.get("/v1/field-conflicts", params={"trip_id": str(trip_id)})).json()["items"]
    assert conflict["reading"] == {
        "odometer_m": second_m,
        "obtained": "typed",
        "resolution_m": 1_000,
        "photo_sha256": PHOTO,
    }
    readings = (await auditor.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [one["odometer_m"] for one in readings] == ([first_m] if verb == "depart" else [first_m, START_M])
    log = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/log", params={"month": f"{at:%Y-%m}"})).json()
    row = next(row for row in log["months"][0]["rows"] if row["kind"] == "conflict")
    shown = {"depart": "reading_from_m", "return": "reading_until_m"}[verb]
    assert (row["stage"], row[shown]) == (verb, second_m)
    assert log["totals"]["difference_m"] == log["totals"]["trips_m"] + log["totals"]["unaccounted_m"]


async def test_of_two_returns_sent_at_once_one_is_recorded_and_one_is_kept(world: World, signed_in: SignIn) -> None:
    """Driver and officer press the button in the same second: one reading, one return, one conflict."""
    driver, officer = await signed_in("driver"), await signed_in("officer")
    trip_id = await departed_trip(world)
    at = world.clock.advance(hours=1)
    answers = await asyncio.gather(
        report(driver, trip_id, "return", at, START_M + 9_000), report(officer, trip_id, "return", at, START_M + 9_000)
    )
    assert sorted(one.status_code for one in answers) == [200, 202]
    custodian = await signed_in("custodian")
    assert len((await custodian.get("/v1/field-conflicts")).json()["items"]) == 1
    readings = (await custodian.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [one["occasion"] for one in readings] == ["return", "departure"]
