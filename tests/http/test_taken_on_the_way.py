"""A complaint that was taken on the spot is on record, whatever came of the trip before word of it arrives."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from tests.conftest import SignIn
from tests.http.test_signed_acts import another_job, trip_ready
from tests.notes import note_body
from tests.signing import Phone, back, departure, known_phone, make_known, new_phone, send_act
from tests.trips import START_M
from tests.world import World


async def back_by_the_driver_s_phone(signed_in: SignIn, world: World) -> tuple[httpx.AsyncClient, Phone, UUID, str]:
    """Return officer, phone, trip and a complaint signed on its way, which arrives after the driver's return."""
    officer, driver = await signed_in("officer"), await signed_in("driver")
    phone, other = await known_phone(world, officer), await known_phone(world, driver, "driver")
    trip_id, _ = await trip_ready(world)
    await send_act(driver, other.act("depart", departure(world, START_M), trip_id))
    world.clock.advance(minutes=10)
    signed = phone.act("another-job", another_job(world), trip_id)
    world.clock.advance(minutes=20)
    answer = await send_act(driver, other.act("return", back(world, START_M + 9_000), trip_id))
    assert answer.json()["outcome"] == "recorded", answer.text
    world.clock.advance(minutes=5)
    return officer, phone, trip_id, signed


async def test_a_complaint_whose_trip_is_back_by_another_phone_is_registered_and_shown(
    signed_in: SignIn, world: World
) -> None:
    """The consumer's complaint and its job are on record, the trip does not carry it, and the desk is told."""
    officer, phone, trip_id, signed = await back_by_the_driver_s_phone(signed_in, world)
    for again in (False, True):
        told = (await send_act(officer, signed)).json()
        assert (told["outcome"], told["why"], told["again"]) == ("conflict", "already-returned", again), told
    custodian = await signed_in("custodian")
    (kept,) = (await custodian.get("/v1/field-conflicts")).json()["items"]
    assert (kept["conflict_id"], kept["verb"], kept["trip_id"]) == (told["conflict_id"], "add-job", str(trip_id))
    complaint = (await officer.get(f"/v1/complaints/{kept['asked']['complaint_id']}")).json()
    assert complaint["state"] == "mediating"
    job_id = kept["asked"]["job_id"]
    assert (await officer.get(f"/v1/jobs/{job_id}")).json()["state"] == "open"
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert job_id not in [job["job_id"] for job in trip["jobs"]]
    chinese = {"Accept-Language": "zh-CN"}
    assert "与记录不符的现场操作 1" in (await custodian.get("/board/inbox", headers=chinese)).text
    assert "增加任务" in (await custodian.get(f"/board/trips/{trip_id}", headers=chinese)).text
    note = phone.act("note", note_body(UUID(job_id), world.clock()), trip_id)
    assert (await send_act(officer, note)).json()["outcome"] == "recorded"


async def test_what_a_new_key_signs_anew_of_it_is_the_same_conflict(signed_in: SignIn, world: World) -> None:
    """A phone that lost its key signs what waited once more: nothing is there twice."""
    officer, phone, trip_id, signed = await back_by_the_driver_s_phone(signed_in, world)
    first = (await send_act(officer, signed)).json()
    (kept,) = (await (await signed_in("auditor")).get("/v1/field-conflicts")).json()["items"]
    second = await new_phone(world)
    second.device_id = phone.device_id
    await make_known(officer, second)
    body = another_job(world) | {name: kept["asked"][name] for name in ("complaint_id", "job_id")}
    told = (await send_act(officer, second.act("another-job", body, trip_id))).json()
    assert (told["outcome"], told["conflict_id"]) == ("conflict", first["conflict_id"])
    assert len((await (await signed_in("auditor")).get("/v1/field-conflicts")).json()["items"]) == 1


@pytest.mark.parametrize(("later_s", "why"), [(0, "already-returned"), (1, "not-during-trip")])
async def test_one_signed_after_the_return_says_so(signed_in: SignIn, world: World, later_s: int, why: str) -> None:
    """The last instant of the trip still belongs to it; a complaint that was taken later is kept for that it is."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    world.clock.advance(minutes=30)
    await send_act(officer, phone.act("return", back(world, START_M + 9_000), trip_id))
    world.clock.advance(seconds=later_s)
    told = (await send_act(officer, phone.act("another-job", another_job(world), trip_id))).json()
    assert (told["outcome"], told["why"]) == ("conflict", why)


async def test_a_complaint_whose_departure_is_not_here_yet_is_registered_too(signed_in: SignIn, world: World) -> None:
    """The driver's phone departed without a network; the officer's has one."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    body = another_job(world)
    told = (await send_act(officer, phone.act("another-job", body, trip_id))).json()
    assert (told["outcome"], told["why"]) == ("conflict", "was-approved")
    assert (await officer.get(f"/v1/complaints/{body['complaint_id']}")).status_code == 200


async def test_a_phone_whose_clock_is_wrong_takes_complaints_all_the_same(signed_in: SignIn, world: World) -> None:
    """An hour ahead by its clock, at the minute by what the service knows: it was received when it was taken."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    taken_at, body = world.clock(), another_job(world)
    ahead = (taken_at + timedelta(hours=1)).isoformat()
    body["complaint"]["received_at"] = ahead
    for consent in body["consents"]:
        consent["given_at"] = ahead
    signed = phone.act("another-job", body, trip_id, iat=phone.now_ms() + 3_600_000)
    told = (await send_act(officer, signed, **{"Zhuanche-Sent-At": ahead})).json()
    assert told["outcome"] == "recorded", told
    complaint = (await officer.get(f"/v1/complaints/{body['complaint_id']}")).json()
    assert datetime.fromisoformat(complaint["received_at"]) == taken_at
