"""The everyday cases of the desk, each over HTTP and named by its sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from api.db.database import Actor
from api.db.tables.answers import Finding
from api.db.tables.uses import AccidentReport, SafetyCheck
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.add_person import NewPerson, add_person
from api.usecases.add_unit import add_unit
from api.usecases.decide_site import NewSiteDecision, decide_site
from api.usecases.enter_vehicle import NewDedication, dedicate_vehicle
from api.usecases.expire_uses import expire_uses
from api.usecases.qualify_person import NewLicence, NewShift, enter_licence, enter_shift
from api.usecases.request_trip import NewTrip, request_trip
from api.usecases.spoken_approval import find_unconfirmed
from domain.complaint.acts import Withdraw
from domain.complaint.words import Source
from domain.place.boundary import Boundary, Side
from domain.values import Datum, Point, Role
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.notes import note_body, send_note
from tests.trips import (
    a_complaint_job,
    approved_trip,
    crew_of,
    departed_trip,
    new_trip,
    requested_trip,
    returned_trip,
)
from tests.world import OUTSIDE, HeldClock, World, add_vehicle, boundary_350302, password_hash

START_M = 52_000_000
DEPART = {
    "check": {"tyres": True, "lights": True, "fuel": True, "papers": True},
    "reading": {"odometer_m": START_M},
}
RETURN = {"reading": {"odometer_m": START_M + 12_000}}
SHEET = "ab" * 32


def codes(answer: httpx.Response) -> list[str]:
    """Return the reasons of a refusal, after checking that it is one."""
    assert (answer.status_code, problem_code(answer)) == (409, "refused"), answer.text
    return [reason["code"] for reason in answer.json()["reasons"]]


async def findings_of(world: World) -> list[Finding]:
    """Return every finding of the bureau."""
    async with world.database.read(world.bureau_id) as reader:
        return list(await reader.all(select(Finding).where(Finding.bureau_id == world.bureau_id)))


async def withdraw(world: World, complaint_id: UUID) -> None:
    """Let the complainant withdraw."""
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)


async def test_two_complaints_at_one_market_are_one_trip_with_two_jobs(world: World, signed_in: SignIn) -> None:
    """The permit rests on both complaints."""
    jobs = (await a_complaint_job(world), await a_complaint_job(world))
    trip_id = await requested_trip(world, job_ids=jobs)
    trip = (await (await signed_in("auditor")).get(f"/v1/trips/{trip_id}")).json()
    assert {job["job_id"] for job in trip["jobs"]} == {str(job) for job in jobs}
    assert sorted(trip["decisions"][0]["complaint_ids"]) == sorted(job["complaint_id"] for job in trip["jobs"])


async def test_a_job_is_added_while_the_car_is_under_way_and_the_permit_amended(
    world: World, signed_in: SignIn
) -> None:
    """What lies on the way is done on the way, by the same rule."""
    trip_id = await departed_trip(world)
    more = await a_complaint_job(world)
    officer = await signed_in("officer")
    added = await officer.post(f"/v1/trips/{trip_id}/jobs", json={"job_ids": [str(more)]})
    assert added.status_code == 200, added.text
    carried = {job["job_id"]: job["under_way"] for job in added.json()["jobs"]}
    assert carried[str(more)] is True
    step = added.json()["decisions"][-1]
    assert (step["verb"], step["outcome"]) == ("add-job", "permit")


async def test_a_job_for_a_withdrawn_complaint_is_not_added_under_way(world: World, signed_in: SignIn) -> None:
    """Under way the rule is the same."""
    trip_id = await departed_trip(world)
    complaint_id = await accepted_complaint(world)
    more = await job_of(world, complaint_id)
    await withdraw(world, complaint_id)
    officer = await signed_in("officer")
    assert codes(await officer.post(f"/v1/trips/{trip_id}/jobs", json={"job_ids": [str(more)]})) == [
        "complaint-not-open"
    ]


async def test_a_complaint_taken_on_the_spot_becomes_a_job_of_the_running_trip(world: World, signed_in: SignIn) -> None:
    """A merchant approached about one complaint turns out to have another."""
    trip_id = await departed_trip(world)
    complaint_id = await accepted_complaint(world, "officer", source=Source.ON_THE_SPOT)
    job_id = await job_of(world, complaint_id, who="officer")
    officer = await signed_in("officer")
    added = await officer.post(f"/v1/trips/{trip_id}/jobs", json={"job_ids": [str(job_id)]})
    assert str(complaint_id) in added.json()["decisions"][-1]["complaint_ids"], added.text


async def test_a_complaint_withdrawn_on_the_way_leaves_the_trip_lawful_to_its_end(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """What held at departure counts: the trip goes on, comes back, and closes without a reason against it."""
    first, second = await accepted_complaint(world), await accepted_complaint(world)
    jobs = (await job_of(world, first), await job_of(world, second))
    trip_id = await departed_trip(world, job_ids=jobs)
    await withdraw(world, first)
    driver, dispatcher, officer = [await signed_in(who) for who in ("driver", "dispatcher", "officer")]
    stop = await officer.post(f"/v1/trips/{trip_id}/stops", json={"job_id": str(jobs[1]), "what": "arrive"})
    assert stop.status_code == 200, stop.text
    clock.advance(hours=1)
    assert (await driver.post(f"/v1/trips/{trip_id}/return", json=RETURN)).status_code == 200
    closed = await dispatcher.post(f"/v1/trips/{trip_id}/close", json={})
    assert (closed.status_code, closed.json()["reasons"]) == (200, [])
    assert await findings_of(world) == []


async def test_a_complaint_withdrawn_before_departure_keeps_the_car_at_home(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """An approval is no licence to drive for nothing."""
    complaint_id = await accepted_complaint(world)
    trip_id = await approved_trip(world, job_ids=(await job_of(world, complaint_id),))
    await withdraw(world, complaint_id)
    clock.advance(hours=1)
    driver = await signed_in("driver")
    assert codes(await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)) == ["complaint-not-open"]


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


async def on_duty(world: World, who: str) -> None:
    """Put a person on the roster from an hour ago for twelve hours, when roles have been held for a while."""
    world.clock.advance(minutes=30)
    shift = NewShift(
        person_id=world[who].who,
        start_at=world.clock() - timedelta(hours=1),
        end_at=world.clock() + timedelta(hours=11),
    )
    await enter_shift(world.database, world["admin"], shift)


async def spoken(world: World, client: httpx.AsyncClient, trip_id: UUID) -> httpx.Response:
    """Enter that the custodian approved by telephone ten minutes ago."""
    said = {
        "approver_id": str(world["custodian"].who),
        "spoken_at": (world.clock() - timedelta(minutes=10)).isoformat(),
    }
    return await client.post(f"/v1/trips/{trip_id}/spoken-approval", json=said)


async def test_at_night_the_officer_on_duty_enters_a_spoken_approval_and_the_custodian_confirms_it(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """With name and minute; confirmed in time, nothing is found."""
    trip_id = await requested_trip(world)
    await on_duty(world, "officer")
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    entered = await spoken(world, officer, trip_id)
    assert (entered.status_code, entered.json()["state"]) == (200, "approved"), entered.text
    assert entered.json()["spoken_entered_by"] == str(world["officer"].who)
    assert entered.json()["decisions"][-1]["source"] == "spoken"
    clock.advance(hours=20)
    custodian = await signed_in("custodian")
    confirmed = await custodian.post(f"/v1/trips/{trip_id}/confirm", json={})
    assert confirmed.json()["confirmed_at"] is not None, confirmed.text
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == 0
    assert await findings_of(world) == []


async def test_who_is_not_on_the_roster_enters_no_spoken_approval(world: World, signed_in: SignIn) -> None:
    """The duty roster decides."""
    trip_id = await requested_trip(world)
    await on_duty(world, "second_officer")
    answer = await spoken(world, await signed_in("officer"), trip_id)
    assert (answer.status_code, problem_code(answer)) == (403, "not-on-duty")


@pytest.mark.parametrize(("late_s", "found"), [(-1, 0), (0, 0), (1, 1)])
async def test_a_spoken_approval_not_confirmed_within_24_hours_is_a_finding(
    world: World, signed_in: SignIn, clock: HeldClock, late_s: int, found: int
) -> None:
    """Just under and exactly at the term nothing is found; a second later it is."""
    trip_id = await requested_trip(world)
    await on_duty(world, "officer")
    await spoken(world, await signed_in("officer"), trip_id)
    clock.advance(hours=24, minutes=-10, seconds=late_s)
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == found
    assert await world.database.write(Actor(world.bureau_id), find_unconfirmed) == 0
    assert [finding.kind for finding in await findings_of(world)] == ["spoken-approval-unconfirmed"] * found


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


async def test_after_a_breakdown_the_trip_ends_where_the_car_stops(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """With a reading and a report of what happened; another trip may then take another vehicle."""
    trip_id = await departed_trip(world)
    clock.advance(minutes=20)
    driver = await signed_in("driver")
    ended = await driver.post(
        f"/v1/trips/{trip_id}/break-down",
        json={
            "kind": "breakdown",
            "reading": {"odometer_m": START_M + 4_000},
            "place_name": "荔城大道与学园路路口",
            "place": {"lat": 25.4337, "lon": 118.9962, "datum": "WGS-84"},
            "account": "水温报警，已停车等候拖车",
        },
    )
    assert (ended.status_code, ended.json()["trip"]["state"]) == (200, "returned"), ended.text
    async with world.database.read(world.bureau_id) as reader:
        reports = await reader.all(select(AccidentReport).where(AccidentReport.bureau_id == world.bureau_id))
    assert [(one.kind, one.happened_at) for one in reports] == [("breakdown", clock())]


async def test_while_the_car_is_in_the_workshop_another_is_dedicated_by_a_dated_order(
    world: World, signed_in: SignIn
) -> None:
    """The rule asks for dedication on the day of the trip, not on the day of the request."""
    spare = await add_vehicle(world, "闽B54321", dedicated=False)
    dispatcher = await signed_in("dispatcher")
    tomorrow = world.clock() + timedelta(days=1)
    body = {
        "vehicle_id": str(spare),
        "job_ids": [str(await a_complaint_job(world))],
        "planned_from": tomorrow.isoformat(),
        "planned_until": (tomorrow + timedelta(hours=2)).isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in crew_of(world)],
    }
    assert codes(await dispatcher.post("/v1/trips", json=body)) == ["vehicle-not-dedicated"]
    order = NewDedication(
        vehicle_id=spare,
        unit_id=world.desk_id,
        kind="dedicate",
        effective_on=tomorrow.date(),
        document_no="莆城市监〔2026〕31号",
        reason="专用车送修期间顶替",
    )
    await dedicate_vehicle(world.database, world["admin"], order)
    assert (await dispatcher.post("/v1/trips", json=body)).status_code == 201
    today = body | {
        "planned_from": (world.clock() + timedelta(hours=1)).isoformat(),
        "planned_until": (world.clock() + timedelta(hours=2)).isoformat(),
    }
    assert codes(await dispatcher.post("/v1/trips", json=today)) == ["vehicle-not-dedicated"]


async def test_a_reading_below_its_predecessor_is_refused_and_a_dashboard_of_whole_kilometres_may_repeat(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """A kilometre less is impossible; the same kilometre is not."""
    trip_id = await departed_trip(world)
    clock.advance(minutes=5)
    driver = await signed_in("driver")
    below = await driver.post(f"/v1/trips/{trip_id}/return", json={"reading": {"odometer_m": START_M - 1_000}})
    assert (below.status_code, problem_code(below)) == (400, "reading-below-predecessor")
    same = await driver.post(f"/v1/trips/{trip_id}/return", json={"reading": {"odometer_m": START_M}})
    assert same.status_code == 200, same.text


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


@pytest.mark.parametrize(
    ("start_s", "reasons"),
    [
        (-1801, ["window-missed"]),
        (-1800, []),
        (-1799, []),
        (7200 + 1799, []),
        (7200 + 1800, []),
        (7200 + 1801, ["window-missed"]),
    ],
)
async def test_departure_keeps_the_window_and_its_grace(
    world: World, signed_in: SignIn, clock: HeldClock, start_s: int, reasons: list[str]
) -> None:
    """Half an hour before its beginning and after its end, to the second."""
    new = await new_trip(world)
    trip_id = await request_trip(world.database, world["dispatcher"], new)
    custodian = await signed_in("custodian")
    assert (await custodian.post(f"/v1/trips/{trip_id}/approve", json={})).status_code == 200
    clock.at = new.planned_from + timedelta(seconds=start_s)
    answer = await (await signed_in("driver")).post(f"/v1/trips/{trip_id}/depart", json=DEPART)
    assert (codes(answer) if answer.status_code != 200 else []) == reasons, answer.text


async def test_who_missed_the_window_reschedules_in_one_act_within_the_day(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The approval stands, the old window stays in view, and the car departs."""
    trip_id = await approved_trip(world)
    clock.advance(hours=4)
    driver, dispatcher = await signed_in("driver"), await signed_in("dispatcher")
    assert codes(await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)) == ["window-missed"]
    moved = await dispatcher.post(
        f"/v1/trips/{trip_id}/reschedule",
        json={
            "planned_from": clock().isoformat(),
            "planned_until": (clock() + timedelta(hours=2)).isoformat(),
            "reason": "当事人下午才到场",
        },
    )
    assert (moved.status_code, moved.json()["state"]) == (200, "approved"), moved.text
    assert (await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)).status_code == 200


