"""Merging complaints: the visits still wanted go on under the one that stays, and both tell of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.db.database import RecordedRefusal
from api.usecases.approve_trip import cancel_trip
from api.usecases.depart_trip import Departure, depart_trip
from domain.complaint.job import JobKind
from domain.values import Window
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.trips import IN_ORDER, approved_trip, dashboard, departed_trip
from tests.world import OUTSIDE, World


async def merge(client: httpx.AsyncClient, one: UUID, into: UUID) -> None:
    """Merge a complaint into another over HTTP."""
    answer = await client.post(f"/v1/complaints/{one}/acts", json={"verb": "merge", "into": str(into)})
    assert answer.status_code == 201, answer.text


async def job(client: httpx.AsyncClient, job_id: UUID | str) -> dict[str, Any]:
    """Return a job as it is shown."""
    answer = await client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_visit_still_wanted_goes_on_under_the_complaint_that_stays(world: World, signed_in: SignIn) -> None:
    """Site, window and kind are the same; the old job says why it ended and which job took over, and that one whose."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    window = Window(world.clock() + timedelta(hours=2), world.clock() + timedelta(hours=5))
    job_id = await job_of(world, one, window=window, expected_minutes=45)
    await merge(client, one, other)
    ended = await job(client, job_id)
    (successor_id,) = ended["continued_by"]
    successor = await job(client, successor_id)
    number = (await client.get(f"/v1/complaints/{other}")).json()["number"]
    assert ended["state"] == "cancelled"
    assert ended["acts"][-1]["reason"] == f"并入投诉 {number}，由任务 {successor_id} 接续"
    assert (successor["state"], successor["complaint_id"], successor["continues_job_id"]) == (
        "open",
        str(other),
        str(job_id),
    )
    for same in ("kind", "on_site", "site", "window_from", "window_until", "expected_minutes"):
        assert successor[same] == ended[same]
    waiting = (await client.get("/v1/jobs")).json()["items"]
    assert [one["job_id"] for one in waiting] == [successor_id]


async def test_what_the_other_complaint_wants_already_is_not_wanted_twice(world: World, signed_in: SignIn) -> None:
    """A mediation at the same place is one visit; another place and another kind are visits of their own."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    theirs = await job_of(world, other)
    same = await job_of(world, one)
    elsewhere = await job_of(world, one, OUTSIDE)
    papers = await job_of(world, one, kind=JobKind.SERVE_PAPERS)
    await merge(client, one, other)
    ended = await job(client, same)
    assert (ended["state"], ended["continued_by"]) == ("cancelled", [])
    assert str(theirs) in ended["acts"][-1]["reason"]
    assert [len((await job(client, job_id))["continued_by"]) for job_id in (elsewhere, papers)] == [1, 1]


async def test_a_visit_is_not_taken_for_what_the_other_complaint_does_at_the_desk(
    world: World, signed_in: SignIn
) -> None:
    """A mediation held at the desk needs no vehicle: the visit to the same shop is still wanted, and goes on."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    await job_of(world, other, on_site=False)
    visit = await job_of(world, one)
    await merge(client, one, other)
    (successor_id,) = (await job(client, visit))["continued_by"]
    assert (await job(client, successor_id))["on_site"]


async def test_a_complaint_that_is_over_takes_no_visits_on(world: World, signed_in: SignIn) -> None:
    """Merged into one that was settled: the visit ends, and says into which it was merged."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    job_id = await job_of(world, one)
    assert (await client.post(f"/v1/complaints/{other}/acts", json={"verb": "settle"})).status_code == 201
    await merge(client, one, other)
    ended = await job(client, job_id)
    number = (await client.get(f"/v1/complaints/{other}")).json()["number"]
    assert (ended["state"], ended["continued_by"]) == ("cancelled", [])
    assert ended["acts"][-1]["reason"] == f"并入投诉 {number}"


async def test_a_trip_approved_for_the_ended_job_stays_at_home_and_another_goes(
    world: World, signed_in: SignIn
) -> None:
    """The permit rested on a complaint that is no more; the visit that goes on has a permit of its own."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    job_id = await job_of(world, one)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    await merge(client, one, other)
    world.clock.advance(hours=1)
    departure = Departure(check=IN_ORDER, dashboard=dashboard(world))
    with pytest.raises(RecordedRefusal) as refused:
        await depart_trip(world.database, world["driver"], trip_id, departure)
    assert {reason["code"] for reason in refused.value.detail["reasons"]} == {"complaint-not-open", "job-not-on-site"}
    await cancel_trip(world.database, world["dispatcher"], trip_id, "投诉已并案")
    (successor_id,) = (await job(client, job_id))["continued_by"]
    await departed_trip(world, job_ids=(UUID(successor_id),))


async def test_a_trip_under_way_goes_on_when_its_complaint_is_merged(world: World, signed_in: SignIn) -> None:
    """What was lawful at departure stays so; the visit it makes is noted on the job it left with."""
    client = await signed_in("dispatcher")
    one, other = await accepted_complaint(world), await accepted_complaint(world)
    job_id = await job_of(world, one)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    await merge(client, one, other)
    officer = await signed_in("officer")
    arrived = await officer.post(f"/v1/trips/{trip_id}/stops", json={"job_id": str(job_id), "what": "arrive"})
    assert arrived.status_code == 200, arrived.text
    trip = (await client.get(f"/v1/trips/{trip_id}")).json()
    assert trip["state"] == "departed"
