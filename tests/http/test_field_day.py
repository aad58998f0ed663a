"""What a phone takes along for a day without a network."""

from __future__ import annotations

from datetime import timedelta

from tests.conftest import SignIn, problem_code
from tests.signing import departure, known_phone, send_act
from tests.trips import START_M, a_complaint_job, approved_trip, requested_trip
from tests.world import World

DAY = "/v1/field/day"


async def test_the_officer_takes_along_what_the_day_asks_for(signed_in: SignIn, world: World) -> None:
    """Approved trips until tomorrow night with permit, window, order, crew, vehicle, jobs; nothing merely asked for."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    job_id = await a_complaint_job(world)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    later = world.clock() + timedelta(days=3)
    await approved_trip(world, planned_from=later, planned_until=later + timedelta(hours=1))
    asked = world.clock() + timedelta(hours=5)
    await requested_trip(world, planned_from=asked, planned_until=asked + timedelta(hours=1))
    day = (await officer.get(DAY)).json()
    (trip,) = day["trips"]
    assert trip["trip_id"] == str(trip_id)
    assert trip["permit"]["approver_name"] == "custodian 某"
    assert trip["permit"]["depart_from"] < trip["planned_from"] < trip["permit"]["depart_until"]
    assert trip["order"]["number"] == 1
    assert [one["seat"] for one in trip["crew"]] == ["driver", "officer"]
    (job,) = trip["jobs"]
    assert job["site"]["name"] == "文献步行街 12 号店"
    assert [one["name"] for one in job["complaint"]["parties"]] == ["林某", "城厢区某服装店"]
    assert "telephone" not in str(job)
    assert [key["key_id"] for key in day["keys"]] == [str(phone.key_id)]
    assert day["boundary"]["type"] == "MultiPolygon"


async def test_a_driver_takes_no_case_along(signed_in: SignIn, world: World) -> None:
    """Who drives knows where to, not what people told the desk."""
    await approved_trip(world)
    (trip,) = (await (await signed_in("driver")).get(DAY)).json()["trips"]
    (job,) = trip["jobs"]
    assert job["complaint"] is None
    assert job["site"]["address"] == "文献步行街 12 号"
    assert "林某" not in str(trip)


async def test_a_day_that_did_not_change_is_not_sent_again(signed_in: SignIn, world: World) -> None:
    """Time alone changes nothing; a departure does. The newest receipt comes along either way."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    first = await officer.get(DAY)
    world.clock.advance(minutes=1)
    same = await officer.get(DAY, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    entry, leaf = same.headers["Zhuanche-Receipt"].split()
    assert first.json()["receipt"] | {"entry": entry, "leaf": leaf} == first.json()["receipt"]
    phone.srv = {"entry": entry, "leaf": leaf}
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    other = await officer.get(DAY, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert other.json()["trips"][0]["state"] == "departed"
    assert other.json()["keys"][0]["seq"] == 1


async def test_another_s_day_is_not_told(signed_in: SignIn, world: World) -> None:
    """Each person sees the trips they go along with; who goes along with none has no day."""
    await approved_trip(world)
    assert (await (await signed_in("second_officer")).get(DAY)).json()["trips"] == []
    assert problem_code(await (await signed_in("auditor")).get(DAY)) == "forbidden"