async def test_to_another_day_an_approved_trip_is_moved_only_by_who_could_approve_it(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Monday's approval is not Saturday's."""
    trip_id = await approved_trip(world)
    saturday = clock() + timedelta(days=5)
    body = {
        "planned_from": saturday.isoformat(),
        "planned_until": (saturday + timedelta(hours=2)).isoformat(),
        "reason": "改期",
    }
    dispatcher, custodian = await signed_in("dispatcher"), await signed_in("custodian")
    refused = await dispatcher.post(f"/v1/trips/{trip_id}/reschedule", json=body)
    assert codes(refused) == ["self-approval", "approver-not-custodian"]
    assert (await custodian.post(f"/v1/trips/{trip_id}/reschedule", json=body)).status_code == 200


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


async def test_what_the_safety_check_found_needs_its_words_and_is_kept(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Tyres, lights, fuel, papers: a fault without a remark tells nobody anything."""
    trip_id = await approved_trip(world)
    clock.advance(hours=1)
    driver = await signed_in("driver")
    faulty = DEPART | {"check": {"tyres": True, "lights": False, "fuel": True, "papers": True}}
    silent = await driver.post(f"/v1/trips/{trip_id}/depart", json=faulty)
    assert (silent.status_code, problem_code(silent)) == (400, "remark-missing")
    told = DEPART | {"check": faulty["check"] | {"remark": "右后示廓灯不亮，白天出车，回来送修"}}
    assert (await driver.post(f"/v1/trips/{trip_id}/depart", json=told)).status_code == 200
    async with world.database.read(world.bureau_id) as reader:
        kept = await reader.one(select(SafetyCheck).where(SafetyCheck.bureau_id == world.bureau_id))
    assert (kept.use_id, kept.lights, kept.actor_id) == (trip_id, False, world["driver"].who)


async def test_a_request_whose_window_passed_expires_and_an_approved_trip_a_day_later(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Word of a departure made without a network may still come within the day."""
    wanted, approved = await requested_trip(world), await approved_trip(world)
    clock.advance(hours=3, seconds=1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 1
    clock.advance(hours=24, minutes=30, seconds=-1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 0
    clock.advance(seconds=1)
    assert await world.database.write(Actor(world.bureau_id), expire_uses) == 1
    auditor = await signed_in("auditor")
    for trip_id in (wanted, approved):
        assert (await auditor.get(f"/v1/trips/{trip_id}")).json()["state"] == "expired"


async def test_borrowing_is_refused_always_and_the_refusal_kept(world: World, signed_in: SignIn) -> None:
    """No unit and no person, for any reason; the custodian and the auditor see who asked."""
    admin = await signed_in("dispatcher")
    asked = await admin.post(
        "/v1/borrow-requests",
        json={"vehicle_id": str(world.vehicle_id), "borrower": "某某所", "reason": "节前检查用车一天"},
    )
    assert codes(asked) == ["borrowed"]
    for who in ("custodian", "auditor"):
        listed = (await (await signed_in(who)).get("/v1/refusals", params={"stage": "borrow"})).json()["items"]
        assert [one["refusal_id"] for one in listed] == [asked.json()["refusal_id"]]


async def test_a_finding_is_explained_by_the_custodian_and_ruled_on_by_the_auditor(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Overdue it keeps the car at home; explained it does not; the auditor has the last word."""
    complaint_id = await accepted_complaint(world)
    trip_id = await approved_trip(world, job_ids=(await job_of(world, complaint_id),))
    await withdraw(world, complaint_id)
    await offline(await signed_in("driver"), trip_id, clock.advance(hours=1))
    finding = (await findings_of(world))[0]
    clock.advance(days=7, seconds=1)
    dispatcher, custodian, auditor = [await signed_in(who) for who in ("dispatcher", "custodian", "auditor")]
    new: NewTrip = await new_trip(world)
    body = {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id) for job_id in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in new.crew],
    }
    assert codes(await dispatcher.post("/v1/trips", json=body)) == ["findings-overdue"]
    url = f"/v1/findings/{finding.finding_id}"
    early = await auditor.post(f"{url}/rule", json={"verb": "accept", "text": "同意"})
    assert (early.status_code, problem_code(early)) == (409, "not-explained")
    explained = await custodian.post(f"{url}/explain", json={"text": "投诉人临时撤诉，手机离线未收到"})
    assert explained.status_code == 200, explained.text
    assert (await dispatcher.post("/v1/trips", json=body)).status_code == 201
    ruled = await auditor.post(f"{url}/rule", json={"verb": "accept", "text": "说明属实"})
    assert [act["verb"] for act in ruled.json()["acts"]] == ["explain", "accept"]
    listed = (await auditor.get("/v1/findings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [one["finding_id"] for one in listed] == [str(finding.finding_id)]


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


async def test_a_digit_that_slipped_in_the_odometer_is_corrected_in_sight(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The correcting reading names the wrong one and says why; both stay."""
    trip_id = await departed_trip(world)
    clock.advance(hours=1)
    driver = await signed_in("driver")
    slipped = {"reading": {"odometer_m": START_M + 210_000}}
    assert (await driver.post(f"/v1/trips/{trip_id}/return", json=slipped)).status_code == 200
    listed = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    right = {"odometer_m": START_M + 12_000, "obtained": "typed", "reason": "末两位数字颠倒"}
    corrected = await driver.post(f"/v1/readings/{listed[0]['reading_id']}/corrections", json=right)
    assert corrected.status_code == 201, corrected.text
    after = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [one["odometer_m"] for one in after if one["use_id"] == str(trip_id)].count(START_M + 210_000) == 1
    assert len(after) == len(listed) + 1


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


async def test_when_the_other_side_is_absent_the_job_stays_open_and_a_new_trip_may_go(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """A note with that result; the next visit needs no new complaint."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    clock.advance(minutes=30)
    officer, driver = await signed_in("officer"), await signed_in("driver")
    noted = await send_note(officer, note_body(job_id, clock(), result="respondent-absent"))
    assert noted.status_code == 201, noted.text
    assert (await driver.post(f"/v1/trips/{trip_id}/return", json=RETURN)).status_code == 200
    clock.advance(days=1)
    again = await requested_trip(world, job_ids=(job_id,))
    seen = await (await signed_in("auditor")).get(f"/v1/trips/{again}")
    assert (seen.json()["state"], seen.json()["jobs"][0]["job_id"]) == ("requested", str(job_id))


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


async def test_a_trip_that_should_not_have_driven_is_closed_with_its_reasons_and_a_finding(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """It turns out that the driver's licence had been withdrawn: what happened is judged again."""
    trip_id = await returned_trip(world)
    today = clock().date()
    seen = NewLicence(
        person_id=world["driver"].who,
        number="350302199001010011",
        vehicle_class="C1",
        valid_from=today - timedelta(days=400),
        valid_until=today - timedelta(days=1),
        withdrawn=True,
    )
    clock.advance(seconds=1)
    await enter_licence(world.database, world["admin"], seen)
    dispatcher = await signed_in("dispatcher")
    closed = await dispatcher.post(f"/v1/trips/{trip_id}/close", json={})
    assert (closed.status_code, closed.json()["reasons"]) == (200, ["driver-not-licensed"]), closed.text
    assert closed.json()["trip"]["state"] == "closed"
    assert closed.json()["trip"]["decisions"][-1]["outcome"] == "refusal"
    assert [finding.kind for finding in await findings_of(world)] == ["departed-without-permit"]
    listed = (await (await signed_in("auditor")).get("/v1/refusals", params={"stage": "close"})).json()["items"]
    assert [one["trip_id"] for one in listed] == [str(trip_id)]


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


async def test_a_site_just_beyond_the_coarse_line_is_permitted_with_a_mark(world: World, signed_in: SignIn) -> None:
    """The shipped line is good to about 100 m; the permit says that it leaned on that."""
    line = Boundary.from_geojson(boundary_350302(), Datum.GCJ02)
    lon, lat = line.geometry.geoms[0].exterior.coords[0]
    around = [Point(lat + north, lon + east) for north in (-0.0006, 0, 0.0006) for east in (-0.0006, 0, 0.0006)]
    site = next(place for place in around if line.locate(place, 150).kind is Side.TOLERATED)
    trip_id = await requested_trip(world, job_ids=(await a_complaint_job(world, place=site),))
    seen = (await (await signed_in("auditor")).get(f"/v1/trips/{trip_id}")).json()
    assert "site-tolerated" in seen["marks"]


async def test_a_place_beyond_the_line_is_refused_until_the_custodian_decides_about_it(
    world: World, signed_in: SignIn
) -> None:
    """A dated fact with its reason, and a mark on every permit that rests on it."""
    job_id = await a_complaint_job(world, place=OUTSIDE)
    new = await new_trip(world, job_ids=(job_id,))
    dispatcher, custodian = await signed_in("dispatcher"), await signed_in("custodian")
    body = {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id)],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in new.crew],
    }
    assert codes(await dispatcher.post("/v1/trips", json=body)) == ["outside-jurisdiction"]
    decision = NewSiteDecision(
        name="飞地市场",
        lat=OUTSIDE.lat,
        lon=OUTSIDE.lon,
        datum=Datum.WGS84,
        radius_m=100,
        inside=True,
        reason="该市场按文件由本局管辖",
    )
    await decide_site(world.database, world["custodian"], decision)
    asked = await dispatcher.post("/v1/trips", json=body)
    assert "site-decided" in asked.json()["marks"], asked.text
    approved = await custodian.post(f"/v1/trips/{asked.json()['trip_id']}/approve", json={})
    assert approved.status_code == 200, approved.text
