"""Jobs over HTTP: added to a complaint, listed by what is due first, moved and cancelled in sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.add_job import cancel_job, finish_job, new_job_window
from domain.complaint.acts import Accept, Withdraw
from domain.values import Window
from tests.complaints import accepted_complaint, job_of, registered_complaint
from tests.conftest import SignIn, problem_code
from tests.http.test_complaints import BODY
from tests.world import OUTSIDE, HeldClock, World

SITE = {"name": "文献步行街 12 号店", "address": "文献步行街 12 号", "lat": 25.4309, "lon": 119.0010, "datum": "GCJ-02"}
WINDOW = {"start_at": "2026-11-23T09:30:00+08:00", "end_at": "2026-11-23T11:30:00+08:00"}

PARTIES = ("complainant", "respondent")


async def add(client: httpx.AsyncClient, complaint: UUID, /, **changes: Any) -> httpx.Response:
    """Add a job over HTTP."""
    body = {"complaint_id": str(complaint), "site": SITE, "window": WINDOW} | changes
    return await client.post("/v1/jobs", json=body)


async def test_a_job_keeps_its_numbers_and_is_placed_in_wgs84(world: World, signed_in: SignIn) -> None:
    """The raw GCJ-02 numbers stand beside the converted ones, half a kilometre apart."""
    client = await signed_in("dispatcher")
    made = (await add(client, await accepted_complaint(world))).json()
    assert (made["site"]["raw_lat"], made["site"]["datum"]) == (25.4309, "GCJ-02")
    assert abs(made["site"]["lat"] - 25.4309) > 0.002
    assert (made["kind"], made["mediation"], made["state"], made["warn_on"]) == (
        "mediation", True, "open", "2027-01-22",
    )  # fmt: skip


async def test_what_a_job_lacks_is_told(world: World, signed_in: SignIn) -> None:
    """Each slip has its problem."""
    client = await signed_in("dispatcher")
    complaint_id = await accepted_complaint(world)
    undeclared = {name: value for name, value in SITE.items() if name != "datum"}
    for changes, code in (
        ({"site": undeclared}, "invalid-input"),
        ({"site": SITE | {"lat": 90.0001}}, "invalid-input"),
        ({"site": SITE | {"lat": "NaN"}}, "invalid-input"),
        ({"site": SITE | {"datum": "NAD27"}}, "invalid-input"),
        ({"expected_minutes": 0}, "invalid-input"),
        ({"expected_minutes": 1441}, "invalid-input"),
        ({"kind": "picnic"}, "invalid-input"),
        ({"window": WINDOW | {"end_at": WINDOW["start_at"]}}, "window-backwards"),
        ({"window": WINDOW | {"end_at": "2101-01-01T00:00:00Z"}}, "time-out-of-range"),
        ({"complaint_id": str(uuid4())}, "not-found"),
    ):
        assert problem_code(await add(client, complaint_id, **changes)) == code, changes
    raw = '{"site": {"lat": NaN}}'
    answer = await client.post("/v1/jobs", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert (await client.get("/v1/jobs")).json()["items"] == []


async def test_jobs_are_listed_by_what_is_due_first(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """A complaint still to be accepted comes first, then the older mediation, in pages."""
    old = await accepted_complaint(world)
    clock.advance(days=3)
    new = await accepted_complaint(world)
    waiting = (await registered_complaint(world)).complaint_id
    jobs = [str(await job_of(world, one)) for one in (new, old, waiting)]
    client = await signed_in("dispatcher")
    listed = (await client.get("/v1/jobs")).json()["items"]
    assert [one["job_id"] for one in listed] == jobs[::-1]
    page = (await client.get("/v1/jobs", params={"limit": 2})).json()
    rest = (await client.get("/v1/jobs", params={"limit": 2, "after": page["next"]})).json()
    assert [one["job_id"] for one in (*page["items"], *rest["items"])] == jobs[::-1]
    soon = (await client.get("/v1/jobs", params={"due_within_days": 15})).json()["items"]
    assert [one["job_id"] for one in soon] == [jobs[2]]
    of_one = (await client.get("/v1/jobs", params={"complaint_id": str(old)})).json()["items"]
    assert [one["job_id"] for one in of_one] == [jobs[1]]


async def test_a_job_moves_to_a_new_window_and_the_old_one_stays_visible(world: World, signed_in: SignIn) -> None:
    """Moved, then cancelled; neither is possible after that."""
    client = await signed_in("dispatcher")
    job_id = (await add(client, await accepted_complaint(world))).json()["job_id"]
    later = {"start_at": "2026-11-24T09:30:00+08:00", "end_at": "2026-11-24T11:30:00+08:00"}
    moved = await client.post(f"/v1/jobs/{job_id}/window", json={"window": later, "reason": "被投诉人上午不在店内"})
    assert moved.status_code == 201
    (only,) = moved.json()["acts"]
    assert (only["old_from"], only["window_from"]) == ("2026-11-23T01:30:00Z", "2026-11-24T01:30:00Z")
    cancelled = await client.post(f"/v1/jobs/{job_id}/cancel", json={"reason": "双方已电话和解"})
    assert cancelled.json()["state"] == "cancelled"
    again = await client.post(f"/v1/jobs/{job_id}/cancel", json={"reason": "再次"})
    assert problem_code(again) == "job-not-open"
    assert (await client.get("/v1/jobs")).json()["items"] == []
    assert len((await client.get("/v1/jobs", params={"state": "cancelled"})).json()["items"]) == 1


async def test_a_clock_that_is_set_back_stops_no_work_on_a_job(world: World) -> None:
    """What comes later is recorded later, whatever the clock of the machine says that records it."""
    job_id = await job_of(world, await accepted_complaint(world))
    window = Window(world.clock() + timedelta(hours=1), world.clock() + timedelta(hours=2))
    await new_job_window(world.database, world["dispatcher"], job_id, window, "消费者改期")
    world.clock.advance(seconds=-30)
    await cancel_job(world.database, world["dispatcher"], job_id, "消费者不再需要")
    async with world.database.read(world.bureau_id) as reader:
        verbs = await reader.execute(
            text("SELECT verb FROM job_act WHERE bureau_id = :b AND job_id = :j ORDER BY recorded_at"),
            {"b": world.bureau_id, "j": job_id},
        )
        assert list(verbs.scalars()) == ["new-window", "cancel"]


async def test_a_double_click_adds_one_job(world: World, signed_in: SignIn) -> None:
    """The same key and body answer the same job."""
    client = await signed_in("dispatcher")
    client.headers["Idempotency-Key"] = str(uuid4())
    complaint_id = await accepted_complaint(world)
    first, second = await add(client, complaint_id), await add(client, complaint_id)
    assert first.json()["job_id"] == second.json()["job_id"]
    other = await add(client, complaint_id, expected_minutes=30)
    assert problem_code(other) == "idempotency-key-reused"


async def test_a_job_finished_by_its_visit_stays_done(world: World, signed_in: SignIn) -> None:
    """What another use case finishes is an act of the job like any other."""
    job_id = await job_of(world, await accepted_complaint(world))

    async def visit(uow: UnitOfWork) -> UUID:
        return await finish_job(uow, job_id)

    await world.database.write(world["officer"], visit)
    client = await signed_in("dispatcher")
    job = (await client.get(f"/v1/jobs/{job_id}")).json()
    assert (job["state"], [one["verb"] for one in job["acts"]]) == ("done", ["finish"])


async def test_a_complaint_that_is_over_takes_no_job(world: World, signed_in: SignIn) -> None:
    """Withdrawn: no visit is wanted any more, and what was wanted waits for nobody."""
    complaint_id = await accepted_complaint(world)
    client = await signed_in("dispatcher")
    assert (await add(client, complaint_id)).status_code == 201
    await act_on_complaint(world.database, world["officer"], complaint_id, Withdraw)
    assert problem_code(await add(client, complaint_id)) == "complaint-over"
    assert (await client.get("/v1/jobs")).json()["items"] == []
    assert len((await client.get("/v1/jobs", params={"state": "all"})).json()["items"]) == 1


async def test_a_job_is_overdue_the_day_after_its_last_day(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """On the last day itself it is not."""
    registered = await registered_complaint(world)
    job_id = await job_of(world, registered.complaint_id)
    clock.advance(days=9)
    assert not (await (await signed_in("dispatcher")).get(f"/v1/jobs/{job_id}")).json()["overdue"]
    clock.advance(days=1)
    assert (await (await signed_in("dispatcher")).get(f"/v1/jobs/{job_id}")).json()["overdue"]
    await act_on_complaint(world.database, world["officer"], registered.complaint_id, Accept)
    assert not (await (await signed_in("dispatcher")).get(f"/v1/jobs/{job_id}")).json()["overdue"]


async def test_the_service_cannot_move_a_job_without_an_act(world: World) -> None:
    """By SQL as the service: no new window, no new state, no change of what was asked."""
    job_id = await job_of(world, await accepted_complaint(world))
    for change in (
        "state = 'done'",
        "window_until = '2026-12-31T00:00:00Z'",
        "site_name = 'elsewhere'",
        "complaint_id = complaint_id",
    ):

        async def attack(uow: UnitOfWork, change: str = change) -> None:
            await uow.execute(
                text(f"UPDATE job SET {change} WHERE bureau_id = :b AND job_id = :j"),
                {"b": world.bureau_id, "j": job_id},
            )

        with pytest.raises(Exception, match=r"no-act|permission denied|refused"):
            await world.database.write(world["dispatcher"], attack)


async def test_the_counter_registers_accepts_and_sends_somebody_in_one_request(signed_in: SignIn) -> None:
    """One request, then the car can be asked for; a bad site registers nothing."""
    client = await signed_in("dispatcher")
    bad = await client.post("/v1/complaints", json=BODY | {"accept": True, "job": {"site": SITE | {"lat": 91}}})
    assert problem_code(bad) == "invalid-input"
    made = await client.post("/v1/complaints", json=BODY | {"accept": True, "job": {"site": SITE, "window": WINDOW}})
    (job_id,) = made.json()["jobs"]
    job = (await client.get(f"/v1/jobs/{job_id}")).json()
    assert (job["complaint_number"], job["warn_on"]) == ("2026-000001", made.json()["deadlines"][0]["warn_on"])
    assert len((await client.get("/v1/complaints")).json()["items"]) == 1


async def test_a_job_says_where_its_site_stands_and_what_is_still_to_be_agreed(world: World, signed_in: SignIn) -> None:
    """Nothing agreed yet: consent and announcement are marks; serving papers needs neither."""
    client = await signed_in("dispatcher")
    complaint_id = await accepted_complaint(world)
    inside = (await add(client, complaint_id)).json()
    assert inside["site_standing"] == "inside"
    assert [(mark["code"], mark["article"]) for mark in inside["marks"]] == [
        ("consent-missing", 18),
        ("announcement-missing", 20),
    ]
    assert (await add(client, complaint_id, kind="serve-papers")).json()["marks"] == []
    far = {"lat": OUTSIDE.lat, "lon": OUTSIDE.lon, "datum": "WGS-84"}
    assert (await add(client, complaint_id, site=SITE | far)).json()["site_standing"] == "outside"


async def test_what_was_announced_for_another_hour_is_a_mark(world: World, signed_in: SignIn) -> None:
    """Both consent and both are told, but of ten o'clock tomorrow: the visit today bears a mark, tomorrow's none."""
    client = await signed_in("officer")
    complaint_id = await accepted_complaint(world)
    both = [{"party": party, "told_at": "2026-11-23T08:50:00+08:00", "how": "电话"} for party in PARTIES]
    for party in PARTIES:
        consent = {"verb": "record-consent", "party": party, "given_at": "2026-11-23T08:50:00+08:00", "how": "电话"}
        await client.post(f"/v1/complaints/{complaint_id}/acts", json=consent)
    meeting = {"meeting_at": "2026-11-24T10:00:00+08:00", "place": "店内", "mediators": ["陈某"], "told": both}
    await client.post(f"/v1/complaints/{complaint_id}/acts", json={"verb": "announce", **meeting})
    today = (await add(client, complaint_id)).json()
    assert [mark["code"] for mark in today["marks"]] == ["announcement-other-time"]
    tomorrow = {"start_at": "2026-11-24T09:30:00+08:00", "end_at": "2026-11-24T11:30:00+08:00"}
    assert (await add(client, complaint_id, window=tomorrow)).json()["marks"] == []
