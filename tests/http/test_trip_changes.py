"""Changes of a trip before it departs: who drives, which jobs it carries, and who may change it."""

from __future__ import annotations

from typing import Any

import pytest

from api.usecases.add_person import NewPerson, add_person
from api.usecases.add_unit import add_unit
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.everyday import codes
from tests.trips import (
    a_complaint_job,
    approved_trip,
    new_trip,
    requested_trip,
)
from tests.world import World, password_hash


async def test_someone_else_drives_and_the_crew_is_checked_again(world: World, signed_in: SignIn) -> None:
    """The crew is amended before departure, with a consumer aboard; who may not drive is refused."""
    trip_id = await approved_trip(world)
    dispatcher = await signed_in("dispatcher")
    crew = [
        {"person_id": str(world["officer"].who), "seat": "officer"},
        {"person_id": str(world["second_officer"].who), "seat": "driver"},
    ]
    aboard = [{"name": "林某", "standing": "consumer"}]
    changed = await dispatcher.post(
        f"/v1/trips/{trip_id}/crew", json={"crew": crew, "passengers": aboard, "reason": "驾驶员请假"}
    )
    assert changed.status_code == 200, changed.text
    assert {one["person_id"] for one in changed.json()["crew"]} == {one["person_id"] for one in crew}
    assert changed.json()["passengers"] == aboard
    crew[1]["person_id"] = str(world["desk_chief"].who)
    refused = await dispatcher.post(f"/v1/trips/{trip_id}/crew", json={"crew": crew, "reason": "换人"})
    assert codes(refused) == ["driver-not-licensed"]


async def test_the_approver_may_not_join_the_crew_afterwards(world: World, signed_in: SignIn) -> None:
    """Who approved stays at home."""
    trip_id = await approved_trip(world)
    dispatcher = await signed_in("dispatcher")
    crew = [
        {"person_id": str(world["custodian"].who), "seat": "officer"},
        {"person_id": str(world["driver"].who), "seat": "driver"},
    ]
    refused = await dispatcher.post(f"/v1/trips/{trip_id}/crew", json={"crew": crew, "reason": "换人"})
    assert codes(refused) == ["officer-not-qualified", "self-approval"]


async def test_the_last_job_cannot_be_dropped_and_another_can(world: World, signed_in: SignIn) -> None:
    """A trip without a complaint is none."""
    jobs = (await a_complaint_job(world), await a_complaint_job(world))
    trip_id = await approved_trip(world, job_ids=jobs)
    dispatcher = await signed_in("dispatcher")
    why = {"reason": "当事人请求改日"}
    dropped = await dispatcher.post(f"/v1/trips/{trip_id}/jobs/{jobs[0]}/drop", json=why)
    assert [job["dropped"] for job in dropped.json()["jobs"] if job["job_id"] == str(jobs[0])] == [True]
    last = await dispatcher.post(f"/v1/trips/{trip_id}/jobs/{jobs[1]}/drop", json=why)
    assert codes(last) == ["no-complaint"]
    again = await dispatcher.post(f"/v1/trips/{trip_id}/jobs", json={"job_ids": [str(jobs[0])]})
    assert not any(job["dropped"] for job in again.json()["jobs"]), again.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("cancel", {"reason": "改期"}),
        ("crew", {"crew": [], "reason": "换人"}),
        ("jobs", {"job_ids": ["0193a0c4-7c00-7000-8000-000000000002"]}),
    ],
)
async def test_a_dispatcher_of_another_unit_changes_nothing_of_the_trip(
    world: World, signed_in: SignIn, path: str, body: dict[str, Any]
) -> None:
    """The roles count in the unit whose trip it is."""
    trip_id = await requested_trip(world)
    station = await add_unit(world.database, world["admin"], "霞林所", "station")
    await add_person(
        world.database,
        world["admin"],
        NewPerson(
            unit_id=station,
            name="外单位",
            login="stranger",
            password_hash=password_hash(),
            roles=frozenset({Role.DISPATCHER}),
            must_change_password=False,
        ),
    )
    stranger = await signed_in("stranger")
    answer = await stranger.post(f"/v1/trips/{trip_id}/{path}", json=body)
    assert (answer.status_code, problem_code(answer)) == (403, "not-yours")
    new = await new_trip(world)
    asked = {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id) for job_id in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in new.crew],
    }
    assert codes(await stranger.post("/v1/trips", json=asked)) == ["borrowed"]
