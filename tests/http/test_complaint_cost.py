"""What a complaint cost, over HTTP: kilometres by the ways to its site, minutes, and money paid on the way."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from api.usecases.record_reading import NewReading, record_reading
from domain.values import Point
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.tracks import enrolled, told
from tests.trips import START_M, closed_trip, departed_trip
from tests.world import INSIDE, World

NEAR, FAR = INSIDE, Point(INSIDE.lat, INSIDE.lon + 0.008)
"""Two sites 800 m apart."""


async def test_a_trip_s_kilometres_go_to_its_complaints_by_the_ways_to_their_sites(
    world: World, signed_in: SignIn
) -> None:
    """400 m to the first, 800 m more to the second, and home: of the 12 km by reading 4 and 8, and all of them."""
    complaints = [await accepted_complaint(world) for _ in range(2)]
    jobs = [await job_of(world, one, place) for one, place in zip(complaints, (NEAR, FAR), strict=True)]
    terminal = await enrolled(world)
    left_at = world.clock() + timedelta(hours=1)
    await closed_trip(world, job_ids=tuple(jobs))
    out = [Point(INSIDE.lat, INSIDE.lon - 0.004 + 0.0002 * step) for step in range(61)]
    stay = [NEAR] * 30
    drive = [*out[:20], *stay, *out[20:], *[FAR] * 30, *reversed(out)]
    await told(world, terminal, [(left_at + timedelta(seconds=10 * n), place) for n, place in enumerate(drive)])
    auditor = await signed_in("auditor")
    costs = [(await auditor.get(f"/v1/complaints/{one}/cost")).json() for one in complaints]
    assert sum(one["metres"] for one in costs) == 12_000
    assert sum(one["seconds"] for one in costs) == 3_600
    assert costs[0]["metres"] == pytest.approx(4_000, rel=0.05)
    (trip,) = costs[1]["trips"]
    assert (trip["of_metres"], trip["basis"], trip["order_no"]) == (12_000, "legs", "2026-1")


async def test_a_complaint_that_nobody_drove_for_cost_nothing(world: World, signed_in: SignIn) -> None:
    """Nor did one that is not there."""
    complaint_id = await accepted_complaint(world)
    auditor = await signed_in("auditor")
    told_ = (await auditor.get(f"/v1/complaints/{complaint_id}/cost")).json()
    assert (told_["metres"], told_["seconds"], told_["fen"], told_["trips"]) == (0, 0, 0, [])
    none = await auditor.get(f"/v1/complaints/{uuid4()}/cost")
    assert (none.status_code, problem_code(none)) == (404, "not-found")


async def test_a_trip_that_never_came_back_costs_what_was_read_since(world: World, signed_in: SignIn) -> None:
    """As in the month's statement: what the odometer went on by is that trip's until it ends."""
    complaint_id = await accepted_complaint(world)
    await departed_trip(world, job_ids=(await job_of(world, complaint_id),))
    world.clock.advance(days=2)
    spot = {"vehicle_id": world.vehicle_id, "odometer_m": START_M + 9_000, "read_at": world.clock()}
    await record_reading(world.database, world["driver"], NewReading(**spot, occasion="spot"))
    auditor = await signed_in("auditor")
    told_ = (await auditor.get(f"/v1/complaints/{complaint_id}/cost")).json()
    assert (told_["metres"], told_["trips"][0]["returned_at"]) == (9_000, None)
    month = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/months/2026-11/statement")).json()
    assert [one["metres"] for one in month["complaints"]] == [9_000]


async def test_without_a_track_a_trip_s_complaints_bear_equal_parts(world: World, signed_in: SignIn) -> None:
    """And that is marked."""
    complaints = [await accepted_complaint(world) for _ in range(2)]
    await closed_trip(world, job_ids=tuple([await job_of(world, one) for one in complaints]))
    auditor = await signed_in("desk_chief")
    for one in complaints:
        told_ = (await auditor.get(f"/v1/complaints/{one}/cost")).json()
        assert (told_["metres"], told_["trips"][0]["basis"]) == (6_000, "equal")
