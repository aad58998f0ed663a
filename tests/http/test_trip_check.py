"""The rule answers while the request is typed: the same answer as the request itself, and nothing is recorded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.usecases.qualify_person import NewLicence, NewShift, enter_licence, enter_shift
from tests.complaints import accepted_complaint, job_of, registered_complaint
from tests.conftest import SignIn, problem_code
from tests.trips import a_complaint_job, approved_trip
from tests.world import INSIDE, OUTSIDE, World, add_vehicle


def request_for(world: World, *job_ids: UUID, **changes: Any) -> dict[str, Any]:
    """Return a request as a page sends it: from an hour ahead for two hours."""
    return {
        "vehicle_id": str(world.vehicle_id),
        "job_ids": [str(job_id) for job_id in job_ids],
        "planned_from": (world.clock() + timedelta(hours=1)).isoformat(),
        "planned_until": (world.clock() + timedelta(hours=3)).isoformat(),
        "crew": [
            {"person_id": str(world["officer"].person_id), "seat": "officer"},
            {"person_id": str(world["driver"].person_id), "seat": "driver"},
        ],
    } | changes


def a_draft(place: Any = INSIDE, **changes: Any) -> dict[str, Any]:
    """Return the visit of a complaint that is being typed."""
    site = {"lat": place.lat, "lon": place.lon, "datum": "WGS-84"}
    return {"draft_id": str(uuid4()), "site": site, "consents": ["complainant", "respondent"]} | changes


async def everything_recorded(world: World) -> int:
    """Return how many refusals, uses and ledger entries the bureau has."""
    counted = text(
        "SELECT (SELECT count(*) FROM refusal WHERE bureau_id = :b) + (SELECT count(*) FROM vehicle_use"
        " WHERE bureau_id = :b) + (SELECT count(*) FROM ledger_payload WHERE bureau_id = :b)"
    )
    async with world.database.read(world.bureau_id) as reader:
        return int((await reader.execute(counted, {"b": world.bureau_id})).scalar_one())


async def test_a_request_that_would_be_permitted_is_told_so_and_nothing_is_recorded(
    world: World, signed_in: SignIn
) -> None:
    """Green, with the marks that the permit would carry; neither trip nor refusal nor ledger entry is made."""
    job_id = await a_complaint_job(world)
    before = await everything_recorded(world)
    client = await signed_in("dispatcher")
    chinese = {"Accept-Language": "zh-CN"}
    answer = await client.post("/v1/trips/check", json=request_for(world, job_id), headers=chinese)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["permitted"], told["reasons"]) == (True, [])
    consent = next(mark for mark in told["marks"] if mark["code"] == "consent-missing")
    assert consent["sentence"] == "尚未取得当事人同意调解的记录。"
    assert [cure["kind"] for cure in consent["cures"]] == ["consent"]
    assert await everything_recorded(world) == before


@pytest.mark.parametrize("as_whom", ["dispatcher", "officer", "desk_chief"])
async def test_check_and_request_give_the_same_reasons(world: World, signed_in: SignIn, as_whom: str) -> None:
    """Whatever is wrong, the check says what the request is then refused for."""
    outside = await job_of(world, await accepted_complaint(world), OUTSIDE)
    unaccepted = await job_of(world, (await registered_complaint(world)).complaint_id)
    await approved_trip(world)
    bare = await add_vehicle(world, "闽B00001", dedicated=False)
    client = await signed_in(as_whom)
    for asked in (
        request_for(world),
        request_for(world, outside, unaccepted),
        request_for(world, outside, crew=[]),
        request_for(world, await a_complaint_job(world), vehicle_id=str(bare), purpose="other"),
    ):
        checked = (await client.post("/v1/trips/check", json=asked)).json()
        refused = await client.post("/v1/trips", json=asked)
        assert (refused.status_code, checked["permitted"]) == (409, False)
        assert [one["code"] for one in checked["reasons"]] == [one["code"] for one in refused.json()["reasons"]]
        assert all(one["sentence"] for one in checked["reasons"])


async def test_a_complaint_that_is_still_typed_is_judged_as_it_would_stand(world: World, signed_in: SignIn) -> None:
    """A draft inside the district is green; outside it is refused with the custodian who may decide."""
    client = await signed_in("officer")
    inside = await client.post("/v1/trips/check", json=request_for(world, drafts=[a_draft()]))
    assert inside.json()["permitted"] is True
    assert [mark["code"] for mark in inside.json()["marks"]] == ["announcement-missing"]
    draft = a_draft(OUTSIDE, consents=[])
    (reason,) = (await client.post("/v1/trips/check", json=request_for(world, drafts=[draft]))).json()["reasons"]
    assert (reason["code"], reason["about"]) == ("outside-jurisdiction", [draft["draft_id"]])
    (cure,) = reason["cures"]
    assert (cure["kind"], cure["name"]) == ("site-decision", "custodian 某")
    assert cure["person_id"] == str(world["custodian"].person_id)


async def test_a_driver_with_a_licence_is_offered_who_is_on_duty_first(world: World, signed_in: SignIn) -> None:
    """The second officer drives too, is on the roster, and is named as the cure."""
    today = world.clock().date()
    await enter_licence(
        world.database,
        world["admin"],
        NewLicence(
            person_id=world["driver"].who,
            number="350302199001010011",
            vehicle_class="C1",
            valid_from=today - timedelta(days=400),
            valid_until=today - timedelta(days=1),
        ),
    )
    shift = NewShift(
        person_id=world["second_officer"].who, start_at=world.clock(), end_at=world.clock() + timedelta(hours=8)
    )
    await enter_shift(world.database, world["admin"], shift)
    client = await signed_in("dispatcher")
    (reason,) = (await client.post("/v1/trips/check", json=request_for(world, drafts=[a_draft()]))).json()["reasons"]
    assert reason["code"] == "driver-not-licensed"
    assert [(cure["kind"], cure["person_id"]) for cure in reason["cures"]] == [
        ("driver", str(world["second_officer"].person_id))
    ]


async def test_the_next_free_slot_and_the_other_car_cure_a_busy_one(world: World, signed_in: SignIn) -> None:
    """Taking the slot that was told of, or the other car, is permitted."""
    await approved_trip(world)
    other = await add_vehicle(world, "闽B00002")
    client = await signed_in("dispatcher")
    asked = request_for(world, drafts=[a_draft()])
    (reason,) = (await client.post("/v1/trips/check", json=asked)).json()["reasons"]
    slot, *_, vehicle = reason["cures"]
    assert (reason["code"], slot["kind"], vehicle["kind"]) == ("vehicle-busy", "slot", "vehicle")
    assert (vehicle["vehicle_id"], vehicle["plate"]) == (str(other), "闽B00002")
    assert slot["keeps_deadline"] is True
    lasts = datetime.fromisoformat(slot["until"]) - datetime.fromisoformat(slot["from"])
    assert lasts == timedelta(hours=2)
    for cure in (
        {"planned_from": slot["from"], "planned_until": slot["until"]},
        {"vehicle_id": vehicle["vehicle_id"]},
    ):
        assert (await client.post("/v1/trips/check", json=asked | cure)).json()["permitted"] is True


async def test_a_complaint_that_waits_to_be_accepted_is_cured_by_accepting_it(world: World, signed_in: SignIn) -> None:
    """The cure names the complaint; once it is accepted the same request is green."""
    complaint_id = (await registered_complaint(world)).complaint_id
    asked = request_for(world, await job_of(world, complaint_id))
    client = await signed_in("dispatcher")
    (reason,) = (await client.post("/v1/trips/check", json=asked)).json()["reasons"]
    assert [(cure["kind"], cure["complaint_id"]) for cure in reason["cures"]] == [("accept", str(complaint_id))]
    accepted = await client.post(f"/v1/complaints/{complaint_id}/acts", json={"verb": "accept"})
    assert accepted.status_code == 201
    assert (await client.post("/v1/trips/check", json=asked)).json()["permitted"] is True


async def test_what_cannot_be_a_trip_is_a_problem_as_in_the_request_itself(world: World, signed_in: SignIn) -> None:
    """A window turned round, two drivers, an unknown car, a draft without a place: told as faults of the request."""
    client = await signed_in("dispatcher")
    now, fine = world.clock().isoformat(), request_for(world)
    drivers = [{"person_id": str(world[name].person_id), "seat": "driver"} for name in ("driver", "second_officer")]
    for changes, status, code in (
        ({"planned_until": now}, 400, "bad-window"),
        ({"crew": drivers}, 400, "bad-crew"),
        ({"vehicle_id": str(uuid4())}, 404, "not-found"),
        ({"job_ids": [str(uuid4())]}, 404, "not-found"),
        ({"drafts": [a_draft() | {"site": None}]}, 400, "invalid-input"),
        ({"drafts": [a_draft() for _ in range(6)]}, 400, "invalid-input"),
    ):
        answer = await client.post("/v1/trips/check", json=fine | changes)
        assert (answer.status_code, problem_code(answer)) == (status, code), changes


async def test_reasons_and_cures_are_told_in_the_readers_language(world: World, signed_in: SignIn) -> None:
    """English where it is asked for."""
    client = await signed_in("dispatcher")
    answer = await client.post("/v1/trips/check", json=request_for(world), headers={"Accept-Language": "en"})
    (reason,) = answer.json()["reasons"]
    assert reason["sentence"] == "The request names no job of a complaint."
    assert reason["cures"] == [{"kind": "add-job", "sentence": "Register the complaint and name its job"}]


async def test_a_slot_beyond_the_term_says_that_it_is_late(world: World, signed_in: SignIn) -> None:
    """The term of mediation is over in a year that was moved on to: slots are told, and that they keep nothing."""
    job_id = await a_complaint_job(world)
    world.clock.advance(days=70)
    assert world.clock().date() > date(2026, 12, 31)
    await approved_trip(world)
    client = await signed_in("dispatcher")
    (reason,) = (await client.post("/v1/trips/check", json=request_for(world, job_id))).json()["reasons"]
    assert {cure["keeps_deadline"] for cure in reason["cures"]} == {False}
