"""Reading and tracks of a trip side by side, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.usecases.return_trip import Return, return_trip
from domain.values import Point
from tests.conftest import SignIn, problem_code
from tests.tracks import enrolled, told
from tests.trips import a_complaint_job, approved_trip, dashboard, departed_trip
from tests.world import INSIDE, World


def way_to(start: datetime, length_m: int, *, off_deg: float = 0.0) -> list[tuple[datetime, Point]]:
    """Return fixes of a way to the market from so far north of it at 10 m/s, ten minutes there, and the way back."""
    count = length_m // 100
    out = [(i * 10, (count - i) * 100) for i in range(count + 1)]
    there = [(count * 10 + s, 0) for s in range(60, 660, 60)]
    back = [(count * 10 + 660 + i * 10, i * 100) for i in range(count + 1)]
    return [
        (start + timedelta(seconds=s), Point(INSIDE.lat + north_m / 110_785, INSIDE.lon + off_deg))
        for s, north_m in [*out, *there, *back]
    ]


async def driven_trip(world: World, device_ids: list[UUID], *, track_m: int, reading_m: int, **changes: Any) -> UUID:
    """Drive a whole trip of an hour, with what devices told of it and what the odometer then showed."""
    trip_id = await departed_trip(world, **changes)
    for no, device_id in enumerate(device_ids):
        await told(world, device_id, way_to(world.clock(), track_m // 2, off_deg=0.01 * no))
    world.clock.advance(hours=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, reading_m)))
    return trip_id


async def test_a_trip_shows_what_each_device_measured_and_the_way_to_its_site(signed_in: SignIn, world: World) -> None:
    """A complaint is charged the way to it; the stop there has its times, and the reading stands beside the track."""
    job_id = await a_complaint_job(world)
    device_id = await enrolled(world)
    trip_id = await driven_trip(world, [device_id], track_m=4_000, reading_m=4_000, job_ids=(job_id,))
    answer = (await (await signed_in("auditor")).get(f"/v1/trips/{trip_id}/measures")).json()
    assert (answer["reading_m"], answer["plan_m"]) == (4_000, 0)
    (figures,) = answer["devices"]
    assert (figures["device_id"], figures["terminal"], figures["dropped"]) == (str(device_id), True, {})
    assert [leg["site_key"] for leg in figures["legs"]] == [str(job_id), None]
    assert [leg["length_m"] for leg in figures["legs"]] == pytest.approx([2_000, 2_000], abs=5)
    assert sum(leg["length_m"] for leg in figures["legs"]) == figures["length_m"]
    (stop,) = figures["stops"]
    assert (stop["lat"], stop["lon"]) == pytest.approx((INSIDE.lat, INSIDE.lon), abs=1e-4)
    assert (answer["ratio_permille"], answer["deviation_permille"], answer["odd"]) == (None, None, False)


async def test_a_trip_is_held_against_what_the_vehicle_s_trips_before_it_have_shown(
    signed_in: SignIn, world: World
) -> None:
    """Five trips of four per cent teach the ratio; the sixth, typed a fifth low, is odd."""
    device_id = await enrolled(world)
    for _ in range(5):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000)
    client = await signed_in("custodian")
    for reading_m, off in ((10_000, 0), (8_000, 111)):
        trip_id = await driven_trip(world, [device_id], track_m=10_400, reading_m=reading_m)
        answer = (await client.get(f"/v1/trips/{trip_id}/measures")).json()
        assert answer["ratio_permille"] == pytest.approx(1_040, abs=3)
        assert answer["ratio_trips"] >= 5
        assert answer["deviation_permille"] == pytest.approx(off, abs=2)
        assert answer["odd"] is (off > 60)


async def test_the_plan_is_the_shortest_round_from_the_base_as_roads_go(signed_in: SignIn, world: World) -> None:
    """Known before the departure, when nothing was read or told yet."""
    far = Point(INSIDE.lat + 0.01, INSIDE.lon)
    trip_id = await approved_trip(world, job_ids=(await a_complaint_job(world, place=far),))
    answer = (await (await signed_in("auditor")).get(f"/v1/trips/{trip_id}/measures")).json()
    assert answer["plan_m"] == pytest.approx(2 * 1_108 * 1.4, abs=5)
    assert (answer["reading_m"], answer["devices"]) == (None, [])


async def test_two_devices_that_were_apart_are_told_with_times_and_metres(signed_in: SignIn, world: World) -> None:
    """A kilometre beside each other the whole trip long is not one vehicle."""
    two = [await enrolled(world), await enrolled(world)]
    trip_id = await driven_trip(world, two, track_m=4_000, reading_m=4_000)
    answer = (await (await signed_in("auditor")).get(f"/v1/trips/{trip_id}/measures")).json()
    assert len(answer["devices"]) == 2
    (apart,) = answer["apart"]
    assert apart["median_m"] == pytest.approx(1_004, abs=5)


async def test_a_trip_that_has_not_departed_has_nothing_measured_and_one_that_is_not_there_is_none(
    signed_in: SignIn, world: World
) -> None:
    """No device and no reading is an answer, a strange id is none, and who only administers does not look."""
    trip_id = await approved_trip(world)
    client = await signed_in("officer")
    assert (await client.get(f"/v1/trips/{trip_id}/measures")).json()["devices"] == []
    lost = await client.get(f"/v1/trips/{uuid4()}/measures")
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    refused = await (await signed_in("admin")).get(f"/v1/trips/{trip_id}/measures")
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")


async def test_a_trip_under_way_has_a_track_and_no_reading_yet(signed_in: SignIn, world: World) -> None:
    """What it drove by reading is known when it is back."""
    device_id = await enrolled(world)
    trip_id = await departed_trip(world)
    await told(world, device_id, way_to(world.clock(), 2_000))
    world.clock.advance(minutes=30)
    answer = (await (await signed_in("dispatcher")).get(f"/v1/trips/{trip_id}/measures")).json()
    assert answer["reading_m"] is None
    assert answer["devices"][0]["length_m"] == pytest.approx(4_000, abs=10)


async def test_readings_typed_a_little_low_all_the_month_are_odd_together(signed_in: SignIn, world: World) -> None:
    """Six per cent low is a little in one trip; the auditor sees in the month that it is no chance."""
    device_id = await enrolled(world)
    world.clock.at = datetime(2027, 3, 1, 1, tzinfo=UTC)
    for _ in range(6):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000)
    world.clock.at = datetime(2027, 4, 1, 1, tzinfo=UTC)
    for _ in range(3):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=9_400)
    client = await signed_in("auditor")
    march, april = [
        (await client.get(f"/v1/vehicles/{world.vehicle_id}/ratio", params={"month": month})).json()
        for month in ("2027-03", "2027-04")
    ]
    assert (march["trips"], march["reading_m"], march["ratio_permille"], march["odd"]) == (6, 60_000, None, False)
    assert (april["trips"], april["reading_m"], april["ratio_trips"], april["odd"]) == (3, 28_200, 6, True)
    assert april["ratio_permille"] == pytest.approx(1_040, abs=3)
    assert april["deviation_permille"] == pytest.approx(28, abs=3)
    lost = await client.get(f"/v1/vehicles/{uuid4()}/ratio", params={"month": "2027-04"})
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    refused = await (await signed_in("driver")).get(f"/v1/vehicles/{world.vehicle_id}/ratio?month=2027-04")
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")
