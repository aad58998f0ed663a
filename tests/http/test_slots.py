"""One look: when is this car free for that job, and does it keep the deadline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.trips import approved_trip, departed_trip
from tests.world import HeldClock, World


def when(one: dict[str, Any], name: str) -> datetime:
    """Return an instant of a slot."""
    return datetime.fromisoformat(one[name])


async def test_the_first_slot_is_now_when_the_car_is_free(world: World, signed_in: SignIn) -> None:
    """Nine in the morning, a job wanted from now on, a site near the base: the car could leave at once."""
    job_id = await job_of(world, await accepted_complaint(world))
    client = await signed_in("dispatcher")
    answer = (await client.get(f"/v1/vehicles/{world.vehicle_id}/slots", params={"job": str(job_id)})).json()
    first = answer["slots"][0]
    assert when(first, "start_at") == world.clock()
    assert when(first, "leave_at") - when(first, "arrive_at") == timedelta(minutes=60)
    assert (first["in_job_window"], first["keeps_nominal"], first["keeps_rolled"]) == (True, True, True)
    assert len(answer["slots"]) == 5


async def test_a_trip_in_the_way_moves_the_slot_behind_it(world: World, signed_in: SignIn) -> None:
    """Approved from ten to twelve: an hour and ten do not fit before, so the visit is in the afternoon."""
    await approved_trip(world)
    job_id = await job_of(world, await accepted_complaint(world))
    client = await signed_in("dispatcher")
    asked = {"job": str(job_id), "limit": "20"}
    slots = (await client.get(f"/v1/vehicles/{world.vehicle_id}/slots", params=asked)).json()["slots"]
    assert when(slots[0], "start_at") == datetime.fromisoformat("2026-11-23T14:30:00+08:00")
    assert not any(slot["in_job_window"] for slot in slots)


async def test_a_bureau_with_other_duty_hours_has_other_slots(world: World, signed_in: SignIn) -> None:
    """The desk's chief sets that the afternoon begins at two: the same look shows an earlier slot."""
    await approved_trip(world)
    job_id = await job_of(world, await accepted_complaint(world))
    chief = await signed_in("desk_chief")
    change = {"value": 14 * 60, "reason": "冬季作息"}
    assert (await chief.put("/v1/settings/duty_afternoon_from_min", json=change)).status_code == 200
    asked = {"job": str(job_id)}
    slots = (await chief.get(f"/v1/vehicles/{world.vehicle_id}/slots", params=asked)).json()["slots"]
    assert when(slots[0], "start_at") == datetime.fromisoformat("2026-11-23T14:00:00+08:00")


async def test_a_trip_that_is_late_is_in_the_way_until_it_is_back(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Its window has passed and the car is not here: no slot begins this minute."""
    await departed_trip(world)
    clock.advance(hours=5)
    job_id = await job_of(world, await accepted_complaint(world))
    client = await signed_in("dispatcher")
    asked = {"job": str(job_id)}
    slots = (await client.get(f"/v1/vehicles/{world.vehicle_id}/slots", params=asked)).json()["slots"]
    assert when(slots[0], "start_at") > clock()


async def test_a_slot_after_the_last_day_says_so(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """Seventy days on, the term of mediation is past: slots are told all the same."""
    job_id = await job_of(world, await accepted_complaint(world))
    clock.advance(days=70)
    client = await signed_in("dispatcher")
    asked = {"job": str(job_id)}
    slots = (await client.get(f"/v1/vehicles/{world.vehicle_id}/slots", params=asked)).json()["slots"]
    assert {(slot["keeps_nominal"], slot["keeps_rolled"]) for slot in slots} == {(False, False)}


async def test_an_unknown_car_or_job_is_not_found_and_a_missing_one_is_told(world: World, signed_in: SignIn) -> None:
    """In the same words as another bureau's."""
    job_id = await job_of(world, await accepted_complaint(world))
    client = await signed_in("dispatcher")
    for vehicle, job in ((uuid4(), job_id), (world.vehicle_id, uuid4())):
        answer = await client.get(f"/v1/vehicles/{vehicle}/slots", params={"job": str(job)})
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")
    assert problem_code(await client.get(f"/v1/vehicles/{world.vehicle_id}/slots")) == "invalid-input"
