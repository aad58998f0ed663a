"""The everyday cases of the desk, each over HTTP and named by its sentence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlmodel import select

from api.db.tables.uses import AccidentReport, SafetyCheck
from api.usecases.decide_site import NewSiteDecision, decide_site
from api.usecases.enter_vehicle import NewDedication, dedicate_vehicle
from api.usecases.qualify_person import NewLicence, enter_licence
from api.usecases.request_trip import NewTrip
from domain.complaint.words import Source
from domain.place.boundary import Boundary, Side
from domain.values import Datum, Point
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.everyday import DEPART, RETURN, START_M, codes, findings_of, withdraw
from tests.http.test_late_word import offline
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
from tests.world import OUTSIDE, HeldClock, World, add_vehicle, boundary_350302


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


async def test_a_finding_ruled_on_twice_at_once_has_one_ruling(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Accepted in one window and rejected in another in the same second: the second ruling finds nothing to rule on."""
    complaint_id = await accepted_complaint(world)
    trip_id = await approved_trip(world, job_ids=(await job_of(world, complaint_id),))
    await withdraw(world, complaint_id)
    await offline(await signed_in("driver"), trip_id, clock.advance(hours=1))
    url = f"/v1/findings/{(await findings_of(world))[0].finding_id}"
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    assert (await custodian.post(f"{url}/explain", json={"text": "投诉人临时撤诉"})).status_code == 200
    rulings = [{"verb": verb, "text": "裁定"} for verb in ("accept", "reject")] * 3
    answers = await asyncio.gather(*(auditor.post(f"{url}/rule", json=ruling) for ruling in rulings))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5


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
