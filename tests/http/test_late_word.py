"""Word that comes late: from a phone without a network, from a dead phone's sheet of paper, or twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.everyday import DEPART, RETURN, SHEET, findings_of, withdraw
from tests.notes import note_body, send_note
from tests.trips import START_M, a_complaint_job, approved_trip, departed_trip, requested_trip
from tests.world import HeldClock, World


async def offline(client: httpx.AsyncClient, trip_id: UUID, at: datetime, **more: Any) -> httpx.Response:
    """Report a departure that was recorded on the phone at that time."""
    body = DEPART | {"source": "offline", "stated_at": at.isoformat()} | more
    return await client.post(f"/v1/trips/{trip_id}/depart", json=body)


async def test_a_departure_recorded_without_a_network_arrives_later_with_both_times(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Though the complaint was withdrawn before word came: what held at departure counts."""
    complaint_id = await accepted_complaint(world)
    trip_id = await approved_trip(world, job_ids=(await job_of(world, complaint_id),))
    at = clock.advance(hours=1)
    clock.advance(minutes=30)
    await withdraw(world, complaint_id)
    clock.advance(minutes=30)
    answer = await offline(await signed_in("driver"), trip_id, at)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
    step = answer.json()["trip"]["decisions"][-1]
    stated_at, recorded_at = (datetime.fromisoformat(step[name]) for name in ("stated_at", "recorded_at"))
    assert (stated_at, recorded_at, step["source"]) == (at, clock(), "offline")


async def test_a_departure_that_does_not_fit_its_permit_is_kept_as_a_conflict_and_found(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """It happened: it is never lost, and it is never made lawful."""
    complaint_id = await accepted_complaint(world)
    trip_id = await approved_trip(world, job_ids=(await job_of(world, complaint_id),))
    await withdraw(world, complaint_id)
    at = clock.advance(hours=1)
    clock.advance(minutes=5)
    answer = await offline(await signed_in("driver"), trip_id, at)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "conflict"), answer.text
    assert answer.json()["reasons"] == ["complaint-not-open"]
    assert answer.json()["trip"]["state"] == "approved"
    assert [(one.kind, one.colour) for one in await findings_of(world)] == [("departed-without-permit", "red")]
    conflicts = (await (await signed_in("auditor")).get("/v1/field-conflicts")).json()["items"]
    assert [(one["conflict_id"], one["verb"]) for one in conflicts] == [(answer.json()["conflict_id"], "depart")]


async def test_of_two_phones_that_report_one_departure_the_first_recorded_stands(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The other is a conflict in view."""
    trip_id = await approved_trip(world)
    at = clock.advance(hours=1)
    first = await offline(await signed_in("driver"), trip_id, at)
    second = await offline(await signed_in("officer"), trip_id, at + timedelta(seconds=-40))
    assert (first.status_code, second.status_code) == (200, 202)
    assert (second.json()["why"], second.json()["trip"]["departed_at"]) == (
        "already-departed",
        first.json()["trip"]["departed_at"],
    )


async def test_when_the_phone_was_dead_the_desk_enters_the_paper_sheet_with_its_photo(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Marked as paper in every view, with who entered it and when; without the photo it is not taken."""
    trip_id = await approved_trip(world)
    out_at, back_at = clock.advance(hours=1), clock.advance(hours=1)
    clock.advance(hours=2)
    dispatcher = await signed_in("dispatcher")
    paper = {"source": "paper", "stated_at": out_at.isoformat()}
    missing = await dispatcher.post(f"/v1/trips/{trip_id}/depart", json=DEPART | paper)
    assert (missing.status_code, problem_code(missing)) == (400, "sheet-missing")
    departed = await dispatcher.post(f"/v1/trips/{trip_id}/depart", json=DEPART | paper | {"sheet_sha256": SHEET})
    assert departed.status_code == 200, departed.text
    back = {"source": "paper", "stated_at": back_at.isoformat(), "sheet_sha256": SHEET}
    returned = await dispatcher.post(f"/v1/trips/{trip_id}/return", json=RETURN | back)
    assert returned.status_code == 200, returned.text
    steps = returned.json()["trip"]["decisions"][-2:]
    assert [(step["source"], step["actor_id"]) for step in steps] == [("paper", str(world["dispatcher"].who))] * 2
    assert returned.json()["trip"]["departed_at"] == out_at.isoformat().replace("+00:00", "Z")


async def test_a_phone_that_got_no_answer_sends_its_departure_again_and_it_is_one(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The same person, the same minute: no conflict."""
    trip_id = await approved_trip(world)
    at = clock.advance(hours=1)
    driver = await signed_in("driver")
    for _ in range(2):
        answer = await offline(driver, trip_id, at)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
    assert [step["verb"] for step in answer.json()["trip"]["decisions"]].count("depart") == 1


async def test_a_stop_and_a_breakdown_sent_again_are_each_one(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """No second arrival in the log, and no breakdown that is a conflict with itself."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer, driver = await signed_in("officer"), await signed_in("driver")
    at = clock.advance(minutes=20).isoformat()
    clock.advance(minutes=5)
    stop = {"job_id": str(job_id), "what": "arrive", "source": "offline", "stated_at": at}
    broken = {
        "kind": "breakdown",
        "reading": {"odometer_m": START_M + 5_000},
        "place_name": "荔园路口",
        "account": "水温过高",
    }
    broken |= {"source": "offline", "stated_at": clock().isoformat()}
    for client, path, told in ((officer, "stops", stop), (driver, "break-down", broken)):
        for _ in range(2):
            answer = await client.post(f"/v1/trips/{trip_id}/{path}", json=told)
            assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
    verbs = [step["verb"] for step in answer.json()["trip"]["decisions"]]
    assert (verbs.count("arrive"), verbs.count("break-down")) == (1, 1)


async def test_a_departure_told_after_its_own_visit_made_the_job_done_is_recorded(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The phone sends its note first and its departure after: the job was open when the car left."""
    job_id = await a_complaint_job(world)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    at = clock.advance(hours=1)
    clock.advance(minutes=40)
    noted = await send_note(await signed_in("officer"), note_body(job_id, clock(), trip_id=trip_id))
    assert noted.status_code == 201, noted.text
    clock.advance(minutes=10)
    answer = await offline(await signed_in("driver"), trip_id, at)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text


async def test_an_online_departure_of_a_trip_nobody_approved_is_no_departure(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Offline it would be kept as a conflict; online it simply was not done."""
    trip_id = await requested_trip(world)
    at = clock.advance(hours=1)
    driver = await signed_in("driver")
    online = await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)
    assert (online.status_code, problem_code(online)) == (409, "not-in-this-state")
    clock.advance(minutes=1)
    late = await offline(driver, trip_id, at)
    assert (late.status_code, late.json()["why"], late.json()["trip"]["state"]) == (202, "was-requested", "requested")
    assert [finding.kind for finding in await findings_of(world)] == ["departed-without-permit"]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (timedelta(days=-31, seconds=-1), "bad-stated-time"),
        (timedelta(minutes=5, seconds=1), "bad-stated-time"),
        (None, "bad-stated-time"),
    ],
    ids=["too-old", "in-the-future", "none"],
)
async def test_word_that_comes_late_says_when_within_reason(
    world: World, signed_in: SignIn, clock: HeldClock, stated: timedelta | None, code: str
) -> None:
    """A time a phone cannot mean is refused, and nothing is kept."""
    trip_id = await approved_trip(world)
    clock.advance(hours=1)
    body = DEPART | {"source": "offline"} | ({} if stated is None else {"stated_at": (clock() + stated).isoformat()})
    answer = await (await signed_in("driver")).post(f"/v1/trips/{trip_id}/depart", json=body)
    assert (answer.status_code, problem_code(answer)) == (400, code)
    conflicts = await (await signed_in("auditor")).get("/v1/field-conflicts")
    assert conflicts.json()["items"] == []
